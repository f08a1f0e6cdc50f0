"""Incidents, for programs: the list, one of them, and what people do with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sentinel.base.clock import Clock
from sentinel.core.access import Role, Scope
from sentinel.core.incident import Incident, Refusal
from sentinel.reports.documents import Document, IncidentLine
from sentinel.reports.incident import IncidentDocument
from sentinel.reports.status import facts, incident_line
from sentinel.web.answers import document_answer, json_answer, signed
from sentinel.web.contract import Contract
from sentinel.web.doings import DOINGS
from sentinel.web.fields import Shape, asked, asked_number, asked_text, time
from sentinel.web.monitor import Monitor
from sentinel.web.sign_in.rules import Rule, rule

#: What a refusal means to a client.
REFUSALS = {
    Refusal.NO_INCIDENT: (404, "there is no such incident"),
    Refusal.NOT_OPEN_YET: (409, "the incident has not opened yet"),
    Refusal.ALREADY_RESOLVED: (409, "the incident is resolved already"),
    Refusal.NOT_ACKNOWLEDGED: (409, "nobody has taken the incident"),
    Refusal.ALREADY_YOURS: (409, "you have taken the incident a moment ago"),
}

#: Incidents on one page of the list, and how many pages can be asked for.
PER_PAGE: Final = 50
MOST_PAGES: Final = 10_000

SINCE = asked(time("since", "also those that were open after that"), None)
TEXT = asked_text("text", 100, "in the name of the check, whatever the case")
PAGE = asked_number("page", 0, f"which {PER_PAGE} of them, from 1; without it all", most=MOST_PAGES)
LIST = Shape(SINCE, TEXT, PAGE)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentList(Document):
    """Incidents, open ones first, and the newest of each first."""

    at: datetime
    incidents: tuple[IncidentLine, ...]
    found: int  # on all pages
    pages: int


class IncidentPages:
    """Answers about incidents out of what the monitor knows."""

    def __init__(self, monitor: Monitor, clock: Clock, changed: Callable[[], None]) -> None:
        self._monitor = monitor
        self._clock = clock
        self._changed = changed  # is called when a person has done something

    def routes(self) -> tuple[Rule, ...]:
        every = Contract(says="Open incidents, and on request past ones.", answers=IncidentList, asks=LIST)
        one = Contract(says="One incident from beginning to end.", answers=IncidentDocument)
        number = "/api/v1/incidents/{number:number}"
        return (
            rule("/api/v1/incidents", self.all, least=Role.VIEWER, scope=Scope.STATUS, contract=every),
            rule(number, self.one, least=Role.VIEWER, contract=one),
            *(self._doing(f"{number}/{word}", word) for word in DOINGS),
        )

    def _doing(self, path: str, word: str) -> Rule:
        doing = DOINGS[word]
        contract = Contract(says=doing.says, answers=IncidentLine, takes=doing.shape, refuses=True)
        return rule(
            path,
            partial(self.do, word),
            least=Role.OPERATOR,
            methods=("POST",),
            doing=f"incident.{word}",
            contract=contract,
        )

    async def all(self, request: Request) -> Response:
        given, now = LIST.among(request.query_params), self._clock.now()
        found = await self._monitor.incidents(since=given[SINCE])
        every = in_order(lines(self._monitor, found, now), given[TEXT])
        first = (given[PAGE] - 1) * PER_PAGE
        shown = every[first : first + PER_PAGE] if given[PAGE] else every
        pages = max(1, -(-len(every) // PER_PAGE))
        return document_answer(IncidentList(at=now, incidents=tuple(shown), found=len(every), pages=pages))

    async def one(self, request: Request) -> Response:
        document = await self._monitor.incident(request.path_params["number"])
        return _refused(Refusal.NO_INCIDENT) if document is None else document_answer(document)

    async def do(self, word: str, request: Request) -> Response:
        answer = await self._monitor.meet(request.path_params["number"], DOINGS[word](await signed(request)))
        self._changed()
        if isinstance(answer, Refusal):
            return _refused(answer)
        (line,) = lines(self._monitor, (answer,), self._clock.now())
        return document_answer(line)


def lines(monitor: Monitor, incidents: Sequence[Incident], now: datetime) -> list[IncidentLine]:
    """The incidents, each beside what is known of its check now."""
    names = {incident.check for incident in incidents if incident.is_open}
    known = {past.check.name: facts(past, None) for past in monitor.snapshot() if past.check.name in names}
    quiet = monitor.quiet()
    return [incident_line(incident, now, known.get(incident.check), quiet) for incident in incidents]


def in_order(every: Sequence[IncidentLine], text: str) -> list[IncidentLine]:
    """Those with a text in the name of their check: open ones first, and the newest of each first."""
    wanted = [one for one in every if text.casefold() in one.check.casefold()]
    return sorted(wanted, key=lambda one: (one.resolved_at is None, one.opened_at or one.began_at), reverse=True)


def _refused(refusal: Refusal) -> Response:
    status, text = REFUSALS[refusal]
    return json_answer({"error": text, "refusal": refusal.value}, status)
