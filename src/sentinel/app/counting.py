"""Uptime as every face counts it: by time, outside of windows. Everything here runs on a thread of the store."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from sentinel.core.check import Check
from sentinel.core.planned import Piece, Stretch, outside, pieces, without
from sentinel.core.slo import SPAN, Rollup, span_start
from sentinel.store.database import Transaction

DAY: Final = timedelta(days=1)

#: Of more checks than these, the sums of all are read.
FEW: Final = 500

#: Occurrences of windows that one answer heeds, the latest: five a day for a year.
MOST_HELD: Final = 2_000


def counted(tx: Transaction, checks: Sequence[Check], since: datetime, until: datetime) -> dict[str, Rollup]:
    """What checks did in a period, by name, without what lies in windows.

    Args:
        tx: all of it is seen as it is at one moment.
        checks: of a few, only these are read.
        since: a multiple of 5 minutes, as is `until`.
        until: the end, excluded.
    """
    names = [check.name for check in checks] if len(checks) <= FEW else None
    found = tx.rollups.summed(since, until, names)
    return outside(found, tx.aggregates.taken(in_windows(tx, checks, Stretch(since, until))))


def last_day(tx: Transaction, checks: Sequence[Check], now: datetime) -> dict[str, Rollup]:
    """The same of the last 24 hours."""
    return counted(tx, checks, span_start(now - DAY), span_end(now))


def by_day(tx: Transaction, checks: Sequence[Check], since: datetime, until: datetime) -> Iterator[Rollup]:
    """What checks did on each day (UTC) of a period that begins with one, without what lies in windows and distributions."""
    held = tx.windows.between(since, until, MOST_HELD)
    taken: dict[tuple[str, datetime], Rollup] = {}
    day = since
    while held and day < until:
        inside = pieces(held, checks, Stretch(day, min(day + DAY, until)))
        for name, part in tx.aggregates.taken(inside, distribution=False).items():
            taken[name, day] = part
        day += DAY
    for piece in tx.rollups.pieces([check.name for check in checks], since, until, DAY):
        away = taken.get((piece.check, piece.start))
        yield piece if away is None else without(piece, [away])


def in_windows(tx: Transaction, checks: Sequence[Check], period: Stretch) -> list[Piece]:
    """What windows take of a period."""
    return pieces(tx.windows.between(*period, MOST_HELD), checks, period)


def span_end(now: datetime) -> datetime:
    """The end of the span that a moment lies in."""
    return span_start(now) + SPAN
