"""Commands that a level runs, through the real daemon: they run when they should, at most once, and what happened is told.

The command writes a line when it begins and one when it ends, so what it did is known whatever the daemon says.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.kit.eventually import eventually
from tests.kit.stage import Stage, level
from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.daemon import Json

CANARY = "canary-deploy-token"

#: Says that it begins and with which facts, waits until it may go on, and says that it ended.
SCRIPT = """
echo "began $SENTINEL_INCIDENT $SENTINEL_LEVEL $SENTINEL_CHECK" >> book
echo "rolled back with $DEPLOY_TOKEN"
while [ -e gate ]; do sleep 0.02; done
echo "ended" >> book
exit $(cat status)
"""


class Machine:
    """The command of a stage and what it did."""

    def __init__(self, stage: Stage, *, veto: str = "0s", gate: bool = False, status: int = 0, **more: Any) -> None:
        self.folder: Path = stage.daemon.folder / "machine"
        self.folder.mkdir()
        (self.folder / "status").write_text(str(status))
        if gate:
            (self.folder / "gate").touch()
        script = self.folder / "roll-back"
        script.write_text(f"#!/bin/sh\n{SCRIPT}")
        script.chmod(0o755)
        stage.daemon.config["channels"]["rollback"] = {
            "kind": "command",
            "command": [str(script)],
            "folder": str(self.folder),
            "veto": veto,
            "secret_environment": {"DEPLOY_TOKEN": CANARY},
            **more,
        }
        stage.levels(level(0, "hook"), level(0.5, "rollback"))

    @property
    def book(self) -> list[str]:
        path = self.folder / "book"
        return path.read_text().splitlines() if path.exists() else []

    async def began(self) -> None:
        await eventually(lambda: self.book, within=20.0)

    async def ended(self) -> None:
        await eventually(lambda: "ended" in self.book, within=20.0)

    def open_gate(self) -> None:
        (self.folder / "gate").unlink()


def last(stage: Stage, kind: str) -> Json:
    """The latest message of a kind that the webhook got."""
    told: list[Json] = [request.json() for request in stage.hook.requests if request.json()["kind"] == kind]
    return told[-1]


async def timeline(stage: Stage) -> list[str]:
    return [
        text for (text,) in stage.daemon.ledger.ask("SELECT what FROM timeline WHERE kind LIKE 'command%' ORDER BY id")
    ]


@story
async def test_a_level_runs_its_command_once_and_tells_how_it_ended(stage: Stage) -> None:
    machine = Machine(stage)
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened", "command_ended")
    assert machine.book == ["began 1 2 api", "ended"]
    ended = last(stage, "command_ended")
    assert ended["title"].startswith("the command rollback ended well after")
    assert ended["text"] == "rolled back with •••"
    stage.target.recover()
    await stage.hears("opened", "command_ended", "resolved")
    assert len(machine.book) == 2
    assert [row.kind for row in await stage.settles() if row.channel == "rollback"] == ["command"]


@story
async def test_a_command_that_fails_is_told_and_not_tried_again(stage: Stage) -> None:
    machine = Machine(stage, status=3)
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened", "command_ended")
    assert "failed: roll-back ended with status 3" in last(stage, "command_ended")["title"]
    await stage.settles()
    said = await stage.daemon.say("outbox", "redrive", "--all")
    assert said.code == 0
    await stage.settles()
    assert machine.book == ["began 1 2 api", "ended"]


@story
async def test_a_planned_command_is_announced_and_a_veto_stops_it(stage: Stage) -> None:
    machine = Machine(stage, veto="60s")
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened", "command_planned")
    assert "unless somebody stops it" in last(stage, "command_planned")["title"]
    said = await stage.daemon.say("veto", "1", "--why", "the release is not to blame", "--by", "ann")
    assert (said.code, said.text) == (0, "Its command will not run. Incident 1 goes on.")
    await stage.hears("opened", "command_planned", "command_ended")
    why = "the command rollback was stopped by ann before it ran: the release is not to blame"
    assert last(stage, "command_ended")["title"] == why
    again = await stage.daemon.say("veto", "1", "--why", "once more", "--by", "ann")
    assert again.code == 1
    assert "no command of incident 1 waits" in again.text
    assert machine.book == []


@story
async def test_an_acknowledgement_stops_a_planned_command(stage: Stage) -> None:
    machine = Machine(stage, veto="60s")
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened", "command_planned")
    assert (await stage.daemon.say("ack", "1", "--why", "on it", "--by", "ann")).code == 0
    await stage.hears("opened", "command_planned", "command_ended", "acknowledged")
    assert last(stage, "command_ended")["title"].endswith("stopped before it ran: the incident was acknowledged")
    assert machine.book == []


@story
async def test_a_recovery_stops_a_planned_command(stage: Stage) -> None:
    machine = Machine(stage, veto="60s")
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened", "command_planned")
    stage.target.recover()
    await stage.hears("opened", "command_planned", "command_ended", "resolved")
    assert machine.book == []


@story
async def test_a_planned_command_runs_after_its_veto_time(stage: Stage) -> None:
    machine = Machine(stage, veto="1s")
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened", "command_planned", "command_ended")
    assert machine.book == ["began 1 2 api", "ended"]


@story
async def test_a_command_that_takes_too_long_is_killed_and_told_of(stage: Stage) -> None:
    machine = Machine(stage, gate=True, timeout="1s")
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened", "command_ended")
    assert "was killed" in last(stage, "command_ended")["title"]
    machine.open_gate()
    assert machine.book == ["began 1 2 api"]


@story
async def test_killed_before_it_is_marked_it_runs_once_after_the_start(stage: Stage) -> None:
    machine = Machine(stage, veto="3s")
    await stage.daemon.start()
    stage.target.fail()
    await stage.row(kind="command", state="queued")
    await stage.daemon.kill()
    await stage.daemon.start()
    await machine.ended()
    await stage.settles()
    assert machine.book == ["began 1 2 api", "ended"]
    assert last(stage, "command_ended")["title"].startswith("the command rollback ended well")


@story
async def test_killed_after_it_was_marked_and_before_it_began_it_is_not_run_and_told_of(stage: Stage) -> None:
    machine = Machine(stage, veto="60s")
    await stage.daemon.start()
    stage.target.fail()
    await stage.row(kind="command", state="queued")
    await stage.daemon.kill()
    # As the claim leaves it, which is committed before the program is started.
    with closing(sqlite3.connect(stage.daemon.folder / "state" / "sentinel.db")) as store, store:
        store.execute("UPDATE outbox SET state = 'sending', attempts = 1, lease_until = due_at WHERE kind = 'command'")
    await stage.daemon.start()
    await told_of_the_interruption(stage)
    assert machine.book == []


@story
async def test_killed_while_it_runs_it_is_not_run_again_and_told_of(stage: Stage) -> None:
    machine = Machine(stage, gate=True)
    await stage.daemon.start()
    stage.target.fail()
    await machine.began()
    await stage.daemon.kill()
    await stage.daemon.start()
    await told_of_the_interruption(stage)
    machine.open_gate()
    assert machine.book[0] == "began 1 2 api"
    assert machine.book[1:] in ([], ["ended"])  # the program may have outlived the daemon


async def told_of_the_interruption(stage: Stage) -> None:
    row = await stage.row(kind="command", state="dead")
    assert (row.reason, row.attempts) == ("interrupted", 1)
    await stage.hook.requests.until(lambda _: "command_ended" in stage.told(), within=15.0)
    assert "may have run in part" in last(stage, "command_ended")["title"]
    assert any("may have run in part" in text for text in await timeline(stage))


@story
async def test_killed_after_it_ended_the_end_is_told_once(stage: Stage) -> None:
    machine = Machine(stage)
    await stage.daemon.start()
    stage.target.fail()
    await stage.row(kind="command", state="sent")
    await stage.daemon.kill()
    await stage.daemon.start()
    await stage.settles()
    assert machine.book == ["began 1 2 api", "ended"]
    assert stage.told().count("command_ended") == 1  # of one key, however often it came
    assert last(stage, "command_ended")["title"].startswith("the command rollback ended well")


@story
async def test_a_stop_of_the_daemon_ends_the_command_and_says_so(stage: Stage) -> None:
    machine = Machine(stage, gate=True)
    await stage.daemon.start()
    stage.target.fail()
    await machine.began()
    await stage.daemon.stop()
    await stage.daemon.start()
    await told_of_the_interruption(stage)
    machine.open_gate()
    assert machine.book == ["began 1 2 api"]


@story
async def test_no_secret_of_a_command_is_kept_or_told(stage: Stage) -> None:
    Machine(stage)
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened", "command_ended")
    await stage.daemon.stop()
    shown = [*(str(request) for request in stage.hook.requests), *stage.daemon.process.lines]
    kept = [path for path in (stage.daemon.folder / "state").iterdir() if path.is_file()]
    assert not any(CANARY in text for text in shown)
    assert not any(CANARY.encode() in path.read_bytes() for path in kept)
