"""A running web side with a monitor behind it, and a client of its socket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
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


@dataclass(frozen=True, kw_only=True)
class Site:
    """Both listeners, what is behind them, and a client for each."""

    monitor: StillMonitor
    server: WebServer
    local: httpx2.AsyncClient  # over the socket
    remote: httpx2.AsyncClient  # over TCP
    socket: Path


@pytest.fixture
def monitor(tmp_path: Path) -> StillMonitor:
    """One check that is well, one with incident 12, one notification that was given up."""
    pasts = [history(check("health"), [well(0.25)]), history(check("login"), [broken()] * 3)]
    dead = Notification(
        key="k", id=7, address=Address("mail", "a@example.org"), message=MESSAGE, created_at=NOW, state=State.DEAD
    )
    return StillMonitor(plan(*(past.check for past in pasts), folder=tmp_path, port=0), pasts, [dead])


@pytest.fixture
async def site(monitor: StillMonitor) -> AsyncIterator[Site]:
    server = WebServer(monitor, monitor.plan, SystemClock())
    await server.start()
    path = monitor.plan.web.socket
    async with (
        httpx2.AsyncClient(transport=httpx2.AsyncHTTPTransport(uds=str(path)), base_url="http://localhost") as local,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as remote,
    ):
        yield Site(monitor=monitor, server=server, local=local, remote=remote, socket=path)
    await server.stop()
