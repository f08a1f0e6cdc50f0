"""How fast a reading grows: the slope by Theil and Sen, so that one outlier does not tilt it."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from statistics import median

from sentinel.base.units import Unit, format_duration, format_value
from sentinel.core.memories.base import BLANK, Look, Memory, Sample, allowed, judged
from sentinel.core.reason import Reason
from sentinel.core.rule import Growth
from sentinel.core.samples import PARTS as _SAMPLE_PARTS

#: A window has so many points, each the mean of a part.
POINTS = 2 * _SAMPLE_PARTS

#: So many points are needed: a quarter of the window.
FEWEST = POINTS // 4


class GrowthMemory(Memory):
    """Points of a reading, evenly spread over a window; the slope is computed anew when a point is complete.

    The slope is the median of the slopes between all pairs of points (Sen, "Estimates of the regression coefficient based on
    Kendall's tau", JASA 63, 1968): it stays right while less than 29 % of the points are off.
    """

    __slots__ = ("_index", "_latest", "_points", "_slope", "_step", "_sum", "_times", "_values", "rule")

    reason = Reason.GROWTH
    hint = "See what adds to it, and make room or tidy up before it is used up."

    def __init__(self, rule: Growth) -> None:
        self.rule: Growth = rule
        self._step = rule.window.total_seconds() / POINTS
        self._points: list[tuple[float, float]] = []  # (seconds since the epoch, value) of complete parts
        self._slope: float | None = None  # per second
        self._latest = 0.0
        self._begin(0)

    @property
    def unit(self) -> Unit:
        return self.rule.unit

    @property
    def raw(self) -> timedelta:
        """Only for the part that is open; complete ones come by `plant`."""
        return self.rule.window / POINTS

    def add(self, sample: Sample) -> None:
        if sample.counts and (reading := sample.result.reading(self.rule.reading)) is not None:
            self.plant(sample.at, reading.value)

    def plant(self, at: float, value: float) -> None:
        """Take in one value; the oldest comes first."""
        index = int(at // self._step)
        if index != self._index and self._values:
            self._complete(index)
        if index > self._index or not self._values:
            self._begin(index)
        self._times += at
        self._sum += value
        self._values += 1
        self._latest = value

    def moments(self, now: datetime) -> list[datetime]:
        """When its points begin, the oldest first; for filling it again after a restart."""
        newest = int(now.timestamp() // self._step)
        return [datetime.fromtimestamp(n * self._step, UTC) for n in range(newest - POINTS + 1, newest + 1)]

    def look(self) -> Look:
        return BLANK if self._slope is None else judged(self.rule.bounds, self._change(self._slope))

    def what(self) -> str:
        verb = "falls" if self.rule.falling else "grows"
        now = format_value(self._latest, self.rule.unit)
        return f"{self.rule.reading} (now {now}) {verb}, by its course over {format_duration(self.rule.window)},"

    def stands(self, look: Look) -> str:
        if look.severity or look.value is None:
            return super().stands(look)
        return f"{self.what()} {self._per(look.value)}; {allowed(self.rule.bounds, self.rule.unit)}"

    def explain(self, look: Look) -> str:
        assert look.value is not None, "a severity above OK comes from a value"
        assert look.bound is not None, "a severity above OK comes from a bound"
        return f"{self.what()} {self._per(look.value)}, above {format_value(look.bound, self.rule.unit)}"

    def lacks(self) -> str:
        return "" if self._slope is not None else f"{len(self._points)} of {FEWEST} points of its course that it needs"

    def _per(self, value: float) -> str:
        per = "day" if self.rule.per == timedelta(days=1) else "week"
        return f"{format_value(value, self.rule.unit)} per {per}"

    def _change(self, slope: float) -> float:
        change = slope * self.rule.per.total_seconds()
        return -change if self.rule.falling else change

    def _begin(self, index: int) -> None:
        self._index, self._times, self._sum, self._values = index, 0.0, 0.0, 0

    def _complete(self, index: int) -> None:
        self._points.append((self._times / self._values, self._sum / self._values))
        oldest = (index - POINTS) * self._step
        # A clock that was far ahead would otherwise keep its points for ever.
        self._points = [point for point in self._points if oldest <= point[0] < (index + 1) * self._step][-POINTS:]
        self._slope = slope(self._points) if len(self._points) >= FEWEST else None
        self._values = 0


def slope(points: list[tuple[float, float]]) -> float | None:
    """The median of the slopes between all pairs of points at different times; None when there is no such pair."""
    slopes = [(b - a) / (later - sooner) for (sooner, a), (later, b) in combinations(points, 2) if later != sooner]
    return median(slopes) if slopes else None
