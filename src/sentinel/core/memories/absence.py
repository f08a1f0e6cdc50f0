"""For how long a reading has not been measured."""

from datetime import timedelta

from sentinel.base.units import Unit, format_duration
from sentinel.core.memories.base import Look, Memory, Sample, allowed, judged
from sentinel.core.reason import Reason
from sentinel.core.rule import Absence
from sentinel.core.slo import PATIENCE, Standing


class AbsenceMemory(Memory):
    """Seconds of judged time without the reading."""

    __slots__ = ("_last", "absent", "rule")

    reason = Reason.ABSENCE
    hint = "The check runs, but what it measures lacks this: see what its last runs say, and what they ask for."

    def __init__(self, rule: Absence) -> None:
        self.rule: Absence = rule
        self._last: float | None = None  # of the result before, if it was judged
        self.absent = 0.0

    @property
    def unit(self) -> Unit:
        return Unit.SECONDS

    @property
    def raw(self) -> timedelta:
        bounds = self.rule.bounds
        return timedelta(seconds=max(bound for bound in (bounds.warning, bounds.critical) if bound is not None))

    def add(self, sample: Sample) -> None:
        if sample.standing is Standing.UNKNOWN:
            self._last = None
            return
        if sample.result.reading(self.rule.reading) is not None:
            self.absent = 0.0
        elif self._last is not None and sample.at > self._last:
            self.absent += min(sample.at - self._last, sample.interval * PATIENCE)
        self._last = sample.at

    def look(self) -> Look:
        return judged(self.rule.bounds, self.absent)

    def what(self) -> str:
        if not self.absent:
            return f"{self.rule.reading} was measured in the last run that was judged"
        return f"{self.rule.reading} has not been measured for {format_duration(self.absent)}"

    def stands(self, look: Look) -> str:
        return self.explain(look) if look.severity else f"{self.what()}; {allowed(self.rule.bounds, Unit.SECONDS)}"

    def explain(self, look: Look) -> str:
        assert look.bound is not None, "a severity above OK comes from a bound"
        return f"{self.what()}, longer than {format_duration(look.bound)}"
