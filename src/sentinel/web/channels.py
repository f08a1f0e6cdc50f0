"""Channels, for programs: how each does, and the veto against a command."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sentinel.app.telling import NothingToStop
from sentinel.base.clock import Clock
from sentinel.core.incident import Refusal
from sentinel.web.answers import body, json_answer
from sentinel.web.incidents import REFUSALS
from sentinel.web.monitor import Monitor
from sentinel.web.payload import LONGEST_NAME, LONGEST_REASON, line, object_of


class ChannelPages:
    """Answers about channels out of what the monitor knows."""

    def __init__(self, monitor: Monitor, clock: Clock) -> None:
        self._monitor = monitor
        self._clock = clock

    def for_everything(self) -> tuple[Route, ...]:
        """What the owner of the socket may ask."""
        return (
            Route("/api/v1/channels", self.all),
            Route("/api/v1/incidents/{number:int}/veto", self.veto, methods=["POST"]),
        )

    async def all(self, _request: Request) -> Response:
        lines = self._monitor.channels.all()
        return json_answer({"at": self._clock.now(), "channels": [one.to_json() for one in lines]})

    async def veto(self, request: Request) -> Response:
        """Read `{"by": "ann", "why": "not now"}`."""
        fields = object_of(await body(request), {"by", "why"})
        by, why = line(fields, "by", LONGEST_NAME), line(fields, "why", LONGEST_REASON)
        try:
            stopped = await self._monitor.channels.veto(request.path_params["number"], by, why)
        except NothingToStop as error:
            return json_answer({"error": str(error), "hint": error.hint}, 409)
        if isinstance(stopped, Refusal):
            status, text = REFUSALS[stopped]
            return json_answer({"error": text, "refusal": stopped.value}, status)
        return json_answer({"stopped": stopped})
