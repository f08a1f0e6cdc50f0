"""What other people's sessions do to a database."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import psycopg

from tests.kit.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sentinel.core.result import Measurement


def execute(dsn: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def value(dsn: str, query: str) -> object:
    """The first value of a query."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


@asynccontextmanager
async def open_session(dsn: str, *statements: str, name: str = "app") -> AsyncIterator[psycopg.AsyncConnection]:
    """A session of an application that has run statements in a transaction, and has not ended it."""
    async with await psycopg.AsyncConnection.connect(dsn, application_name=name) as session:
        for statement in statements:
            await session.execute(statement.encode())
        yield session
        await session.rollback()


@asynccontextmanager
async def waiting_session(dsn: str, statement: str) -> AsyncIterator[int]:
    """A session that waits for a lock which the statement needs; its process id."""
    async with open_session(dsn) as session:
        pid = session.info.backend_pid
        running = asyncio.create_task(session.execute(statement.encode()))
        await eventually(lambda: value(dsn, f"SELECT count(*) FROM pg_locks WHERE pid = {pid} AND NOT granted"))
        yield pid
        session.cancel()
        with suppress(psycopg.Error):
            await running


def said(measurement: Measurement) -> str:
    """Everything that leaves the probe: words, hints of readings, the note."""
    hints = (measurement.hints or {}).values()
    return " ".join([measurement.explanation, measurement.hint, *hints, str(measurement.note)])


def hint(measurement: Measurement, reading: str) -> str:
    """What stands behind a reading."""
    return (measurement.hints or {})[reading]
