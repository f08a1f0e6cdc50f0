from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.base.units import Unit
from sentinel.core.plot import Frame, Plot, round_step, scale, ticks, time_ticks, unbroken, usual_gap
from tests.core.made import PROPERTY

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("at_least", "unit", "step"),
    [
        (0.03, Unit.SECONDS, 0.05),
        (3.0, Unit.SECONDS, 5.0),
        (40.0, Unit.SECONDS, 60.0),
        (1000.0, Unit.SECONDS, 1800.0),
        (90_000.0, Unit.SECONDS, 172_800.0),
        (300.0, Unit.BYTES, 512.0),
        (0.2, Unit.BYTES, 1.0),
        (2.0**30, Unit.BYTES, 2.0**30),
        (0.3, Unit.COUNT, 1.0),
        (23.0, Unit.COUNT, 50.0),
        (0.21, Unit.RATIO, 0.25),
    ],
)
def test_steps_are_what_people_count_in(at_least: float, unit: Unit, step: float) -> None:
    assert round_step(at_least, unit) == pytest.approx(step)


def test_a_scale_begins_at_zero_unless_that_would_flatten_what_happened() -> None:
    assert scale([0.2, 1.0])[0] == 0.0
    low, high = scale([90.0, 100.0])
    assert 88 < low < 90 < 100 < high


def test_what_is_as_good_as_the_same_is_not_blown_up() -> None:
    assert scale([126.0, 126.0, 127.0])[0] == 0.0


@PROPERTY
@given(st.lists(FINITE, min_size=1), st.sampled_from(list(Unit)), st.integers(2, 8))
def test_ticks_lie_on_the_scale_and_are_few(values: list[float], unit: Unit, most: int) -> None:
    low, high = scale(values)
    found = ticks(low, high, unit, most)
    assert low < high
    assert len(found) <= most
    assert all(low <= tick <= high for tick in found)


@PROPERTY
@given(FINITE, st.lists(FINITE, min_size=1))
def test_whatever_its_value_a_point_lies_in_the_frame(value: float, values: list[float]) -> None:
    low, high = scale(values)
    frame = Frame(left=40, right=700, top=10, bottom=190)
    plot = Plot(frame=frame, since=NOON - HOUR, until=NOON, low=low, high=high)
    assert frame.top <= plot.y(value) <= frame.bottom
    assert plot.x(NOON - DAY) == frame.left
    assert plot.x(NOON + DAY) == frame.right


@pytest.mark.parametrize(
    ("length", "labels"),
    [
        (20 * MINUTE, ["11:40", "11:45", "11:50", "11:55", "12:00"]),
        (6 * HOUR, ["06:00", "07:00", "08:00", "09:00", "10:00", "11:00", "12:00"]),
        (DAY, ["12:00", "15:00", "18:00", "21:00", "22 Nov", "03:00", "06:00", "09:00"]),
        (7 * DAY, ["16 Nov", "17 Nov", "18 Nov", "19 Nov", "20 Nov", "21 Nov", "22 Nov"]),
        (30 * DAY, ["26 Oct", "2 Nov", "9 Nov", "16 Nov"]),  # Mondays
        (365 * DAY, ["2026", "Mar", "May", "Jul", "Sep", "Nov"]),
    ],
)
def test_times_are_named_as_fits_the_stretch(length: timedelta, labels: list[str]) -> None:
    assert [tick.text for tick in time_ticks(NOON - length, NOON)] == labels


@PROPERTY
@given(st.integers(60, 10 * 366 * 86_400), st.integers(2, 12))
def test_times_lie_in_the_stretch_and_are_few(seconds: int, most: int) -> None:
    since = NOON - timedelta(seconds=seconds)
    found = time_ticks(since, NOON, most)
    assert len(found) <= most
    assert all(since <= tick.at <= NOON for tick in found)


def test_a_line_is_broken_where_a_value_is_missing_or_nothing_was_measured_for_long() -> None:
    points = [(NOON, 1.0), (NOON + MINUTE, None), (NOON + 2 * MINUTE, 2.0), (NOON + HOUR, 3.0)]
    assert [[value for _, value in line] for line in unbroken(points, 10 * MINUTE)] == [[1.0], [2.0], [3.0]]


def test_what_is_usual_is_found_among_the_distances() -> None:
    assert usual_gap([NOON, NOON + MINUTE, NOON + 2 * MINUTE, NOON + DAY]) == 6 * MINUTE
    assert usual_gap([NOON]) == timedelta.max
