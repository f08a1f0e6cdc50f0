"""INSERT that says what to do about a row that is there already; SQLite and PostgreSQL spell it alike."""

from typing import cast

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import sqlite


def insert_into(connection: Connection, table: Table) -> sqlite.Insert:
    """An INSERT with `on_conflict_do_nothing` and `on_conflict_do_update` in the connection's own dialect."""
    if connection.dialect.name == "postgresql":
        # Not at the top: a daemon on SQLite has no use for it.
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415

        return cast(sqlite.Insert, postgresql.insert(table))  # the two classes share their interface, but no base
    return sqlite.insert(table)
