"""How much worse it is than before, or than at the same hour of past weeks."""

from datetime import datetime, timedelta

from sentinel.base.units import Unit, format_duration, format_value
from sentinel.core.histogram import Histogram
from sentinel.core.memories.base import BLANK, RAW, Look, Memory, Sample, allowed, judged
from sentinel.core.reason import Reason
from sentinel.core.rule import Against, Baseline
from sentinel.core.samples import SampleWindow
from sentinel.core.slo import Rollup

#: Beyond so many times worse nothing is told apart. (Compared with nothing at all, everything is infinitely worse.)
MOST = 1000.0


class BaselineMemory(Memory):
    """A window, and what it is compared with.

    The window right before is kept in memory as well: what leaves the one enters the other. Past weeks are read from roll-ups
    now and then, by the engine (`refer`).
    """

    __slots__ = ("_main", "before", "due_at", "rule", "window")

    reason = Reason.BASELINE
    distribution = True
    hint = "See what changed between then and now: a release, the load, the data, a neighbour."

    def __init__(self, rule: Baseline, main: str) -> None:
        self.rule: Baseline = rule
        self._main = rule.reading in ("", main)  # roll-ups have what is needed
        self.before = SampleWindow(rule.window)
        self.window = SampleWindow(rule.window, self.before if rule.against is Against.BEFORE else None)
        self.due_at: datetime | None = None  # when past weeks have to be read again; None: at once

    @property
    def unit(self) -> Unit:
        return Unit.RATIO

    @property
    def raw(self) -> timedelta:
        return min(self._span, RAW) if self._main else self._span

    @property
    def rolled(self) -> timedelta:
        return self._span if self._main else timedelta(0)

    @property
    def _span(self) -> timedelta:
        return self.rule.window * (2 if self.rule.against is Against.BEFORE else 1)

    def add(self, sample: Sample) -> None:
        if sample.counts:
            reading = sample.result.reading(self.rule.reading) if self.rule.reading else None
            self.window.add(sample.at, failed=sample.down, value=reading.value if reading else None)

    def seed(self, rollup: Rollup) -> None:
        histogram = Histogram.decode(rollup.histogram) if self.rule.reading else None
        judged = rollup.samples - rollup.unknowns
        self.window.absorb(rollup.start.timestamp(), judged, rollup.failures, histogram)

    def refer(self, past: list[Rollup], again: datetime) -> None:
        """Compare with these roll-ups of past weeks until `again`."""
        self.before = SampleWindow(self.rule.window)
        for rollup in past:
            histogram = Histogram.decode(rollup.histogram) if self.rule.reading else None
            # All into one part: past weeks lie further apart than a window reaches.
            self.before.absorb(0.0, rollup.samples - rollup.unknowns, rollup.failures, histogram)
        self.due_at = again

    def forget(self) -> None:
        """What was told of is no measure for what comes later either."""
        self.window.forget()

    def look(self) -> Look:
        if self.lacks():
            return BLANK
        worse = self._worse(self._of(self.window), self._of(self.before))
        return BLANK if worse is None else judged(self.rule.bounds, worse)

    def what(self) -> str:
        now, then = self._of(self.window), self._of(self.before)
        values = f"{self._written(now)} instead of {self._written(then)} {self._then()}"
        return f"{self._name()} over {format_duration(self.rule.window)} is {values}"

    def explain(self, look: Look) -> str:
        assert look.value is not None, "a severity above OK comes from a value"
        assert look.bound is not None, "a severity above OK comes from a bound"
        much = "more than 1,000 times" if look.value >= MOST else format_value(look.value, Unit.RATIO)
        return f"{self.what()}: {much} worse, {format_value(look.bound, Unit.RATIO)} is allowed"

    def stands(self, look: Look) -> str:
        if look.severity or look.value is None:
            return super().stands(look)
        worse = format_value(look.value, Unit.RATIO)
        return f"{self.what()}: {worse} worse; {allowed(self.rule.bounds, Unit.RATIO)}"

    def lacks(self) -> str:
        fewest = min(self._samples(self.window), self._samples(self.before))
        if fewest >= self.rule.min_samples:
            return ""
        side = "now" if self._samples(self.window) == fewest else self._then()
        return f"{fewest} of {self.rule.min_samples} samples that it needs {side}"

    def _samples(self, window: SampleWindow) -> int:
        return window.histogram.total if self.rule.reading else window.samples

    def _of(self, window: SampleWindow) -> float:
        if not self.rule.reading:
            return window.error_rate
        quantile = self.rule.quantile
        return (window.histogram.mean() if quantile is None else window.histogram.quantile(quantile)) or 0.0

    def _worse(self, now: float, then: float) -> float | None:
        difference = then - now if self.rule.lower_is_worse else now - then
        if difference <= 0 or difference < self.rule.floor:
            return 0.0
        return min(MOST, difference / then) if then else MOST

    def _name(self) -> str:
        if not self.rule.reading:
            return "error rate"
        of = "mean" if self.rule.quantile is None else f"p{self.rule.quantile * 100:g}"
        return f"{of} of {self.rule.reading}"

    def _then(self) -> str:
        return "before" if self.rule.against is Against.BEFORE else "at this hour of past weeks"

    def _written(self, value: float) -> str:
        return format_value(value, self.rule.unit)
