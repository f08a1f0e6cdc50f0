"""A browser for each file of tests, and dashboards for it to look at."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest_asyncio

from sentinel.core.access import Role, Via
from sentinel.web.server import WebServer
from sentinel.web.sign_in.guard import PLAIN_COOKIE
from tests.kit.browser import DESK, Chromium, Tab
from tests.kit.clock import FakeClock
from tests.kit.scene import NOW
from tests.kit.ward import ward

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from tests.kit.monitor import StillMonitor


class House:
    """A dashboard that runs, and who comes to look at it."""

    def __init__(self, chromium: Chromium, monitor: StillMonitor, server: WebServer) -> None:
        self.monitor = monitor
        self.origin = f"http://127.0.0.1:{server.port}"
        self._chromium = chromium
        self._server = server

    async def end(self) -> None:
        """Nobody answers any more."""
        await self._server.stop()

    @asynccontextmanager
    async def tab(
        self, role: Role | None = Role.ADMIN, *, size: tuple[int, int] = DESK, dark: bool = False, scripts: bool = True
    ) -> AsyncIterator[Tab]:
        """Somebody with a role who is signed in; None: who is not."""
        shown = await self.monitor.sessions.open("ann", role, Via.PASSWORD, "") if role else ""
        cookies = {PLAIN_COOKIE: shown} if shown else {}
        async with self._chromium.tab(self.origin, size=size, dark=dark, scripts=scripts, cookies=cookies) as tab:
            yield tab


@asynccontextmanager
async def serving(chromium: Chromium, monitor: StillMonitor) -> AsyncIterator[House]:
    server = WebServer(monitor, monitor.plan, FakeClock(NOW))
    await server.start()
    try:
        yield House(chromium, monitor, server)
    finally:
        await server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Chromium]:
    async with Chromium() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A ward where much is wrong."""
    async with serving(chromium, ward(tmp_path_factory.mktemp("ward"))) as opened:
        yield opened
