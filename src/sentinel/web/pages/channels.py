"""Channels: how each does, what waits in the outbox, a test message, and what to do with messages that were given up."""

from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sentinel.app.telling import NoTest
from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.core.access import Role
from sentinel.core.notification import State
from sentinel.reports.documents import NotificationLine
from sentinel.reports.status import notification_line
from sentinel.web.access import principal
from sentinel.web.monitor import Monitor
from sentinel.web.pages.frame import Renderer
from sentinel.web.sign_in.rules import Rule, rule

#: Rows of the outbox on the page; `sentinel outbox` shows all.
MOST_ROWS: Final = 100

_SHOWN: Final = (State.DEAD, State.QUEUED, State.SENDING)


class ChannelsPage:
    """Shows channels and the outbox."""

    def __init__(self, monitor: Monitor, clock: Clock, renderer: Renderer) -> None:
        self._monitor = monitor
        self._clock = clock
        self._renderer = renderer

    def routes(self) -> tuple[Rule, ...]:
        return (
            rule("/channels", self.show, least=Role.VIEWER),
            rule("/channels/{name}/test", self.test, least=Role.OPERATOR, methods=("POST",), doing="channel.test"),
            rule("/outbox/redrive", self.redrive, least=Role.ADMIN, methods=("POST",), doing="outbox.redrive"),
            rule("/outbox/drop", self.drop, least=Role.ADMIN, methods=("POST",), doing="outbox.drop"),
        )

    async def show(self, request: Request) -> Response:
        return await self._page(request)

    async def test(self, request: Request) -> Response:
        """Send a message that is marked as a test."""
        try:
            await self._monitor.channels.test(request.path_params["name"], principal(request).name)
        except NoTest as error:
            return await self._page(request, status=409, problem=str(error), hint=error.hint)
        return RedirectResponse("/channels?done=test", 303)

    async def redrive(self, _request: Request) -> Response:
        """Send all messages again that were given up."""
        await self._monitor.redrive(None)
        return RedirectResponse("/channels?done=redrive", 303)

    async def drop(self, _request: Request) -> Response:
        """Put all messages away that were given up."""
        await self._monitor.drop(None)
        return RedirectResponse("/channels?done=drop", 303)

    async def _page(self, request: Request, *, status: int = 200, problem: str = "", hint: str = "") -> Response:
        rows, away = await self._rows()
        return await self._renderer.answer(
            request,
            "channels.html",
            title="Channels",
            here="channels",
            status=status,
            problem=problem,
            hint=hint,
            at=self._clock.now(),
            channels=self._monitor.channels.all(),
            rows=rows[:MOST_ROWS],
            more=max(0, len(rows) - MOST_ROWS),
            dead=sum(row.state == State.DEAD.value for row in rows),
            away=away,
        )

    async def _rows(self) -> tuple[list[NotificationLine], str]:
        """What was not sent, dead ones first, and why the store did not tell."""
        try:
            found = await self._monitor.outbox(_SHOWN)
        except StoreError as error:
            return [], str(error)
        ordered = sorted(found, key=lambda row: _SHOWN.index(row.state))
        return [notification_line(row) for row in ordered], ""
