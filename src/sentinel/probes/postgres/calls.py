"""What statements took since the last look, from the sums that pg_stat_statements keeps."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sentinel.core.result import Note

RANKED: Final = 200  # statements that are looked at: so many by all of their time, and as many by their mean
KEPT: Final = 2 * RANKED


class Sums(NamedTuple):
    """One statement since the server began to count."""

    query: str  # the queryid
    calls: int
    seconds: float  # all calls together


class Spent(NamedTuple):
    """One statement since the last look."""

    query: str
    calls: int
    mean: float  # seconds for one call


def since(sums: Sequence[Sums], note: Note, epoch: str) -> list[Spent]:
    """What each statement took since the note was made; since the server began to count where there is no note.

    Args:
        note: what `noted` made of the last look.
        epoch: when the server's counting began. Another one than in the note: all sums began again at zero.
    """
    before = _read(note) if note.get("epoch") == epoch else {}
    whole = len(before) < RANKED  # the server had no more
    return [spent for one in sums if (spent := _spent(one, before.get(one.query), known=whole))]


def _spent(now: Sums, before: tuple[int, float] | None, *, known: bool) -> Spent | None:
    """`known`: a statement that was not there before is a new one, and not one that was left out of a full note."""
    if before is None:
        calls, seconds = (now.calls, now.seconds) if known else (0, 0.0)
    else:
        calls, seconds = now.calls - before[0], now.seconds - before[1]
        if calls < 0:  # the server had thrown it out, and counts it anew
            calls, seconds = now.calls, now.seconds
    return Spent(now.query, calls, max(seconds, 0.0) / calls) if calls > 0 else None


def noted(sums: Sequence[Sums], epoch: str) -> Note:
    """What the next look needs to know."""
    return {"epoch": epoch, "sums": {one.query: [one.calls, round(one.seconds, 3)] for one in sums[:KEPT]}}


def _read(note: Note) -> Mapping[str, tuple[int, float]]:
    """The noted sums; none of a note of another shape."""
    sums: Any = note.get("sums")
    try:
        return {str(query): (int(calls), float(seconds)) for query, (calls, seconds) in sums.items()}
    except (AttributeError, TypeError, ValueError):
        return {}
