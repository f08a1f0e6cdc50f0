"""A reading over a time: what a chart beside a message shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sentinel.base.units import Unit
from sentinel.core.result import Outcome, Result
from sentinel.core.rule import Severity

#: Points of one series: more cannot be told apart on a screen.
MOST_POINTS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One result."""

    at: datetime
    value: float | None  # in the base unit; None: the run did not come to take it
    severity: Severity  # of the verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One reading of one check, the oldest point first."""

    reading: str
    unit: Unit
    points: tuple[Point, ...]


def series(judged: Sequence[tuple[Result, Severity]], reading: str) -> Series | None:
    """The series of a reading from results, the oldest first, thinned to `MOST_POINTS`; None when no run took it."""
    unit = next((one.unit for result, _ in judged for one in result.readings if one.name == reading), None)
    if unit is None:
        return None
    points = [_point(result, severity, reading) for result, severity in judged]
    return Series(reading=reading, unit=unit, points=thinned(points))


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> tuple[Point, ...]:
    """At most so many of the points, in their order: of each stretch of time-ordered points the lowest, the highest and the
    worst judged, so that no peak, no dip and no failure vanishes.

    The stretches have the same number of points. Source: the usual min-max decimation, with the verdict as a third extreme.
    """
    if len(points) <= most:
        return tuple(points)
    size = -(-len(points) // max(1, most // 3))
    stretches = (points[start : start + size] for start in range(0, len(points), size))
    return tuple(point for stretch in stretches for point in _extremes(stretch))


def _extremes(stretch: Sequence[Point]) -> list[Point]:
    """Of a stretch the lowest, the highest and the worst, each once, in their order."""
    worst = max(range(len(stretch)), key=lambda n: stretch[n].severity.urgency)
    valued = [n for n, point in enumerate(stretch) if point.value is not None]
    kept = {worst}
    if valued:
        kept |= {min(valued, key=lambda n: _value(stretch[n])), max(valued, key=lambda n: _value(stretch[n]))}
    return [stretch[n] for n in sorted(kept)]


def _value(point: Point) -> float:
    return point.value or 0.0


def _point(result: Result, severity: Severity, reading: str) -> Point:
    value = next((one.value for one in result.readings if one.name == reading), None)
    unknown = result.outcome is Outcome.UNKNOWN and severity is Severity.OK
    return Point(at=result.finished_at, value=value, severity=Severity.UNKNOWN if unknown else severity)
