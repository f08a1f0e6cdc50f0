from __future__ import annotations

import functools
import itertools
import math
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.base.units import Unit
from sentinel.core.histogram import RELATIVE_ERROR, Histogram
from sentinel.core.result import Reading
from sentinel.core.slo import MOST_READINGS, PATIENCE, SPAN, Rollup, Standing, Sums, Tally, combine, stepped
from tests.core.made import MINUTE, NOW, PROPERTY, SECOND

UP, DEGRADED, DOWN, UNKNOWN = Standing

Moment = tuple[float, Standing]  # seconds after the result before, and what it says


def tallied(*moments: Moment, interval: timedelta = MINUTE, tally: Tally | None = None) -> tuple[list[Rollup], Tally]:
    """The roll-ups that these results close, and the tally behind them. The first result comes at NOW plus its wait."""
    tally = tally or Tally("api", interval)
    closed: list[Rollup] = []
    now = NOW
    for wait, standing in moments:
        now += timedelta(seconds=wait)
        closed += tally.add(now, standing, None)
    return closed, tally


def current(*moments: Moment) -> Rollup:
    open_span = tallied(*moments)[1].current()
    assert open_span is not None
    return open_span


def seconds(rollup: Rollup) -> tuple[float, float, float, float]:
    return (rollup.up, rollup.degraded, rollup.down, rollup.unknown)


def judged_time(rollups: list[Rollup]) -> float:
    return sum(sum(seconds(rollup)) for rollup in rollups)


def test_a_result_speaks_for_the_time_until_the_next() -> None:
    assert seconds(current((0, UP), (60, DEGRADED), (60, DOWN), (60, UNKNOWN), (60, UP))) == (60, 60, 60, 60)


def test_uptime_comes_from_time_and_not_from_counts() -> None:
    """One bad result that was looked at again after 20 s costs 20 s, not a share of the results."""
    span = current((0, UP), (60, DOWN), (20, UP), (60, UP), (60, UP))
    assert span.uptime == pytest.approx(180 / 200)
    assert span.error_rate == pytest.approx(1 / 5)


def test_degraded_is_up() -> None:
    assert current((0, DEGRADED), (60, UP)).uptime == 1.0


def test_unknown_time_counts_neither_way() -> None:
    span = current((0, UP), (60, UNKNOWN), (60, DOWN), (60, UP))
    assert (span.uptime, span.error_rate, span.unknowns) == (0.5, 1 / 3, 1)


def test_what_was_never_judged_has_no_uptime() -> None:
    span = current((0, UNKNOWN), (60, UNKNOWN))
    assert (span.uptime, span.error_rate) == (None, None)


@pytest.mark.parametrize(
    ("gap", "up", "unknown"), [(60, 60, 0), (149, 149, 0), (60 * PATIENCE, 60, 90), (240, 60, 180)]
)
def test_a_gap_is_unknown_and_not_up(gap: float, up: float, unknown: float) -> None:
    span = current((0, UP), (gap, UP))
    assert (span.up, span.unknown) == (up, unknown)


def test_spans_end_at_multiples_of_five_minutes() -> None:
    closed, tally = tallied((200, UP), (60, DOWN), (60, UP))
    assert [(r.start, seconds(r)) for r in closed] == [(NOW, (60, 0, 40, 0))]
    open_span = tally.current()
    assert open_span is not None
    assert (open_span.start, seconds(open_span)) == (NOW + SPAN, (0, 0, 20, 0))


def test_a_result_on_the_boundary_belongs_to_the_new_span() -> None:
    closed, tally = tallied((240, UP), (60, DOWN))
    open_span = tally.current()
    assert open_span is not None
    assert (closed[0].samples, closed[0].failures) == (1, 0)
    assert (open_span.samples, open_span.failures) == (1, 1)


def test_spans_of_a_long_gap_are_left_out() -> None:
    closed, tally = tallied((0, UP), (3600 + 30, UP))
    open_span = tally.current()
    assert open_span is not None
    assert [(r.start, seconds(r)) for r in closed] == [(NOW, (60, 0, 0, 240))]
    assert (open_span.start, seconds(open_span)) == (NOW + timedelta(hours=1), (0, 0, 0, 30))


def test_a_slow_check_speaks_for_each_span_that_it_covers() -> None:
    closed, _ = tallied((0, UP), (1800, UP), interval=timedelta(minutes=30))
    assert [r.up for r in closed] == [300.0] * 6


standings = st.sampled_from(Standing)
waits = st.integers(0, 1000) | st.integers(0, 90)
INTERVAL = 60


def expected(moments: list[Moment]) -> dict[Standing, float]:
    """What each standing had, by the rule of the docstring, without spans."""
    had = dict.fromkeys(Standing, 0.0)
    for (_, standing), (wait, _) in itertools.pairwise(moments):
        spoken = wait if wait < INTERVAL * PATIENCE else INTERVAL
        had[standing] += spoken
    return had


@PROPERTY
@given(st.lists(st.tuples(waits, standings), min_size=1, max_size=40))
def test_judged_time_is_neither_lost_nor_made(moments: list[Moment]) -> None:
    closed, tally = tallied(*moments)
    spans = [*closed, *tally.take()]
    had = expected(moments)
    assert sum(r.up for r in spans) == pytest.approx(had[UP])
    assert sum(r.degraded for r in spans) == pytest.approx(had[DEGRADED])
    assert sum(r.down for r in spans) == pytest.approx(had[DOWN])


@PROPERTY
@given(st.lists(st.tuples(waits, standings), min_size=1, max_size=40))
def test_roll_ups_and_the_spans_left_out_make_up_all_the_time_that_passed(moments: list[Moment]) -> None:
    closed, tally = tallied(*moments)
    spans = [*closed, *tally.take()]
    covered = (spans[-1].start - spans[0].start) / SPAN + 1
    left_out = (covered - len(spans)) * SPAN.total_seconds()
    assert judged_time(spans) + left_out == pytest.approx(sum(wait for wait, _ in moments[1:]))


@PROPERTY
@given(st.lists(st.tuples(st.integers(0, 149), standings), min_size=1, max_size=40))
def test_without_gaps_the_roll_ups_make_up_exactly_the_time_that_passed(moments: list[Moment]) -> None:
    closed, tally = tallied(*moments)
    spans = [*closed, *tally.take()]
    assert judged_time(spans) == pytest.approx(sum(wait for wait, _ in moments[1:]))
    assert sum(r.samples for r in spans) == len(moments)
    assert all(sum(seconds(r)) <= SPAN.total_seconds() + 0.001 for r in spans)


@PROPERTY
@given(st.lists(st.tuples(st.integers(-900, 900), standings), min_size=1, max_size=30))
def test_no_step_of_the_clock_makes_negative_time(moments: list[Moment]) -> None:
    closed, tally = tallied(*moments)
    spans = [*closed, *tally.take()]
    assert all(part >= 0 for r in spans for part in seconds(r))
    assert all(sum(seconds(r)) <= SPAN.total_seconds() + 0.001 for r in spans)
    assert sum(r.samples for r in spans) == len(moments)


def test_a_clock_that_was_far_ahead_is_not_waited_for() -> None:
    year = 365 * 86_400
    closed, tally = tallied((0, UP), (60, UP), (year, UP), (60 - year, DOWN), (60, DOWN))
    now = tally.current()
    assert now is not None
    assert (now.start, seconds(now), now.samples) == (NOW, (0, 0, 60, 0), 2)
    assert sum(one.samples for one in closed) == 3


def test_after_a_restart_the_time_in_between_is_accounted_for() -> None:
    tally = Tally("api", MINUTE)
    tally.resume(NOW, DOWN)
    tally.add(NOW + MINUTE, UP, None)
    span = tally.current()
    assert span is not None
    assert seconds(span) == (0, 0, 60, 0)


def test_a_restart_that_took_long_leaves_a_gap() -> None:
    tally = Tally("api", MINUTE)
    tally.resume(NOW, UP)
    tally.add(NOW + 4 * MINUTE, UP, None)
    span = tally.current()
    assert span is not None
    assert seconds(span) == (60, 0, 0, 180)


def test_what_is_taken_of_the_open_span_is_not_counted_again() -> None:
    _, tally = tallied((0, UP), (60, UP))
    assert [(r.samples, r.up) for r in tally.take()] == [(2, 60.0)]
    assert tally.take() == []
    tally.add(NOW + 2 * MINUTE, UP, None)
    assert [(r.samples, r.up) for r in tally.take()] == [(1, 60.0)]


@PROPERTY
@given(st.lists(st.tuples(waits, standings, st.booleans()), min_size=1, max_size=40))
def test_taking_at_any_time_neither_loses_nor_makes_anything(moments: list[tuple[float, Standing, bool]]) -> None:
    whole, parts, now = Tally("api", MINUTE), Tally("api", MINUTE), NOW
    spans, pieces = list[Rollup](), list[Rollup]()
    for wait, standing, taken in moments:
        now += timedelta(seconds=wait)
        spans += whole.add(now, standing, 1.0)
        pieces += parts.add(now, standing, 1.0) + (parts.take() if taken else [])
    assert added(pieces + parts.take()) == added(spans + whole.take())


def added(pieces: list[Rollup]) -> dict[datetime, Rollup]:
    """The pieces of each span as one, as the store adds them."""
    spans: dict[datetime, Rollup] = {}
    for piece in pieces:
        spans[piece.start] = combine(spans[piece.start], piece) if piece.start in spans else piece
    return {start: span for start, span in spans.items() if span.samples or any(seconds(span))}


def test_the_distribution_of_the_main_reading_is_kept() -> None:
    tally = Tally("api", MINUTE)
    for number in range(1, 5):
        tally.add(NOW + number * SECOND, UP, float(number))
    span = tally.current()
    assert span is not None
    assert span.quantile(0.5) == pytest.approx(2.0, rel=RELATIVE_ERROR)


def rollup(start: datetime = NOW, **parts: float) -> Rollup:
    histogram = Histogram()
    histogram.add(parts.get("up", 0.0) + 1)
    return Rollup(check="api", start=start, span=SPAN, histogram=histogram.encode(), **parts)  # type: ignore[arg-type]  # numbers only


@PROPERTY
@given(
    st.lists(st.lists(st.floats(1e-5, 1e6), max_size=30), min_size=1, max_size=8).filter(any),
    st.floats(0, 1),
)
def test_a_quantile_over_roll_ups_is_at_most_two_per_cent_away_from_that_of_all_values(
    spans: list[list[float]], q: float
) -> None:
    """However they are added up: quantiles are read from the whole, never averaged."""
    parts = [spanning(values, NOW + number * SPAN) for number, values in enumerate(spans)]
    whole = functools.reduce(combine, parts)
    halved = combine(functools.reduce(combine, parts[:1]), functools.reduce(combine, [*parts[1:], spanning([], NOW)]))
    values = sorted(value for span in spans for value in span)
    exact = values[max(1, math.ceil(q * len(values))) - 1]
    assert whole.quantile(q) == halved.quantile(q) == pytest.approx(exact, rel=RELATIVE_ERROR * 1.000001)


def spanning(values: list[float], start: datetime) -> Rollup:
    """A roll-up of these values of the main reading."""
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return Rollup(check="api", start=start, span=SPAN, samples=len(values), histogram=histogram.encode())


def test_combined_roll_ups_add_up() -> None:
    whole = combine(rollup(up=200, down=100, samples=5, failures=1), rollup(NOW + SPAN, up=300, unknown=7, unknowns=2))
    assert (whole.start, whole.up, whole.down, whole.unknown) == (NOW, 500, 100, 7)
    assert (whole.samples, whole.failures, whole.unknowns) == (5, 1, 2)
    assert whole.quantile(0.0) == pytest.approx(201, rel=RELATIVE_ERROR)
    assert whole.quantile(1.0) == pytest.approx(301, rel=RELATIVE_ERROR)


def taken(*values: float, name: str = "rows", unit: Unit = Unit.COUNT) -> list[Reading]:
    return [Reading(name, value, unit) for value in values]


def test_every_reading_is_summed_and_a_recheck_is_no_sample() -> None:
    tally = Tally("api", MINUTE)
    tally.add(NOW, UP, 2.0, [*taken(2.0), *taken(5.0, name="lag", unit=Unit.SECONDS)])
    tally.add(NOW + MINUTE, UP, 6.0, taken(6.0))
    tally.add(NOW + MINUTE * 1.5, DOWN, 90.0, taken(90.0), counts=False)
    (span,) = tally.take()
    assert span.readings == {
        "rows": Sums(2, 8.0, 2.0, 6.0, Unit.COUNT),
        "lag": Sums(1, 5.0, 5.0, 5.0, Unit.SECONDS),
    }
    assert (span.counted, span.total, span.mean) == (2, 8.0, 4.0)
    assert tally.take() == []


def test_of_a_reading_whose_unit_changes_the_later_values_count() -> None:
    tally = Tally("api", MINUTE)
    tally.add(NOW, UP, None, taken(2.0))
    tally.add(NOW + MINUTE, UP, None, taken(7.0, unit=Unit.BYTES))
    (span,) = tally.take()
    assert span.readings == {"rows": Sums(1, 7.0, 7.0, 7.0, Unit.BYTES)}
    assert Sums(3, 9.0, 1.0, 5.0, Unit.COUNT) + span.readings["rows"] == span.readings["rows"]


def test_no_more_readings_are_summed_than_there_is_room_for() -> None:
    tally = Tally("host", MINUTE)
    tally.add(NOW, UP, None, [Reading(f"disk_{n}", 1.0, Unit.RATIO) for n in range(3 * MOST_READINGS)])
    (span,) = tally.take()
    assert len(span.readings) == MOST_READINGS
    others = {f"mount_{n}": Sums(1, 1.0, 1.0, 1.0) for n in range(5)}
    assert combine(span, Rollup(check="host", start=NOW, span=SPAN, readings=others)).readings == span.readings


@PROPERTY
@given(st.lists(st.tuples(st.floats(1, 400), st.floats(-1e6, 1e6)), min_size=1, max_size=60))
def test_sums_over_steps_are_those_of_all_values(moments: list[tuple[float, float]]) -> None:
    tally, now, spans = Tally("api", MINUTE), NOW, list[Rollup]()
    for wait, value in moments:
        now += timedelta(seconds=wait)
        spans += tally.add(now, UP, value, taken(value))
    steps = list(stepped([*spans, *tally.take()], timedelta(hours=1)))
    sums = functools.reduce(Sums.__add__, (step.readings["rows"] for step in steps if step.samples))
    values = [value for _, value in moments]
    assert (sums.count, sums.low, sums.high) == (len(values), min(values), max(values))
    assert sums.total == pytest.approx(math.fsum(values), abs=1e-6)
    assert sum(step.total for step in steps) == pytest.approx(math.fsum(values), abs=1e-6)
    assert all(step.start.minute == 0 for step in steps)
