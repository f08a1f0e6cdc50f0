"""While a window is open, people hear at an interval how it goes: the newest step only, and never shortly before the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.announcement import compose
from sentinel.core.holding import Held, advance
from sentinel.core.notification import Kind
from sentinel.core.progress import Health, health, steps
from sentinel.core.recurrence import Once
from sentinel.core.rule import Severity
from sentinel.core.window import Window
from tests.core.made import HOUR, MINUTE, NOW, PROPERTY
from tests.core.test_holding import begun
from tests.core.test_window import window

PROGRESS = Kind.WINDOW_PROGRESS
OK, WARNING, CRITICAL, UNKNOWN = Severity.OK, Severity.WARNING, Severity.CRITICAL, Severity.UNKNOWN

#: From 03:00 to 04:00.
MOVE = window(channels=("mail",), update_every=15 * MINUTE)


def told(*minutes: float, one: Window = MOVE, since: float = 0) -> list[float]:
    """At which of these minutes people hear how it goes; it was told to have begun at minute `since`."""
    held, found = begun(one, since), []
    for minute in minutes:
        held, kinds = advance(held, one, NOW + timedelta(minutes=minute))
        found += [minute] if PROGRESS in kinds else []
    return found


def test_each_step_is_told_once() -> None:
    assert told(0, 14.9, 15, 15.1, 29, 30, 31, 45, 50) == [15, 30, 45]


def test_of_several_steps_that_were_missed_only_the_newest_is_told() -> None:
    assert told(50, 50, 51) == [50]


def test_whoever_hears_late_that_it_began_is_not_told_at_once_how_it_goes() -> None:
    assert told(22, 29, 30, since=20) == [30]


def test_in_the_last_two_minutes_nothing_is_told_but_the_end() -> None:
    assert told(15, 59) == [15]
    assert told(57.9) == [57.9]
    assert told(58) == []


def test_one_that_is_extended_goes_on_being_told() -> None:
    held = begun(MOVE, 59)
    longer = replace(MOVE, when=Once(starts_at=NOW, ends_at=NOW + 2 * HOUR))
    assert advance(held, longer, NOW + HOUR).kinds == (PROGRESS,)


def test_a_clock_that_is_set_back_tells_no_step_again() -> None:
    assert told(30, 14, 16, 31, 45) == [30, 45]


@pytest.mark.parametrize("one", [replace(MOVE, channels=()), replace(MOVE, update_every=timedelta(0))])
def test_without_channels_or_an_interval_nobody_hears(one: Window) -> None:
    assert told(15, 30, 45, one=one) == []


@PROPERTY
@given(looks=st.lists(st.floats(-30, 70), max_size=40), every=st.integers(1, 70))
def test_no_step_is_told_twice_whatever_the_clock_does(looks: list[float], every: int) -> None:
    one = replace(MOVE, update_every=every * MINUTE)
    held, found = begun(one, 0), []
    for minute in looks:
        if not held.finished:
            held, kinds = advance(held, one, NOW + timedelta(minutes=minute))
            found += [held.step] if PROGRESS in kinds else []
    assert found == sorted(set(found))


def test_a_step_is_a_whole_interval_since_the_start() -> None:
    assert [steps(NOW, 15 * MINUTE, NOW + minute * MINUTE) for minute in (-20, 0, 14, 15, 44)] == [0, 0, 0, 1, 2]


def test_the_worst_are_named_first_and_ten_at_most() -> None:
    many = [(f"till-{number:02}", WARNING) for number in range(12)]
    found = health([*many, ("api", CRITICAL), ("db", OK), ("new", UNKNOWN)])
    assert found.troubled == ("api", *(f"till-{number:02}" for number in range(9)))
    assert (found.checks, found.well, found.unjudged, found.unnamed) == (15, 1, 1, 3)


def said(found: Health, held: Held) -> str:
    return compose(held, PROGRESS, "ward", NOW + 15 * MINUTE, health=found).explanation


def test_the_message_says_how_long_and_how_it_is() -> None:
    going = "It has gone on for 15 min, and has 45 min to go."
    held = begun(MOVE, 0)
    assert said(health([("api", OK), ("db", OK)]), held) == f"{going} 2 of 2 checks are well."
    mixed = health([("api", CRITICAL), ("db", OK), ("new", UNKNOWN)])
    assert said(mixed, held) == f"{going} 1 of 3 checks are well; not well: api; of 1 it is not known."
    assert said(Health(), held) == f"{going} It covers no check any more."
    crowd = health((f"till-{number:02}", CRITICAL) for number in range(11))
    assert said(crowd, held).endswith("till-09 and 1 more.")


def test_down_that_is_expected_is_called_that() -> None:
    held = begun(replace(MOVE, expects_down=True), 0)
    assert said(health([("api", CRITICAL)]), held).endswith("0 of 1 check is well; not well: api. Down is expected.")


def test_the_hint_offers_what_can_be_done() -> None:
    assert "`sentinel window extend 1 --for 30m`" in compose(begun(MOVE, 0), PROGRESS, "ward", NOW).hint
    configured = begun(replace(MOVE, id="nightly", configured=True), 0)
    assert compose(configured, PROGRESS, "ward", NOW).hint == "`sentinel window end nightly` ends it early."
