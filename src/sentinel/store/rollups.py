"""Roll-ups: sums over 5 minutes, condensed into sums over hours, and these into sums over days (UTC).

Times, counts and the sum of the main reading are added by the database. Distributions and the sums of the other readings are
merged here: neither database has a sketch that can be merged (docs/decisions/0017-roll-ups.md).
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from operator import add, attrgetter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Subquery, and_, delete, func, select, tuple_, union_all

from sentinel.core.slo import SPAN, Rollup, Sums, combine, merged_histograms, merged_readings
from sentinel.store import summing
from sentinel.store.moments import EPOCH
from sentinel.store.names import Names, Word
from sentinel.store.tables import condensed, rollups
from sentinel.store.upsert import insert_into

T = TypeVar("T")

_SECOND = timedelta(seconds=1)
_SPAN = SPAN // _SECOND
_HOUR = 3600
_DAY = 86_400
HOUR = timedelta(seconds=_HOUR)
DAY = timedelta(seconds=_DAY)

#: What a span is summed from.
_PARTS = {_HOUR: _SPAN, _DAY: _HOUR}

_COUNTS = ("up", "degraded", "down", "unknown", "samples", "failures", "unknowns", "counted")
_SUMS = (*_COUNTS, "total")
_KEY = ("span", "start", "check_id")

#: Sums of the same numbers may differ by so much, in seconds, for the order in which they were added.
_ROUNDING = 1e-3

#: Stretches of time that one statement unites: SQLite takes at most 500.
_STRETCHES = 100

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


#: The sums of `_SUMS`, in that order.
_Added = Sequence[Any]

#: Which rows cover a stretch of time: by span, the coarsest first.
_Cover = Mapping[int, Sequence[_Range]]


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
        self._reopen({key.start for key in sums if key.span == _SPAN})
        for part in _parts(list(sums), _AT_ONCE):
            self._add({key: sums[key] for key in part})

    def per_check(self, check: str, since: datetime, until: datetime, span: timedelta) -> list[Rollup]:
        """The roll-ups of one check that start in [since, until), the oldest first."""
        number = self._names.find(self._connection, Word.CHECK, check)
        if number is None:
            return []
        inside = _inside(span // _SECOND, _Range(_seconds(since), _ceil_seconds(until)))
        asked = select(rollups).where(inside, rollups.c.check_id == number).order_by(rollups.c.start)
        return [self._rollup(row) for row in self._connection.execute(asked)]

    def pieces(
        self,
        checks: Sequence[str],
        since: datetime,
        until: datetime,
        step: timedelta,
        *,
        distribution: bool = False,
        readings: bool = False,
    ) -> list[Rollup]:
        """What some checks did in [since, until), in pieces of at most `step`, the oldest first.

        With a `step` of an hour or more hourly rows are read as far as hours were condensed, and with one of a day or more
        those of days. Asked for neither a distribution nor readings, the database sums pieces over whole steps, counted from
        the epoch; otherwise they come as they are stored (`core.slo.stepped` sums those of one check).

        Args:
            checks: at most a few hundred.
            since: a multiple of 5 minutes, as is `until`.
            until: the end, excluded.
            step: a multiple of 5 minutes; with an hour or more a multiple of an hour, with a day or more of a day.
            distribution: whether the distribution of the main reading is wanted, which takes more time.
            readings: whether the sums of every reading are wanted, each with its unit; takes more time, too.
        """
        numbers = self._numbers(checks)
        cover = self._cover([_range(since, until)], step // _SECOND)
        if distribution or readings:
            columns = [*_KEY, *_SUMS, *(["histogram"] if distribution else []), *(["readings"] if readings else [])]
            read = partial(self._each, columns=columns)
        else:
            read = partial(self._steps, step=step // _SECOND)
        pieces = [piece for span, ranges in cover.items() for piece in read(numbers, span, ranges)]
        return sorted(pieces if distribution or readings else _joined(pieces), key=attrgetter("start"))

    def summed(self, since: datetime, until: datetime, checks: Sequence[str] | None = None) -> dict[str, Rollup]:
        """One roll-up per check over all that starts in [since, until), by name, without its readings.

        Days and hours that lie wholly inside come from rows of their span as far as they were condensed, the rest from
        5-minute rows. Of a few `checks` only, a day takes milliseconds; of all, some tenths of a second for each thousand.
        """
        return self.summed_over([(since, until)], checks)

    def summed_over(
        self,
        stretches: Sequence[tuple[datetime, datetime]],
        checks: Sequence[str] | None = None,
        *,
        distribution: bool = True,
    ) -> dict[str, Rollup]:
        """The same over several stretches at once, in few statements however many there are.

        Args:
            stretches: in order; no two of them overlap.
            checks: None: all.
            distribution: whether that of the main reading is wanted; without it, it takes much less time.
        """
        if not stretches:
            return {}
        cover = self._cover([_range(*one) for one in stretches], _DAY)
        numbers = None if checks is None else self._numbers(checks)
        histograms = self._histograms(cover, numbers) if distribution else {}
        span = sum((until - since for since, until in stretches), timedelta(0))
        wholes = (
            self._whole(number, stretches[0][0], span, sums, histograms.get(number, b""))
            for number, sums in self._sums(cover, numbers).items()
        )
        return {whole.check: whole for whole in wholes}

    def at(self, starts: Iterable[datetime], span: timedelta, checks: Sequence[str]) -> list[Rollup]:
        """What some checks did in the spans that start at these moments, without distributions and readings.

        Of one check and span there may be several parts, where an hour was not condensed.
        """
        numbers, length = self._numbers(checks), span // _SECOND
        cover = self._cover([_Range(_seconds(one), _seconds(one) + length) for one in sorted(starts)], length)
        return [one for part, ranges in cover.items() for one in self._steps(numbers, part, ranges, length)]

    def earliest(self, span: timedelta | None = None) -> datetime | None:
        """The start of the first roll-up that is kept, of a span or of any; None when there is none."""
        spans = (_SPAN, _HOUR, _DAY) if span is None else (span // _SECOND,)
        # One by one: the index leads to the first of each, and a minimum over all spans would read the whole table.
        firsts = (
            self._connection.execute(select(func.min(rollups.c.start)).where(rollups.c.span == one)).scalar_one()
            for one in spans
        )
        found = [first for first in firsts if first is not None]
        return EPOCH + min(found) * _SECOND if found else None

    def condense(self, start: datetime, span: timedelta = HOUR, limit: int = 2000) -> int:
        """Sum 5-minute rows into those of an hour, or hourly rows into those of a day, of at most `limit` checks.

        It may be called again, to go on or when more has come: only what differs is written. The hour or day counts as condensed
        once nothing is left to do. Answers how many rows were written.
        """
        first, length = _seconds(start), span // _SECOND
        parts = {_PARTS[length]: [_Range(first, first + length)]}
        sums, kept = self._sums(parts), self._sums({length: [_Range(first, first + 1)]})
        due = [number for number, row in sums.items() if number not in kept or _outgrown(kept[number], row)][:limit]
        whole: dict[_Key, Rollup] = {}
        for some in _parts(due, _AT_ONCE):
            histograms, readings = self._histograms(parts, some), self._readings(parts, some)
            for n in some:
                row = self._whole(n, start, span, sums[n], histograms.get(n, b""), readings.get(n))
                whole[_Key(length, first, n)] = row
        self._put(whole)
        if len(due) < limit:
            done = insert_into(self._connection, condensed).values(span=length, start=first)
            self._connection.execute(done.on_conflict_do_nothing())
        return len(due)

    def uncondensed(self, since: datetime, until: datetime, span: timedelta = HOUR) -> list[datetime]:
        """The whole hours or days in [since, until) that were not condensed, or got more since; the oldest first."""
        length = span // _SECOND
        first, end = -(-_seconds(since) // length) * length, _seconds(until) // length * length
        done = set(self._condensed(length, first, end))
        return [EPOCH + start * _SECOND for start in range(first, end, length) if start not in done]

    def purge(self, span: timedelta, before: datetime, limit: int) -> int:
        """Delete at most `limit` roll-ups of a span that start before a moment, the oldest first; answers how many."""
        seconds = span // _SECOND
        key = tuple_(rollups.c.start, rollups.c.check_id)
        old = select(rollups.c.start, rollups.c.check_id).where(_inside(seconds, _Range(0, _seconds(before))))
        chosen = old.order_by(rollups.c.start, rollups.c.check_id).limit(limit)
        gone = self._connection.execute(delete(rollups).where(rollups.c.span == seconds, key.in_(chosen))).rowcount
        marks = and_(condensed.c.span == seconds, condensed.c.start < _seconds(before))
        self._connection.execute(delete(condensed).where(marks))
        return gone

    def forget(self, since: datetime, checks: Sequence[str]) -> None:
        """Drop the 5-minute rows of checks that start at or after a moment: they are about to be made again from the results."""
        start = _seconds(since)
        for some in _parts(self._numbers(checks), _AT_ONCE):
            gone = and_(rollups.c.span == _SPAN, rollups.c.start >= start, rollups.c.check_id.in_(some))
            self._connection.execute(delete(rollups).where(gone))
        self._reopen({start, start + _HOUR})

    # --- Writing ----------------------------------------------------------------------------------------------------

    def _reopen(self, starts: set[int]) -> None:
        """What comes late makes the row of its hour and day incomplete: until these are summed again, finer rows are asked."""
        for span in _PARTS:
            for part in _parts(sorted({start // span * span for start in starts}), _AT_ONCE):
                marks = and_(condensed.c.span == span, condensed.c.start.in_(part))
                self._connection.execute(delete(condensed).where(marks))

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
        columns = (*_SUMS, "histogram", "readings")
        put = put.on_conflict_do_update(index_elements=_KEY, set_={name: put.excluded[name] for name in columns})
        rows = [
            {**key._asdict(), **{name: getattr(one, name) for name in columns}, "readings": self._packed(one.readings)}
            for key, one in sorted(sums.items())
        ]
        self._connection.execute(put, rows)

    def _packed(self, readings: Mapping[str, Sums]) -> bytes | None:
        if not readings:
            return None
        number = self._names.number(self._connection, Word.SUMS, summing.shape(readings))
        return summing.pack(number, readings)

    def _key(self, rollup: Rollup) -> _Key:
        number = self._names.number(self._connection, Word.CHECK, rollup.check)
        return _Key(rollup.span // _SECOND, _seconds(rollup.start), number)

    # --- Reading ----------------------------------------------------------------------------------------------------

    def _numbers(self, checks: Iterable[str]) -> Sequence[int]:
        """Those of checks that have any."""
        found = (self._names.find(self._connection, Word.CHECK, check) for check in checks)
        return [number for number in found if number is not None]

    def _cover(self, stretches: Sequence[_Range], step: int) -> _Cover:
        """How stretches of time are covered: by rows of days and hours where these may be used, by 5-minute rows for the rest."""
        cover: dict[int, Sequence[_Range]] = {}
        rest = list(stretches)
        for span in (_DAY, _HOUR):
            if span <= step:
                done = self._condensed_in(span, rest)
                both = [_divided(span, one, done) for one in rest]
                cover[span] = [one for wholes, _ in both for one in wholes]
                rest = [one for _, left in both for one in left]
        return {**cover, _SPAN: rest}

    def _condensed_in(self, span: int, stretches: Sequence[_Range]) -> Sequence[int]:
        """The starts of what was condensed into rows of a span, from the first of these stretches to the last, in order."""
        wholes = [whole for one in stretches if (whole := _whole_of(span, one)).start < whole.end]
        if not wholes:
            return ()
        return self._condensed(span, min(one.start for one in wholes), max(one.end for one in wholes))

    def _condensed(self, span: int, first: int, end: int) -> Sequence[int]:
        among = and_(condensed.c.span == span, condensed.c.start >= first, condensed.c.start < end)
        asked = select(condensed.c.start).where(among).order_by(condensed.c.start)
        return self._connection.execute(asked).scalars().all()

    def _sums(self, cover: _Cover, numbers: Sequence[int] | None = None) -> dict[int, _Added]:
        """By number of the check: the sums of the columns in `_SUMS`."""
        found: dict[int, _Added] = {}
        for rows in _rows(cover, _SUMS, numbers):
            columns = [func.sum(rows.c[name]) for name in _SUMS]
            for number, *sums in self._connection.execute(select(rows.c.check_id, *columns).group_by(rows.c.check_id)):
                found[number] = [*map(add, found[number], sums)] if number in found else sums
        return found

    def _histograms(self, cover: _Cover, numbers: Sequence[int] | None = None) -> dict[int, bytes]:
        """By number of the check: the distribution over all these rows."""
        found: dict[int, list[bytes]] = defaultdict(list)
        for rows in _rows(cover, ["histogram"], numbers):
            for number, histogram in self._connection.execute(select(rows.c.check_id, rows.c.histogram)).all():
                found[number].append(histogram)
        return {number: merged_histograms(parts) for number, parts in found.items()}

    def _readings(self, cover: _Cover, numbers: Sequence[int]) -> dict[int, dict[str, Sums]]:
        """By number of the check: the sums of every reading over all these rows."""
        found: dict[int, list[Mapping[str, Sums]]] = defaultdict(list)
        for rows in _rows(cover, ["start", "readings"], numbers):
            asked = select(rows.c.check_id, rows.c.readings).where(rows.c.readings.is_not(None)).order_by(rows.c.start)
            for number, packed in self._connection.execute(asked).all():
                found[number].append(self._unpacked(packed))
        return {number: merged_readings(parts) for number, parts in found.items()}

    def _unpacked(self, packed: bytes | None) -> Mapping[str, Sums]:
        if not packed:
            return {}
        number, place = summing.shape_of(packed)
        return summing.unpack(self._names.word(self._connection, number), packed, place)

    def _each(
        self, numbers: Sequence[int], span: int, ranges: Sequence[_Range], columns: Sequence[str]
    ) -> Iterator[Rollup]:
        asked = select(*(rollups.c[name] for name in columns))
        for inside in _starts(numbers, span, ranges):
            yield from (self._rollup(row) for row in self._connection.execute(asked.where(inside)).all())

    def _steps(self, numbers: Sequence[int], span: int, ranges: Sequence[_Range], step: int) -> Iterator[Rollup]:
        at = (rollups.c.start - rollups.c.start % step).label("at")
        columns = [func.sum(rollups.c[name]).label(name) for name in _SUMS]
        length = step * _SECOND
        for inside in _starts(numbers, span, ranges):
            asked = select(rollups.c.check_id, at, *columns).where(inside).group_by(rollups.c.check_id, at)
            for number, start, *sums in self._connection.execute(asked).all():
                yield self._whole(number, EPOCH + start * _SECOND, length, sums)

    def _rollup(self, row: Row[Any]) -> Rollup:
        """The row as a value, with what was asked for of its distribution and readings."""
        asked = row._mapping
        sums = [asked[name] for name in _SUMS]
        histogram, readings = asked.get("histogram", b""), self._unpacked(asked.get("readings"))
        return self._whole(row.check_id, EPOCH + row.start * _SECOND, row.span * _SECOND, sums, histogram, readings)

    def _whole(
        self,
        number: int,
        start: datetime,
        span: timedelta,
        sums: _Added,
        histogram: bytes = b"",
        readings: Mapping[str, Sums] | None = None,
    ) -> Rollup:
        return Rollup(
            check=self._names.word(self._connection, number),
            start=start,
            span=span,
            **dict(zip(_SUMS, sums, strict=True)),
            histogram=bytes(histogram),
            readings=readings or {},
        )


def _range(since: datetime, until: datetime) -> _Range:
    return _Range(_seconds(since), _ceil_seconds(until))


def _whole_of(span: int, stretch: _Range) -> _Range:
    """What of a stretch whole rows of a span can cover; it ends before it starts where none can."""
    return _Range(-(-stretch.start // span) * span, stretch.end // span * span)


def _divided(span: int, stretch: _Range, done: Sequence[int]) -> tuple[list[_Range], list[_Range]]:
    """What of a stretch of time was condensed into rows of a span, and what was not.

    Args:
        span: in seconds.
        stretch: that is divided.
        done: the starts of what was condensed, in order.
    """
    wholes: list[_Range] = []
    rest: list[_Range] = []
    covered, whole = stretch.start, _whole_of(span, stretch)
    for start in done[bisect_left(done, whole.start) : bisect_left(done, whole.end)]:
        if start > covered:
            rest.append(_Range(covered, start))
        if wholes and wholes[-1].end == start:
            wholes[-1] = _Range(wholes[-1].start, start + span)
        else:
            wholes.append(_Range(start, start + span))
        covered = start + span
    return wholes, [*rest, _Range(covered, stretch.end)] if covered < stretch.end else rest


def _rows(cover: _Cover, columns: Sequence[str], numbers: Sequence[int] | None = None) -> Iterator[Subquery]:
    """The rows of a cover, of all checks or of those with these numbers, some at a time.

    Each stretch of time is a query of its own within a union: of conditions that are joined by OR, SQLite looks through every
    row that has the span.
    """
    wanted = [rollups.c[name] for name in dict.fromkeys(("check_id", *columns))]
    if numbers is not None:
        for span, ranges in cover.items():
            yield from (select(*wanted).where(inside).subquery() for inside in _starts(numbers, span, ranges))
        return
    stretches = [(span, one) for span, ranges in cover.items() for one in ranges]
    for part in _parts(stretches, _STRETCHES):
        yield union_all(*(select(*wanted).where(_inside(span, one)) for span, one in part)).subquery()


def _inside(span: int, among: _Range) -> ColumnElement[bool]:
    """Rows of a span that start in the range."""
    return and_(rollups.c.span == span, rollups.c.start >= among.start, rollups.c.start < among.end)


def _starts(numbers: Sequence[int], span: int, ranges: Sequence[_Range]) -> Iterator[ColumnElement[bool]]:
    """Conditions that name every key, so that a few checks are found among many without reading these."""
    starts = [start for r in ranges for start in range(-(-r.start // span) * span, r.end, span)]
    for part in _parts(starts, _AT_ONCE):
        yield and_(rollups.c.span == span, rollups.c.start.in_(part), rollups.c.check_id.in_(numbers))


def _joined(pieces: Iterable[Rollup]) -> Iterable[Rollup]:
    """One piece for each check and start: a step may have one part of hourly rows and one of others."""
    found: dict[tuple[str, datetime], Rollup] = {}
    for piece in pieces:
        place = (piece.check, piece.start)
        found[place] = combine(found[place], piece) if place in found else piece
    return found.values()


def _outgrown(kept: _Added, parts: _Added) -> bool:
    """Whether the parts say more than what was kept of them. Where parts were purged already, they say less."""
    both = dict(zip(_SUMS, zip(kept, parts, strict=True), strict=True))
    more = any(abs(after - before) > _ROUNDING for before, after in (both[name] for name in _COUNTS))
    before, after = both["samples"]
    return more and after >= before


def _seconds(at: datetime) -> int:
    return (at - EPOCH) // _SECOND


def _ceil_seconds(at: datetime) -> int:
    return -((EPOCH - at) // _SECOND)


def _parts(items: Sequence[T], size: int) -> Iterable[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
