"""A daemon's local socket with a still monitor behind it, and the configuration that leads there."""

from __future__ import annotations

import json
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
async def monitor(tmp_path: Path) -> AsyncIterator[StillMonitor]:
    """Behind `tmp_path/monitoring_config.json`: a check that is well, one with incident 12, a message given up."""
    pasts = [history(check("health"), [well(0.25)]), history(check("login"), [broken()] * 3)]
    dead = Notification(
        key="k", id=7, address=Address("mail", "a@example.org"), message=MESSAGE, created_at=NOW, state=State.DEAD
    )
    monitor = StillMonitor(plan(*(past.check for past in pasts), folder=tmp_path), pasts, [dead])
    monitor.plan.file.write_text(json.dumps({"web": {"socket": str(monitor.plan.web.socket)}}))
    server = WebServer(monitor, monitor.plan, SystemClock())
    await server.start()
    yield monitor
    await server.stop()
