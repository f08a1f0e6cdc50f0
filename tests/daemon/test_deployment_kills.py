"""SIGKILL at each step of a deployment that is undone: the daemon comes back to what is so, and the command never runs twice.

The command keeps a book of its own, so what it did is known whatever the daemon says.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from tests.kit.eventually import eventually
from tests.kit.stage import Stage, check, level
from tests.kit.theatre import story

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kit.daemon import Json

#: Says that it begins and what for, waits until it may go on, and says that it ended.
SCRIPT = """#!/bin/sh
echo "began $1 $SENTINEL_VERSION $SENTINEL_FROM" >> book
echo "with $DEPLOY_TOKEN because $SENTINEL_REASON"
while [ -e gate ]; do sleep 0.02; done
echo "ended" >> book
"""

#: What somebody writes about a failed step, and the secret of what undoes it.
WHY, TOKEN = "Mary Canary saw the migration fail", "canary-deploy-token"

#: In the book of a command that ran once, from beginning to end.
ONCE = ["began quick 2.4.1 2.4.0", "ended"]


class Release:
    """The deployment of a stage, what undoes it, and what that did."""

    def __init__(self, stage: Stage, *, veto: str = "", gate: bool = False, **policy: Any) -> None:
        self.daemon = stage.daemon
        self.folder: Path = stage.daemon.folder / "machine"
        self.folder.mkdir()
        if gate:
            (self.folder / "gate").touch()
        script = self.folder / "roll-back"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        command: Json = {
            "kind": "command",
            "command": [str(script), "{mode}"],
            "folder": str(self.folder),
            "veto": "2s",
        }
        command["secret_environment"] = {"DEPLOY_TOKEN": TOKEN}
        undo = {"channel": "rollback", "on_fail": "propose" if veto else "act", "verify_within": "30s"}
        config = stage.daemon.config
        config["channels"]["rollback"] = command
        config["checks"] = [check("api", stage.target.url, system="payroll", tags=["post"], **policy)]
        config["deployments"] = {
            "payroll": {"channels": ["hook"], "rollback": {**undo, **({"veto": veto} if veto else {})}}
        }

    async def start(self) -> None:
        await self.daemon.start()
        await self.daemon.tell("/api/v1/deployments", version="2.4.1", **{"from": "2.4.0"})

    async def fail(self) -> None:
        await self.start()
        await self.breaks()

    async def breaks(self) -> None:
        await self.daemon.tell("/api/v1/deployments/1/fail", why=WHY)

    async def again(self) -> None:
        """Kill it where it is, and start it again."""
        await self.daemon.kill()
        await self.daemon.start()

    async def order(self, state: str) -> None:
        """Wait until the order's row is so."""
        await self.daemon.committed(f"SELECT 1 FROM outbox WHERE kind = 'rollback' AND state = '{state}'")

    async def is_so(self, *words: str) -> None:
        """Wait until the store says these of the deployment."""
        held = " AND ".join(f"body LIKE '%\"{word}\"%'" for word in words)
        await self.daemon.committed(f"SELECT 1 FROM deployments WHERE {held}", within=25.0)

    async def shown(self) -> Json:
        return await self.daemon.ask("/api/v1/deployments/1")

    async def alarms(self, stage: Stage) -> None:
        """Wait until people are told that it is not in order."""
        told = stage.hook.requests
        await told.until(lambda _: any(_is_alarm(request.json()) for request in told), within=15.0)

    @property
    def book(self) -> list[str]:
        path = self.folder / "book"
        return path.read_text().splitlines() if path.exists() else []

    async def writes(self, word: str) -> None:
        await eventually(lambda: any(word in line for line in self.book), within=20.0)

    def open_gate(self) -> None:
        (self.folder / "gate").unlink()


def _is_alarm(told: Json) -> bool:
    return bool(told["kind"] == "opened" and told["check"]["name"] == "deployment-payroll")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another program holds the writing lock of the store."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@story
async def test_killed_while_its_window_is_open_it_goes_on_and_the_window_too(stage: Stage) -> None:
    release = Release(stage)
    await release.start()
    await release.again()
    assert (await release.shown())["line"]["phase"] == "under_way"
    windows = (await stage.daemon.ask("/api/v1/windows"))["windows"]
    assert [window["id"] for window in windows] == ["deployment-1"]
    await release.breaks()
    await release.is_so("rolled_back")
    assert release.book == ONCE


@story
async def test_killed_after_the_order_and_before_it_begins_it_runs_once(stage: Stage) -> None:
    release = Release(stage, veto="3s")
    await release.fail()
    await release.order("queued")
    await release.again()
    await release.is_so("rolled_back")
    assert release.book == ONCE
    assert f"with ••• because {WHY}" in (await release.shown())["rollback"]["text"]
    assert not any("Canary" in line or TOKEN in line for line in stage.daemon.process.lines)
    assert not any(TOKEN in str(request) for request in stage.hook.requests)


@story
async def test_killed_between_the_mark_and_the_run_it_is_not_run_and_people_are_alarmed(stage: Stage) -> None:
    release = Release(stage, veto="60s")
    await release.fail()
    await release.order("queued")
    await stage.daemon.kill()
    # As the claim leaves it, which is committed before the program is started.
    with closing(sqlite3.connect(stage.daemon.folder / "state" / "sentinel.db")) as store, store:
        store.execute("UPDATE outbox SET state = 'sending', attempts = 1, lease_until = due_at WHERE kind = 'rollback'")
    await stage.daemon.start()
    await interrupted(stage, release)
    assert release.book == []


@story
async def test_killed_while_it_runs_it_is_not_run_again_and_people_are_alarmed(stage: Stage) -> None:
    release = Release(stage, gate=True)
    await release.fail()
    await release.writes("began")
    await release.again()
    await interrupted(stage, release)
    release.open_gate()
    assert release.book[0] == ONCE[0]
    assert release.book[1:] in ([], ["ended"])  # the program may have outlived the daemon


@story
async def test_killed_when_it_ended_and_before_that_is_written_down_it_is_not_run_again(stage: Stage) -> None:
    release = Release(stage, gate=True)
    await release.fail()
    await release.writes("began")
    with locked(stage.daemon.folder / "state" / "sentinel.db"):
        release.open_gate()
        await release.writes("ended")
        await stage.daemon.kill()
    await stage.daemon.start()
    await interrupted(stage, release)
    assert release.book == ONCE


async def interrupted(stage: Stage, release: Release) -> None:
    """Nobody knows how far it came: it stands so, people are alarmed, and nothing orders it again."""
    await release.is_so("rollback_failed", "interrupted")
    await release.alarms(stage)
    rollback = (await release.shown())["rollback"]
    assert "may have been done in part" in rollback["text"]
    with pytest.raises(httpx2.HTTPStatusError, match="409 Conflict"):
        await stage.daemon.tell("/api/v1/rollbacks", reason="once more", quick=True)


@story
async def test_killed_when_it_is_done_and_the_deployment_has_not_heard_it_is_proven_after_the_start(
    stage: Stage,
) -> None:
    release = Release(stage)
    await release.fail()
    await release.order("sent")
    await release.again()
    await release.is_so("rolled_back")
    assert release.book == ONCE


@story
async def test_killed_while_it_is_verified_it_is_verified_after_the_start(stage: Stage) -> None:
    release = Release(stage)
    await release.start()
    stage.target.fail()
    await release.breaks()
    await release.is_so("verifying")
    await release.again()
    stage.target.recover()
    await release.is_so("rolled_back")
    assert release.book == ONCE


@story
async def test_killed_after_a_level_has_ordered_it_the_deployment_learns_of_it_and_it_runs_once(stage: Stage) -> None:
    release = Release(stage)
    stage.levels(level(0, "hook"), level(0.5, "rollback"))
    await release.start()
    await stage.daemon.tell("/api/v1/deployments/1/watch")
    stage.target.fail()
    await release.order("queued")
    await release.again()
    await release.writes("ended")
    stage.target.recover()
    await release.is_so("rolled_back")
    assert release.book == ONCE
    timeline = [line["text"] for line in (await release.shown())["timeline"]]
    assert any("ordered by the escalation of incident" in text for text in timeline)
