"""Availability by time, not by counts: how long a target was up, degraded, down, or nobody could tell.

A result speaks for the time until the next one. When the next one is long overdue it speaks for one interval only, and the
rest is unknown: a gap is never shown as up. uptime = (up + degraded) / (up + degraded + down); unknown time is kept apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from sentinel.core.histogram import Histogram

#: The span of the smallest roll-up.
SPAN = timedelta(minutes=5)

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
    histogram: bytes = b""  # `Histogram.encode` of the kind's main reading
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

    def quantile(self, q: float) -> float | None:
        """A quantile of the main reading."""
        return Histogram.decode(self.histogram).quantile(q)


def combine(first: Rollup, second: Rollup) -> Rollup:
    """Both roll-ups as one that starts at the first's start and spans what the first spans."""
    histogram = Histogram.decode(first.histogram)
    histogram.include(Histogram.decode(second.histogram))
    return replace(
        first,
        up=first.up + second.up,
        degraded=first.degraded + second.degraded,
        down=first.down + second.down,
        unknown=first.unknown + second.unknown,
        samples=first.samples + second.samples,
        failures=first.failures + second.failures,
        unknowns=first.unknowns + second.unknowns,
        histogram=histogram.encode(),
    )


class Tally:
    """Adds up one check's results into roll-ups of `SPAN`. Owned by the pipeline."""

    __slots__ = (
        "_check",
        "_histogram",
        "_last",
        "_seconds",
        "_standing",
        "_start",
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
        self.samples = self.failures = self.unknowns = 0

    def resume(self, at: datetime, standing: Standing) -> None:
        """Go on after a restart from the last known result."""
        self._last = at.timestamp()
        self._standing = standing
        self._start = self._last // SPAN.total_seconds() * SPAN.total_seconds()

    def add(self, at: datetime, standing: Standing, value: float | None, *, counts: bool = True) -> list[Rollup]:
        """Count one result and answer the roll-ups that are now complete.

        Args:
            at: when the result was due; UTC.
            standing: what it says about the target.
            value: the kind's main reading, if this run took it.
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
            histogram=self._histogram.encode(),
        )


def _holds(rollup: Rollup) -> bool:
    return bool(rollup.samples or rollup.up or rollup.degraded or rollup.down or rollup.unknown)
