from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.cadence import FINEST, MOST_PHASES, next_slot, offset, overdue, phase, slot, slots, steps
from tests.core.made import MINUTE, NOW, PROPERTY, SECOND, check, moments

intervals = st.timedeltas(min_value=FINEST, max_value=timedelta(days=1))
names = st.text(min_size=1, max_size=30)


@PROPERTY
@given(moments, intervals, names)
def test_a_slot_lies_on_the_grid_at_or_before_now(now: datetime, interval: timedelta, name: str) -> None:
    offset = phase(name, interval, steps(interval))
    latest = slot(now, interval, offset)
    assert latest <= now < latest + interval
    assert slot(latest, interval, offset) == latest


@PROPERTY
@given(moments, intervals, names, st.lists(st.floats(0, 0.999), min_size=1, max_size=30))
def test_whoever_is_late_by_less_than_an_interval_meets_each_slot_once(
    now: datetime, interval: timedelta, name: str, late: list[float]
) -> None:
    offset = phase(name, interval, steps(interval))
    due = [next_slot(now, interval, offset)]
    for share in late:
        due.append(next_slot(due[-1] + interval * share, interval, offset))
    assert all(after - before == interval for before, after in itertools.pairwise(due))


@PROPERTY
@given(moments, intervals, st.timedeltas(min_value=timedelta(days=-2), max_value=timedelta(days=2)))
def test_a_step_of_the_clock_does_not_move_the_grid(now: datetime, interval: timedelta, by: timedelta) -> None:
    before, after = slot(now, interval, timedelta(0)), slot(now + by, interval, timedelta(0))
    assert (after - before) % interval == timedelta(0)


def test_a_clock_that_steps_back_over_an_edge_names_the_slot_that_was_run_already() -> None:
    """Whoever knows the last slot that ran can tell that this one is no new one."""
    edge = slot(NOW, MINUTE, 7 * SECOND) + MINUTE
    assert slot(edge, MINUTE, 7 * SECOND) == edge
    assert slot(edge - 2 * SECOND, MINUTE, 7 * SECOND) == edge - MINUTE
    assert slot(edge + SECOND, MINUTE, 7 * SECOND) == edge


@PROPERTY
@given(names, intervals)
def test_a_phase_is_stable_and_lies_within_the_interval(name: str, interval: timedelta) -> None:
    offset = phase(name, interval, steps(interval))
    assert timedelta(0) <= offset < interval
    assert offset == phase(name, interval, steps(interval))


def test_a_phase_is_the_same_in_every_release() -> None:
    """A changed hash would shift every schedule at an upgrade."""
    assert phase("api", MINUTE, steps(MINUTE)) == timedelta(seconds=44.4)
    assert phase("database", MINUTE, steps(MINUTE)) == timedelta(seconds=37)


def test_phases_are_spread_evenly() -> None:
    offsets = [phase(f"check-{number}", MINUTE, steps(MINUTE)) for number in range(3000)]
    tenths = [sum(1 for offset in offsets if offset // (6 * SECOND) == tenth) for tenth in range(10)]
    assert all(230 <= count <= 370 for count in tenths), tenths


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.1, 1), (0.25, 2), (1, 10), (10, 100), (60, MOST_PHASES), (3600, MOST_PHASES)]
)
def test_an_interval_has_phases_no_finer_than_a_tenth_of_a_second(seconds: float, expected: int) -> None:
    assert steps(timedelta(seconds=seconds)) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0, False), (70, False), (175, False), (175.1, True), (9000, True)])
def test_a_check_is_overdue_after_two_and_a_half_intervals_with_their_timeouts(seconds: float, expected: bool) -> None:
    assert overdue(check(), NOW, None, NOW + timedelta(seconds=seconds)) is expected


def test_right_after_a_start_nothing_is_overdue_however_long_the_standstill_was() -> None:
    assert not overdue(check(), NOW - timedelta(days=9), NOW, NOW + MINUTE)
    assert not overdue(check(), None, None, NOW)


@PROPERTY
@given(moments, intervals, st.integers(0, 40), st.integers(0, 30))
def test_the_slots_of_a_time_are_those_of_the_grid_the_last_ones_when_there_are_many(
    now: datetime, interval: timedelta, count: int, most: int
) -> None:
    one = replace(check(), interval=interval)
    found = slots(one, now - interval * count, now, most)
    assert len(found) == min(most, len(slots(one, now - interval * count, now, 1_000)))
    assert all(slot(at, interval, offset(one)) == at for at in found)
    assert all(now - interval * count <= at <= now for at in found)
    assert not found or now - found[-1] < interval


def test_there_is_no_slot_in_a_time_that_runs_backwards() -> None:
    assert slots(check(), NOW, NOW - timedelta(days=1), 10) == []
