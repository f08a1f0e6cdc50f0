"""Slow statements: by sums that a test writes, and by the real extension where the server's programs bring it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.postgres.calls import RANKED, Spent, Sums, noted, since
from tests.kit.bench import Bench, problem, readings, run
from tests.kit.postgres import PostgresServer
from tests.probes.postgres.sessions import execute, hint, said

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What pg_stat_statements answers, with a table behind it that a test writes to. The wheel's PostgreSQL has no such extension.
STAND_IN = (
    "CREATE TABLE sums (queryid int8, calls int8, total_exec_time float8, userid oid DEFAULT 0, dbid oid)",
    "ALTER TABLE sums ALTER dbid SET DEFAULT NULL",
    (
        "CREATE FUNCTION pg_stat_statements(showtext bool) RETURNS TABLE (queryid int8, calls int8, total_exec_time float8,"
        " userid oid, dbid oid) LANGUAGE sql AS $$ SELECT queryid, calls, total_exec_time, userid,"
        " (SELECT oid FROM pg_database WHERE datname = current_database()) FROM sums WHERE NOT showtext $$"
    ),
    "CREATE TABLE pg_stat_statements_info (dealloc int8, stats_reset timestamptz)",
    "INSERT INTO pg_stat_statements_info VALUES (0, '2026-03-01 00:00:00Z')",
    (
        "INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)"
        " VALUES (99999, 'pg_stat_statements', 10, 2200, false, '1.10')"
    ),
)


@pytest.fixture
def counting(postgres_database: str) -> str:
    """A database whose statements' sums are in the table `sums`, in milliseconds."""
    execute(postgres_database, *STAND_IN)
    return postgres_database


def sums(dsn: str, **milliseconds: tuple[int, int]) -> None:
    """Calls and milliseconds by the number behind the `q` of a name."""
    rows = ", ".join(f"({name[1:]}, {calls}, {spent})" for name, (calls, spent) in milliseconds.items())
    execute(dsn, "DELETE FROM sums", f"INSERT INTO sums (queryid, calls, total_exec_time) VALUES {rows}")


async def test_the_first_look_sees_all_calls_and_later_ones_those_since(bench: Bench, counting: str) -> None:
    """FP-9: statements whose mean is above a bound."""
    probe = bench.build("postgres", url=counting, statements={"slow": "1s"})
    sums(counting, q1=(10, 30_000), q2=(1000, 5_000))
    first = await run(probe)
    assert (readings(first)["slowest_statement"], readings(first)["slow_statements"]) == (3.0, 1)
    sums(counting, q1=(20, 31_000), q2=(1010, 25_000))
    second = await run(probe)
    assert (readings(second)["slowest_statement"], readings(second)["slow_statements"]) == (2.0, 1)
    assert "By queryid: 2: 2 s in the mean of 10 calls" in hint(second, "slow_statements")


async def test_the_last_look_is_remembered_through_a_restart(bench: Bench, counting: str) -> None:
    sums(counting, q1=(10, 30_000))
    first = await bench.measure("postgres", url=counting, statements={})
    bench.tools = replace(bench.tools, note=json.loads(json.dumps(first.note)))
    second = await bench.measure("postgres", url=counting, statements={})
    assert readings(second)["slow_statements"] == 0


async def test_a_reset_begins_anew(bench: Bench, counting: str) -> None:
    probe = bench.build("postgres", url=counting, statements={})
    sums(counting, q1=(10, 30_000))
    await run(probe)
    execute(counting, "UPDATE pg_stat_statements_info SET stats_reset = '2026-03-02 00:00:00Z'")
    sums(counting, q1=(20, 80_000))
    assert readings(await run(probe))["slowest_statement"] == 4.0


async def test_a_statement_with_a_label_has_a_reading(bench: Bench, counting: str) -> None:
    sums(counting, q7=(2, 3_000))
    statements = {"labels": {"employee_search": "7"}}
    found = await bench.measure("postgres", url=counting, statements=statements)
    assert readings(found)["statement.employee_search"] == 1.5
    assert "7 (employee_search): 1.5 s" in hint(found, "slow_statements")


async def test_a_statement_may_be_slow_by_name_or_too_seldom(bench: Bench, counting: str) -> None:
    sums(counting, q7=(2, 9_000), q8=(1, 9_000))
    found = await bench.measure("postgres", url=counting, statements={"ignore": ["7"], "min_calls": 2})
    assert readings(found)["slow_statements"] == 0


async def test_sentinels_own_statements_do_not_count(bench: Bench, counting: str) -> None:
    sums(counting, q1=(1, 9_000))
    execute(counting, "UPDATE sums SET userid = (SELECT oid FROM pg_roles WHERE rolname = current_user)")
    found = await bench.measure("postgres", url=counting, statements={})
    assert readings(found)["slow_statements"] == 0


async def test_the_longest_and_the_slowest_of_many_statements_are_looked_at(bench: Bench, counting: str) -> None:
    many = "SELECT n, 1000000, 1000000.0 * n FROM generate_series(1, 3000) AS n"
    execute(counting, f"INSERT INTO sums (queryid, calls, total_exec_time) {many}")
    execute(counting, "INSERT INTO sums (queryid, calls, total_exec_time) VALUES (-5, 1, 9000), (-6, 0, 0)")
    found = await bench.measure("postgres", url=counting, statements={"slow": "5s"})
    assert readings(found)["slow_statements"] == 1
    assert found.note is not None
    assert RANKED < len(found.note["statements"]["sums"]) <= 2 * RANKED


async def test_an_extension_that_is_older_than_the_server_is_asked_by_its_own_names(
    bench: Bench, counting: str
) -> None:
    sums(counting, q1=(1, 9_000))
    older = STAND_IN[2].replace("total_exec_time float8,", "total_time float8,")
    execute(
        counting,
        "DROP FUNCTION pg_stat_statements",
        older,
        "UPDATE pg_extension SET extversion = '1.7' WHERE oid = 99999",
    )
    found = await bench.measure("postgres", url=counting, statements={})
    assert readings(found)["slowest_statement"] == 9.0


async def test_without_the_extension_it_is_unknown(bench: Bench, postgres_database: str) -> None:
    found = await bench.measure("postgres", url=postgres_database, statements={})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_INSTALLED)
    assert found.explanation == "statements: the extension pg_stat_statements is not installed in this database"
    assert "CREATE EXTENSION pg_stat_statements" in found.hint
    assert "connections_used" in readings(found)


async def test_without_the_right_to_see_others_it_is_unknown(bench: Bench, counting: str, plain: str) -> None:
    sums(counting, q1=(1, 9_000))
    found = await bench.measure("postgres", url=plain, statements={})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert "GRANT pg_read_all_stats" in found.hint


def test_a_queryid_is_a_number() -> None:
    assert problem("postgres", url="postgresql://x/y", statements={"labels": {"search": "SELECT 1"}})


@pytest.fixture(scope="module")
def preloaded() -> Iterator[PostgresServer]:
    """A server that counts statements, where its programs can; one that does not, where they cannot."""
    with PostgresServer() as server:
        if server.counts_statements:
            execute(server.dsn, "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
            server.restart()
        yield server


async def test_the_real_extension_tells_a_slow_statement_by_its_queryid(
    bench: Bench, preloaded: PostgresServer
) -> None:
    """Where there is none, that is what is said."""
    dsn = preloaded.fresh_database()
    if preloaded.counts_statements:
        execute(dsn, "CREATE EXTENSION pg_stat_statements", "CREATE ROLE app LOGIN")
        app = dsn.replace("//sentinel@", "//app@")
        execute(app, *["SELECT pg_sleep(0.06), 'Mary Canary'"] * 3)
    found = await bench.measure("postgres", url=dsn, statements={"slow": "50ms"})
    if preloaded.counts_statements:
        assert readings(found)["slow_statements"] == 1
        assert 0.06 <= readings(found)["slowest_statement"] < 1
        assert "in the mean of 3 calls" in hint(found, "slow_statements")
    else:
        assert found.failure is FailureClass.NOT_INSTALLED
    assert "pg_sleep" not in said(found)
    assert "Canary" not in said(found)


async def test_an_extension_that_is_not_loaded_is_unknown(bench: Bench, postgres: PostgresServer) -> None:
    dsn = postgres.fresh_database()
    if postgres.counts_statements:
        execute(dsn, "CREATE EXTENSION pg_stat_statements")
    found = await bench.measure("postgres", url=dsn, statements={})
    postgres.drop(dsn)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_INSTALLED)
    assert "shared_preload_libraries" in found.hint


NOW = [Sums("1", 20, 8.0), Sums("2", 5, 1.0)]


@pytest.mark.parametrize(
    ("before", "epoch", "spent"),
    [
        ([], "e", [Spent("1", 20, 0.4), Spent("2", 5, 0.2)]),
        ([Sums("1", 10, 2.0)], "e", [Spent("1", 10, 0.6), Spent("2", 5, 0.2)]),
        ([Sums("1", 10, 2.0), Sums("2", 5, 1.0)], "e", [Spent("1", 10, 0.6)]),
        ([Sums("1", 30, 9.0), Sums("2", 5, 1.0)], "e", [Spent("1", 20, 0.4)]),
        ([Sums("1", 10, 2.0)], "later", [Spent("1", 20, 0.4), Spent("2", 5, 0.2)]),
    ],
)
def test_sums_are_compared_with_those_of_the_last_look(before: list[Sums], epoch: str, spent: list[Spent]) -> None:
    found = since(NOW, noted(before, "e"), epoch)
    assert [(one.query, one.calls, pytest.approx(one.mean)) for one in found] == [tuple(one) for one in spent]


def test_a_statement_that_a_full_note_left_out_tells_nothing_yet() -> None:
    full = noted([Sums(str(number), 1, 1.0) for number in range(100, 100 + RANKED)], "e")
    assert since([Sums("1", 9, 9.0)], full, "e") == []


@pytest.mark.parametrize("note", [{}, {"epoch": "e", "sums": 3}, {"epoch": "e", "sums": {"1": [1]}}])
def test_a_note_of_another_shape_is_no_last_look(note: dict[str, object]) -> None:
    assert len(since(NOW, note, "e")) == 2
