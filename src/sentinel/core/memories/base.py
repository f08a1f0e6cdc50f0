"""What each rule over time has in common: it remembers samples, and says how bad they are by now."""

from datetime import timedelta
from typing import ClassVar, NamedTuple

from sentinel.base.units import Unit, format_value
from sentinel.core.reason import Reason
from sentinel.core.result import Result
from sentinel.core.rule import Bounds, Direction, OverTime, Severity
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


class Memory:
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
    def raw(self) -> timedelta:
        """From how far back it wants single results after a restart."""
        raise NotImplementedError

    @property
    def rolled(self) -> timedelta:
        """From how far back it wants roll-ups after a restart; zero: it has no use for them."""
        return timedelta(0)

    def add(self, sample: Sample) -> None:
        """Take a sample in."""
        raise NotImplementedError

    def seed(self, rollup: Rollup) -> None:
        """Take in what a roll-up has of a time before all samples; the oldest comes first."""

    def forget(self) -> None:
        """An incident told of these samples, so they must not be told of again. Rules about a longer course remember."""

    def look(self) -> Look:
        """How bad it is by now."""
        raise NotImplementedError

    def what(self) -> str:
        """What the value is, with the numbers behind it: `error rate over 1 h (2 of 100 runs failed)`."""
        raise NotImplementedError

    def lacks(self) -> str:
        """What is missing before it says something; empty when nothing is."""
        return ""

    def explain(self, look: Look) -> str:
        """A sentence for people about a look that is not good."""
        assert look.value is not None, "a severity above OK comes from a value"
        assert look.bound is not None, "a severity above OK comes from a bound"
        return beyond(self.what(), look.value, look.bound, self._bounds.direction, self.unit)

    def stands(self, look: Look) -> str:
        """How it stands, in words: the numbers beside what is allowed, also when all is well or too little was seen."""
        if missing := self.lacks():
            return f"{self.what()}: {missing}"
        if look.severity or look.value is None:
            return self.explain(look) if look.severity else self.what()
        return f"{self.what()} is {format_value(look.value, self.unit)}; {allowed(self._bounds, self.unit)}"

    @property
    def _bounds(self) -> Bounds:
        raise NotImplementedError


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
