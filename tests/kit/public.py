"""A public status page that a test decides, and posts that nobody makes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.app.keeper import NotDone
from sentinel.config.schema.status_page import WordsEntry
from sentinel.core.component import Component, ComponentGroup, Condition, Share, StatusPagePlan
from sentinel.core.posting import Post, Stage, threads
from sentinel.reports.public import Known, PostLine, PublicDocument, build
from tests.kit.scene import NOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentinel.app.posting import AskedPost

WORDS = WordsEntry().model_dump()

PAYROLL = Component(name="Payroll", slug="payroll", checks=("pay-api", "pay-db"))
PORTAL = Component(name="Patient portal", slug="patient-portal", checks=("portal",), description="Results & letters")

PAGE = StatusPagePlan(
    title="Example Health",
    text="How our services are",
    link="https://status.example.org",
    groups=(ComponentGroup(name="Staff", components=(PAYROLL,)), ComponentGroup(name="All", components=(PORTAL,))),
    port=0,
    days=7,
    words=WORDS,
)

FINE = Known(
    conditions={"payroll": Condition.OPERATIONAL, "patient-portal": Condition.OPERATIONAL},
    days={slug: {NOW.date(): Share(up=600.0)} for slug in ("payroll", "patient-portal")},
    figures_at=NOW,
    posts_at=NOW,
)


def posted(number: int, stage: Stage = Stage.INVESTIGATING, *, ago: float = 60, **more: object) -> Post:
    """A post of so many minutes ago; with `thread` it goes on with another."""
    whole = Post(id=number, thread=number, at=NOW - timedelta(minutes=ago), stage=stage, by="ann")
    return replace(whole, **more)  # type: ignore[arg-type]  # whichever fields a test wants


def page(*posts: Post, known: Known = FINE, plan: StatusPagePlan = PAGE) -> PublicDocument:
    return build(plan, replace(known, threads=threads(posts)), NOW)


class StillPage:
    """Fits `sentinel.web.public.shelf.Public`."""

    def __init__(self, plan: StatusPagePlan | None) -> None:
        self.plan = plan
        self.edition = 0
        self.known = FINE
        self.made = 0  # how often the page was asked for
        self.failure: Exception | None = None  # raised instead

    async def document(self) -> PublicDocument | None:
        self.made += 1
        if self.failure is not None:
            raise self.failure
        return None if self.plan is None else build(self.plan, self.known, NOW)


class StillPosts:
    """Fits `sentinel.web.posts.Posting`: there is no page to post on."""

    async def all(self) -> Sequence[PostLine]:
        return []

    async def add(self, asked: AskedPost) -> PostLine:
        raise NotDone("there is no status page")

    async def edit(self, number: int, by: str, *, title: str = "", text: str = "") -> PostLine:
        raise NotDone("there is no status page")

    async def withdraw(self, number: int, by: str) -> PostLine:
        raise NotDone("there is no status page")
