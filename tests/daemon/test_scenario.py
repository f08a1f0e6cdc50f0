"""A real daemon that is killed in the middle of a scenario, and people who clean up by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.clock import SystemClock
from tests.kit.daemon import COMMAND, Daemon
from tests.kit.eventually import eventually
from tests.kit.office import Office
from tests.probes.staff import staff

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.kit.process import Children


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with Office(SystemClock()) as ready:
        yield ready


@pytest.fixture
async def daemon(children: Children, tmp_path: Path, office: Office) -> AsyncIterator[Daemon]:
    """Not started yet, with one scenario."""
    check = {"name": "staff", "kind": "scenario", "interval": "4s", "timeout": "4s", "options": staff(office)}
    config: dict[str, Any] = {
        "name": "ward",
        "checks": [check],
        "reports": {"schedule": []},
        "channels": {},
        "logs": {"format": "json"},
    }
    async with Daemon(children, tmp_path, config) as ready:
        yield ready


async def killed_between_create_and_delete(daemon: Daemon, office: Office) -> None:
    office.faults.add("put employees hangs")
    await daemon.start()
    await eventually(lambda: any(request.startswith("PUT") for request in office.requests), within=20)
    await daemon.kill()
    office.faults.clear()
    assert len(office.made()) == 1


async def test_what_a_killed_daemon_left_is_taken_away_after_the_restart(daemon: Daemon, office: Office) -> None:
    await killed_between_create_and_delete(daemon, office)
    await daemon.start()
    await eventually(lambda: not office.made(), within=20)
    await daemon.shows(lambda status: status["checks"][0]["severity"] == "OK")
    assert (await daemon.ask("/api/v1/cleanup"))["left"] == []


async def test_a_daemon_that_is_stopped_in_between_cleans_up_first(daemon: Daemon, office: Office) -> None:
    daemon.config["checks"][0] |= {"interval": "8s", "timeout": "8s"}  # longer than a stop lets it go on
    office.faults.add("put employees hangs")
    await daemon.start()
    await eventually(lambda: any(request.startswith("PUT") for request in office.requests), within=20)
    assert await daemon.stop() == 0
    assert (office.made(), (await daemon.say("cleanup")).code) == ([], 0)


async def test_a_person_cleans_up_without_a_daemon(daemon: Daemon, office: Office) -> None:
    await killed_between_create_and_delete(daemon, office)
    listed, cleaned, none = (
        await daemon.say("cleanup"),
        await daemon.say("cleanup", "--run"),
        await daemon.say("cleanup"),
    )
    assert (listed.code, "staff  sentinel-" in listed.text, "id=2" in listed.text) == (1, True, True)
    assert (cleaned.code, cleaned.text, none.code) == (0, "Nothing is left.", 0)
    assert office.made() == []


async def test_a_person_cleans_up_through_the_daemon(daemon: Daemon, office: Office) -> None:
    office.faults.add("delete employees fails")
    await daemon.start()
    await eventually(office.made, within=20)
    await daemon.shows(lambda status: status["checks"][0]["severity"] == "CRITICAL")
    stuck = await daemon.say("cleanup", "--run")
    office.faults.clear()
    assert (stuck.code, "delete: status 500, expected 204" in stuck.text) == (1, True)
    assert ((await daemon.say("cleanup", "--run")).code, office.made()) == (0, [])


async def test_what_a_person_has_seen_to_is_forgotten(daemon: Daemon, office: Office) -> None:
    await killed_between_create_and_delete(daemon, office)
    [line] = json.loads((await daemon.say("cleanup", "--json")).text)["left"]
    assert (await daemon.say("cleanup", "--drop", line["id"])).text == "1 forgotten."
    assert (await daemon.say("cleanup")).code == 0


async def test_a_check_by_hand_is_run_by_the_daemon(daemon: Daemon, office: Office) -> None:
    """The daemon owns the store, so a run of the command's own would have been refused."""
    await daemon.start()
    await daemon.shows(lambda status: status["checks"][0]["severity"] == "OK")
    said = await daemon.say("check", "staff", "--json")
    [run] = json.loads(said.text)["checks"]
    assert (said.code, run["severity"], office.made()) == (0, "OK", [])


async def test_a_check_by_hand_that_is_killed_is_cleaned_up_by_the_next(
    daemon: Daemon, office: Office, children: Children
) -> None:
    office.faults.add("put employees hangs")
    daemon.write()
    child = await children.start(*COMMAND, "--config", daemon.file, "check", "staff")
    await eventually(lambda: any(request.startswith("PUT") for request in office.requests), within=20)
    await child.kill()
    office.faults.clear()
    assert len(office.made()) == 1
    assert (await daemon.say("check", "staff")).code == 0
    assert office.made() == []
