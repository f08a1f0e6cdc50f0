"""Who watches Sentinel: the heartbeat to the outside, the canaries through its channels, and the auditor, in the real daemon."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from tests.kit.http_receiver import HttpReceiver
from tests.kit.stage import Stage
from tests.kit.theatre import story

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.kit.daemon import Json


def heartbeat(receiver: HttpReceiver) -> Json:
    return {"url": f"{receiver.url}/canary-token", "every": "1s", "timeout": "2s"}


async def logs(stage: Stage, holds: Callable[[Json], bool], *, within: float = 40.0) -> Json:
    """The first line of the log that is so."""
    async with asyncio.timeout(within):
        while True:
            for line in stage.daemon.log:
                if holds(line):
                    return line
            await asyncio.sleep(0.1)


@story
async def test_it_beats_until_the_store_takes_nothing_more_and_again_when_it_does(stage: Stage) -> None:
    async with HttpReceiver() as outside:
        stage.daemon.config["heartbeat"] = heartbeat(outside)
        await stage.daemon.start()
        await outside.requests.reach(2, within=20)
        with closing(sqlite3.connect(stage.daemon.folder / "state" / "sentinel.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            withheld = await logs(stage, lambda line: line["event"] == "heartbeat.withheld" and "store" in line["why"])
            beats = len(outside.requests)
            await asyncio.sleep(2.5)  # longer than two beats take
            assert len(outside.requests) == beats
        await outside.requests.reach(beats + 2, within=30)
        assert "canary-token" not in json.dumps(withheld)


@story
async def test_a_row_that_was_taken_away_is_found_told_and_made_up_for(stage: Stage) -> None:
    async with HttpReceiver() as outside:
        stage.daemon.config["heartbeat"] = heartbeat(outside)
        await stage.daemon.start()
        await outside.requests.reach(1, within=20)
        stage.target.fail()
        await stage.hears("opened")
        await stage.settles()
        with closing(sqlite3.connect(stage.daemon.folder / "state" / "sentinel.db", timeout=10.0)) as other, other:
            other.execute("DELETE FROM outbox WHERE incident = 1")
        await logs(stage, lambda line: line["event"] == "audit.flaw_found" and line["lapse"] == "untold")
        await stage.row(kind="reminded", incident=1, state="sent")
        missing = "its auditor found that a message about incident 1 (api) to hook is missing"
        await stage.hook.requests.until(
            lambda told: any(missing in one.json()["explanation"] for one in told), within=60
        )


@story
async def test_a_canary_goes_through_each_channel_once_in_its_time(stage: Stage) -> None:
    stage.daemon.config["channels"]["hook"]["canary"] = {"every": "1d", "at": "09:00", "zone": "Europe/Berlin"}
    await stage.daemon.start()
    await stage.hears("canary", within=30)
    await stage.daemon.stop()
    await stage.daemon.start()
    await stage.daemon.shows(lambda status: status["checks"])
    assert [row.kind for row in stage.daemon.ledger.rows()] == ["canary"]
    said = await stage.daemon.say("channels", "--json")
    (line,) = json.loads(said.text)["channels"]
    assert (line["name"], line["canary"], line["failing_since"]) == ("hook", "every 1 d at 09:00 Europe/Berlin", None)
    assert line["last_success"]
    table = await stage.daemon.say("channels")
    assert "every 1 d at 09:00 Europe/Berlin" in table.text
