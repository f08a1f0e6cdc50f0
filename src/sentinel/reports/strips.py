"""How a check stood over a time, in equal steps: what a strip of colours and a sparkline show."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.slo import Rollup, span_start

#: Steps of a day: half an hour each.
STEP: Final = timedelta(minutes=30)
STEPS: Final = 48

#: A line has so many points at least.
FEWEST: Final = 2


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


def strip(pieces: Iterable[Rollup], since: datetime, step: timedelta, steps: int) -> Strip:
    """What roll-ups add up to in equal steps.

    Args:
        pieces: of one check, in any order, none longer than a step; what lies outside is left out.
        since: when the first step begins.
        step: how long each is.
        steps: how many there are.
    """
    cells = [[0.0, 0.0, 0.0, 0.0] for _ in range(steps)]
    for piece in pieces:
        place = (piece.start - since) // step
        if 0 <= place < steps:
            cell = cells[place]
            for n, seconds in enumerate((piece.up, piece.degraded, piece.down, piece.unknown)):
                cell[n] += seconds
    return Strip(since=since, step=step, cells=tuple(Cell(up=u, degraded=g, down=d, unknown=n) for u, g, d, n in cells))


def spark(pieces: Iterable[Rollup], check: Check, like: Strip) -> Spark | None:
    """The means of a check's main reading over the steps of a strip; None where no two steps have a value."""
    counts, totals = [0] * len(like.cells), [0.0] * len(like.cells)
    for piece in pieces:
        place = (piece.start - like.since) // like.step
        if 0 <= place < len(counts):
            counts[place] += piece.counted
            totals[place] += piece.total
    values = tuple(total / count if count else None for total, count in zip(totals, counts, strict=True))
    if sum(value is not None for value in values) < FEWEST:
        return None
    return Spark(reading=check.main, unit=check.main_unit, values=values)


def first_step(now: datetime, step: timedelta, steps: int) -> datetime:
    """When the first of so many steps begins, of which the last one holds `now`. Steps are counted from the epoch."""
    return span_start(now, step) - step * (steps - 1)
