"""Rules: what turns a measurement into a finding. A rule is a value; `core.judge` applies it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum

from sentinel.base.units import Unit


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRate:
    """The share of failed results over a sliding window. Unknown results count neither way."""

    window: timedelta
    min_samples: int
    bounds: Bounds  # ratios, 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """A quantile of a reading over a sliding window, such as the 95th percentile of the response time."""

    reading: str
    unit: Unit
    quantile: float  # 0 < quantile < 1
    window: timedelta
    min_samples: int
    bounds: Bounds


Rule = Threshold | ErrorRate | Quantile
