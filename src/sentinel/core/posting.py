"""Posts: what people, or Sentinel in neutral words, tell those outside on the status page.

Posts about one trouble make up a thread; the first one names it, and the last one says how far it has come.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sentinel.core.component import Component, Condition


class Stage(StrEnum):
    """How far those who work on a trouble have come."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One posted update."""

    id: int
    thread: int  # id of the first post of its thread; its own where it is that one
    at: datetime  # UTC
    stage: Stage
    title: str = ""  # of the thread; only the first post of one that a person began has it
    text: str = ""
    components: tuple[str, ...] = ()  # slugs; of the first post. Empty: the whole page
    condition: Condition | None = None  # of an automatic post: what was found
    incident: int = 0  # number of the incident that it is about, for the staff alone; 0: none
    by: str = ""  # a person's name, for the staff alone; empty: Sentinel
    edited_by: str = ""
    withdrawn_by: str = ""  # who took it off the page; empty: nobody
    changed_at: datetime | None = None  # when it was last edited or taken off; None: never

    @property
    def is_automatic(self) -> bool:
        return self.condition is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """The posts about one trouble, the oldest first, without those that were taken off the page."""

    posts: tuple[Post, ...]  # at least one
    changed_at: datetime  # when anything of it was last written, edited or taken off

    @property
    def first(self) -> Post:
        return self.posts[0]

    @property
    def id(self) -> int:
        return self.first.thread

    @property
    def stage(self) -> Stage:
        return self.posts[-1].stage

    @property
    def is_open(self) -> bool:
        return self.stage is not Stage.RESOLVED

    @property
    def ended_at(self) -> datetime | None:
        """When it was resolved; None while it goes on."""
        return None if self.is_open else self.posts[-1].at

    @property
    def worst(self) -> Condition | None:
        """Of an automatic one: the worst that was found; None where people wrote."""
        found = [post.condition for post in self.posts if post.condition is not None]
        return Condition.MAJOR_OUTAGE if Condition.MAJOR_OUTAGE in found else next(iter(found), None)


def threads(posts: Iterable[Post], *, withdrawn: bool = False) -> list[Thread]:
    """The threads of these posts, the one that began last first.

    Args:
        posts: whole threads, in any order.
        withdrawn: whether what was taken off the page is wanted too. A thread whose first post was is gone whole.
    """
    by_thread: dict[int, list[Post]] = defaultdict(list)
    for post in sorted(posts, key=lambda one: one.id):
        by_thread[post.thread].append(post)
    found = [
        Thread(
            posts=tuple(post for post in whole if withdrawn or not post.withdrawn_by),
            changed_at=max(post.changed_at or post.at for post in whole),
        )
        for number, whole in by_thread.items()
        if whole[0].id == number and (withdrawn or not whole[0].withdrawn_by)
    ]
    return sorted(found, key=lambda thread: (thread.first.at, thread.id), reverse=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A post that has no number yet."""

    at: datetime
    stage: Stage
    thread: int = 0  # that it belongs to; 0: it begins one
    title: str = ""
    text: str = ""
    components: tuple[str, ...] = ()
    condition: Condition | None = None
    incident: int = 0
    by: str = ""

    def numbered(self, number: int) -> Post:
        return Post(
            id=number,
            thread=self.thread or number,
            at=self.at,
            stage=self.stage,
            title=self.title,
            text=self.text,
            components=self.components,
            condition=self.condition,
            incident=self.incident,
            by=self.by,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """How a component is now, and since when it is out."""

    component: Component
    condition: Condition
    began_at: datetime | None  # None while it is not out


def automatic(outages: Sequence[Outage], past: Sequence[Thread], after: timedelta, now: datetime) -> list[Draft]:
    """What is to be posted without a person: that a component is out, that it has got worse, that it is over.

    Nothing is begun about a component that people write about, or have written about since it went out, and what people began
    is never ended. While nobody can tell how a component is, nothing is said of it.

    Args:
        outages: every component of the page.
        past: threads, withdrawn ones too, that are open or were until lately.
        after: how long an outage has to last before it is posted.
        now: aware.
    """
    drafts: list[Draft] = []
    for outage in outages:
        own = next((thread for thread in past if thread.is_open and _is_own(thread, outage)), None)
        draft = _gone_on(outage, own, now) if own else _begun(outage, past, after, now)
        drafts += [draft] if draft is not None else []
    known = {outage.component.slug for outage in outages}
    return drafts + [_ended(thread, now) for thread in past if thread.is_open and _is_orphan(thread, known)]


def _is_own(thread: Thread, outage: Outage) -> bool:
    return thread.first.is_automatic and outage.component.slug in thread.first.components


def _begun(outage: Outage, past: Sequence[Thread], after: timedelta, now: datetime) -> Draft | None:
    began_at, slug = outage.began_at, outage.component.slug
    if not outage.condition.is_outage or began_at is None or now - began_at < after:
        return None
    if any(_speaks(thread, slug, began_at) for thread in past):
        return None
    return Draft(at=now, stage=Stage.INVESTIGATING, components=(slug,), condition=outage.condition)


def _speaks(thread: Thread, slug: str, since: datetime) -> bool:
    """Whether people are told of a component there, or were, since it went out, until a person closed it."""
    if thread.first.components and slug not in thread.first.components:
        return False
    return thread.is_open or (bool(thread.posts[-1].by) and thread.posts[-1].at >= since)


def _gone_on(outage: Outage, own: Thread, now: datetime) -> Draft | None:
    if outage.condition is Condition.UNKNOWN:
        return None
    if not outage.condition.is_outage:
        return _ended(own, now)
    if outage.condition is Condition.MAJOR_OUTAGE and own.worst is not Condition.MAJOR_OUTAGE:
        return Draft(at=now, stage=own.stage, thread=own.id, condition=outage.condition)
    return None


def _ended(thread: Thread, now: datetime) -> Draft:
    return Draft(at=now, stage=Stage.RESOLVED, thread=thread.id, condition=Condition.OPERATIONAL)


def _is_orphan(thread: Thread, known: set[str]) -> bool:
    """Whether it is about a component that the page no longer has: nobody would ever end it."""
    return thread.first.is_automatic and known.isdisjoint(thread.first.components)
