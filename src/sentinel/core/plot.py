"""Where things lie in a picture: scales, round ticks for values and for times, lines that are broken where nothing is known.

Whoever draws says how large the picture is; nothing here knows of colours or files.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil, floor, isfinite, log10
from typing import Final, NamedTuple

from sentinel.base.units import Unit

#: A line is broken where nothing was measured for so many times as long as usual.
GAP: Final = 6

#: Room above and below what is drawn, as a share of it.
_ROOM: Final = 0.08

#: A scale begins at zero unless the lowest value is above this share of the highest: that would flatten what happened.
_FROM_ZERO: Final = 0.6

#: Larger values lie on the edge: the difference of two of them has to be a number still.
_LARGEST: Final = 1e300

#: What differs by no more than this share is as good as the same.
_NOISE: Final = 0.02

_HOUR, _DAY = 3600.0, 86_400.0

#: Round steps of durations of a minute and more, in seconds; below a minute they are decimal.
_DURATIONS: Final = (
    *(60.0 * n for n in (1, 2, 5, 10, 15, 30)),
    *(_HOUR * n for n in (1, 2, 3, 6, 12)),
    *(_DAY * n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
)

#: Round steps on a time axis, in seconds; beyond, whole months.
_TIMES: Final = (
    *(60 * n for n in (1, 2, 5, 10, 15, 30)),
    *(3600 * n for n in (1, 2, 3, 6, 12)),
    *(86_400 * n for n in (1, 2, 7, 14)),
)
_WEEK: Final = 7 * 86_400
_MONDAY: Final = 4 * 86_400  # 1970 began on a Thursday

#: Months between two ticks.
_MONTHS: Final = (1, 2, 3, 6, 12)
_MONTH: Final = 30 * _DAY


class Dot(NamedTuple):
    """A place in the picture."""

    x: float
    y: float


class Tick(NamedTuple):
    """A round moment on the time axis."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The rectangle that things are drawn in; y grows downwards."""

    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Where a moment and a value lie."""

    frame: Frame
    since: datetime
    until: datetime
    low: float
    high: float

    def x(self, at: datetime) -> float:
        """Of a moment; one outside lies on the edge."""
        span = (self.until - self.since).total_seconds() or 1.0
        part = min(max((at - self.since).total_seconds() / span, 0.0), 1.0)
        return self.frame.left + part * (self.frame.right - self.frame.left)

    def y(self, value: float) -> float:
        """Of a value; one outside lies on the edge."""
        part = min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)
        return self.frame.bottom - part * (self.frame.bottom - self.frame.top)

    def holds(self, value: float) -> bool:
        """Whether a value lies on the scale."""
        return self.low <= value <= self.high

    def lines(self, points: Iterable[tuple[datetime, float | None]], gap: timedelta) -> Iterator[list[Dot]]:
        """The values as lines, broken where there is none, and where the next is later than `gap` after the one before."""
        for line in unbroken(points, gap):
            yield [Dot(self.x(at), self.y(value)) for at, value in line]

    def ticks(self, unit: Unit, most: int = 5) -> list[float]:
        """Round values on the scale, at most so many."""
        return ticks(self.low, self.high, unit, most)


def scale(values: Iterable[float]) -> tuple[float, float]:
    """The lowest and the highest value of a scale that has room for these; it begins at zero where that shows enough."""
    known = [min(max(value, -_LARGEST), _LARGEST) for value in values if isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    if low >= 0 and (low <= _FROM_ZERO * high or high - low <= _NOISE * high):
        low = 0.0
    room = (high - low) * _ROOM or abs(high) * 0.1 or 1.0
    return (low if low == 0 else low - room), high + room


def ticks(low: float, high: float, unit: Unit, most: int = 5) -> list[float]:
    """Round values from one to another, at most so many, in steps that people count in: bytes by powers of two."""
    step = round_step((high - low) / max(most, 1), unit)
    first = ceil(low / step - 1e-9)
    found = [n * step for n in range(first, first + most + 2) if low <= n * step <= high]
    return found[:most]


def round_step(at_least: float, unit: Unit = Unit.NONE) -> float:
    """The next larger round number: 1, 2, 2.5 or 5 times a power of ten, or what the unit is counted in."""
    match unit:
        case Unit.SECONDS if at_least > 30:
            return next((step for step in _DURATIONS if step >= at_least * 0.999), _decimal(at_least))
        case Unit.BYTES:
            return float(2 ** ceil(_log2(max(at_least, 1.0)) - 1e-9))
        case Unit.COUNT:
            return max(1.0, _decimal(at_least, (1, 2, 5, 10)))
        case _:
            return _decimal(at_least)


def time_ticks(since: datetime, until: datetime, most: int = 8) -> list[Tick]:
    """Round moments from one to another (UTC), at most so many, each with a label that says as much as the others do not."""
    first, last = since.astimezone(UTC), until.astimezone(UTC)
    wanted = (last - first).total_seconds() / max(most, 1)
    step = next((step for step in _TIMES if step >= wanted), None)
    if step is None:
        return [Tick(at, f"{at:%b}" if at.month > 1 else f"{at:%Y}") for at in _months(first, last, wanted)][:most]
    moved = 0 if step % _WEEK else _MONDAY
    numbers = _multiples(first.timestamp() - moved, last.timestamp() - moved, step)
    moments = [datetime.fromtimestamp(n * step + moved, UTC) for n in numbers]
    return [Tick(at, _label(at, step)) for at in moments][:most]


def unbroken(points: Iterable[tuple[datetime, float | None]], gap: timedelta) -> Iterator[list[tuple[datetime, float]]]:
    """Stretches of points that belong together."""
    line: list[tuple[datetime, float]] = []
    for at, value in points:
        known = value is not None and isfinite(value)
        if line and (not known or at - line[-1][0] > gap):
            yield line
            line = []
        if value is not None and known:
            line.append((at, value))
    if line:
        yield line


def usual_gap(moments: Sequence[datetime]) -> timedelta:
    """How far apart two points may be that a line joins: `GAP` times as far as half of them are."""
    steps = sorted(later - earlier for earlier, later in pairwise(moments))
    return GAP * steps[len(steps) // 2] if steps else timedelta.max


def _decimal(at_least: float, factors: Sequence[float] = (1, 2, 2.5, 5, 10)) -> float:
    size: float = 10.0 ** floor(log10(at_least)) if at_least > 0 else 1.0
    return next(size * factor for factor in factors if size * factor >= at_least * 0.999)


def _log2(value: float) -> float:
    return log10(value) / log10(2)


def _multiples(first: float, last: float, step: float) -> range:
    return range(ceil(first / step), floor(last / step) + 1)


def _label(at: datetime, step: float) -> str:
    """The time of day, and at midnight the day."""
    if step >= _DAY or (at.hour, at.minute) == (0, 0):
        return f"{at.day} {at:%b}"
    return f"{at:%H:%M}"


def _months(first: datetime, last: datetime, wanted: float) -> Iterator[datetime]:
    """First days of months, so many apart that they lie no closer than wanted."""
    apart = next((months for months in _MONTHS if months * _MONTH >= wanted * 0.9), 12 * ceil(wanted / _MONTH / 12))
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        at = datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
        if (number % 12) % apart == 0 and first <= at <= last and (apart <= 12 or at.year % (apart // 12) == 0):
            yield at
