"""Availability by time, not by counts: how long a target was up, degraded, down, or nobody could tell.

A result speaks for the time until the next one. When the next one is long overdue it speaks for one interval only, and the
rest is unknown: a gap is never shown as up. uptime = (up + degraded) / (up + degraded + down); unknown time is kept apart.
Where a clock is set back, what it shows again is counted again: moments of the wall clock that were lived twice count twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from itertools import groupby
from typing import Final

from sentinel.base.units import Unit
from sentinel.core.histogram import Histogram, merged, quantile_of
from sentinel.core.result import Reading

#: The span of the smallest roll-up.
SPAN = timedelta(minutes=5)

#: Of so many readings sums are kept for one span, those that came first; a run that lists a hundred disks stays bounded.
MOST_READINGS: Final = 100

#: A result that is followed so many intervals later, or later still, speaks for one interval only.
PATIENCE = 2.5


class Standing(Enum):
    """What a moment counts as."""

    UP = auto()
    DEGRADED = auto()  # it does what it should, but beyond a bound
    DOWN = auto()
    UNKNOWN = auto()


def span_start(at: datetime, span: timedelta = SPAN) -> datetime:
    """The start of the span that a moment lies in; spans are counted from the epoch."""
    seconds = span.total_seconds()
    return datetime.fromtimestamp(at.timestamp() // seconds * seconds, at.tzinfo)


@dataclass(frozen=True, slots=True)
class Sums:
    """What one reading did in one span."""

    count: int
    total: float
    low: float
    high: float
    unit: Unit = Unit.NONE  # of the last three

    @property
    def mean(self) -> float:
        return self.total / self.count

    def __add__(self, other: "Sums") -> "Sums":
        """Both together. Values of another unit cannot be added: then only the later ones, `other`, count."""
        if self.unit is not other.unit:
            return other
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Sums(self.count + other.count, self.total + other.total, low, high, self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """What one check did in one span. Roll-ups of equal or different spans can be added."""

    check: str
    start: datetime  # UTC; a multiple of the span
    span: timedelta
    up: float = 0.0  # seconds
    degraded: float = 0.0  # seconds
    down: float = 0.0  # seconds
    unknown: float = 0.0  # seconds; of the span's rest nothing is known either
    samples: int = 0  # results, unknown ones included
    failures: int = 0
    unknowns: int = 0
    counted: int = 0  # samples that took the kind's main reading
    total: float = 0.0  # sum of their values, in its unit
    histogram: bytes = b""  # `Histogram.encode` of them
    readings: Mapping[str, Sums] = field(default_factory=dict)  # by name; the sums of every reading

    @property
    def uptime(self) -> float | None:
        """Share of the judged time in which the target was up, 0 to 1; None when nothing could be judged."""
        judged = self.up + self.degraded + self.down
        return (self.up + self.degraded) / judged if judged else None

    @property
    def error_rate(self) -> float | None:
        """Failed results as a share of the judged ones; None when there are none."""
        judged = self.samples - self.unknowns
        return self.failures / judged if judged else None

    @property
    def mean(self) -> float | None:
        """The mean of the main reading; None when no sample took it."""
        return self.total / self.counted if self.counted else None

    def quantile(self, q: float) -> float | None:
        """A quantile of the main reading."""
        return quantile_of(self.histogram, q)


def combine(first: Rollup, second: Rollup) -> Rollup:
    """Both roll-ups as one that starts at the first's start and spans what the first spans."""
    return combined((first, second))


def combined(pieces: Sequence[Rollup]) -> Rollup:
    """Roll-ups as one that starts where the first starts and spans what the first spans. There has to be one at least."""
    if len(pieces) == 1:
        return pieces[0]
    return replace(
        pieces[0],
        up=sum(piece.up for piece in pieces),
        degraded=sum(piece.degraded for piece in pieces),
        down=sum(piece.down for piece in pieces),
        unknown=sum(piece.unknown for piece in pieces),
        samples=sum(piece.samples for piece in pieces),
        failures=sum(piece.failures for piece in pieces),
        unknowns=sum(piece.unknowns for piece in pieces),
        counted=sum(piece.counted for piece in pieces),
        total=sum(piece.total for piece in pieces),
        histogram=merged_histograms(piece.histogram for piece in pieces),
        readings=merged_readings(piece.readings for piece in pieces),
    )


def merged_histograms(encoded: Iterable[bytes]) -> bytes:
    """Histograms of one reading as one, all in the form of `Histogram.encode`."""
    return merged(encoded)


def merged_readings(parts: Iterable[Mapping[str, Sums]]) -> dict[str, Sums]:
    """The sums of readings, added name by name, the earliest part first; of at most `MOST_READINGS` names."""
    whole: dict[str, Sums] = {}
    for part in parts:
        for name, sums in part.items():
            known = whole.get(name)
            if known is not None:
                whole[name] = known + sums
            elif len(whole) < MOST_READINGS:
                whole[name] = sums
    return whole


def stepped(pieces: Iterable[Rollup], step: timedelta) -> Iterator[Rollup]:
    """The pieces of one check, the oldest first, summed over steps that are counted from the epoch.

    A piece belongs to the step that it starts in. A step without pieces is left out.
    """
    for start, parts in groupby(pieces, key=lambda piece: span_start(piece.start, step)):
        yield replace(combined(tuple(parts)), start=start, span=step)


class Tally:
    """Adds up one check's results into roll-ups of `SPAN`. Owned by the pipeline."""

    __slots__ = (
        "_check",
        "_counted",
        "_histogram",
        "_last",
        "_readings",
        "_seconds",
        "_standing",
        "_start",
        "_total",
        "failures",
        "interval",
        "samples",
        "unknowns",
    )

    def __init__(self, check: str, interval: timedelta) -> None:
        self._check = check
        self.interval = interval  # between two results, from the next one on
        self._start: float | None = None  # of the open span, seconds since the epoch
        self._last: float | None = None  # up to when time is accounted for
        self._standing = Standing.UNKNOWN
        self._clear()

    def _clear(self) -> None:
        self._seconds: dict[Standing, float] = {}
        self._histogram = Histogram()
        self._counted, self._total = 0, 0.0
        self._readings: dict[str, _Adding] = {}
        self.samples = self.failures = self.unknowns = 0

    def resume(self, at: datetime, standing: Standing) -> None:
        """Go on after a restart from the last known result."""
        self._last = at.timestamp()
        self._standing = standing
        self._start = self._last // SPAN.total_seconds() * SPAN.total_seconds()

    def add(
        self,
        at: datetime,
        standing: Standing,
        value: float | None,
        readings: Iterable[Reading] = (),
        *,
        counts: bool = True,
    ) -> list[Rollup]:
        """Count one result and answer the roll-ups that are now complete.

        Args:
            at: when the result was due; UTC.
            standing: what it says about the target.
            value: the kind's main reading, if this run took it.
            readings: all that this run took, the main one too.
            counts: whether it is a sample. A faster recheck is none: it says how long a trouble lasted, and would otherwise
                make the share of bad results larger than the trouble was.
        """
        now = at.timestamp()
        closed = self._pass_time(now)
        self._standing = standing
        if not counts:
            return closed
        self.samples += 1
        self.failures += standing is Standing.DOWN
        self.unknowns += standing is Standing.UNKNOWN
        if value is not None:
            self._histogram.add(value)
            self._counted += 1
            self._total += value
        if readings:
            self._sum(readings)
        return closed

    def current(self) -> Rollup | None:
        """What the open span holds so far."""
        return None if self._start is None else self._rollup(self._start)

    def take(self) -> list[Rollup]:
        """What the open span holds up to the last result, to be added to what is stored of it. Counting goes on from zero."""
        current = self.current()
        self._clear()
        return [current] if current is not None and _holds(current) else []

    def _pass_time(self, now: float) -> list[Rollup]:
        span = SPAN.total_seconds()
        if self._last is None or self._start is None:
            self._last, self._start = now, now // span * span
            return []
        if self._last - now > span:
            # The clock was ahead, and was set back: until it is there again nothing would be counted, were it a year.
            ahead = self.take()
            self._last, self._start = now, now // span * span
            return ahead
        closed: list[Rollup] = []
        interval = self.interval.total_seconds()
        spoken_for = self._last + interval if now - self._last >= interval * PATIENCE else now
        while self._last < now:
            boundary = self._start + span
            until = min(now, boundary)
            known = max(0.0, min(until, spoken_for) - self._last)
            self._account(self._standing, known)
            self._account(Standing.UNKNOWN, until - self._last - known)
            self._last = until
            if until == boundary:
                closed += self._turn(now // span * span if self._last >= spoken_for else boundary)
        return closed

    def _turn(self, start: float) -> list[Rollup]:
        """Close the open span and open the one at `start`; spans of a long gap in between are left out."""
        assert self._start is not None
        rollup = self._rollup(self._start)
        self._clear()
        self._start = start
        self._last = max(self._last or start, start)
        return [rollup]

    def _sum(self, readings: Iterable[Reading]) -> None:
        known = self._readings
        for name, value, unit in readings:
            adding = known.get(name)
            if adding is not None and adding.unit is unit:
                adding.count += 1
                adding.total += value
                if value < adding.low:
                    adding.low = value
                elif value > adding.high:
                    adding.high = value
            elif adding is not None or len(known) < MOST_READINGS:
                known[name] = _Adding(value, unit)

    def _account(self, standing: Standing, seconds: float) -> None:
        if seconds > 0:
            self._seconds[standing] = self._seconds.get(standing, 0.0) + seconds

    def _rollup(self, start: float) -> Rollup:
        return Rollup(
            check=self._check,
            start=datetime.fromtimestamp(start, UTC),
            span=SPAN,
            up=self._seconds.get(Standing.UP, 0.0),
            degraded=self._seconds.get(Standing.DEGRADED, 0.0),
            down=self._seconds.get(Standing.DOWN, 0.0),
            unknown=self._seconds.get(Standing.UNKNOWN, 0.0),
            samples=self.samples,
            failures=self.failures,
            unknowns=self.unknowns,
            counted=self._counted,
            total=self._total,
            histogram=self._histogram.encode(),
            readings={name: adding.sums() for name, adding in self._readings.items()},
        )


class _Adding:
    """The sums of one reading in the open span; written out where they are added to, since that is done for every result."""

    __slots__ = ("count", "high", "low", "total", "unit")

    def __init__(self, value: float, unit: Unit) -> None:
        self.count = 1
        self.total = self.low = self.high = value
        self.unit = unit

    def sums(self) -> Sums:
        return Sums(self.count, self.total, self.low, self.high, self.unit)


def _holds(rollup: Rollup) -> bool:
    return bool(rollup.samples or rollup.up or rollup.degraded or rollup.down or rollup.unknown)
