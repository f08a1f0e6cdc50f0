"""The commands about silences and windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
import pytest

from sentinel.cli.quiet import moment
from tests.kit.command import Ended, sentinel
from tests.kit.scene import CANARY

if TYPE_CHECKING:
    from tests.kit.monitor import StillMonitor

ADD = ("silence", "add", "--check", "login", "--for", "2h", "--why", "known", "--by", "ann")
PLAN = ("window", "plan", "--check", "login", "--for", "1h", "--why", "new disk", "--by", "ann", "--at")


async def asked(monitor: StillMonitor, *arguments: str) -> Ended:
    return await sentinel("--config", monitor.plan.file, *arguments)


async def test_a_silence_is_added_listed_and_ended(monitor: StillMonitor) -> None:
    added = await asked(monitor, *ADD, "--severity", "critical")
    assert added.out == (
        "Silence 1 (check login; critical only) is in force until 2026-11-22 14:00 UTC. "
        "It means 1 check, and mutes 1 open incident.\n"
    )
    assert "check login; critical only: known" in (await asked(monitor, "silence")).out
    extended = await asked(monitor, "silence", "extend", "1", "--for", "30m", "--json")
    assert extended.json()["ends_at"] == "2026-11-22T14:30:00.000Z"
    assert (await asked(monitor, "silence", "end", "1")).out.startswith(
        "Silence 1 (check login; critical only) is ended."
    )
    assert (await asked(monitor, "silence")).out == "Nothing is silenced.\n"


async def test_a_window_is_started_listed_and_ended(monitor: StillMonitor) -> None:
    words = ("--check", "*", "--for", "30m", "--expect-down", "--title", "move", "--why", "new disk")
    started = await asked(monitor, "window", "start", *words)
    assert started.out == (
        "Window 1 (check *) is open, from 2026-11-22 12:00 to 2026-11-22 12:30 UTC. It covers 2 checks. "
        "Down is what is expected.\n"
    )
    assert "move, check *, down expected: new disk" in (await asked(monitor, "window")).out
    extended = await asked(monitor, "window", "extend", "1", "--for", "1h")
    assert "is extended, from 2026-11-22 12:00 to 2026-11-22 13:30 UTC" in extended.out
    assert (await asked(monitor, "window", "end", "1", "--json")).json()["course"] == "over"


async def test_those_who_are_told_of_a_window_can_be_kept_informed(monitor: StillMonitor) -> None:
    monitor.keeper.channels = ["mail"]
    words = ("--check", "login", "--for", "1h", "--why", "new disk", "--announce", "mail")
    await asked(monitor, "window", "start", *words, "--update-every", "15m")
    [window] = monitor.keeper.windows
    assert (window.channels, window.update_every) == (("mail",), timedelta(minutes=15))


async def test_a_window_is_planned_and_called_off(monitor: StillMonitor) -> None:
    planned = await asked(monitor, *PLAN, "2026-11-22T23:00:00+01:00")
    assert "is planned, from 2026-11-22 22:00 to 2026-11-22 23:00 UTC" in planned.out
    assert (await asked(monitor, "window", "end", "1")).out.startswith("Window 1 (check login) is ended.")
    assert (await asked(monitor, "window")).out == "No windows.\n"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("silence", "end", "9"), 1, "no silence 9 is active or to come"),
        (("window", "end", "nightly"), 1, "no window nightly is open or to come"),
        (("window", "end", "no/such"), 64, "is the id of no window"),
        (("window", "end", "deployment-12"), 1, "`sentinel deploy watch 12` ends it"),
        (("window", "extend", "deployment-12", "--for", "1h"), 1, "`sentinel deploy extend 12` has it end later"),
        ((*ADD[:3], "logni", *ADD[4:]), 1, "did you mean login?"),
        (("silence", "add", "--for", "2h", "--why", "known"), 1, "say which checks"),
        ((*PLAN, "noon"), 64, "'noon' is no time such as 22:00"),
        ((*PLAN, "2026-11-01 10:00"), 1, "it would be over already"),
        ((*PLAN, "2026-11-23 22:00", "--announce", "male"), 1, "there is no channel male"),
        (ADD[:6], 64, "Missing option '--why'"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    monitor: StillMonitor, words: tuple[str, ...], code: int, says: str
) -> None:
    ended = await asked(monitor, *words)
    assert (ended.code, says in ended.err) == (code, True), ended.err
    assert CANARY not in ended.err


NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["22:00", "12:01", "11:59", "12:00"])
def test_a_time_of_day_is_the_next_one_by_the_clock_of_this_host(text: str) -> None:
    found = moment(text, NOW)
    assert f"{found.astimezone():%H:%M}" == text
    assert 0 < (found - NOW).total_seconds() <= 25 * 3600


def test_a_time_with_its_zone_is_that_time() -> None:
    assert moment("2026-12-24T22:00:00+01:00", NOW) == datetime(2026, 12, 24, 21, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "noon", "25:00", "2026-13-01 10:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match="is no time such as"):
        moment(text, NOW)
