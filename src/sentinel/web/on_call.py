"""Who is on call, for programs: the list, and who stands in for whom."""

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.rosters import NotArranged, StandIn
from sentinel.core.access import Role
from sentinel.core.oncall import Override
from sentinel.reports.documents import Document
from sentinel.reports.on_call import OnCallDocument
from sentinel.web.answers import document_answer, json_answer, signed
from sentinel.web.contract import Contract
from sentinel.web.fields import Shape, local_time, optional, text
from sentinel.web.monitor import Monitor
from sentinel.web.payload import LONGEST_NAME
from sentinel.web.shapes import BY, ONLY_BY, WHY
from sentinel.web.sign_in.rules import Endpoint, Rule, rule

SCHEDULE = text("schedule", LONGEST_NAME)
PERSON = text("person", LONGEST_NAME, "who is on call instead")
FROM = optional(local_time("from", "local to the schedule unless it names a zone; without it now"), None)
TO = local_time("to", "likewise")
STAND_IN = Shape(SCHEDULE, PERSON, FROM, TO, BY, WHY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged(Document):
    """Who stands in, as it was arranged or ended."""

    schedule: str
    person: str
    starts_at: datetime
    ends_at: datetime
    by: str
    why: str
    id: int


class OnCallPages:
    """Answers about who is on call."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def routes(self) -> tuple[Rule, ...]:
        overrides, says = "/api/v1/on-call/overrides", "Who is on call now and next by each schedule."
        every = Contract(says=says, answers=OnCallDocument)
        return (
            rule("/api/v1/on-call", self.all, least=Role.VIEWER, contract=every),
            _override(overrides, self.arrange, "arrange", "Have somebody stand in.", STAND_IN),
            _override(f"{overrides}/{{number:number}}/end", self.end, "end", "End what was arranged.", ONLY_BY),
        )

    async def all(self, _request: Request) -> Response:
        return document_answer(self._monitor.on_call.document())

    async def arrange(self, request: Request) -> Response:
        asked = stand_in(await signed(request))
        try:
            made = await self._monitor.on_call.arrange(asked)
        except NotArranged as error:
            return _refused(error)
        return document_answer(_arranged(made))

    async def end(self, request: Request) -> Response:
        by = ONLY_BY.read(await signed(request))[BY]
        try:
            ended = await self._monitor.on_call.end(request.path_params["number"], by)
        except NotArranged as error:
            return _refused(error)
        return document_answer(_arranged(ended))


def stand_in(content: bytes) -> StandIn:
    """Read `{"schedule": "primary", "person": "anna", "to": "2026-12-24T09:00", "by": "ben", "why": "…"}`, perhaps `from`.

    Raises:
        BadRequest: it is not that.
    """
    given = STAND_IN.read(content)
    return StandIn(
        schedule=given[SCHEDULE],
        person=given[PERSON],
        starts_at=given[FROM],
        ends_at=given[TO],
        by=given[BY],
        why=given[WHY],
    )


def _override(path: str, endpoint: Endpoint, verb: str, says: str, shape: Shape) -> Rule:
    contract = Contract(says=says, answers=Arranged, takes=shape, refuses=True)
    return rule(path, endpoint, least=Role.OPERATOR, methods=("POST",), doing=f"override.{verb}", contract=contract)


def _arranged(one: Override) -> Arranged:
    return Arranged(
        schedule=one.schedule,
        person=one.person,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        by=one.by,
        why=one.why,
        id=one.id,
    )


def _refused(error: NotArranged) -> Response:
    return json_answer({"error": str(error), "hint": error.hint}, 409)
