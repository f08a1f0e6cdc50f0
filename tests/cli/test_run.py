from __future__ import annotations

import json
import signal
import sys
from typing import TYPE_CHECKING

from tests.kit.command import sentinel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.http_receiver import HttpReceiver
    from tests.kit.process import Children


async def test_it_runs_is_asked_stops_and_is_remembered(
    tmp_path: Path, receiver: HttpReceiver, children: Children
) -> None:
    """The daemon in the foreground; its status while it runs, after it stopped, and a report of what the store has.

    The shell that asks has not the credentials that the daemon has, as with a system service.
    """
    config = tmp_path / "c.json"
    check = {"name": "health", "kind": "http", "interval": "1s", "timeout": "1s", "options": {"url": receiver.url}}
    hook = {"kind": "webhook", "url": "${file:${CREDENTIALS_DIRECTORY}/hook}"}
    config.write_text(json.dumps({"name": "ward", "checks": [check], "channels": {"hook": hook}}))
    (tmp_path / "hook").write_text(receiver.url)
    (tmp_path / "hook").chmod(0o600)

    credentials = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    daemon = await children.start(sys.executable, "-m", "sentinel", "--config", config, env=credentials)
    await daemon.line("sentinel.started", within=30)
    await receiver.requests.reach(2, within=10)
    running = await sentinel("--config", config, "--status", "--json")
    assert running.json()["overall"] == "OK"
    assert (running.code, running.json()["from_store"]) == (0, False)

    assert await daemon.terminate() == 0
    stopped = await sentinel("--config", config, "--status", "--json")
    assert (stopped.code, stopped.json()["from_store"]) == (3, True)
    assert "no daemon answers" in stopped.err
    assert stopped.json()["checks"][0]["severity"] == "OK"

    folder = tmp_path / "out"
    report = await sentinel("report", "--since", "1h", "--folder", folder, "--config", config)
    assert report.code == 0
    assert sorted(file.suffix for file in folder.iterdir()) == [".html", ".json", ".json", ".pdf"]


async def test_an_interrupt_stops_it_in_good_order(tmp_path: Path, receiver: HttpReceiver, children: Children) -> None:
    config = tmp_path / "c.json"
    check = {"name": "health", "kind": "http", "options": {"url": receiver.url}}
    config.write_text(json.dumps({"name": "ward", "checks": [check]}))
    daemon = await children.start(sys.executable, "-m", "sentinel", "run", "--config", config)
    await daemon.line("sentinel.started", within=30)
    daemon.send(signal.SIGINT)
    assert await daemon.exit() == 0
    assert not (tmp_path / "state" / "sentinel.sock").exists()
