"""Roll-ups: sums over 5 minutes, condensed into sums over hours."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, false, func, or_, select, tuple_

from sentinel.core.histogram import Histogram
from sentinel.core.slo import SPAN, Rollup, combine
from sentinel.store.moments import EPOCH
from sentinel.store.names import Names, Word
from sentinel.store.tables import condensed, rollups
from sentinel.store.upsert import insert_into

T = TypeVar("T")

_SECOND = timedelta(seconds=1)
_SPAN = SPAN // _SECOND
_HOUR = 3600
HOUR = timedelta(seconds=_HOUR)

_SUMS = ("up", "degraded", "down", "unknown", "samples", "failures", "unknowns")

#: Sums of the same numbers may differ by so much, in seconds, for the order in which they were added.
_ROUNDING = 1e-3

#: Rows that one statement asks for by key: SQLite takes at most 32,766 variables.
_AT_ONCE = 500


class _Key(NamedTuple):
    span: int
    start: int
    check_id: int


class _Range(NamedTuple):
    """Seconds since the epoch, the end excluded."""

    start: int
    end: int


class Rollups:
    """The table of roll-ups, within one transaction."""

    def __init__(self, connection: Connection, names: Names, known: Iterable[Rollup] = ()) -> None:
        self._connection = connection
        self._names = names
        self._known = list(known)  # that an earlier transaction has added, although its commit seemed to fail
        self.added: list[Rollup] = []

    def add(self, items: Iterable[Rollup]) -> None:
        """Add to what is there of the same check, start and span: a restart within a span brings its two parts."""
        sums: dict[_Key, Rollup] = {}
        for item in items:
            self.added.append(item)
            if item in self._known:
                self._known.remove(item)
                continue
            key = self._key(item)
            sums[key] = combine(sums[key], item) if key in sums else item
        self._reopen({key.start // _HOUR * _HOUR for key in sums if key.span == _SPAN})
        for part in _parts(list(sums), _AT_ONCE):
            self._add({key: sums[key] for key in part})

    def per_check(self, check: str, since: datetime, until: datetime, span: timedelta) -> list[Rollup]:
        """The roll-ups of one check that start in [since, until), the oldest first."""
        number = self._names.find(self._connection, Word.CHECK, check)
        if number is None:
            return []
        inside = _inside(span // _SECOND, [_Range(_seconds(since), _ceil_seconds(until))])
        asked = select(rollups).where(inside, rollups.c.check_id == number).order_by(rollups.c.start)
        return [self._rollup(row) for row in self._connection.execute(asked)]

    def pieces(
        self, checks: Sequence[str], since: datetime, until: datetime, step: timedelta, *, distribution: bool
    ) -> list[Rollup]:
        """What some checks did in [since, until), in pieces of at most `step` or an hour, the oldest first.

        Args:
            checks: at most a few hundred.
            since: a multiple of 5 minutes, as is `until`.
            until: the end, excluded.
            step: with an hour or more, hourly rows are read as far as they were condensed.
            distribution: whether the distribution of the main reading is wanted, which takes more time. Without it, pieces are
                sums over `step`.
        """
        words = ((self._names.find(self._connection, Word.CHECK, check), check) for check in checks)
        names = {number: check for number, check in words if number is not None}
        whole = [_Range(_seconds(since), _ceil_seconds(until))]
        hours, rest = self._ranges(*whole[0]) if step >= HOUR else ([], whole)
        read = self._each if distribution else partial(self._steps, step=step // _SECOND)
        pieces = [*read(names, _HOUR, hours), *read(names, _SPAN, rest)]
        return sorted(pieces, key=attrgetter("start"))

    def summed(self, since: datetime, until: datetime) -> dict[str, Rollup]:
        """One roll-up per check over all that starts in [since, until), by name.

        Hours that lie wholly inside come from hourly rows as far as they were condensed, the rest from 5-minute rows.
        """
        hours, rest = self._ranges(_seconds(since), _ceil_seconds(until))
        inside = or_(_inside(_HOUR, hours), _inside(_SPAN, rest))
        histograms = self._histograms(inside)
        wholes = (
            self._whole(row, since, until - since, histograms.get(number, b""))
            for number, row in self._sums(inside).items()
        )
        return {whole.check: whole for whole in wholes}

    def earliest(self) -> datetime | None:
        """The start of the first roll-up that is kept; None when there is none."""
        first = self._connection.execute(select(func.min(rollups.c.start))).scalar_one()
        return None if first is None else EPOCH + first * _SECOND

    def condense(self, hour_start: datetime, limit: int = 2000) -> int:
        """Sum an hour's 5-minute rows into hourly ones, of at most `limit` checks; answers how many were written.

        It may be called again, to go on or when more has come: only what differs is written. The hour counts as condensed
        once nothing is left to do.
        """
        start = _seconds(hour_start)
        parts = _inside(_SPAN, [_Range(start, start + _HOUR)])
        sums, kept = self._sums(parts), self._sums(_at(_HOUR, start))
        due = [number for number, row in sums.items() if number not in kept or _outgrown(kept[number], row)][:limit]
        histograms: dict[int, bytes] = {}
        for some in _parts(due, _AT_ONCE):
            histograms |= self._histograms(and_(parts, rollups.c.check_id.in_(some)))
        self._put({_Key(_HOUR, start, n): self._whole(sums[n], hour_start, HOUR, histograms.get(n, b"")) for n in due})
        if len(due) < limit:
            done = insert_into(self._connection, condensed).values(start=start)
            self._connection.execute(done.on_conflict_do_nothing())
        return len(due)

    def uncondensed(self, since: datetime, until: datetime) -> list[datetime]:
        """The whole hours in [since, until) that were not condensed, or got more since; the oldest first."""
        first, end = -(-_seconds(since) // _HOUR) * _HOUR, _seconds(until) // _HOUR * _HOUR
        asked = select(condensed.c.start).where(condensed.c.start >= first, condensed.c.start < end)
        done = set(self._connection.execute(asked).scalars())
        return [EPOCH + start * _SECOND for start in range(first, end, _HOUR) if start not in done]

    def purge(self, span: timedelta, before: datetime, limit: int) -> int:
        """Delete at most `limit` roll-ups of a span that start before a moment, the oldest first; answers how many."""
        seconds = span // _SECOND
        key = tuple_(rollups.c.start, rollups.c.check_id)
        old = select(rollups.c.start, rollups.c.check_id).where(_inside(seconds, [_Range(0, _seconds(before))]))
        chosen = old.order_by(rollups.c.start, rollups.c.check_id).limit(limit)
        gone = self._connection.execute(delete(rollups).where(rollups.c.span == seconds, key.in_(chosen))).rowcount
        if seconds == _HOUR:
            self._connection.execute(delete(condensed).where(condensed.c.start < _seconds(before)))
        return gone

    def forget(self, since: datetime) -> None:
        """Drop the 5-minute rows that start at or after a moment: they are about to be made again from the results."""
        start = _seconds(since)
        self._connection.execute(delete(rollups).where(rollups.c.span == _SPAN, rollups.c.start >= start))
        self._reopen({start // _HOUR * _HOUR, (start // _HOUR + 1) * _HOUR})

    # --- Writing ----------------------------------------------------------------------------------------------------

    def _reopen(self, hours: set[int]) -> None:
        """What comes late makes an hourly row incomplete: until it is summed again, the 5-minute rows are asked."""
        for part in _parts(sorted(hours), _AT_ONCE):
            self._connection.execute(delete(condensed).where(condensed.c.start.in_(part)))

    def _add(self, sums: dict[_Key, Rollup]) -> None:
        asked = select(rollups).where(tuple_(rollups.c.span, rollups.c.start, rollups.c.check_id).in_(list(sums)))
        for row in self._connection.execute(asked).all():
            key = _Key(row.span, row.start, row.check_id)
            sums[key] = combine(self._rollup(row), sums[key])
        self._put(sums)

    def _put(self, sums: dict[_Key, Rollup]) -> None:
        """Write these rows, in place of what is there under their keys."""
        if not sums:
            return
        put = insert_into(self._connection, rollups)
        columns = (*_SUMS, "histogram")
        put = put.on_conflict_do_update(
            index_elements=["span", "start", "check_id"], set_={name: put.excluded[name] for name in columns}
        )
        rows = [{**key._asdict(), **{name: getattr(sums[key], name) for name in columns}} for key in sorted(sums)]
        self._connection.execute(put, rows)

    def _key(self, rollup: Rollup) -> _Key:
        number = self._names.number(self._connection, Word.CHECK, rollup.check)
        return _Key(rollup.span // _SECOND, _seconds(rollup.start), number)

    # --- Reading ----------------------------------------------------------------------------------------------------

    def _ranges(self, since: int, until: int) -> tuple[list[_Range], list[_Range]]:
        """How a stretch of time is covered: by hourly rows, and by 5-minute rows for the rest."""
        first, end = -(-since // _HOUR) * _HOUR, until // _HOUR * _HOUR
        asked = select(condensed.c.start).where(condensed.c.start >= first, condensed.c.start < end)
        hours: list[_Range] = []
        rest: list[_Range] = []
        covered = since
        for start in self._connection.execute(asked.order_by(condensed.c.start)).scalars():
            if start > covered:
                rest.append(_Range(covered, start))
            if hours and hours[-1].end == start:
                hours[-1] = _Range(hours[-1].start, start + _HOUR)
            else:
                hours.append(_Range(start, start + _HOUR))
            covered = start + _HOUR
        return hours, [*rest, _Range(covered, until)] if covered < until else rest

    def _sums(self, inside: ColumnElement[bool]) -> dict[int, Row[Any]]:
        """By number of the check: the sums of all columns but the histogram."""
        columns = [func.sum(rollups.c[name]).label(name) for name in _SUMS]
        asked = select(rollups.c.check_id, *columns).where(inside).group_by(rollups.c.check_id)
        return {row.check_id: row for row in self._connection.execute(asked)}

    def _histograms(self, inside: ColumnElement[bool]) -> dict[int, bytes]:
        whole: dict[int, Histogram] = defaultdict(Histogram)
        asked = select(rollups.c.check_id, rollups.c.histogram).where(inside)
        for number, histogram in self._connection.execute(asked):
            whole[number].include(Histogram.decode(bytes(histogram)))
        return {number: histogram.encode() for number, histogram in whole.items()}

    def _each(self, names: Mapping[int, str], span: int, ranges: Sequence[_Range]) -> Iterator[Rollup]:
        for inside in _starts(names, span, ranges):
            yield from (self._rollup(row) for row in self._connection.execute(select(rollups).where(inside)))

    def _steps(self, names: Mapping[int, str], span: int, ranges: Sequence[_Range], step: int) -> Iterator[Rollup]:
        at = (rollups.c.start - rollups.c.start % step).label("at")
        columns = [func.sum(rollups.c[name]).label(name) for name in _SUMS]
        for inside in _starts(names, span, ranges):
            asked = select(rollups.c.check_id, at, *columns).where(inside).group_by(rollups.c.check_id, at)
            for row in self._connection.execute(asked):
                sums = {name: row._mapping[name] for name in _SUMS}
                yield Rollup(check=names[row.check_id], start=EPOCH + row.at * _SECOND, span=step * _SECOND, **sums)

    def _rollup(self, row: Row[Any]) -> Rollup:
        return self._whole(row, EPOCH + row.start * _SECOND, row.span * _SECOND, bytes(row.histogram))

    def _whole(self, row: Row[Any], start: datetime, span: timedelta, histogram: bytes) -> Rollup:
        return Rollup(
            check=self._names.word(self._connection, row.check_id),
            start=start,
            span=span,
            **{name: row._mapping[name] for name in _SUMS},
            histogram=histogram,
        )


def _inside(span: int, ranges: Sequence[_Range]) -> ColumnElement[bool]:
    """Rows of a span that start in one of the ranges."""
    within = or_(false(), *(and_(rollups.c.start >= r.start, rollups.c.start < r.end) for r in ranges))
    return and_(rollups.c.span == span, within)


def _starts(names: Mapping[int, str], span: int, ranges: Sequence[_Range]) -> Iterator[ColumnElement[bool]]:
    """Conditions that name every key, so that a few checks are found among many without reading these."""
    starts = [start for r in ranges for start in range(-(-r.start // span) * span, r.end, span)]
    for part in _parts(starts, _AT_ONCE):
        yield and_(rollups.c.span == span, rollups.c.start.in_(part), rollups.c.check_id.in_(list(names)))


def _at(span: int, start: int) -> ColumnElement[bool]:
    return and_(rollups.c.span == span, rollups.c.start == start)


def _outgrown(kept: Row[Any], parts: Row[Any]) -> bool:
    """Whether the parts say more than what was kept of them. Where parts were purged already, they say less."""
    more = any(abs(parts._mapping[name] - kept._mapping[name]) > _ROUNDING for name in _SUMS)
    return more and bool(parts.samples >= kept.samples)


def _seconds(at: datetime) -> int:
    return (at - EPOCH) // _SECOND


def _ceil_seconds(at: datetime) -> int:
    return -((EPOCH - at) // _SECOND)


def _parts(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
