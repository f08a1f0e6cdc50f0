"""What a Sentinel has committed, read from its store by nobody's code but the tests'."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

_ROWS = "SELECT key, channel, recipient, incident, kind, state, attempts, ambiguous, reason, message FROM outbox ORDER BY id"
_INCIDENTS = "SELECT id, check_name, resolved_at IS NULL FROM incidents ORDER BY id"
_TIMELINE = "SELECT incident, kind FROM timeline ORDER BY id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the outbox."""

    key: str
    channel: str
    recipient: str
    incident: int | None
    kind: str
    state: str
    attempts: int
    ambiguous: int
    reason: str
    sequence: int  # number of the message within its incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One incident."""

    id: int
    check: str
    is_open: bool


class Ledger:
    """One store, an SQLite file or a PostgreSQL database; whoever writes it meanwhile is not disturbed."""

    def __init__(self, where: Path | str) -> None:
        self._where = where

    def rows(self) -> list[Row]:
        """The outbox, the oldest row first."""
        return [Row(**_named(row)) for row in self.ask(_ROWS)]

    def incidents(self) -> list[Known]:
        return [Known(id=number, check=check, is_open=bool(is_open)) for number, check, is_open in self.ask(_INCIDENTS)]

    def timeline(self) -> list[tuple[int, str]]:
        """Incident and kind of every entry, in the order in which they were written."""
        return self.ask(_TIMELINE)

    def ask(self, query: str) -> list[Any]:
        """The rows of a query; none while the store is not there yet."""
        if isinstance(self._where, str):
            with psycopg.connect(self._where, connect_timeout=5) as connection:
                return connection.execute(query.encode()).fetchall()
        if not self._where.exists():
            return []
        with closing(sqlite3.connect(f"{self._where.as_uri()}?mode=ro", uri=True, timeout=5)) as file:
            return file.execute(query).fetchall()


def _named(row: tuple[Any, ...]) -> dict[str, Any]:
    names = ("key", "channel", "recipient", "incident", "kind", "state", "attempts", "ambiguous", "reason")
    return {**dict(zip(names, row, strict=False)), "sequence": json.loads(row[-1])["sequence"]}
