"""Who is on call, for programs: the list, and who stands in for whom."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.rosters import NotArranged, StandIn
from sentinel.base.moments import read_moment
from sentinel.core.access import Role
from sentinel.reports.documents import plain
from sentinel.web import payload
from sentinel.web.answers import json_answer, signed
from sentinel.web.monitor import Monitor
from sentinel.web.payload import BadRequest
from sentinel.web.sign_in.rules import Rule, rule

_FIELDS = {"schedule", "person", "from", "to", "by", "why"}


class OnCallPages:
    """Answers about who is on call."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor

    def routes(self) -> tuple[Rule, ...]:
        operator, post = Role.OPERATOR, ("POST",)
        overrides = "/api/v1/on-call/overrides"
        return (
            rule("/api/v1/on-call", self.all, least=Role.VIEWER),
            rule(overrides, self.arrange, least=operator, methods=post, doing="override.arrange"),
            rule(f"{overrides}/{{number:int}}/end", self.end, least=operator, methods=post, doing="override.end"),
        )

    async def all(self, _request: Request) -> Response:
        return json_answer(self._monitor.on_call.document().to_json())

    async def arrange(self, request: Request) -> Response:
        asked = stand_in(await signed(request))
        try:
            made = await self._monitor.on_call.arrange(asked)
        except NotArranged as error:
            return _refused(error)
        return json_answer(plain(made))

    async def end(self, request: Request) -> Response:
        by = payload.line(payload.object_of(await signed(request), {"by"}), "by", payload.LONGEST_NAME)
        try:
            ended = await self._monitor.on_call.end(request.path_params["number"], by)
        except NotArranged as error:
            return _refused(error)
        return json_answer(plain(ended))


def stand_in(content: bytes) -> StandIn:
    """Read `{"schedule": "primary", "person": "anna", "to": "2026-12-24T09:00", "by": "ben", "why": "…"}`, perhaps `from`.

    Raises:
        BadRequest: it is not that.
    """
    fields = payload.object_of(content, _FIELDS)
    return StandIn(
        schedule=payload.line(fields, "schedule", payload.LONGEST_NAME),
        person=payload.line(fields, "person", payload.LONGEST_NAME),
        starts_at=_moment(fields["from"]) if fields.get("from") is not None else None,
        ends_at=_moment(fields.get("to")),
        by=payload.line(fields, "by", payload.LONGEST_NAME),
        why=payload.line(fields, "why", payload.LONGEST_REASON),
    )


def _moment(value: object) -> datetime:
    """A time; one without a zone is local to the schedule, and still naive here."""
    try:
        return read_moment(value if isinstance(value, str) else "")
    except ValueError:
        raise BadRequest("`from` and `to` have to be times such as 2026-12-24T09:00") from None


def _refused(error: NotArranged) -> Response:
    return json_answer({"error": str(error), "hint": error.hint}, 409)
