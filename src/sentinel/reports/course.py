"""How each check went over the period of a report, step by step: what its bars and its lines are drawn from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sentinel.core.slo import SPAN, Rollup
from sentinel.reports.documents import CheckReport
from sentinel.reports.rounding import rounded

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)

#: Checks whose course is told: the worst. Of more nobody looks at a drawing.
MOST: Final = 100

#: For periods up to a length: how long a step is, and how fine the roll-ups are that it is added up from. Days of the store are
#: those of UTC, so that steps of a local day are added up from hours.
_STEPS: Final = (
    (6 * _HOUR, SPAN, SPAN),
    (2 * _DAY, _HOUR / 2, _HOUR / 2),
    (8 * _DAY, 4 * _HOUR, _HOUR),
    (32 * _DAY, _DAY, _HOUR),
    (95 * _DAY, 2 * _DAY, _DAY),
)
_LONGEST: Final = (7 * _DAY, _DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseStep:
    """One step: how long the check stood how, in seconds, windows included, and the mean of its main reading."""

    at: datetime  # its beginning
    up: float
    degraded: float
    down: float
    unknown: float
    mean: float | None  # None: no value


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseLine:
    """How one check went."""

    check: str
    title: str
    step: timedelta
    steps: tuple[CourseStep, ...]


def fineness(length: timedelta, kept: timedelta) -> tuple[timedelta, timedelta]:
    """For a period of a length: how long a step is, and of which roll-ups it is made.

    Args:
        length: of the period.
        kept: how finely the store knows that time; of long ago it has hours only.
    """
    step, grain = next(((step, grain) for longest, step, grain in _STEPS if length <= longest), _LONGEST)
    return max(step, kept), max(grain, kept)


def build(
    checks: Sequence[CheckReport], pieces: Iterable[Rollup], since: datetime, until: datetime, step: timedelta
) -> tuple[CourseLine, ...]:
    """The course of some checks over a period.

    Args:
        checks: in the order in which they are told.
        pieces: their roll-ups, as fine as `fineness` says; one that reaches into the period from before counts to its first step.
        since: the beginning of the period.
        until: its end.
        step: how long a step is.
    """
    # The day on which clocks go back has an hour more: it belongs to the last step.
    number = max(round((until - since) / step), 1)
    found: dict[str, dict[int, list[Rollup]]] = defaultdict(lambda: defaultdict(list))
    for piece in pieces:
        place = (piece.start - since) // step
        found[piece.check][min(max(place, 0), number - 1)].append(piece)
    return tuple(
        CourseLine(check=check.name, title=check.title, step=step, steps=_steps(found[check.name], since, step, number))
        for check in checks
    )


def _steps(
    found: Mapping[int, Sequence[Rollup]], since: datetime, step: timedelta, number: int
) -> tuple[CourseStep, ...]:
    return tuple(_step(found.get(n, ()), since + n * step) for n in range(number))


def _step(pieces: Sequence[Rollup], at: datetime) -> CourseStep:
    count, total = sum(piece.counted for piece in pieces), sum(piece.total for piece in pieces)
    return CourseStep(
        at=at,
        up=round(sum(piece.up for piece in pieces), 3),
        degraded=round(sum(piece.degraded for piece in pieces), 3),
        down=round(sum(piece.down for piece in pieces), 3),
        unknown=round(sum(piece.unknown for piece in pieces), 3),
        mean=rounded(total / count) if count else None,
    )
