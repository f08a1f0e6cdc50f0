"""Sentinel itself: how it does, and what it goes by."""

from starlette.requests import Request
from starlette.responses import Response

from sentinel.core.access import Role
from sentinel.web.monitor import Monitor
from sentinel.web.pages.frame import Renderer
from sentinel.web.sign_in.rules import Rule, rule


class OwnPage:
    """Shows how this Sentinel does."""

    def __init__(self, monitor: Monitor, renderer: Renderer) -> None:
        self._monitor = monitor
        self._renderer = renderer

    def routes(self) -> tuple[Rule, ...]:
        return (rule("/sentinel", self.show, least=Role.VIEWER),)

    async def show(self, request: Request) -> Response:
        return await self._renderer.answer(
            request, "sentinel.html", title="Sentinel", here="sentinel", document=await self._monitor.faces.own()
        )
