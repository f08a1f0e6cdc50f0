"""The `sqlite` probe against real files, damaged in real ways, and a libSQL server."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from sentinel.core.result import FailureClass, Outcome
from tests.kit.bench import Bench, problem, readings, words
from tests.kit.eventually import eventually
from tests.kit.libsql import LibsqlServer

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = """
    CREATE TABLE people (id integer PRIMARY KEY, name text, wing integer);
    CREATE INDEX by_name ON people (name);
    CREATE TABLE roles (person integer REFERENCES people (id), role text);
    INSERT INTO people VALUES (1, 'Mary Canary', 7), (2, 'Bo', NULL);
    INSERT INTO roles VALUES (1, 'nurse');
"""
REWRITE = (
    "PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, '{}', '{}'); PRAGMA writable_schema = OFF"
)
MANY = "INSERT INTO people SELECT NULL, hex(randomblob(200)), i FROM generated"
GENERATED = "WITH RECURSIVE generated(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM generated LIMIT 20000) "


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "app.db"
    change(made, SCHEMA)
    return made


def change(file: Path, script: str) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)


def url(file: Path) -> str:
    return f"sqlite:///{file}"


async def test_a_whole_file_passes_with_its_sizes(bench: Bench, file: Path) -> None:
    found = await bench.measure("sqlite", url=url(file), tables=["people", "Roles"], integrity="full")
    numbers = readings(found)
    assert found.outcome is Outcome.PASS, found.explanation
    assert numbers["size"] == 4 * 4096
    assert (numbers["tables"], numbers["free_share"]) == (2, 0)
    assert os.listdir(file.parent) == ["app.db"]


async def test_a_file_in_wal_mode_that_nobody_has_open_gets_no_side_files(bench: Bench, file: Path) -> None:
    """A `-wal` and `-shm` of Sentinel's user would keep the service from writing to its own database."""
    change(file, "PRAGMA journal_mode = WAL; INSERT INTO people VALUES (4, 'Di', 1)")
    looked = await bench.measure("sqlite", url=url(file))
    asked = await bench.measure("sql", url=url(file), query="SELECT count(*) FROM people")
    assert (looked.outcome, readings(looked)["wal_size"]) == (Outcome.PASS, 0)
    assert readings(asked)["value"] == 3
    assert os.listdir(file.parent) == ["app.db"]


async def test_what_changed_while_a_file_at_rest_was_read_is_read_again(bench: Bench, file: Path) -> None:
    change(file, "PRAGMA journal_mode = WAL")
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000000) SELECT count(*) FROM n"
    query = f"SELECT people, ({slow}) FROM (SELECT count(*) AS people FROM people)"
    running = asyncio.create_task(bench.measure("sql", url=url(file), query=query))
    await eventually(lambda: str(file) in map(os.path.realpath, opened()))
    change(file, "INSERT INTO people VALUES (5, 'Ed', 1)")
    assert readings(await running)["value"] == 3
    assert os.listdir(file.parent) == ["app.db"]


def opened() -> list[str]:
    """What this process has open."""
    return [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]


async def test_a_cancelled_run_gives_its_thread_back(file: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    async with Bench(threads=1) as bench:
        running = asyncio.create_task(bench.measure("sql", url=url(file), query=endless, within=60))
        await eventually(lambda: str(file) in map(os.path.realpath, opened()))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        found = await bench.measure("sqlite", url=url(file))
    assert found.outcome is Outcome.PASS


async def test_a_writer_goes_on_while_a_file_in_wal_mode_is_looked_at(bench: Bench, file: Path) -> None:
    change(file, f"PRAGMA journal_mode = WAL; {GENERATED}{MANY}")
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as writer:
        running = asyncio.create_task(bench.measure("sqlite", url=url(file), integrity="full"))
        commits = 0
        while not running.done():
            writer.execute("INSERT INTO people (name) VALUES ('Ed')")
            commits += 1
            await asyncio.sleep(0)
    assert running.result().outcome is Outcome.PASS
    assert commits > 1


async def test_the_write_ahead_log_is_measured_beside_its_writer(bench: Bench, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO people VALUES (3, 'Cy', 1)")
        found = await bench.measure("sqlite", url=url(file))
        writer.execute("COMMIT")
        after = await bench.measure("sqlite", url=url(file))
    assert (found.outcome, after.outcome) == (Outcome.PASS, Outcome.PASS)
    assert readings(after)["wal_size"] > 4096


async def test_a_missing_table_is_named(bench: Bench, file: Path) -> None:
    found = await bench.measure("sqlite", url=url(file), tables=["people", "audit_log", "sessions"])
    assert (found.failure, found.explanation) == (FailureClass.MISSING, "there is no table audit_log, sessions")
    assert "migration" in found.hint


async def test_rows_that_point_nowhere_are_counted(bench: Bench, file: Path) -> None:
    change(file, "INSERT INTO roles VALUES (8, 'Mary Canary'), (9, 'x')")
    found = await bench.measure("sqlite", url=url(file))
    assert found.failure is FailureClass.INTEGRITY
    assert found.explanation == "foreign_key_check: 2 rows point to rows that are not there (roles to people: 2)"


async def test_foreign_keys_need_not_be_looked_at(bench: Bench, file: Path) -> None:
    change(file, "INSERT INTO roles VALUES (9, 'x')")
    found = await bench.measure("sqlite", url=url(file), foreign_keys=False)
    assert found.outcome is Outcome.PASS


async def test_a_foreign_key_that_fits_nothing_is_told(bench: Bench, file: Path) -> None:
    change(file, "CREATE TABLE badges (name text REFERENCES people (name)); INSERT INTO badges VALUES ('Mary Canary')")
    found = await bench.measure("sqlite", url=url(file))
    assert (found.failure, found.explanation) == (
        FailureClass.INTEGRITY,
        "foreign_key_check: the foreign key of badges to people fits no unique columns there",
    )


async def test_a_broken_index_is_named_and_can_be_made_anew(bench: Bench, file: Path) -> None:
    change(file, REWRITE.format("ON people (name)", "ON people (wing)"))
    found = await bench.measure("sqlite", url=url(file), integrity="full")
    assert found.failure is FailureClass.INTEGRITY
    assert "all of them in the index by_name" in found.explanation
    assert "REINDEX" in found.hint


async def test_values_that_a_table_must_not_have_are_counted_and_not_shown(bench: Bench, file: Path) -> None:
    change(file, REWRITE.format("wing integer", "wing integer NOT NULL"))
    found = await bench.measure("sqlite", url=url(file))
    assert (found.failure, found.explanation) == (FailureClass.INTEGRITY, "quick_check: 1 problem")
    assert ".recover" in found.hint


async def test_a_damaged_page_is_found(bench: Bench, file: Path) -> None:
    change(file, GENERATED + MANY)
    with file.open("r+b") as raw:
        raw.seek(40 * 4096)
        raw.write(b"Mary Canary" * 2000)
    found = await bench.measure("sqlite", url=url(file))
    assert found.failure is FailureClass.INTEGRITY
    assert "Canary" not in words(found)


async def test_a_file_cut_short_is_found(bench: Bench, file: Path) -> None:
    change(file, GENERATED + MANY)
    os.truncate(file, 20 * 4096)
    found = await bench.measure("sqlite", url=url(file))
    assert found.failure is FailureClass.INTEGRITY


async def test_a_file_that_writers_wait_for_is_not_held_longer_than_told(bench: Bench, file: Path) -> None:
    change(file, GENERATED + MANY)
    found = await bench.measure("sqlite", url=url(file), integrity="full", longest_lock="20ms")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)
    assert found.explanation == (
        "integrity_check: not done in the time it may take (`timeout`; without WAL mode 20 ms)"
    )
    assert "WAL" in found.hint


async def test_a_missing_table_is_told_also_when_the_rest_takes_too_long(bench: Bench, file: Path) -> None:
    change(file, GENERATED + MANY)
    found = await bench.measure("sqlite", url=url(file), integrity="full", longest_lock="20ms", tables=["gone"])
    assert (found.failure, found.explanation) == (FailureClass.MISSING, "there is no table gone (and 1 more)")


async def test_a_locked_file_ends_in_query_timeout(bench: Bench, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        found = await bench.measure("sqlite", url=url(file), within=0.5)
    assert found.failure is FailureClass.QUERY_TIMEOUT


async def test_a_missing_file_is_told_and_not_made(bench: Bench, tmp_path: Path) -> None:
    found = await bench.measure("sqlite", url=url(tmp_path / "none.db"))
    assert (found.failure, found.explanation) == (FailureClass.QUERY_FAILED, "the database file does not exist")
    assert os.listdir(tmp_path) == []


async def test_a_database_on_a_server_is_looked_at_as_well(bench: Bench, file: Path) -> None:
    change(file, "INSERT INTO roles VALUES (9, 'x')")
    async with LibsqlServer(file, token="token-canary") as server:
        asked = f"{server.url}?authToken=token-canary"
        found = await bench.measure("sqlite", url=asked, tables=["people", "gone"])
        refused = await bench.measure("sqlite", url=server.url)
    assert found.failure is FailureClass.INTEGRITY
    assert "(and 1 more)" in found.explanation
    assert "wal_size" not in readings(found)
    assert refused.failure is FailureClass.CREDENTIAL_REFUSED


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "postgresql://h/d"}, "a URL such as 'sqlite:"),
        ({"url": "sqlite:////x.db", "integrity": "deep"}, "'quick', 'full' or 'off'"),
        ({"url": "sqlite:////x.db", "tables": ["people; DROP"]}, "pattern"),
        ({"url": "sqlite:////x.db", "tables": ["t"] * 201}, "at most 200 tables"),
        ({"url": "sqlite:////x.db", "longest_lock": 0}, "a duration above zero"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, object], said: str) -> None:
    assert said in problem("sqlite", **options)
