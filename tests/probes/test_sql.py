"""The `sql` probe against real PostgreSQL and SQLite databases."""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from sentinel.core.result import FailureClass, Outcome
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.eventually import eventually
from tests.kit.ports import refusing_port
from tests.kit.raw_server import Blackhole, Connection, RawServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import trustme

    from tests.kit.postgres import PostgresServer

PERSON = "Mary Canary"
SCHEMA = (
    "CREATE TABLE people (id integer PRIMARY KEY, name text)",
    f"INSERT INTO people VALUES (1, '{PERSON}'), (2, 'Bo'), (3, 'Cy')",
    "CREATE TABLE assignments (person integer, role text)",
    "INSERT INTO assignments VALUES (1, 'nurse'), (9, 'admin')",
)
ORPHANS = "SELECT count(*) FROM assignments WHERE person NOT IN (SELECT id FROM people)"


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    file = tmp_path / "app with space.db"
    with closing(sqlite3.connect(file)) as connection:
        for statement in SCHEMA:
            connection.execute(statement)
        connection.commit()
    return f"sqlite:///{file}"


@pytest.fixture
def postgres_url(postgres_database: str) -> str:
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        for statement in SCHEMA:
            connection.execute(statement.encode())
    return postgres_database


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def url(request: pytest.FixtureRequest) -> str:
    answer: str = request.getfixturevalue(request.param)
    return answer


async def test_a_query_gives_its_times_rows_and_value(bench: Bench, url: str) -> None:
    found = await bench.measure("sql", url=url, query="SELECT id FROM people ORDER BY id DESC")
    assert found.outcome is Outcome.PASS
    numbers = readings(found)
    assert (numbers["rows"], numbers["value"]) == (3, 3)
    assert 0 < numbers["connect_time"] < 2
    assert 0 < numbers["query_time"] < 2


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ({"rows": {"equals": 4}}, "rows: expected 4, found 3"),
        ({"rows": {"above": 3}}, "rows: expected above 3, found 3"),
        ({"value": {"below": 1}}, "value: expected below 1, found 1"),
        ({"value": {"equals": "1"}}, 'value: expected "1", found 1'),
        ({"columns": ["name"]}, "the columns are not name"),
    ],
)
async def test_an_expectation_that_does_not_hold_is_told_with_numbers(
    bench: Bench, url: str, expect: dict[str, object], said: str
) -> None:
    found = await bench.measure("sql", url=url, query="SELECT id FROM people ORDER BY id", expect=expect)
    assert (found.failure, found.explanation) == (FailureClass.WRONG_ANSWER, said)


async def test_a_text_of_the_database_is_never_shown(bench: Bench, url: str) -> None:
    query = "SELECT name FROM people WHERE id = 1"
    found = await bench.measure("sql", url=url, query=query, expect={"value": {"matches": "^Bo$"}})
    assert found.explanation == "value: expected a match of '^Bo$', found another text"
    assert PERSON not in words(found)


async def test_a_text_is_shown_where_the_check_says_so(bench: Bench, url: str) -> None:
    expect = {"value": {"equals": "admin", "reveal": True}}
    found = await bench.measure("sql", url=url, query="SELECT role FROM assignments WHERE person = 1", expect=expect)
    assert found.explanation == 'value: expected "admin", found "nurse"'


async def test_orphaned_assignments_are_counted_and_fail(bench: Bench, url: str) -> None:
    integrity = [{"name": "orphans", "query": ORPHANS}, {"name": "fine", "query": "SELECT 0"}]
    found = await bench.measure("sql", url=url, query="SELECT 1", integrity=integrity)
    assert (found.failure, found.explanation) == (FailureClass.WRONG_ANSWER, "expected 0 of each: orphans 1")
    assert readings(found)["integrity.orphans"] == 1
    assert readings(found)["integrity.fine"] == 0


async def test_integrity_queries_alone_have_a_query_time(bench: Bench, url: str) -> None:
    found = await bench.measure("sql", url=url, integrity=[{"name": "fine", "query": "SELECT 0"}])
    assert found.outcome is Outcome.PASS
    assert readings(found)["query_time"] > 0


@pytest.mark.parametrize("statement", ["DELETE FROM people", "DROP TABLE people", "INSERT INTO people VALUES (7, 'x')"])
async def test_a_query_that_writes_is_refused_and_changes_nothing(bench: Bench, url: str, statement: str) -> None:
    found = await bench.measure("sql", url=url, query=statement)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert "only read" in found.explanation
    after = await bench.measure("sql", url=url, query="SELECT count(*) FROM people")
    assert readings(after)["value"] == 3


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1; DELETE FROM people",
        "SELEC 1",
        "SELECT count(* FROM people",
        "SELECT id FROM people, (SELECT 1 AS id) AS other",
        "SELECT 1 UNION SELECT 1, 2",
    ],
)
async def test_what_is_no_correct_statement_is_the_checks_mistake(bench: Bench, url: str, query: str) -> None:
    found = await bench.measure("sql", url=url, query=query)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)
    assert "check" in found.hint


@pytest.mark.parametrize("query", ["SELECT name FROM people", "SELECT sum(id) FROM people WHERE id > 9"])
async def test_an_integrity_query_without_a_number_is_the_checks_mistake(bench: Bench, url: str, query: str) -> None:
    found = await bench.measure("sql", url=url, integrity=[{"name": "orphans", "query": query}])
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)
    assert "integrity query orphans" in found.explanation
    assert "count(*)" in found.hint
    assert PERSON not in words(found)


async def test_a_role_without_a_session_left_is_not_taken_for_a_full_server(
    bench: Bench, guarded: str, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as owner:
        owner.execute(f"ALTER ROLE {urlsplit(guarded).username} CONNECTION LIMIT 0".encode())
        found = await bench.measure("sql", url=guarded, query="SELECT 1")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.OVERLOADED)
    assert "CONNECTION LIMIT" in found.explanation + found.hint


async def test_a_function_that_is_not_there_comes_with_a_hint(bench: Bench, url: str) -> None:
    found = await bench.measure("sql", url=url, query="SELECT nosuch(1)")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_INSTALLED)
    assert "function" in found.explanation
    assert "extension" in found.hint


async def test_a_missing_table_comes_with_a_hint(bench: Bench, url: str) -> None:
    found = await bench.measure("sql", url=url, query="SELECT * FROM vanished")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_INSTALLED)
    assert "vanished" in found.explanation
    assert "migration" in found.hint


async def test_rows_are_read_to_a_bound(bench: Bench, url: str) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    found = await bench.measure("sql", url=url, query=endless, within=5.0)
    assert (found.outcome, readings(found)["rows"]) == (Outcome.PASS, 1000)


async def test_an_integrity_query_follows_an_answer_that_was_cut(bench: Bench, url: str) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    found = await bench.measure("sql", url=url, query=endless, integrity=[{"name": "orphans", "query": ORPHANS}])
    assert found.explanation == "expected 0 of each: orphans 1"


async def test_a_query_that_hangs_ends_by_the_deadline(bench: Bench, url: str) -> None:
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    found = await bench.measure("sql", url=url, query=slow, within=0.7)
    assert found.failure is FailureClass.QUERY_TIMEOUT


# PostgreSQL


def backends(url: str) -> int:
    """The sessions that Sentinel has open on that database."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sentinel' AND datname = current_database()"
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_query_cut_off_by_the_deadline_leaves_no_backend(bench: Bench, postgres_url: str) -> None:
    found = await bench.measure("sql", url=postgres_url, query="SELECT pg_sleep(30)", within=0.5)
    assert found.failure is FailureClass.QUERY_TIMEOUT
    await eventually(lambda: backends(postgres_url) == 0)


async def test_a_cancelled_run_leaves_no_backend(bench: Bench, postgres_url: str) -> None:
    probe = bench.build("sql", url=postgres_url, query="SELECT pg_sleep(30)")
    running = asyncio.create_task(run(probe, within=20))
    await eventually(lambda: backends(postgres_url) == 1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await eventually(lambda: backends(postgres_url) == 0)


async def test_a_frozen_server_ends_in_connect_timeout(
    bench: Bench, postgres: PostgresServer, postgres_url: str
) -> None:
    postgres.pause()
    try:
        found = await bench.measure("sql", url=postgres_url, query="SELECT 1", within=0.6)
    finally:
        postgres.resume()
    assert found.failure is FailureClass.CONNECT_TIMEOUT


async def test_a_server_that_freezes_within_a_query_ends_in_query_timeout(
    bench: Bench, postgres: PostgresServer, postgres_url: str
) -> None:
    running = asyncio.create_task(bench.measure("sql", url=postgres_url, query="SELECT pg_sleep(30)", within=1.2))
    await eventually(lambda: backends(postgres_url) == 1)
    postgres.pause()
    try:
        found = await running
    finally:
        postgres.resume()
    assert found.failure is FailureClass.QUERY_TIMEOUT


async def test_a_closed_port_is_refused(bench: Bench) -> None:
    with refusing_port() as port:
        found = await bench.measure("sql", url=f"postgresql://u@127.0.0.1:{port}/d", query="SELECT 1")
    assert found.failure is FailureClass.REFUSED


async def test_a_blackhole_ends_in_connect_timeout(bench: Bench) -> None:
    with Blackhole() as hole:
        found = await bench.measure("sql", url=f"postgresql://u@127.0.0.1:{hole.port}/d", query="SELECT 1", within=0.4)
    assert found.failure is FailureClass.CONNECT_TIMEOUT


async def test_of_several_servers_the_one_that_answers_is_asked(
    bench: Bench, postgres: PostgresServer, postgres_url: str
) -> None:
    with refusing_port() as port:
        url = postgres_url.replace("@", f"@127.0.0.1:{port},")
        found = await bench.measure("sql", url=url, query="SELECT 1")
    assert found.outcome is Outcome.PASS


async def test_a_missing_unix_socket_is_refused(bench: Bench, tmp_path: Path) -> None:
    found = await bench.measure("sql", url=f"postgresql://u@/d?host={tmp_path}", query="SELECT 1")
    assert (found.failure, found.explanation) == (FailureClass.REFUSED, "there is no such Unix socket")


async def test_an_unknown_name_is_told(bench: Bench) -> None:
    found = await bench.measure("sql", url="postgresql://u@nowhere.invalid/d", query="SELECT 1")
    assert found.failure is FailureClass.DNS_NOT_FOUND


async def test_a_server_that_hangs_up_is_a_reset(bench: Bench) -> None:
    async def hang_up(connection: Connection) -> None:
        await connection.take(8)

    async with RawServer(hang_up) as server:
        found = await bench.measure("sql", url=f"postgresql://u@127.0.0.1:{server.port}/d", query="SELECT 1")
    assert found.failure is FailureClass.RESET


@pytest.fixture
def guarded(postgres: PostgresServer, postgres_url: str) -> Iterator[str]:
    """The URL of a role with a password, which the server asks for, and no right to read."""
    with postgres.guarded(postgres_url) as url:
        yield url


async def test_a_wrong_password_is_sentinels_own_fault_and_stays_hidden(bench: Bench, guarded: str) -> None:
    wrong = guarded.replace("correct-canary", "wrong-canary")
    found = await bench.measure("sql", url=wrong, query="SELECT 1")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.CREDENTIAL_REFUSED)
    assert "canary" not in words(found)


async def test_a_server_that_dies_within_a_query_is_a_reset(
    bench: Bench, postgres: PostgresServer, postgres_url: str
) -> None:
    running = asyncio.create_task(bench.measure("sql", url=postgres_url, query="SELECT pg_sleep(30)"))
    await eventually(lambda: backends(postgres_url) == 1)
    await asyncio.to_thread(postgres.stop, immediate=True)
    try:
        found = await running
    finally:
        await asyncio.to_thread(postgres.start)
    assert found.failure is FailureClass.RESET


@pytest.fixture
def over_tls(postgres_url: str, authority: trustme.CA, tmp_path: Path) -> Iterator[str]:
    """The URL of a server that speaks TLS as `localhost`, and the file of its authority, in libpq's words."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate = authority.issue_cert("localhost")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        folder = Path(row[0])
        (folder / "server.key").write_bytes(certificate.private_key_pem.bytes())
        (folder / "server.crt").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
        (folder / "server.key").chmod(0o600)
        for file in ("server.key", "server.crt"):
            shutil.chown(folder / file, folder.owner(), folder.group())
        connection.execute("ALTER SYSTEM SET ssl = on")
        connection.execute("SELECT pg_reload_conf()")
        yield f"{postgres_url}?sslmode=verify-full&sslrootcert={tmp_path}/ca.pem"
        connection.execute("ALTER SYSTEM RESET ssl")
        connection.execute("SELECT pg_reload_conf()")


async def test_a_session_over_tls_is_verified(bench: Bench, over_tls: str) -> None:
    query = "SELECT i, repeat('y', 1500) FROM generate_series(1, 900) AS i"
    named = over_tls.replace("127.0.0.1", "localhost")
    good = await bench.measure("sql", url=named, query=query)
    wrong_name = await bench.measure("sql", url=over_tls, query=query)
    unknown = await bench.measure("sql", url=re.sub("sslrootcert=.*", "sslrootcert=system", named), query=query)
    assert readings(good)["rows"] == 900
    assert wrong_name.failure is FailureClass.TLS_WRONG_NAME
    assert unknown.failure is FailureClass.TLS_UNTRUSTED


async def test_a_server_without_tls_is_told(bench: Bench, postgres_url: str) -> None:
    found = await bench.measure("sql", url=f"{postgres_url}?sslmode=require", query="SELECT 1")
    assert (found.failure, found.explanation) == (FailureClass.TLS_FAILED, "the server offers no TLS")


async def test_a_missing_right_is_named(bench: Bench, guarded: str) -> None:
    found = await bench.measure("sql", url=guarded, query="SELECT * FROM people")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert "GRANT SELECT ON people" in found.hint


async def test_a_missing_database_is_told(bench: Bench, postgres_url: str) -> None:
    found = await bench.measure("sql", url=f"{postgres_url}_gone", query="SELECT 1")
    assert (found.failure, found.explanation) == (FailureClass.QUERY_FAILED, "the database does not exist")


async def test_a_huge_row_is_not_taken_in(bench: Bench, postgres_url: str) -> None:
    found = await bench.measure("sql", url=postgres_url, query="SELECT repeat('x', 60000000)", within=10)
    assert found.failure is FailureClass.QUERY_FAILED
    assert found.explanation == "the answers have more than 8 MiB"


async def test_the_types_of_postgresql_are_told_apart(bench: Bench, postgres_url: str) -> None:
    for text, value in [("true", True), ("1.5::numeric", 1.5), ("2::bigint", 2), ("NULL", None), ("'2'::text", "2")]:
        found = await bench.measure(
            "sql", url=postgres_url, query=f"SELECT {text}", expect={"value": {"equals": value}}
        )
        assert found.outcome is Outcome.PASS, (text, found.explanation)


# SQLite


async def test_a_missing_file_is_told_and_not_made(bench: Bench, tmp_path: Path) -> None:
    found = await bench.measure("sql", url=f"sqlite:///{tmp_path}/none.db", query="SELECT 1")
    assert (found.failure, found.explanation) == (FailureClass.QUERY_FAILED, "the database file does not exist")
    assert os.listdir(tmp_path) == []


async def test_a_folder_in_place_of_a_file_is_the_checks_mistake(bench: Bench, tmp_path: Path) -> None:
    found = await bench.measure("sql", url=f"sqlite:///{tmp_path}", query="SELECT 1")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)
    assert str(tmp_path) in found.hint


@pytest.mark.parametrize(
    ("closed", "remedy"),
    [
        ("app.db", "setfacl -m u:sentinel:r {folder}/app.db"),
        ("app.db-wal", "setfacl -d -m u:sentinel:r {folder}"),
        ("", "setfacl -m u:sentinel:x {folder}"),
    ],
)
async def test_a_file_that_sentinel_may_not_read_is_named(bench: Bench, folder: Path, closed: str, remedy: str) -> None:
    file = folder / "app.db"
    with closing(sqlite3.connect(file)) as writer, ThreadPoolExecutor(1, initializer=become_nobody) as threads:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE people (id)")
        (folder / closed).chmod(0)
        bench.tools = replace(bench.tools, threads=threads)
        found = await bench.measure("sql", url=f"sqlite:///{file}", query="SELECT count(*) FROM people")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert remedy.format(folder=folder) in found.hint


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user can come to."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def become_nobody() -> None:
    """A thread that may read no more than `nobody` (setfsuid(2) is per thread); nothing happens to an ordinary user."""
    ctypes.CDLL(None).setfsuid(65534)


async def test_a_file_that_is_no_database_is_told(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, but long enough to be read as one" * 50)
    found = await bench.measure("sql", url=f"sqlite:///{tmp_path}/text.db", query="SELECT * FROM x")
    assert found.explanation == "the file is no SQLite database (SQLITE_NOTADB)"
    assert "right file" in found.hint


async def test_a_locked_file_ends_in_query_timeout(bench: Bench, sqlite_url: str) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        found = await bench.measure("sql", url=sqlite_url, query="SELECT * FROM people", within=0.5)
    assert found.failure is FailureClass.QUERY_TIMEOUT


async def test_a_file_in_wal_mode_is_read_beside_its_writer(bench: Bench, sqlite_url: str) -> None:
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO people VALUES (4, 'Di')")
        found = await bench.measure("sql", url=sqlite_url, query="SELECT count(*) FROM people")
    assert readings(found)["value"] == 3


async def test_a_huge_cell_is_not_taken_in(bench: Bench, sqlite_url: str) -> None:
    found = await bench.measure("sql", url=sqlite_url, query="SELECT zeroblob(200000000)")
    assert found.failure is FailureClass.QUERY_FAILED


async def test_without_a_free_thread_the_result_is_unknown(sqlite_url: str) -> None:
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    async with Bench(threads=1) as bench, asyncio.TaskGroup() as group:
        group.create_task(bench.measure("sql", url=sqlite_url, query=slow, within=1.0))
        await asyncio.sleep(0)
        found = await bench.measure("sql", url=sqlite_url, query="SELECT 1", within=0.3)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.OVERLOADED)


# Options


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "mysql://x", "query": "SELECT 1"}, "a URL such as"),
        ({"url": "sqlite+libsql://h:8080?token=x", "query": "SELECT 1"}, "a URL such as"),
        ({"url": "postgresql://h/d?nonsense=1", "query": "SELECT 1"}, "a URL such as"),
        ({"url": "postgresql://h:99999/d", "query": "SELECT 1"}, "a port from 1 to 65535"),
        ({"url": "postgresql://h:five/d", "query": "SELECT 1"}, "a port from 1 to 65535"),
        ({"url": "postgresql://a:1,b:2/d?port=1,2,3", "query": "SELECT 1"}, "as many ports as hosts"),
        ({"url": "sqlite:////x.db"}, "query or integrity"),
        ({"url": "sqlite:////x.db", "query": " -- nothing\n"}, "one statement"),
        ({"url": "sqlite:////x.db", "query": "/* hi */ COMMIT"}, "one statement that reads"),
        ({"url": "sqlite:////x.db", "query": "SELECT 1", "expect": {"rows": {"equals": 2000}}}, "at most 1000"),
        ({"url": "sqlite:////x.db", "query": "SELECT 1", "expect": {"value": {"matches": "(?=x)"}}}, "RE2"),
        ({"url": "sqlite:////x.db", "query": "SELECT 1", "expect": {"value": {"reveal": True}}}, "at least one of"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, object], said: str) -> None:
    assert said in problem("sql", **options)
