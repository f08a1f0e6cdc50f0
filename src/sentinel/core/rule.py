"""Rules: what turns a measurement into a finding. A rule is a value; `core.judge` applies it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum

from sentinel.base.units import Unit
from sentinel.core.hours import Calendar


class Severity(IntEnum):
    """How bad it is. The numbers are the exit codes of `sentinel --status`, as Nagios plug-ins have them."""

    OK = 0
    WARNING = 1  # a target is missed
    CRITICAL = 2
    UNKNOWN = 3  # Sentinel could not judge

    @property
    def label(self) -> str:
        return self.name

    @property
    def urgency(self) -> int:
        """For sorting by what deserves attention first: critical, warning, unknown, OK."""
        return (0, 2, 3, 1)[self]


class Direction(StrEnum):
    """On which side of a bound the trouble lies."""

    ABOVE = "above"
    BELOW = "below"

    def breached(self, value: float, bound: float | None) -> bool:
        """Whether the value lies beyond the bound. A value equal to the bound is still good."""
        if bound is None:
            return False
        return value > bound if self is Direction.ABOVE else value < bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The warning bound (the target) and the critical bound of one value; at least one of them is set."""

    warning: float | None = None
    critical: float | None = None
    direction: Direction = Direction.ABOVE

    def severity(self, value: float) -> Severity:
        if self.direction.breached(value, self.critical):
            return Severity.CRITICAL
        if self.direction.breached(value, self.warning):
            return Severity.WARNING
        return Severity.OK

    def breached(self, value: float) -> float | None:
        """The worst bound that the value lies beyond."""
        for bound in (self.critical, self.warning):
            if self.direction.breached(value, bound):
                return bound
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A reading of this one result against its bounds."""

    reading: str
    unit: Unit
    bounds: Bounds
    when: Calendar | None = None  # it speaks only while this covers the moment; None: always. Likewise in all rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """So many bad ones among the last so many results. Unknown results are not among them."""

    bad: int  # from so many on it is bad
    of: int  # the last results that are looked at; at most `MOST_COUNTED`
    severity: Severity
    reading: str = ""  # a result is bad when this lies beyond `bounds`; empty: when it failed
    unit: Unit = Unit.NONE
    bounds: Bounds | None = None  # of the reading
    when: Calendar | None = None


#: Results that a `Count` can look at.
MOST_COUNTED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRate:
    """The share of failed results over a sliding window. Unknown results count neither way."""

    window: timedelta
    min_samples: int
    bounds: Bounds  # ratios, 0 to 1
    when: Calendar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """A quantile of a reading over a sliding window, such as the 95th percentile of the response time."""

    reading: str
    unit: Unit
    quantile: float  # 0 < quantile < 1
    window: timedelta
    min_samples: int
    bounds: Bounds
    when: Calendar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """The share of the judged time in which the target was up. Time of which nothing is known is kept apart."""

    window: timedelta
    bounds: Bounds  # ratios, the trouble lies below
    min_known: float = 0.1  # while a smaller share of the window is known, the unknown time counts as up
    when: Calendar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Burn:
    """One pair of windows: both must burn the budget faster than the factor."""

    long: timedelta  # that much has been burnt to matter
    short: timedelta  # and it is still burning
    factor: float  # how many times faster than what would use the budget up exactly
    severity: Severity


#: The windows that Google's SRE Workbook recommends (chapter 5, "Alerting on SLOs", table 5-8): 2 % of a month's budget in an
#: hour, 5 % in six hours, 10 % in three days.
WORKBOOK = (
    Burn(long=timedelta(hours=1), short=timedelta(minutes=5), factor=14.4, severity=Severity.CRITICAL),
    Burn(long=timedelta(hours=6), short=timedelta(minutes=30), factor=6.0, severity=Severity.CRITICAL),
    Burn(long=timedelta(days=3), short=timedelta(hours=6), factor=1.0, severity=Severity.WARNING),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRate:
    """How fast failures use up the error budget of an objective, over several pairs of windows at once."""

    objective: float  # the share of results that must be good, below 1
    pairs: tuple[Burn, ...] = WORKBOOK
    #: In the long window, and in the short one after an incident: one failed run of a few is no trend.
    min_failures: int = 3
    when: Calendar | None = None

    @property
    def budget(self) -> float:
        """The share of results that may fail."""
        return 1 - self.objective


class Against(StrEnum):
    """What a baseline is taken from."""

    BEFORE = "before"  # the same length, right before
    WEEKS = "weeks"  # the same weekday and hour of past weeks


#: Past weeks that a baseline is taken from.
PAST_WEEKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """How much worse a quantile, a mean or the error rate of a window is than what it is compared with."""

    window: timedelta
    against: Against
    bounds: Bounds  # how much worse, as a ratio: 0.2 is 20 % worse
    min_samples: int  # on both sides
    reading: str = ""  # empty: the error rate
    unit: Unit = Unit.RATIO
    quantile: float | None = None  # None: the mean of the reading
    lower_is_worse: bool = False
    floor: float = 0.0  # a smaller difference is no trouble, however many per cent it is; in the reading's unit
    when: Calendar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How fast a reading grows (or falls) over a window."""

    reading: str
    unit: Unit
    window: timedelta
    per: timedelta  # a day or a week
    bounds: Bounds  # of the change in that time, in the reading's unit; always above
    falling: bool = False  # whether it is falling that is bad
    when: Calendar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """For how long judged results had no such reading. Unknown results accuse nobody, so their time does not count."""

    reading: str
    bounds: Bounds  # seconds
    when: Calendar | None = None


OverTime = Count | ErrorRate | Quantile | Uptime | BurnRate | Baseline | Growth | Absence
Rule = Threshold | OverTime
