"""How fast failures use up an error budget.

After Google's SRE Workbook, chapter 5, "Multiwindow, multi-burn-rate alerts": the long window says that enough was burnt to
matter, the short one that it is burning still, so that the alert ends soon after the trouble does.
"""

from datetime import timedelta
from typing import NamedTuple

from sentinel.base.units import Unit, format_duration, format_value
from sentinel.core.memories.base import BLANK, RAW, Look, Memory, Sample
from sentinel.core.reason import Reason
from sentinel.core.rule import Burn, BurnRate, Severity
from sentinel.core.slo import Rollup
from sentinel.core.sums import SlidingSums

#: Parts of each window.
PARTS = 12

#: A budget is for so long.
BUDGET = timedelta(days=30)


class _Pair(NamedTuple):
    burn: Burn
    long: SlidingSums  # results, failures
    short: SlidingSums


class BurnMemory(Memory):
    """Results and failures within each window of each pair."""

    __slots__ = ("_interval", "_pairs", "_told", "rule")

    reason = Reason.BURN_RATE
    hint = "Failures use up what the objective allows: see what changed when they began, and hold back what is risky."

    def __init__(self, rule: BurnRate) -> None:
        self.rule: BurnRate = rule
        self._told = False  # an incident told of some of these failures
        self._interval = 60.0  # of the check, in seconds; known with the first sample
        self._pairs = tuple(
            _Pair(burn, SlidingSums(burn.long, PARTS, 2), SlidingSums(burn.short, PARTS, 2)) for burn in rule.pairs
        )

    @property
    def unit(self) -> Unit:
        return Unit.NONE

    @property
    def raw(self) -> timedelta:
        return RAW

    @property
    def rolled(self) -> timedelta:
        return max(burn.long for burn in self.rule.pairs)

    def add(self, sample: Sample) -> None:
        if not sample.counts:
            return
        self._interval = sample.interval
        for pair in self._pairs:
            pair.long.add(sample.at, 1, sample.down)
            pair.short.add(sample.at, 1, sample.down)

    def seed(self, rollup: Rollup) -> None:
        at, judged = rollup.start.timestamp(), rollup.samples - rollup.unknowns
        for pair in self._pairs:
            pair.long.add(at, judged, rollup.failures)
            pair.short.add(at, judged, rollup.failures)

    def forget(self) -> None:
        """What was told of stays burnt; but for it to speak again, something has to burn again."""
        self._told = True
        for pair in self._pairs:
            pair.short.forget()

    def look(self) -> Look:
        worst = self._worst()
        if worst is not None:
            return Look(worst.burn.severity, self._long(worst), worst.burn.factor)
        if not any(pair.long.totals[0] for pair in self._pairs):
            return BLANK
        return Look(Severity.OK, max(self._long(pair) for pair in self._pairs))

    def what(self) -> str:
        told = self._worst() or max(self._pairs, key=self._long)
        return f"{self._speeds(told)} (objective {format_value(self.rule.objective, Unit.RATIO)})"

    def explain(self, look: Look) -> str:  # noqa: ARG002 - the numbers are here
        pair = self._worst()
        assert pair is not None, "a severity above OK comes from a pair of windows"
        gone = format_duration(BUDGET / self._long(pair))
        allowed = f"{pair.burn.factor:g} times are allowed"
        return f"{self._speeds(pair)}, {allowed}; at this rate the month's budget is gone in {gone}"

    def stands(self, look: Look) -> str:
        if look.severity or look.value is None:
            return super().stands(look)
        pairs = ((pair.burn, format_duration(pair.burn.long), format_duration(pair.burn.short)) for pair in self._pairs)
        said = ", ".join(f"{burn.factor:g} times over {long} and {short}" for burn, long, short in pairs)
        waits = any(self._short(pair) > pair.burn.factor for pair in self._pairs)
        few = (
            f"; too few failures within the short window to be told ({self.rule.min_failures} needed)" if waits else ""
        )
        return f"{self.what()}; allowed: {said}{few}"

    def lacks(self) -> str:
        return "" if any(pair.long.totals[0] for pair in self._pairs) else "no result yet"

    def _speeds(self, pair: _Pair) -> str:
        long, short = (format_duration(length) for length in (pair.burn.long, pair.burn.short))
        burnt = f"{_times(self._long(pair))} times the error budget over {long}"
        return f"burning {burnt} and {_times(self._short(pair))} times over {short}"

    def _worst(self) -> _Pair | None:
        return max((pair for pair in self._pairs if self._burns(pair)), key=_urgency, default=None)

    def _burns(self, pair: _Pair) -> bool:
        return (
            pair.short.totals[1] >= self._enough(pair)
            and pair.long.totals[1] >= self.rule.min_failures
            and self._short(pair) > pair.burn.factor
            and self._long(pair) > pair.burn.factor
        )

    def _enough(self, pair: _Pair) -> int:
        """Failures in the short window that say it is burning: one failed run after an outage that was told of is no fire."""
        held = int(pair.burn.short.total_seconds() / self._interval)
        return min(self.rule.min_failures, max(1, held)) if self._told else 1

    def _long(self, pair: _Pair) -> float:
        return self._burn(pair.long, pair.burn.long)

    def _short(self, pair: _Pair) -> float:
        return self._burn(pair.short, pair.burn.short)

    def _burn(self, sums: SlidingSums, window: timedelta) -> float:
        """How many times faster than allowed. Runs that a window could hold and does not know of count as good: else an hour
        with an outage would stand for the three days that a new check has not seen yet."""
        samples, failures = sums.totals
        held = window.total_seconds() / self._interval
        return failures / max(samples, held) / self.rule.budget if samples else 0.0


def _urgency(pair: _Pair) -> tuple[int, float]:
    return pair.burn.severity, pair.burn.factor


def _times(speed: float) -> str:
    """Three digits, and no powers of ten: when everything fails, an objective of 99.9 % burns 1000 times too fast."""
    return f"{speed:.3g}" if speed < 999.5 else f"{speed:.0f}"
