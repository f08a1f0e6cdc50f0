"""HC-9, HC-10: what the engineer on call hears of the shipped configuration, and what level 3 does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.guides.kit.evening import WITHIN, evening
from tests.kit.eventually import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.process import Children

ENGINEER = "engineer-"  # whose turn it is
#: What takes long, or is of no concern here.
WITHOUT = ("page", "audit", "audit-trail", "logs", "host", "backup-hourly", "backup-daily", "hardening", "migrations")
NEVER = {"SENTINEL_LEVEL_2": "1h", "SENTINEL_LEVEL_3": "2h"}
AT_ONCE = {"SENTINEL_LEVEL_2": "2s", "SENTINEL_LEVEL_3": "4s", "HEALTHCARE_VETO": "1s"}


async def test_a_dead_service_of_many_checks_is_one_message_one_update_and_one_end(
    children: Children, tmp_path: Path
) -> None:
    async with evening("healthcare", children, tmp_path, WITHOUT, **NEVER) as on_call:
        async with on_call.world.broken("down"):
            await on_call.daemon.shows(lambda status: len(status["incidents"]) >= 5, within=WITHIN)
            await eventually(lambda: "Depend on it" in on_call.bodies(ENGINEER), within=WITHIN)
        await on_call.calm()
        subjects = await on_call.until_told("[RESOLVED]", ENGINEER)
    assert [subject.partition("]")[0] for subject in subjects] == ["[CRITICAL", "[CRITICAL", "[RESOLVED"], subjects
    assert all("API health" in subject for subject in subjects), subjects
    assert all(title in on_call.bodies(ENGINEER) for title in ("Login and tokens", "Role system", "HTTPS"))
    assert len({posted.ts for posted in on_call.slack.top() if "API health" in posted.text}) == 1


async def test_level_3_runs_the_rollback_once_and_its_output_is_on_the_timeline(
    children: Children, tmp_path: Path
) -> None:
    async with evening("healthcare", children, tmp_path, WITHOUT, **AT_ONCE) as on_call:
        async with on_call.world.broken("down"):
            told = await on_call.until_told("level 3 of 3", "dba")
            await eventually(lambda: "this is a demo: nothing was done" in on_call.bodies(ENGINEER), within=30.0)
        await on_call.calm()
        number = told[0].partition("(incident ")[2].partition(",")[0]
        shown = (await on_call.daemon.say("incident", number)).text
        written = list(on_call.world.stand.service_data.glob("rollback/*/what-it-would-do"))
    assert "would put the release before this one in its place" in shown
    assert [file.parent.name for file in written] == [f"incident-{number}"]


async def test_an_acknowledgement_stops_the_rollback(children: Children, tmp_path: Path) -> None:
    patient = AT_ONCE | {"HEALTHCARE_VETO": "1h"}
    async with evening("healthcare", children, tmp_path, WITHOUT, **patient) as on_call:
        async with on_call.world.broken("down"):
            told = await on_call.until_told("level 3 of 3", "security")
            await on_call.until_told("[COMMAND]", ENGINEER)
            number = told[0].partition("(incident ")[2].partition(",")[0]
            assert (await on_call.daemon.say("ack", number, "--why", "on it")).code == 0
            subjects = await on_call.until_told("[ACKNOWLEDGED]", ENGINEER)
        await on_call.calm()
        shown = (await on_call.daemon.say("incident", number)).text
        written = list(on_call.world.stand.service_data.glob("rollback/*"))
    assert written == [], shown
    assert "on it" in shown, subjects
