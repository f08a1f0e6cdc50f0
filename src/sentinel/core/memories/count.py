"""So many bad ones among the last so many results."""

from datetime import timedelta

from sentinel.base.units import Unit, format_value
from sentinel.core.memories.base import Look, Memory, Sample
from sentinel.core.reason import Reason
from sentinel.core.rule import Count, Direction, Severity


class CountMemory(Memory):
    """The last results as bits: 1 is bad. Sixteen bytes, however many they are."""

    __slots__ = ("_bits", "_interval", "_seen", "rule")

    reason = Reason.COUNT

    def __init__(self, rule: Count, interval: timedelta) -> None:
        self.rule: Count = rule
        self._interval = interval
        self._bits = 0  # the newest is the lowest
        self._seen = 0

    @property
    def unit(self) -> Unit:
        return Unit.COUNT

    @property
    def raw(self) -> timedelta:
        return self._interval * (self.rule.of + 1)

    def add(self, sample: Sample) -> None:
        if sample.counts and (bad := self._is_bad(sample)) is not None:
            self._bits = (self._bits << 1 | bad) & (1 << self.rule.of) - 1
            self._seen = min(self.rule.of, self._seen + 1)

    def forget(self) -> None:
        self._bits = self._seen = 0

    def look(self) -> Look:
        bad = self._bits.bit_count()
        if bad >= self.rule.bad:
            return Look(self.rule.severity, bad, self.rule.bad - 1)  # so many would still be fine
        return Look(Severity.OK, bad)

    def what(self) -> str:
        return f"{self._bits.bit_count()} of the last {self._seen} results {self._bad_means()}"

    def explain(self, look: Look) -> str:  # noqa: ARG002 - the numbers are here
        return f"{self.what()}; {self.rule.bad} of {self.rule.of} are too many"

    def stands(self, look: Look) -> str:
        return self.explain(look)

    def _is_bad(self, sample: Sample) -> bool | None:
        """None: this run did not take the reading."""
        if self.rule.bounds is None:
            return sample.down
        reading = sample.result.reading(self.rule.reading)
        return None if reading is None else self.rule.bounds.severity(reading.value) > Severity.OK

    def _bad_means(self) -> str:
        bounds = self.rule.bounds
        if bounds is None:
            return "failed"
        bound = bounds.warning if bounds.critical is None else bounds.critical
        side = "above" if bounds.direction is Direction.ABOVE else "below"
        return f"had {self.rule.reading} {side} {format_value(bound or 0.0, self.rule.unit)}"
