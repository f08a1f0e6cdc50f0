"""What each rule over time has in common: it remembers samples, and says how bad they are by now."""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import ClassVar, NamedTuple

from sentinel.base.units import Unit, format_value
from sentinel.core.reason import Reason
from sentinel.core.result import Result
from sentinel.core.rule import Bounds, Direction, ErrorRate, OverTime, Quantile, Severity, Uptime
from sentinel.core.slo import Rollup, Standing

#: The newest part of a window, so long, is filled from single results after a restart, what lies before from roll-ups, as far
#: as these have what the rule looks at.
RAW = timedelta(hours=1)


class Sample(NamedTuple):
    """One result as memories take it in."""

    at: float  # when its probe ended; seconds since the epoch
    result: Result
    standing: Standing  # of the result by itself
    interval: float  # of the check, in seconds
    counts: bool  # judged, and no faster recheck: it would count double where shares are counted

    @property
    def down(self) -> bool:
        return self.standing is Standing.DOWN


class Look(NamedTuple):
    """What a rule sees."""

    severity: Severity
    value: float | None = None  # None: it has not seen enough yet
    bound: float | None = None  # the bound that the value lies beyond


#: Not enough samples: nothing is said.
BLANK = Look(Severity.OK)


class Memory(ABC):
    """What one rule over time remembers of one check. Added to by the pipeline, in the order in which results arrive."""

    __slots__ = ()

    reason: ClassVar[Reason]
    hint: ClassVar[str] = ""  # what a person can do when the rule speaks
    distribution: ClassVar[bool] = False  # whether it looks at the distribution that roll-ups keep, beside their sums

    #: The rule that it remembers for.
    rule: OverTime

    @property
    def reading(self) -> str:
        """Name of the value that `look` answers. It is no reading's where it is another quantity, such as a growth."""
        return str(self.reason)

    @property
    def unit(self) -> Unit:
        """Of the value that `look` answers."""
        return Unit.NONE

    @property
    @abstractmethod
    def raw(self) -> timedelta:
        """From how far back it wants single results after a restart."""

    @property
    def rolled(self) -> timedelta:
        """From how far back it wants roll-ups after a restart; zero: it has no use for them."""
        return timedelta(0)

    @abstractmethod
    def add(self, sample: Sample) -> None:
        """Take a sample in."""

    def seed(self, rollup: Rollup) -> None:  # noqa: B027 - not every rule can use roll-ups
        """Take in what a roll-up has of a time before all samples; the oldest comes first."""

    def forget(self) -> None:  # noqa: B027 - as the text says
        """An incident told of these samples, so they must not be told of again. Rules about a longer course remember."""

    @abstractmethod
    def look(self) -> Look:
        """How bad it is by now."""

    @abstractmethod
    def what(self) -> str:
        """What the value is, with the numbers behind it: `error rate over 1 h (2 of 100 runs failed)`."""

    def lacks(self) -> str:
        """What is missing before it says something; empty when nothing is."""
        return ""

    @abstractmethod
    def explain(self, look: Look) -> str:
        """A sentence for people about a look that is not good."""

    def stands(self, look: Look) -> str:
        """How it stands, in words: the numbers beside what is allowed, also when all is well or too little was seen."""
        if missing := self.lacks():
            return f"{self.what()}: {missing}"
        return self.explain(look) if look.severity else self.what()


class WindowMemory(Memory):
    """One value of a window beside its bounds; a share, unless it says otherwise."""

    __slots__ = ()

    rule: ErrorRate | Quantile | Uptime

    @property
    def unit(self) -> Unit:
        return Unit.RATIO

    @property
    def raw(self) -> timedelta:
        return min(self.rule.window, RAW)

    @property
    def rolled(self) -> timedelta:
        return self.rule.window

    def explain(self, look: Look) -> str:
        assert look.value is not None, "a severity above OK comes from a value"
        assert look.bound is not None, "a severity above OK comes from a bound"
        return beyond(self.what(), look.value, look.bound, self.rule.bounds.direction, self.unit)

    def stands(self, look: Look) -> str:
        if look.severity or look.value is None:
            return super().stands(look)
        return f"{self.what()} is {format_value(look.value, self.unit)}; {allowed(self.rule.bounds, self.unit)}"


def judged(bounds: Bounds, value: float) -> Look:
    """A value beside its bounds."""
    severity = bounds.severity(value)
    return Look(severity, value, bounds.breached(value) if severity else None)


def allowed(bounds: Bounds, unit: Unit) -> str:
    """What a value may be, in words: `allowed: up to 2 s (warning), 5 s (critical)`."""
    named = (("warning", bounds.warning), ("critical", bounds.critical))
    said = [f"{format_value(bound, unit)} ({name})" for name, bound in named if bound is not None]
    return f"allowed: {'up' if bounds.direction is Direction.ABOVE else 'down'} to {', '.join(said)}"


def beyond(what: str, value: float, bound: float, direction: Direction, unit: Unit) -> str:
    side = "above" if direction is Direction.ABOVE else "below"
    return f"{what} is {format_value(value, unit)}, {side} {format_value(bound, unit)}"
