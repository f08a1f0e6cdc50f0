"""On PostgreSQL results lie in one partition per day (UTC), so that a day that is too old is dropped whole.

`results_rest` takes whatever has no day: what came before its day was made, or was written by a clock that was far off.
`results_before` is the table of a store that was made before there were partitions. SQLite has none of this.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from sentinel.core.slo import span_start
from sentinel.store.moments import first_slot

DAY = timedelta(days=1)

#: Days that are made ahead, beside today.
AHEAD: Final = 2

#: When more rows of a day than this are in `results_rest` already, they and their day stay there: moving them would take long.
MOST_MOVED: Final = 50_000

#: Partitions that one transaction drops.
MOST_DROPPED: Final = 10

#: Those that are of no single day; of these old rows are deleted one by one.
_OTHERS: Final = frozenset({"results_rest", "results_before"})

_END = re.compile(r"TO \('?(-?\d+)'?\)")


class Partition(NamedTuple):
    """A table that holds a part of the results."""

    name: str
    end: int | None  # the slot that it ends before; None: the one without bounds


def partitioned(connection: Connection) -> bool:
    """Whether this database keeps results in partitions."""
    return connection.dialect.name == "postgresql"


def begin(connection: Connection) -> None:
    """Make the partition for whatever has no other."""
    connection.execute(text("CREATE TABLE results_rest PARTITION OF results DEFAULT"))


def prepare(connection: Connection, now: datetime) -> int:
    """See that today and the next days have a partition each; answers how many were made."""
    known = {partition.name: partition.end or 0 for partition in partitions(connection)}
    covered = known.get("results_before", 0)
    today = span_start(now, DAY)
    days = [today + DAY * number for number in range(AHEAD + 1)]
    return sum(_make(connection, day) for day in days if _name(day) not in known and first_slot(day) >= covered)


def drop(connection: Connection, before: int) -> int:
    """Drop partitions that end before or at a slot, the oldest first; answers how many."""
    over = sorted((one for one in partitions(connection) if one.end is not None and one.end <= before), key=_end_of)
    for partition in over[:MOST_DROPPED]:
        connection.execute(text(f"DROP TABLE {partition.name}"))
    return len(over[:MOST_DROPPED])


def purge(connection: Connection, before: int, limit: int) -> int:
    """Delete at most `limit` rows from before a slot that lie in no partition of a day, the oldest first; answers how many."""
    gone = 0
    for name in sorted(_OTHERS & {partition.name for partition in partitions(connection)}):
        old = f"SELECT slot FROM {name} WHERE slot < :before ORDER BY slot LIMIT :limit"  # noqa: S608
        change = text(f"DELETE FROM {name} WHERE slot <= (SELECT max(slot) FROM ({old}) AS old)")  # noqa: S608
        gone += connection.execute(change, {"before": before, "limit": limit - gone}).rowcount
    return gone


def partitions(connection: Connection) -> list[Partition]:
    """All there are."""
    return list(_partitions(connection))


def _partitions(connection: Connection) -> Iterator[Partition]:
    asked = """
        SELECT c.relname, pg_get_expr(c.relpartbound, c.oid)
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'results'::regclass
    """
    for name, bounds in connection.execute(text(asked)):
        end = _END.search(bounds)
        yield Partition(name, int(end[1]) if end else None)


def _make(connection: Connection, day: datetime) -> bool:
    """Make the partition of a day with what is in the rest of it; False where that is too much.

    A new partition of the parent would need a lock that keeps everybody else out; a table that is attached does not.
    """
    first, end = first_slot(day), first_slot(day + DAY)
    bounds = {"first": first, "end": end}
    among = "FROM results_rest WHERE slot >= :first AND slot < :end"
    many = connection.execute(text(f"SELECT count(*) FROM (SELECT 1 {among} LIMIT {MOST_MOVED + 1}) AS there"), bounds)  # noqa: S608  # only constants of this file
    if many.scalar_one() > MOST_MOVED:
        return False
    name = _name(day)
    connection.execute(text(f"CREATE TABLE {name} (LIKE results INCLUDING DEFAULTS INCLUDING INDEXES)"))
    moved = f"WITH moved AS (DELETE {among} RETURNING *) INSERT INTO {name} SELECT * FROM moved"  # noqa: S608
    connection.execute(text(moved), bounds)
    connection.execute(text(f"ALTER TABLE results ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({end})"))
    return True


def _name(day: datetime) -> str:
    return f"results_{day.astimezone(UTC):%Y%m%d}"


def _end_of(partition: Partition) -> int:
    assert partition.end is not None
    return partition.end
