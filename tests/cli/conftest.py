"""A daemon's local socket with a still monitor behind it, and the configuration that leads there."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from sentinel.base.clock import SystemClock
from sentinel.core.incident import Address
from sentinel.core.notification import Kind, Message, Notification, State
from sentinel.web.server import WebServer
from tests.kit.monitor import StillMonitor
from tests.kit.scene import NOW, broken, check, history, plan, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

MESSAGE = Message(kind=Kind.TEST, at=NOW, source="ward")


@pytest.fixture
def still(tmp_path: Path) -> StillMonitor:
    """Behind `tmp_path/monitoring_config.json`: a check that is well, one with incident 12, a message given up."""
    pasts = [history(check("health"), [well(0.25)]), history(check("login"), [broken()] * 3)]
    dead = Notification(
        key="k", id=7, address=Address("mail", "a@example.org"), message=MESSAGE, created_at=NOW, state=State.DEAD
    )
    monitor = StillMonitor(plan(*(past.check for past in pasts), folder=tmp_path), pasts, [dead])
    monitor.plan.file.write_text(json.dumps({"web": {"socket": str(monitor.plan.web.socket)}}))
    return monitor


class Socket:
    """The daemon's socket, which may be closed and opened again as by a restart."""

    def __init__(self, monitor: StillMonitor) -> None:
        self._monitor = monitor
        self._server: WebServer | None = None

    async def start(self) -> None:
        self._server = WebServer(self._monitor, self._monitor.plan, SystemClock())
        await self._server.start()

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop()
            self._server = None


@pytest.fixture
async def server(still: StillMonitor) -> AsyncIterator[Socket]:
    """The socket itself."""
    socket = Socket(still)
    await socket.start()
    yield socket
    await socket.stop()


@pytest.fixture
def monitor(still: StillMonitor, server: Socket) -> StillMonitor:
    """Who answers on the socket."""
    return still


@pytest.fixture
async def hanging(tmp_path: Path) -> AsyncIterator[Path]:
    """The configuration of a daemon that takes every question and answers none."""
    accepted: list[asyncio.StreamWriter] = []
    server = await asyncio.start_unix_server(lambda _, writer: accepted.append(writer), tmp_path / "s.sock")
    config = tmp_path / "c.json"
    config.write_text(json.dumps({"web": {"socket": "s.sock"}}))
    yield config
    for writer in accepted:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    server.close()
