"""The first page: what is wrong now, then every check with how it did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from sentinel.core.access import Role
from sentinel.core.rule import Severity
from sentinel.reports.overview import Filter, OverviewDocument, bunched
from sentinel.web.monitor import Monitor
from sentinel.web.pages.frame import Renderer
from sentinel.web.sign_in.rules import Rule, rule

#: Open incidents that stand on the first page; the page of incidents has all of them.
MOST_INCIDENTS: Final = 8

LONGEST_TEXT: Final = 100  # characters of a part of the filter
MOST_PAGES: Final = 10_000

_SEVERITIES: Final[Mapping[str, Severity]] = {one.label.lower(): one for one in Severity}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A state that the list can be narrowed to."""

    severity: Severity
    count: int  # checks in that state
    chosen: bool
    path: str  # of the page with the choice turned


class OverviewPage:
    """Shows the first page."""

    def __init__(self, monitor: Monitor, renderer: Renderer) -> None:
        self._monitor = monitor
        self._renderer = renderer

    def routes(self) -> tuple[Rule, ...]:
        return (rule("/", self.show, least=Role.VIEWER),)

    async def show(self, request: Request) -> Response:
        asked = asked_filter(request)
        document = await self._monitor.faces.overview(asked)
        bunches = bunched(document.incidents)
        return await self._renderer.answer(
            request,
            "overview.html",
            title="Overview",
            here="overview",
            document=document,
            bunches=bunches[:MOST_INCIDENTS],
            speakers=len(bunches),
            more=max(0, len(bunches) - MOST_INCIDENTS),
            has_course=any(row.spark for row in document.rows),
            titles=self._renderer.titles(document.incidents),
            choices=choices(document),
            narrowed=asked != Filter(page=asked.page),
            pager=pager(document.asked.page, document.pages, lambda page: address(document.asked, page=page)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """Where the pages before and after are; empty where there is none."""

    page: int
    pages: int
    before: str
    after: str


def pager(page: int, pages: int, at: Callable[[int], str]) -> Pager:
    """The neighbours of one page of a list."""
    return Pager(
        page=page, pages=pages, before=at(page - 1) if page > 1 else "", after=at(page + 1) if page < pages else ""
    )


def asked_filter(request: Request) -> Filter:
    """The filter in the address. What cannot be understood lets everything through: an old link still shows something."""
    query = request.query_params
    states = (_SEVERITIES.get(word.lower()) for word in query.getlist("state")[: len(_SEVERITIES)])
    return Filter(
        text=query.get("text", "").strip()[:LONGEST_TEXT],
        tag=query.get("tag", "").strip()[:LONGEST_TEXT],
        system=query.get("system", "").strip()[:LONGEST_TEXT],
        severities=frozenset(one for one in states if one is not None),
        page=page_number(query.get("page", "")),
    )


def page_number(text: str) -> int:
    """The number of a page, from 1; 1 where there is none."""
    return min(max(int(text), 1), MOST_PAGES) if text.isascii() and text.isdigit() and len(text) <= 5 else 1


def address(asked: Filter, *, page: int = 1) -> str:
    """The address of the first page with a filter."""
    parts = [("text", asked.text), ("system", asked.system), ("tag", asked.tag)]
    parts += [("state", one.label.lower()) for one in sorted(asked.severities)]
    parts += [("page", str(page))] if page > 1 else []
    question = urlencode([(name, text) for name, text in parts if text])
    return f"/?{question}" if question else "/"


def choices(document: OverviewDocument) -> tuple[Choice, ...]:
    """The states that there are, each with what choosing it, or choosing it no more, leads to."""
    return tuple(
        _choice(document, severity) for severity in sorted(Severity, key=lambda one: one.urgency, reverse=True)
    )


def _choice(document: OverviewDocument, severity: Severity) -> Choice:
    asked = document.asked
    turned = asked.severities ^ {severity}
    narrowed = Filter(text=asked.text, tag=asked.tag, system=asked.system, severities=turned)
    return Choice(
        severity=severity,
        count=document.counts.get(severity.label, 0),
        chosen=severity in asked.severities,
        path=address(narrowed),
    )
