"""How a check stood over a time, in equal steps: what a strip of colours and a sparkline show."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.base.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One step of a strip, in seconds. What is missing to the whole step was not watched."""

    up: float = 0.0
    degraded: float = 0.0
    down: float = 0.0
    unknown: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """States over a time, the oldest first. The last step may not be over yet."""

    since: datetime
    step: timedelta
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spark:
    """Means of a reading over the same steps; None where there is no value."""

    reading: str
    unit: Unit
    values: tuple[float | None, ...]
