"""Uptime over a period: computed from time, with the unknown kept apart."""

from sentinel.base.units import format_duration
from sentinel.core.memories.base import BLANK, Look, Sample, WindowMemory, judged
from sentinel.core.reason import Reason
from sentinel.core.rule import Uptime
from sentinel.core.slo import PATIENCE, Rollup, Standing
from sentinel.core.sums import SlidingSums

#: Parts of a window: one of 30 days moves on every 12 hours.
PARTS = 60


class UptimeMemory(WindowMemory):
    """Seconds up and down within a window. What is neither is unknown."""

    __slots__ = ("_last", "_standing", "_sums", "rule")

    reason = Reason.UPTIME

    def __init__(self, rule: Uptime) -> None:
        self.rule: Uptime = rule
        self._sums = SlidingSums(rule.window, PARTS, 2)
        self._last: float | None = None  # up to when time is accounted for
        self._standing = Standing.UNKNOWN

    @property
    def up(self) -> float:
        return self._sums.totals[0]

    @property
    def down(self) -> float:
        return self._sums.totals[1]

    @property
    def unknown(self) -> float:
        """Seconds of the window of which nothing is known, those before the first result included."""
        return max(0.0, self.rule.window.total_seconds() - self.up - self.down)

    def add(self, sample: Sample) -> None:
        """A result speaks for the time until the next; for one interval only when that one is long overdue."""
        if self._last is not None and sample.at > self._last:
            passed = sample.at - self._last
            self._account(self._last, passed if passed < sample.interval * PATIENCE else sample.interval)
        self._sums.advance(sample.at)
        self._last, self._standing = sample.at, sample.standing

    def seed(self, rollup: Rollup) -> None:
        self._sums.add(rollup.start.timestamp(), rollup.up + rollup.degraded, rollup.down)

    def look(self) -> Look:
        value = self.uptime
        return BLANK if value is None else judged(self.rule.bounds, value)

    @property
    def uptime(self) -> float | None:
        """The share of the judged time that was up. As long as little is known, what is not counts as up: so a short outage
        on the first day is not taken for a bad month, and one that is too long for the month is."""
        known = self.up + self.down
        if not known:
            return None
        if known >= self.rule.min_known * self.rule.window.total_seconds():
            return self.up / known
        return 1 - self.down / self.rule.window.total_seconds()

    def what(self) -> str:
        down, unknown = format_duration(self.down), format_duration(self.unknown)
        return f"uptime over {format_duration(self.rule.window)} ({down} down, {unknown} unknown)"

    def lacks(self) -> str:
        return "no judged time yet" if self.uptime is None else ""

    def _account(self, at: float, seconds: float) -> None:
        if self._standing is Standing.DOWN:
            self._sums.add(at, 0.0, seconds)
        elif self._standing is not Standing.UNKNOWN:
            self._sums.add(at, seconds, 0.0)
