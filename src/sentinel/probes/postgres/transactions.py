"""Transactions that stay open: they hold locks, and keep vacuum from taking away dead rows."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sentinel.base.fields import Options
from sentinel.base.units import Unit, format_duration
from sentinel.probes.postgres.part import OTHERS, Look, PartKind, Row, Rule, above

#: They read for as long as the database is large.
_BACKUPS: Final = ("pg_dump", "pg_dumpall", "pg_basebackup")


class TransactionsOptions(Options):
    """Transactions and queries of this database that take long."""

    ignore_applications: tuple[str, ...] = _BACKUPS
    """Sessions whose `application_name` is one of these may take as long as they like. Not written: `pg_dump`, `pg_dumpall` and
    `pg_basebackup`."""
    ignore_users: tuple[str, ...] = ()
    """So may those of these roles."""


_SESSIONS: Final = """
SELECT pid, state LIKE 'idle in transaction%' AS idle,
       extract(epoch FROM clock_timestamp() - xact_start)::float8 AS open_for,
       extract(epoch FROM clock_timestamp() - state_change)::float8 AS idle_for,
       extract(epoch FROM clock_timestamp() - query_start)::float8 AS query_for
FROM pg_stat_activity
WHERE datname = current_database() AND {others} AND backend_type = 'client backend'
  AND xact_start IS NOT NULL
  AND coalesce(application_name, '') NOT IN (SELECT json_array_elements_text($1::json))
  AND coalesce(usename, '') NOT IN (SELECT json_array_elements_text($2::json))
ORDER BY xact_start
"""
_PREPARED: Final = """
SELECT count(*) AS number, extract(epoch FROM clock_timestamp() - min(prepared))::float8 AS age
FROM pg_prepared_xacts WHERE database = current_database()
"""
_PREPARED_HINT: Final = (
    "See pg_prepared_xacts: its coordinator went away, so COMMIT PREPARED or ROLLBACK PREPARED by hand."
)


class Transactions:
    """The oldest of each kind."""

    def __init__(self, options: TransactionsOptions) -> None:
        self._ignored = (json.dumps(options.ignore_applications), json.dumps(options.ignore_users))

    async def look(self, look: Look) -> None:
        look.needs_statistics()
        sessions = await look.rows(_SESSIONS.format(others=OTHERS), *self._ignored)
        idle = [row for row in sessions if row.flag("idle")]
        busy = [row for row in sessions if not row.flag("idle")]
        _read_longest(look, "longest_transaction", "open_for", sessions)
        _read_longest(look, "longest_idle_in_transaction", "idle_for", idle)
        _read_longest(look, "longest_query", "query_for", busy)
        look.read("idle_in_transaction", len(idle), Unit.COUNT)
        prepared = await look.row(_PREPARED)
        look.read("oldest_prepared_transaction", prepared.number("age"), Unit.SECONDS, _PREPARED_HINT)


def _read_longest(look: Look, reading: str, column: str, rows: Sequence[Row]) -> None:
    longest = max(rows, key=lambda row: row.number(column), default=None)
    if longest is None:
        look.read(reading, 0.0, Unit.SECONDS)
        return
    # The clock is read after the snapshot of the sessions, but a session's own times come later still.
    seconds = max(longest.number(column), 0.0)
    look.read(reading, seconds, Unit.SECONDS, _hint(longest))


def _hint(row: Row) -> str:
    doing = f"idle for {format_duration(row.number('idle_for'))}" if row.flag("idle") else "busy"
    pid = row.count("pid")
    return (
        f"Session {pid} has a transaction open for {format_duration(row.number('open_for'))} and is {doing}: see whose it is "
        f"in pg_stat_activity; SELECT pg_terminate_backend({pid}) ends it."
    )


def _usual_rules(_options: Any) -> Sequence[Rule]:
    return [
        above("longest_transaction", warning="15m", critical="1h"),
        above("longest_idle_in_transaction", warning="5m", critical="30m"),
        above("oldest_prepared_transaction", warning="15m", critical="1h"),
    ]


PART: Final = PartKind(
    name="transactions",
    readings={
        "longest_transaction": Unit.SECONDS,
        "longest_idle_in_transaction": Unit.SECONDS,
        "longest_query": Unit.SECONDS,
        "idle_in_transaction": Unit.COUNT,
        "oldest_prepared_transaction": Unit.SECONDS,
    },
    build=lambda options, _tools: Transactions(options),
    usual_rules=_usual_rules,
    unwritten=TransactionsOptions(),
)
