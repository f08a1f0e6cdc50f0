"""Results, in the order of time.

The key of a row is its slot: milliseconds since 1970, times 2^20, plus the number of the check. So the rows of one commit
lie side by side at the end of the table, whatever checks they are of, and few pages are written
(docs/decisions/0005-results-by-time.md). Times are kept to the millisecond.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, and_, delete, func, select

from sentinel.core.result import HINTS, FailureClass, Measurement, Outcome, Result
from sentinel.core.rule import Severity
from sentinel.store import partitions
from sentinel.store.codec import Unreadable, readable, storable
from sentinel.store.moments import CHECK_BITS, EPOCH, first_slot
from sentinel.store.names import Names, Word
from sentinel.store.packing import pack, unpack
from sentinel.store.tables import latest, results
from sentinel.store.upsert import insert_into

_CHECK = (1 << CHECK_BITS) - 1
_MILLISECOND = timedelta(milliseconds=1)
_LONGEST = (1 << 31) - 1  # milliseconds; a clock that was set anew while a probe ran can make it look longer

#: A check's place in `latest` is written again after so long, so that it costs hardly anything.
_PLACE_EVERY = timedelta(minutes=10) // _MILLISECOND << CHECK_BITS

_Stored = tuple[int, int, int, int, int, bytes, str | None, str | None]
_COLUMNS = ", ".join(column.name for column in results.columns)


class Results:
    """The table of results, within one transaction."""

    def __init__(self, connection: Connection, names: Names) -> None:
        self._connection = connection
        self._names = names

    def add(self, items: Sequence[tuple[Result, Severity]]) -> None:
        """Keep results with the severity of their verdicts. One that is there already (same check and slot) stays."""
        if not items:
            return
        rows: dict[int, _Stored] = {}
        for result, severity in items:
            row = self._stored(result, severity)
            rows.setdefault(row[0], row)
        ordered = sorted(rows.values(), key=itemgetter(0))
        if self._connection.dialect.name == "postgresql":
            self._copy(ordered)
        else:
            marks = ", ".join("?" * len(results.columns))
            self._connection.exec_driver_sql(f"INSERT OR IGNORE INTO results VALUES ({marks})", ordered)  # noqa: S608
        self._place(ordered)

    def since(
        self, at: datetime, check: str | None = None, limit: int = 20_000, after: Result | None = None
    ) -> list[tuple[Result, Severity]]:
        """Results of slots at or after a moment with the severity of their verdicts, the oldest first.

        Args:
            at: the moment.
            check: of this one only; of all when None.
            limit: no more than so many; a result takes about a kilobyte of memory and 10 microseconds.
            after: the last result of the page before, to go on with the next.
        """
        asked = select(results).where(results.c.slot >= first_slot(at)).order_by(results.c.slot).limit(limit)
        if after is not None:
            asked = asked.where(results.c.slot > first_slot(after.scheduled_at) + self._check(after.check))
        if check is not None:
            number = self._names.find(self._connection, Word.CHECK, check)
            if number is None:
                return []
            asked = asked.where(results.c.slot.op("&")(_CHECK) == number)
        return list(self._read(asked))

    def between(self, since: datetime, until: datetime, checks: Sequence[str], limit: int = 20_000) -> list[Result]:
        """Results of some checks for slots in [since, until), the oldest first; where there are more than `limit`, the latest.

        The time is looked through as a whole, so it costs about a third of a second for a million results of all checks.

        Args:
            since: the first moment.
            until: the moment after the last.
            checks: names, at most a few hundred.
            limit: of results.
        """
        return [result for result, _ in self.judged(since, until, checks, limit)]

    def judged(
        self, since: datetime, until: datetime, checks: Sequence[str], limit: int = 20_000
    ) -> list[tuple[Result, Severity]]:
        """The same as `between`, each with the severity of its verdict."""
        numbers = [self._names.find(self._connection, Word.CHECK, name) for name in checks]
        known = [number for number in numbers if number is not None]
        among = and_(results.c.slot >= first_slot(since), results.c.slot < first_slot(until))
        asked = select(results).where(among, results.c.slot.op("&")(_CHECK).in_(known))
        found = self._read(asked.order_by(results.c.slot.desc()).limit(limit))
        return list(found)[::-1]

    def at(self, check: str, slots: Sequence[datetime]) -> list[tuple[Result, Severity]]:
        """What is kept of one check for these slots, the oldest first. It looks at nothing else, however much there is."""
        number = self._names.find(self._connection, Word.CHECK, check)
        if number is None:
            return []
        keys = [first_slot(slot) + number for slot in sorted(slots)]
        asked = (select(results).where(results.c.slot.in_(part)).order_by(results.c.slot) for part in _parts(keys, 500))
        return [pair for one in asked for pair in self._read(one)]

    def sampled(self, check: str, moments: Sequence[datetime], within: timedelta, each: int = 3) -> list[Result]:
        """A few results of one check after each of some moments, the oldest first.

        Args:
            check: its name.
            moments: the oldest first.
            within: how long after a moment is looked; a few intervals of the check.
            each: results after each moment, at most.
        """
        number = self._names.find(self._connection, Word.CHECK, check)
        if number is None:
            return []
        found: list[Result] = []
        for moment in moments:
            among = and_(results.c.slot >= first_slot(moment), results.c.slot < first_slot(moment + within))
            asked = select(results).where(among, results.c.slot.op("&")(_CHECK) == number)
            found += (result for result, _ in self._read(asked.order_by(results.c.slot).limit(each)))
        return found

    def last(self) -> dict[str, tuple[Result, Severity]]:
        """The last result of each check. Of a check that ran often and stopped long ago, one of its last 10 minutes."""
        newest = self._connection.execute(select(func.max(results.c.slot))).scalar_one()
        if newest is None:
            return {}
        recent = self._last_after(newest - _PLACE_EVERY)
        silent = {row.slot for row in self._connection.execute(select(latest)) if row.check_id not in recent}
        slots = [*recent.values(), *silent]
        found = (
            pair for part in _parts(slots, 500) for pair in self._read(select(results).where(results.c.slot.in_(part)))
        )
        return {result.check: (result, severity) for result, severity in found}

    def places(self) -> dict[str, datetime]:
        """About when each check had a result: of one that runs, at most 10 minutes before its last."""
        found: dict[str, datetime] = {}
        for row in self._connection.execute(select(latest)):
            with suppress(KeyError):
                found[self._names.word(self._connection, row.check_id)] = (
                    EPOCH + (row.slot >> CHECK_BITS) * _MILLISECOND
                )
        return found

    def prepare(self, now: datetime) -> None:
        """See that the results of today and the next days have where they belong: on PostgreSQL a partition per day."""
        if partitions.partitioned(self._connection):
            partitions.prepare(self._connection, now)

    def purge(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` of the oldest results from before a moment; answers how many.

        On PostgreSQL days that ended before the moment are dropped whole and not counted; one that holds it stays.
        """
        end = first_slot(before)
        if not partitions.partitioned(self._connection):
            return _delete_oldest(self._connection, results, end, limit)
        partitions.drop(self._connection, end)
        return partitions.purge(self._connection, end, limit)

    # --- Writing ----------------------------------------------------------------------------------------------------

    def _stored(self, result: Result, severity: Severity) -> _Stored:
        measurement = result.measurement
        shape, readings = pack(measurement.readings)
        number, connection = self._names.number, self._connection
        failure = measurement.failure
        return (
            (result.scheduled_at - EPOCH) // _MILLISECOND << CHECK_BITS | self._check(result.check),
            severity.value,
            number(connection, Word.ENDING, _ending_of(result)),
            max(-_LONGEST, min(_LONGEST, (result.finished_at - result.scheduled_at) // _MILLISECOND)),
            number(connection, Word.READINGS, shape),
            readings,
            storable(measurement.explanation) if measurement.explanation else None,
            # The usual hint of a class of failure needs no room in each row.
            None if not failure or measurement.hint == HINTS.get(failure, "") else storable(measurement.hint),
        )

    def _check(self, name: str) -> int:
        number = self._names.number(self._connection, Word.CHECK, name)
        assert number <= _CHECK, "more names than a slot has room for"
        return number

    def _copy(self, rows: Iterable[_Stored]) -> None:
        """PostgreSQL takes many rows fastest by COPY, which knows no conflicts: into a table of the session's own first."""
        driver: Any = self._connection.connection.driver_connection
        with driver.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE IF NOT EXISTS arriving (LIKE results) ON COMMIT DELETE ROWS")
            with cursor.copy(f"COPY arriving ({_COLUMNS}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(f"INSERT INTO results SELECT {_COLUMNS} FROM arriving ON CONFLICT DO NOTHING")  # noqa: S608

    def _place(self, rows: Iterable[_Stored]) -> None:
        """Note where the checks' results are, unless that was done not long ago."""
        places = self._places()
        moved = {
            number: row[0]
            for row in rows
            if row[0] - places.get(number := row[0] & _CHECK, -_PLACE_EVERY) >= _PLACE_EVERY
        }
        if not moved:
            return
        put = insert_into(self._connection, latest)
        put = put.on_conflict_do_update(index_elements=["check_id"], set_={"slot": put.excluded.slot})
        self._connection.execute(put, [{"check_id": number, "slot": slot} for number, slot in moved.items()])
        places.update(moved)

    def _places(self) -> dict[int, int]:
        if self._names.latest is None:
            self._names.latest = {row.check_id: row.slot for row in self._connection.execute(select(latest))}
        return self._names.latest

    # --- Reading ----------------------------------------------------------------------------------------------------

    def _last_after(self, slot: int) -> dict[int, int]:
        """Number of the check -> its last slot, of all that have one after the given."""
        number = results.c.slot.op("&")(_CHECK).label("number")
        asked = select(number, func.max(results.c.slot).label("last")).where(results.c.slot > slot).group_by(number)
        return {row.number: row.last for row in self._connection.execute(asked)}

    def _read(self, asked: Select[Any]) -> Iterable[tuple[Result, Severity]]:
        return readable("results", self._connection.execute(asked), lambda row: row.slot, self._result)

    def _result(self, row: Row[Any]) -> tuple[Result, Severity]:
        try:
            scheduled = EPOCH + (row.slot >> CHECK_BITS) * _MILLISECOND
            outcome, failure, extra = _ending(self._names.word(self._connection, row.ending))
            result = Result(
                check=self._names.word(self._connection, row.slot & _CHECK),
                scheduled_at=scheduled,
                finished_at=scheduled + row.took * _MILLISECOND,
                measurement=self._measurement(row, outcome, failure),
                extra=extra,
            )
            return result, Severity(row.severity)
        except (KeyError, ValueError, OverflowError) as error:
            raise Unreadable(type(error).__name__) from error

    def _measurement(self, row: Row[Any], outcome: Outcome, failure: FailureClass | None) -> Measurement:
        hint = row.hint if row.hint is not None else HINTS.get(failure, "") if failure else ""
        return Measurement(
            outcome=outcome,
            readings=unpack(self._names.word(self._connection, row.shape), bytes(row.readings)),
            failure=failure,
            explanation=row.explanation or "",
            hint=hint,
        )


def _ending_of(result: Result) -> str:
    """How it ended, as one word: `pass:`, `fail:refused`, `fail:refused:extra`."""
    failure = result.measurement.failure
    word = f"{result.outcome.value}:{failure.value if failure else ''}"
    return f"{word}:{_EXTRA}" if result.extra else word


@lru_cache(maxsize=512)
def _ending(word: str) -> tuple[Outcome, FailureClass | None, bool]:
    outcome, failure, extra = (*word.split(":"), "", "")[:3]
    return Outcome(outcome), FailureClass(failure) if failure else None, extra == _EXTRA


_EXTRA = "extra"  # asked for between two slots


def _delete_oldest(connection: Connection, table: Table, end: int, limit: int) -> int:
    old = select(table.c.slot).where(table.c.slot < end).order_by(table.c.slot).limit(limit)
    last = connection.execute(select(func.max(old.subquery().c.slot))).scalar_one()
    return 0 if last is None else connection.execute(delete(table).where(table.c.slot <= last)).rowcount


def _parts(items: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    return (items[start : start + size] for start in range(0, len(items), size))
