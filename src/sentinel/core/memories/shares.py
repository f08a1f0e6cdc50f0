"""Error rates and quantiles over a sliding window."""

from datetime import timedelta

from sentinel.base.units import Unit, format_duration
from sentinel.core.histogram import Histogram
from sentinel.core.memories.base import BLANK, RAW, Look, Sample, WindowMemory, judged
from sentinel.core.reason import Reason
from sentinel.core.rule import ErrorRate, Quantile
from sentinel.core.samples import SampleWindow
from sentinel.core.slo import Rollup


class ErrorRateMemory(WindowMemory):
    """Runs and failures of a window."""

    __slots__ = ("rule", "window")

    reason = Reason.ERROR_RATE

    def __init__(self, rule: ErrorRate) -> None:
        self.rule: ErrorRate = rule
        self.window = SampleWindow(rule.window)

    def add(self, sample: Sample) -> None:
        if sample.counts:
            self.window.add(sample.at, failed=sample.down, value=None)

    def seed(self, rollup: Rollup) -> None:
        judged = rollup.samples - rollup.unknowns
        self.window.absorb(rollup.start.timestamp(), judged, rollup.failures, None)

    def forget(self) -> None:
        self.window.forget()

    def look(self) -> Look:
        if self.window.samples < self.rule.min_samples:
            return BLANK
        return judged(self.rule.bounds, self.window.error_rate)

    def what(self) -> str:
        counts = f"{self.window.failures} of {self.window.samples} runs failed"
        return f"error rate over {format_duration(self.rule.window)} ({counts})"

    def lacks(self) -> str:
        missing = self.window.samples < self.rule.min_samples
        return f"{self.window.samples} of {self.rule.min_samples} results that it needs" if missing else ""


class QuantileMemory(WindowMemory):
    """How a reading was distributed over a window."""

    __slots__ = ("_main", "rule", "window")

    reason = Reason.QUANTILE
    distribution = True

    def __init__(self, rule: Quantile, main: str) -> None:
        self.rule: Quantile = rule
        self.window = SampleWindow(rule.window)
        self._main = rule.reading == main  # roll-ups keep the distribution of the check's main reading

    @property
    def reading(self) -> str:
        return self.rule.reading

    @property
    def unit(self) -> Unit:
        return self.rule.unit

    @property
    def raw(self) -> timedelta:
        return min(self.rule.window, RAW) if self._main else self.rule.window

    @property
    def rolled(self) -> timedelta:
        return self.rule.window if self._main else timedelta(0)

    def add(self, sample: Sample) -> None:
        if sample.counts:
            reading = sample.result.reading(self.rule.reading)
            self.window.add(sample.at, failed=False, value=reading.value if reading else None)

    def seed(self, rollup: Rollup) -> None:
        judged = rollup.samples - rollup.unknowns
        self.window.absorb(rollup.start.timestamp(), judged, 0, Histogram.decode(rollup.histogram))

    def forget(self) -> None:
        self.window.forget()

    def look(self) -> Look:
        if self.window.histogram.total < self.rule.min_samples:
            return BLANK
        value = self.window.histogram.quantile(self.rule.quantile)
        return BLANK if value is None else judged(self.rule.bounds, value)

    def what(self) -> str:
        return f"p{self.rule.quantile * 100:g} of {self.rule.reading} over {format_duration(self.rule.window)}"

    def lacks(self) -> str:
        seen = self.window.histogram.total
        return f"{seen} of {self.rule.min_samples} readings that it needs" if seen < self.rule.min_samples else ""
