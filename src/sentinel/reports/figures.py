"""A few figures of a whole system, each beside the same length of time before (BH-5)."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sentinel.base.units import Unit
from sentinel.reports.documents import Document


class Better(Enum):
    """Which way a figure should go."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a period."""

    name: str  # such as `response_time`
    title: str  # such as `Response time (p95)`
    unit: Unit
    value: float | None  # None: nothing measured it
    before: float | None  # of the period before, as long
    better: Better

    @property
    def change(self) -> float | None:
        """The change against the period before, as a share of it: 0.1 is 10 % more. None where there is nothing to compare."""
        if self.value is None or not self.before:
            return None
        return (self.value - self.before) / self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures(Document):
    """The figures of one system, or of all checks."""

    since: datetime
    until: datetime
    system: str  # empty: all
    figures: tuple[Figure, ...]
