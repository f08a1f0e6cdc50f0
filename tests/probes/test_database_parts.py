"""The parts of `roles` and `audit` that ask a database: when it hangs, and when it is a libSQL server."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.core.result import FailureClass, Outcome
from tests.kit.bench import Bench, readings
from tests.kit.libsql import LibsqlServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.postgres import PostgresServer

PARTY = {"table": "users"}


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        ("roles", {"grants": {"users": {"app": {}}}}),
        ("roles", {"assignment_table": {"table": "user_roles", "users": PARTY, "roles": PARTY}}),
        ("audit", {"trail": {"table": "log"}}),
        ("audit", {"protection": {"table": "log", "users": ["app"]}}),
    ],
)
async def test_a_database_that_hangs_does_not_hold_the_deadline(
    bench: Bench, postgres: PostgresServer, postgres_database: str, kind: str, part: dict[str, Any]
) -> None:
    options = {"database": postgres_database, **part}
    if kind == "audit":
        options = {name: {"database": postgres_database, **inner} for name, inner in part.items()}
    postgres.pause()
    found = await bench.measure(kind, **options, within=0.5)
    postgres.resume()
    assert (found.outcome, found.failure) == (Outcome.FAIL, FailureClass.CONNECT_TIMEOUT)
    assert found.hint


async def test_both_work_with_a_libsql_server(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "app.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("""
            CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE user_roles (user_id, role_id);
            CREATE TABLE log (id INTEGER PRIMARY KEY, at TEXT);
            INSERT INTO user_roles VALUES (1, 1); INSERT INTO log VALUES (1, '2026-01-01'), (3, '2026-01-02');
        """)
    async with LibsqlServer(file) as server:
        table = {"table": "user_roles", "users": PARTY, "roles": PARTY}
        roles = await bench.measure("roles", database=server.url, assignment_table=table)
        trail = await bench.measure("audit", trail={"database": server.url, "table": "log", "gapless": True})
    assert (roles.failure, readings(roles)["orphans"]) == (FailureClass.INTEGRITY, 1)
    assert trail.explanation == "trail: entry 2 is missing"
