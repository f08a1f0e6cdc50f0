"""What pages show, for programs: the same documents."""

import asyncio
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sentinel.core.access import Role
from sentinel.core.rule import Severity
from sentinel.reports.check import CheckDocument, Stretch
from sentinel.reports.documents import Document
from sentinel.reports.figures import Figures
from sentinel.reports.overview import Filter, OverviewDocument
from sentinel.reports.own import OwnDocument
from sentinel.web.answers import document_answer, json_answer
from sentinel.web.contract import Contract
from sentinel.web.fields import Shape, asked_number, asked_text, asked_word, asked_words
from sentinel.web.monitor import Monitor
from sentinel.web.sign_in.rules import Rule, rule

LONGEST_TEXT: Final = 100  # characters of a part of a filter
MOST_PAGES: Final = 10_000

#: How long a time figures can be of.
LENGTHS: Final = {
    "24h": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}

_SEVERITIES: Final = {one.label.lower(): one for one in Severity}

TEXT = asked_text("text", LONGEST_TEXT, "in the name or title of a check, whatever the case")
TAG = asked_text("tag", LONGEST_TEXT, "that a check has")
SYSTEM = asked_text("system", LONGEST_TEXT, "that a check belongs to")
STATE = asked_words("state", tuple(_SEVERITIES), "that a check is in; without it any")
PAGE = asked_number("page", 1, "of the list", most=MOST_PAGES)
OVERVIEW = Shape(TEXT, TAG, SYSTEM, STATE, PAGE)

STRETCH = asked_word("for", tuple(one.value for one in Stretch), Stretch.DAY.value, "how long back")
CHECK = Shape(STRETCH)

LENGTH = asked_word("for", tuple(LENGTHS), "24h", "how long back")
FIGURES = Shape(SYSTEM, LENGTH)


class FacePages:
    """Answers with what pages show."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def routes(self) -> tuple[Rule, ...]:
        says = "What is wrong, and how every check does: a page of them, the most urgent first."
        overview = Contract(says=says, answers=OverviewDocument, asks=OVERVIEW)
        check = Contract(says="One check over a time.", answers=CheckDocument, asks=CHECK)
        says = "A few figures of a system, or of all, beside those of the same time before."
        figures = Contract(says=says, answers=Figures, asks=FIGURES)
        own = Contract(says="Sentinel itself.", answers=OwnDocument)
        return (
            rule("/api/v1/overview", self.overview, least=Role.VIEWER, contract=overview),
            rule("/api/v1/checks/{name}", self.check, least=Role.VIEWER, contract=check),
            rule("/api/v1/figures", self.figures, least=Role.VIEWER, contract=figures),
            rule("/api/v1/sentinel", self.own, least=Role.VIEWER, contract=own),
        )

    async def overview(self, request: Request) -> Response:
        given = OVERVIEW.among(request.query_params)
        severities = frozenset(_SEVERITIES[word] for word in given[STATE])
        asked = Filter(text=given[TEXT], tag=given[TAG], system=given[SYSTEM], severities=severities, page=given[PAGE])
        return await _written(await self._monitor.faces.overview(asked))

    async def check(self, request: Request) -> Response:
        stretch = Stretch(CHECK.among(request.query_params)[STRETCH])
        document = await self._monitor.faces.check(request.path_params["name"], stretch)
        if document is None:
            return json_answer({"error": "there is no such check", "hint": "`sentinel --status` names them"}, 404)
        return await _written(document)

    async def figures(self, request: Request) -> Response:
        given = FIGURES.among(request.query_params)
        systems = {one.check.system for one in self._monitor.snapshot()}
        if given[SYSTEM] and given[SYSTEM] not in systems:
            return json_answer({"error": "there is no such system", "hint": "`system` of a check names one"}, 404)
        return document_answer(await self._monitor.faces.figures(given[SYSTEM], LENGTHS[given[LENGTH]]))

    async def own(self, _request: Request) -> Response:
        return document_answer(await self._monitor.faces.own())


async def _written(document: Document) -> Response:
    """A year of charts takes tens of milliseconds to write: not on the loop that schedules probes."""
    return await asyncio.to_thread(document_answer, document)
