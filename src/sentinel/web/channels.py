"""Channels, for programs: how each does, and the veto against a command."""

from starlette.requests import Request
from starlette.responses import Response

from sentinel.app.telling import NothingToStop
from sentinel.base.clock import Clock
from sentinel.core.access import Role
from sentinel.core.incident import Refusal
from sentinel.web.answers import json_answer, signed
from sentinel.web.incidents import REFUSALS
from sentinel.web.monitor import Monitor
from sentinel.web.payload import LONGEST_NAME, LONGEST_REASON, line, object_of
from sentinel.web.sign_in.rules import Rule, rule


class ChannelPages:
    """Answers about channels out of what the monitor knows."""

    def __init__(self, monitor: Monitor, clock: Clock) -> None:
        self._monitor = monitor
        self._clock = clock

    def routes(self) -> tuple[Rule, ...]:
        veto = "/api/v1/incidents/{number:int}/veto"
        return (
            rule("/api/v1/channels", self.all, least=Role.VIEWER),
            rule(veto, self.veto, least=Role.OPERATOR, methods=("POST",), doing="incident.veto"),
        )

    async def all(self, _request: Request) -> Response:
        lines = self._monitor.channels.all()
        return json_answer({"at": self._clock.now(), "channels": [one.to_json() for one in lines]})

    async def veto(self, request: Request) -> Response:
        """Read `{"by": "ann", "why": "not now"}`."""
        fields = object_of(await signed(request), {"by", "why"})
        by, why = line(fields, "by", LONGEST_NAME), line(fields, "why", LONGEST_REASON)
        try:
            stopped = await self._monitor.channels.veto(request.path_params["number"], by, why)
        except NothingToStop as error:
            return json_answer({"error": str(error), "hint": error.hint}, 409)
        if isinstance(stopped, Refusal):
            status, text = REFUSALS[stopped]
            return json_answer({"error": text, "refusal": stopped.value}, status)
        return json_answer({"stopped": stopped})
