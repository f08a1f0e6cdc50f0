"""Connections, transactions and locks against a real server."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.finding import Finding
from sentinel.probes.postgres import KIND
from sentinel.probes.postgres.probe import told
from tests.kit.bench import Bench, problem, readings, run
from tests.kit.clock import FakeClock
from tests.kit.eventually import eventually
from tests.kit.raw_server import Connection, RawServer
from tests.probes.postgres.sessions import execute, hint, open_session, said, value, waiting_session

if TYPE_CHECKING:
    from tests.kit.postgres import PostgresServer

QUIET = {"transactions": False, "locks": False, "wraparound": False}


async def test_a_check_without_options_sees_to_sessions_transactions_locks_and_ids(
    bench: Bench, postgres_database: str
) -> None:
    found = await bench.measure("postgres", url=postgres_database)
    assert found.outcome is Outcome.PASS
    names = readings(found)
    assert {"connections_used", "longest_transaction", "longest_lock_wait", "transaction_ids_used"} <= names.keys()
    assert names["unread_parts"] == 0


async def test_connections_are_a_share_of_what_ordinary_roles_may_have(bench: Bench, postgres_database: str) -> None:
    before = readings(await bench.measure("postgres", url=postgres_database, **QUIET))
    async with open_session(postgres_database), open_session(postgres_database):
        found = await bench.measure("postgres", url=postgres_database, **QUIET)
    assert readings(found)["connections"] == before["connections"] + 2
    assert readings(found)["connections_used"] == pytest.approx(readings(found)["connections"] / 57)
    assert "of 57 sessions" in hint(found, "connections_used")


async def test_a_databases_own_limit_counts_where_it_is_nearer(bench: Bench, postgres_database: str) -> None:
    name = postgres_database.rsplit("/", 1)[1]
    execute(postgres_database, f"ALTER DATABASE {name} CONNECTION LIMIT 4")
    async with open_session(postgres_database):
        found = await bench.measure("postgres", url=postgres_database, **QUIET)
    assert readings(found)["connections_used"] == 2 / 4
    assert "CONNECTION LIMIT" in hint(found, "connections_used")


async def test_a_pool_is_measured_by_its_size_and_overflow_in_all_processes(
    bench: Bench, postgres_database: str
) -> None:
    """AC-5: 20 + 10, with other numbers; FP-4."""
    pools = {"api": {"size": 2, "overflow": 1, "processes": 2, "application": "payroll"}}
    async with open_session(postgres_database, name="payroll"), open_session(postgres_database, name="else"):
        found = await bench.measure("postgres", url=postgres_database, connections={"pools": pools}, **QUIET)
    assert readings(found)["pool_connections.api"] == 1
    assert readings(found)["pool_used.api"] == pytest.approx(1 / 6)


async def test_sentinels_own_sessions_are_in_nobodys_pool(bench: Bench, postgres_database: str) -> None:
    pools = {"api": {"size": 2, "database": postgres_database.rsplit("/", 1)[1]}}
    found = await bench.measure("postgres", url=postgres_database, connections={"pools": pools}, **QUIET)
    assert readings(found)["pool_used.api"] == 0


def test_a_pool_needs_a_sign_to_be_told_by() -> None:
    assert "database, user or application" in problem(
        "postgres", url="postgresql://x/y", connections={"pools": {"api": {"size": 2}}}
    )


@pytest.mark.parametrize("url", ["sqlite:////tmp/x.db", "http://x/"])
def test_another_database_is_refused(url: str) -> None:
    assert "postgresql://" in problem("postgres", url=url)


async def test_a_transaction_left_open_is_told_with_its_process(bench: Bench, postgres_database: str) -> None:
    async with open_session(postgres_database, "SELECT 1") as session:
        found = await bench.measure("postgres", url=postgres_database)
        pid = session.info.backend_pid
    numbers = readings(found)
    assert numbers["idle_in_transaction"] == 1
    assert 0 < numbers["longest_idle_in_transaction"] <= numbers["longest_transaction"]
    assert f"pg_terminate_backend({pid})" in hint(found, "longest_idle_in_transaction")


async def test_a_backup_may_read_for_as_long_as_it_likes(bench: Bench, postgres_database: str) -> None:
    async with open_session(postgres_database, "SELECT 1", name="pg_dump"):
        found = await bench.measure("postgres", url=postgres_database)
    assert readings(found)["longest_transaction"] == 0


async def test_another_check_that_looks_at_the_same_time_is_nobodys_transaction(
    bench: Bench, postgres_database: str
) -> None:
    async with open_session(postgres_database, "SELECT 1", name="sentinel"):
        found = await bench.measure("postgres", url=postgres_database)
    assert readings(found)["idle_in_transaction"] == 0


async def test_a_long_query_is_told(bench: Bench, postgres_database: str) -> None:
    async with open_session(postgres_database) as session:
        running = asyncio.create_task(session.execute("SELECT pg_sleep(30)"))
        sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
        await eventually(lambda: value(postgres_database, sleeping))
        found = await bench.measure("postgres", url=postgres_database)
        session.cancel()
        with suppress(psycopg.Error):
            await running
    assert 0 < readings(found)["longest_query"] < 10


async def test_a_prepared_transaction_that_nobody_ends_is_told(bench: Bench, primary: PostgresServer) -> None:
    execute(primary.dsn, "BEGIN", "PREPARE TRANSACTION 'left'")
    found = await bench.measure("postgres", url=primary.dsn)
    execute(primary.dsn, "ROLLBACK PREPARED 'left'")
    assert readings(found)["oldest_prepared_transaction"] > 0


async def test_who_waits_for_a_lock_is_told_with_who_holds_it(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, "CREATE TABLE t (id int)")
    async with open_session(postgres_database, "LOCK TABLE t") as holder:
        async with waiting_session(postgres_database, "SELECT * FROM t") as waiting:
            found = await bench.measure("postgres", url=postgres_database, tables={"watch": ["t"]})
        blocker = holder.info.backend_pid
    assert readings(found)["blocked_sessions"] == 1
    assert readings(found)["longest_lock_wait"] > 0
    assert f"Session {waiting} has waited longest, for session {blocker}" in hint(found, "longest_lock_wait")


async def deadlock(dsn: str) -> None:
    """Two sessions that lock two tables in opposite orders."""
    async with open_session(dsn, "LOCK TABLE a") as one, open_session(dsn, "LOCK TABLE b") as other:
        both = [one.execute("LOCK TABLE b"), other.execute("LOCK TABLE a")]
        errors = await asyncio.gather(*both, return_exceptions=True)
    assert any(isinstance(error, psycopg.errors.DeadlockDetected) for error in errors)
    await eventually(lambda: value(dsn, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"))


async def test_deadlocks_count_for_an_hour(postgres_database: str) -> None:
    execute(postgres_database, "CREATE TABLE a (id int)", "CREATE TABLE b (id int)")
    clock = FakeClock()
    async with Bench(clock) as bench:
        probe = bench.build("postgres", url=postgres_database)
        assert "deadlocks" not in readings(await run(probe))
        await deadlock(postgres_database)
        assert readings(await run(probe))["deadlocks"] == 1
        await clock.advance(minutes=50)
        assert readings(await run(probe))["deadlocks"] == 1
        await clock.advance(minutes=50)
        assert readings(await run(probe))["deadlocks"] == 0


async def test_a_role_without_rights_judges_what_it_can_and_says_what_not(bench: Bench, plain: str) -> None:
    found = await bench.measure("postgres", url=plain)
    assert found.outcome is Outcome.PASS
    assert "connections_used" in readings(found)
    assert "longest_transaction" not in readings(found)
    assert "transactions" in hint(found, "unread_parts")
    assert "GRANT pg_read_all_stats" in hint(found, "unread_parts")


async def test_a_part_that_is_asked_for_and_cannot_be_read_is_unknown(bench: Bench, plain: str) -> None:
    found = await bench.measure("postgres", url=plain, transactions={})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert found.explanation == "transactions: the role may not see what other sessions do"
    assert "GRANT pg_read_all_stats" in found.hint
    assert "transaction_ids_used" in readings(found)


async def test_what_fails_is_told_before_what_cannot_be_read(bench: Bench, plain: str) -> None:
    found = await bench.measure("postgres", url=plain, transactions={}, schema={"tables": ["vanished"]})
    assert (found.failure, found.outcome) == (FailureClass.MISSING, Outcome.FAIL)
    assert found.explanation == "not there: table vanished; 1 part could not be read"


async def test_everything_that_has_to_be_granted_is_told_at_one_go(bench: Bench, plain: str) -> None:
    found = await bench.measure("postgres", url=plain, transactions={}, statements={}, replication={})
    assert found.explanation.count("may not see what other sessions do") == 3
    assert found.hint.count("GRANT pg_read_all_stats") == 1


def test_many_findings_are_told_to_a_bound() -> None:
    findings = [Finding(FailureClass.DRIFTED, f"d{number}", f"h{number}") for number in range(6)]
    [one] = told([Finding(FailureClass.NOT_PERMITTED, "n", "grant"), *findings])
    assert (one.explanation, one.hint) == ("d0; d1; d2; d3 (and 2 more); 1 part could not be read", "h0")
    assert told([]) == []


async def test_the_right_that_the_hint_names_is_enough(bench: Bench, plain: str, postgres_database: str) -> None:
    execute(postgres_database, "GRANT pg_read_all_stats TO monitor_plain")
    found = await bench.measure("postgres", url=plain, transactions={}, locks={}, replication={})
    assert (found.outcome, readings(found)["unread_parts"]) == (Outcome.PASS, 0)


async def test_a_wrong_password_accuses_nobody(bench: Bench, postgres: PostgresServer, postgres_database: str) -> None:
    with postgres.guarded(postgres_database) as url:
        found = await bench.measure("postgres", url=url.replace("correct-canary", "wrong-canary"))
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.CREDENTIAL_REFUSED)
    assert "canary" not in said(found)


async def test_an_old_server_is_told(bench: Bench, postgres_database: str) -> None:
    found = await bench.measure("postgres", url=postgres_database, lowest_version="99")
    assert found.failure is FailureClass.DRIFTED
    assert "expected at least 99" in found.explanation


async def test_a_server_that_stands_still_does_not_hold_the_deadline(
    bench: Bench, postgres: PostgresServer, postgres_database: str
) -> None:
    probe = bench.build("postgres", url=postgres_database)
    postgres.pause()
    found = await run(probe, within=0.7)
    postgres.resume()
    assert found.failure is FailureClass.CONNECT_TIMEOUT


async def test_a_question_that_hangs_ends_the_run_and_keeps_what_was_found(
    bench: Bench, postgres_database: str
) -> None:
    execute(postgres_database, "CREATE TABLE alembic_version (version_num text)")
    async with open_session(postgres_database, "LOCK TABLE alembic_version"):
        found = await bench.measure("postgres", within=1.0, url=postgres_database, migrations={"expected": "abc"})
    assert (found.failure, found.outcome) == (FailureClass.QUERY_TIMEOUT, Outcome.FAIL)
    assert found.explanation.startswith("migrations: ")
    assert "connections_used" in readings(found)


async def test_a_run_that_is_cancelled_leaves_no_backend_behind(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, "CREATE TABLE alembic_version (version_num text)")
    probe = bench.build("postgres", url=postgres_database, migrations={"expected": "abc"})
    ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sentinel' AND wait_event_type = 'Lock'"
    async with open_session(postgres_database, "LOCK TABLE alembic_version"):
        running = asyncio.create_task(run(probe, within=20))
        await eventually(lambda: value(postgres_database, ours))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await eventually(lambda: value(postgres_database, ours) == 0)


async def test_it_changes_nothing_and_says_nothing_of_anybody(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, "CREATE TABLE people (name text)", "INSERT INTO people VALUES ('Mary Canary')")
    writing = "UPDATE people SET name = 'Mary Canary' WHERE name = 'Mary Canary'"
    async with open_session(postgres_database, writing, name="Mary Canary"):
        parts: dict[str, Any] = {
            "tables": {"watch": ["people"]},
            "sequences": {},
            "replication": {},
            "foreign_keys": {"rows": True},
        }
        found = await bench.measure("postgres", url=postgres_database, **parts)
    assert "canary" not in said(found).lower()


@pytest.mark.parametrize(
    "note",
    [
        {"locks": {"deadlocks": "x"}, "tables": {"sizes": 1}, "statements": []},
        {"locks": 7, "tables": {"hours": [1], "sizes": {"t": []}}},
        {"locks": {"deadlocks": [[1, 2, 3]]}},
    ],
)
async def test_a_note_of_another_shape_is_as_good_as_none(
    bench: Bench, postgres_database: str, note: dict[str, object]
) -> None:
    bench.tools = replace(bench.tools, note=note)
    found = await bench.measure("postgres", url=postgres_database, tables={})
    assert found.outcome is Outcome.PASS


def test_every_part_brings_rules_for_readings_that_it_has() -> None:
    parts = ("statements", "tables", "foreign_keys", "replication", "sequences")
    written: dict[str, Any] = {name: {} for name in parts}
    written |= {"connections": {"pools": {"api": {"size": 1, "user": "app"}}}, "schema": {"tables": ["t"]}}
    options = KIND.options.model_validate({"url": "postgresql://x/y", **written})
    ruled = {rule["reading"] for rule in KIND.usual_rules(options)}
    assert ruled <= {*KIND.readings, *KIND.more_readings(options)}
    assert {"connections_used", "pool_used.api", "slow_statements", "sequence_used"} <= ruled


def test_a_part_that_is_switched_off_brings_no_rules() -> None:
    off = dict.fromkeys(("connections", "transactions", "locks", "wraparound"), False)
    options = KIND.options.model_validate({"url": "postgresql://x/y", **off})
    assert list(KIND.usual_rules(options)) == []


def packet(kind: bytes, content: bytes) -> bytes:
    """A message of PostgreSQL's protocol (version 3)."""
    return kind + (len(content) + 4).to_bytes(4, "big") + content


async def message(connection: Connection) -> None:
    """Takes what follows the kind of a message: its length, and so many bytes."""
    await connection.take(int.from_bytes(await connection.take(4), "big") - 4)


async def eleven(connection: Connection) -> None:
    """A server of version 11, as far as beginning a transaction."""
    await message(connection)
    await connection.send(b"N")  # no TLS
    await message(connection)
    version = packet(b"S", b"server_version\x0011.22\x00")
    await connection.send(packet(b"R", bytes(4)) + version + packet(b"Z", b"I"))
    await connection.take(1)
    await message(connection)
    await connection.send(packet(b"C", b"BEGIN\x00") + packet(b"C", b"SET\x00") + packet(b"Z", b"T"))
    await connection.hung_up()


async def test_a_server_that_is_too_old_to_be_asked_is_unknown(bench: Bench) -> None:
    async with RawServer(eleven) as server:
        found = await bench.measure("postgres", url=f"postgresql://monitor@127.0.0.1:{server.port}/app")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_INSTALLED)
    assert found.explanation == "PostgreSQL 11 is too old to be asked"
    assert "12 or newer" in found.hint
