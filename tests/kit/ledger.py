"""What a Sentinel has committed, read from its store by nobody's code but the tests'."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

_ROWS = """SELECT key, channel, recipient, incident, kind, state, attempts, ambiguous, reason, id, carried_by, message
           FROM outbox ORDER BY id"""
_INCIDENTS = "SELECT id, check_name, resolved_at IS NULL FROM incidents ORDER BY id"
_TIMELINE = "SELECT incident, kind FROM timeline ORDER BY id"
_ENTRIES = "SELECT incident, at, kind, by_whom, what FROM timeline ORDER BY id"
_COURSES = "SELECT id, resolved_at IS NULL, body FROM incidents ORDER BY id"
_WISHES = "SELECT body FROM silences UNION ALL SELECT body FROM windows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the outbox."""

    key: str
    channel: str
    recipient: str
    incident: int | None  # the conversation: number of the incident that began it
    kind: str
    state: str
    attempts: int
    ambiguous: int
    reason: str
    sequence: int  # number of the message within its incident
    id: int = 0
    carried_by: int | None = None  # number of the row whose message stands for this one
    about: int = 0  # number of the incident that the message is about; 0: none
    at: float = 0.0  # when it happened; seconds since 1970
    others: tuple[tuple[int, bool], ...] = ()  # incidents that are named with it, and whether each is well again

    @property
    def address(self) -> tuple[str, str]:
        return (self.channel, self.recipient)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One incident."""

    id: int
    check: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a timeline."""

    incident: int
    at: float  # seconds since 1970
    kind: str
    by: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What became of one incident."""

    id: int
    is_open: bool = False
    told: tuple[tuple[str, str], ...] = ()  # addresses
    policy: str = "default"
    at_once: bool = True  # whether its policy has a level that is told as soon as it opens


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Everything that was committed about troubles and those who heard of them, in the order in which it was."""

    rows: tuple[Row, ...] = ()
    entries: tuple[Entry, ...] = ()
    courses: tuple[Course, ...] = ()
    wishes: tuple[str, ...] = field(default=())  # what people asked for beside incidents: silences and windows


class Ledger:
    """One store, an SQLite file or a PostgreSQL database; whoever writes it meanwhile is not disturbed."""

    def __init__(self, where: Path | str) -> None:
        self._where = where

    def rows(self) -> list[Row]:
        """The outbox, the oldest row first."""
        return [_row(row) for row in self.ask(_ROWS)]

    def incidents(self) -> list[Known]:
        return [Known(id=number, check=check, is_open=bool(is_open)) for number, check, is_open in self.ask(_INCIDENTS)]

    def timeline(self) -> list[tuple[int, str]]:
        """Incident and kind of every entry, in the order in which they were written."""
        return self.ask(_TIMELINE)

    def book(self) -> Book:
        """All of it, for when nothing is under way any more."""
        return Book(
            rows=tuple(self.rows()),
            entries=tuple(
                Entry(incident=incident, at=at / 1e6, kind=kind, by=by, what=what)
                for incident, at, kind, by, what in self.ask(_ENTRIES)
            ),
            courses=tuple(_course(*row) for row in self.ask(_COURSES)),
            wishes=tuple(body for (body,) in self.ask(_WISHES)),
        )

    def ask(self, query: str) -> list[Any]:
        """The rows of a query; none while the store is not there yet."""
        if isinstance(self._where, str):
            with psycopg.connect(self._where, connect_timeout=5) as connection:
                return connection.execute(query.encode()).fetchall()
        if not self._where.exists():
            return []
        with closing(sqlite3.connect(f"{self._where.as_uri()}?mode=ro", uri=True, timeout=5)) as file:
            return file.execute(query).fetchall()


def _row(row: tuple[Any, ...]) -> Row:
    names = ("key", "channel", "recipient", "incident", "kind", "state", "attempts", "ambiguous", "reason")
    message = json.loads(row[-1])
    return Row(
        **dict(zip(names, row, strict=False)),
        id=row[9],
        carried_by=row[10],
        sequence=message["sequence"],
        about=(message["incident"] or {"id": 0})["id"],
        at=_seconds(message["at"]),
        others=tuple((other["incident"], not other["severity"]) for other in message["others"]),
    )


def _course(number: int, is_open: object, body: str) -> Course:
    incident = json.loads(body)
    levels = incident["policy"]["levels"]
    return Course(
        id=number,
        is_open=bool(is_open),
        told=tuple((channel, recipient) for channel, recipient in incident["told"]),
        policy=incident["policy"]["name"],
        at_once=any(level["after"] == "PT0S" and level["severity"] <= 1 for level in levels),
    )


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
