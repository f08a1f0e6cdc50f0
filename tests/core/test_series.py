"""Readings over a time, thinned for a chart."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Reading, Result, failed, passed
from sentinel.core.rule import Severity
from sentinel.core.series import MOST_POINTS, Point, series, thinned

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def point(number: int, value: float | None, severity: Severity = Severity.OK) -> Point:
    return Point(at=BEGIN + timedelta(seconds=number), value=value, severity=severity)


def test_few_points_are_kept_as_they_are() -> None:
    points = [point(n, float(n)) for n in range(MOST_POINTS)]
    assert thinned(points) == tuple(points)


def test_one_peak_and_one_failure_among_many_are_kept() -> None:
    points = [point(n, 1.0) for n in range(10_000)]
    points[4_711], points[8_150] = point(4_711, 99.0), point(8_150, None, Severity.CRITICAL)
    kept = thinned(points)
    assert len(kept) <= MOST_POINTS
    assert points[4_711] in kept
    assert points[8_150] in kept


@given(st.lists(st.tuples(st.none() | st.floats(-9, 9), st.sampled_from(Severity)), max_size=900), st.integers(3, 90))
def test_thinning_keeps_order_extremes_and_the_worst(drawn: list[tuple[float | None, Severity]], most: int) -> None:
    points = [point(n, value, severity) for n, (value, severity) in enumerate(drawn)]
    kept = thinned(points, most)
    assert len(kept) <= max(most, 3)
    assert [one.at for one in kept] == sorted({one.at for one in kept})
    values = [one.value for one in points if one.value is not None]
    shown = [one.value for one in kept if one.value is not None]
    assert (min(values), max(values)) == (min(shown), max(shown)) if values else not shown
    worst = max((one.severity.urgency for one in points), default=0)
    assert worst == max((one.severity.urgency for one in kept), default=0)


def result(number: int, *readings: Reading) -> Result:
    at = BEGIN + timedelta(seconds=number)
    measurement = passed(readings) if readings else failed(FailureClass.REFUSED, "connection refused")
    return Result(check="api", scheduled_at=at, finished_at=at, measurement=measurement)


def test_a_series_has_the_readings_unit_and_shows_failures_without_a_value() -> None:
    made = series(
        [(result(0, Reading("queue", 3.0, Unit.COUNT)), Severity.OK), (result(1), Severity.CRITICAL)], "queue"
    )
    assert made is not None
    assert made.unit is Unit.COUNT
    assert [(one.value, one.severity) for one in made.points] == [(3.0, Severity.OK), (None, Severity.CRITICAL)]


def test_a_reading_that_no_run_took_has_no_series() -> None:
    assert series([(result(0), Severity.CRITICAL)], "queue") is None
