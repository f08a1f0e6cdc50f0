"""Planned downtime: which parts of a period lie in windows, for which checks, and what is left of roll-ups without them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from sentinel.core.check import Check
from sentinel.core.histogram import Histogram
from sentinel.core.holding import Held, covered
from sentinel.core.matcher import Matcher
from sentinel.core.slo import Rollup


class Stretch(NamedTuple):
    """From one moment up to, and without, another."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since

    def has(self, at: datetime | None) -> bool:
        """Whether a moment lies in it; None lies in none."""
        return at is not None and self.since <= at < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of one occurrence of a window that no earlier one has taken for these checks."""

    held: Held
    stretch: Stretch
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A piece, and what the roll-ups say of it."""

    piece: Piece
    rollups: Mapping[str, Rollup]  # by check; one of which nothing is known is not in it


def pieces(held: Iterable[Held], checks: Sequence[Check], period: Stretch) -> list[Piece]:
    """What windows take of a period, the earliest first. Where windows overlap, the one that began first has it.

    Args:
        held: occurrences; those that were called off take nothing.
        checks: that are asked about.
        period: nothing outside of it counts.
    """
    # By check, up to when windows have taken it: in this order none begins before one that was looked at.
    taken: dict[str, datetime] = {}
    covers: dict[Matcher, list[str]] = {}
    found: list[Piece] = []
    for one in sorted(held, key=lambda held: (held.starts_at, held.window)):
        whole = Stretch(max(one.starts_at, period.since), min(one.ends_at, period.until))
        if one.is_called_off or whole.since >= whole.until:
            continue
        if one.matcher not in covers:
            covers[one.matcher] = [check.name for check in covered(one, checks)]
        starts = ((max(whole.since, taken.get(name, whole.since)), name) for name in covers[one.matcher])
        free = sorted((since, name) for since, name in starts if since < whole.until)
        for since, group in groupby(free, key=itemgetter(0)):
            names = tuple(name for _, name in group)
            found.append(Piece(held=one, stretch=Stretch(since, whole.until), checks=names))
        taken.update((name, whole.until) for _, name in free)
    return found


def without(whole: Rollup, parts: Iterable[Rollup]) -> Rollup:
    """A roll-up without what some of its time says. Never less than nothing, whatever rounding did."""
    histogram = Histogram.decode(whole.histogram)
    numbers = {name: getattr(whole, name) for name in _SUMS}
    total = whole.total
    for part in parts:
        histogram.exclude(Histogram.decode(part.histogram))
        total -= part.total
        numbers = {name: max(0, numbers[name] - getattr(part, name)) for name in _SUMS}
    return replace(whole, **numbers, total=total, histogram=histogram.encode())


def outside(wholes: Mapping[str, Rollup], taken: Mapping[str, Rollup]) -> dict[str, Rollup]:
    """Roll-ups by check without what windows took of each."""
    return {name: without(whole, [taken[name]]) if name in taken else whole for name, whole in wholes.items()}


def share_of(rollup: Rollup, share: float) -> Rollup:
    """The time of a part of a roll-up's span, as if everything in it were spread evenly. Counts and values are left out."""
    times = {name: getattr(rollup, name) * share for name in _TIMES}
    return replace(rollup, **times, samples=0, failures=0, unknowns=0, counted=0, total=0.0, histogram=b"", readings={})


_TIMES = ("up", "degraded", "down", "unknown")
_SUMS = (*_TIMES, "samples", "failures", "unknowns", "counted")
