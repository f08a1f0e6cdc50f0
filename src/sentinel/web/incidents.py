"""Incidents, for programs: the list, one of them, and what people do with it."""

from collections.abc import Callable, Sequence
from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sentinel.base.clock import Clock
from sentinel.core.access import Role, Scope
from sentinel.core.incident import Event, Incident, Refusal
from sentinel.reports.documents import IncidentLine
from sentinel.reports.status import facts, incident_line
from sentinel.web import doings, payload
from sentinel.web.answers import json_answer, signed
from sentinel.web.monitor import Monitor
from sentinel.web.sign_in.rules import Rule, rule

#: What a refusal means to a client.
REFUSALS = {
    Refusal.NO_INCIDENT: (404, "there is no such incident"),
    Refusal.NOT_OPEN_YET: (409, "the incident has not opened yet"),
    Refusal.ALREADY_RESOLVED: (409, "the incident is resolved already"),
    Refusal.NOT_ACKNOWLEDGED: (409, "nobody has taken the incident"),
}

#: What people do with an incident: the word in the address, and how its body is read.
DOINGS: dict[str, Callable[[bytes], Event]] = {
    "acknowledge": doings.acknowledge,
    "unacknowledge": doings.unacknowledge,
    "resolve": doings.close,
    "comment": doings.comment,
    "assign": doings.assign,
}


class IncidentPages:
    """Answers about incidents out of what the monitor knows."""

    def __init__(self, monitor: Monitor, clock: Clock, changed: Callable[[], None]) -> None:
        self._monitor = monitor
        self._clock = clock
        self._changed = changed  # is called when a person has done something

    def routes(self) -> tuple[Rule, ...]:
        viewer, operator, short = Role.VIEWER, Role.OPERATOR, Scope.STATUS
        number, post = "/api/v1/incidents/{number:int}", ("POST",)
        return (
            rule("/api/v1/incidents", self.all, least=viewer, scope=short),
            rule(number, self.one, least=viewer),
            rule(f"{number}/{{doing}}", self.do, least=operator, methods=post, doing="incident.{doing}"),
        )

    async def all(self, request: Request) -> Response:
        since = payload.query(request.query_params, "since", payload.moment, None)
        now = self._clock.now()
        found = await self._monitor.incidents(since=since)
        return json_answer({"at": now, "incidents": [one.to_json() for one in lines(self._monitor, found, now)]})

    async def one(self, request: Request) -> Response:
        document = await self._monitor.incident(request.path_params["number"])
        if document is None:
            return _refused(Refusal.NO_INCIDENT)
        return json_answer(document.to_json())

    async def do(self, request: Request) -> Response:
        read = DOINGS.get(request.path_params["doing"])
        if read is None:
            raise HTTPException(404)
        answer = await self._monitor.meet(request.path_params["number"], read(await signed(request)))
        self._changed()
        if isinstance(answer, Refusal):
            return _refused(answer)
        (line,) = lines(self._monitor, (answer,), self._clock.now())
        return json_answer(line.to_json())


def lines(monitor: Monitor, incidents: Sequence[Incident], now: datetime) -> list[IncidentLine]:
    """The incidents, each beside what is known of its check now."""
    names = {incident.check for incident in incidents if incident.is_open}
    known = {past.check.name: facts(past, None) for past in monitor.snapshot() if past.check.name in names}
    quiet = monitor.quiet()
    return [incident_line(incident, now, known.get(incident.check), quiet) for incident in incidents]


def _refused(refusal: Refusal) -> Response:
    status, text = REFUSALS[refusal]
    return json_answer({"error": text, "refusal": refusal.value}, status)
