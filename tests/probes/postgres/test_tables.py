"""Sizes, growth and care of tables on a real server."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.postgres.calls import KEPT, Sums, noted
from sentinel.probes.postgres.growth import Growth
from tests.kit.bench import Bench, readings, run
from tests.kit.clock import FakeClock
from tests.kit.eventually import eventually
from tests.probes.postgres.sessions import execute, hint, open_session, value

if TYPE_CHECKING:
    from tests.kit.postgres import PostgresServer

NOTE_MOST = 64 << 10  # bytes that the store keeps of a note

EMPLOYEES = (
    "CREATE TABLE employees (id int, name text)",
    "ALTER TABLE employees SET (autovacuum_enabled = false)",
    "INSERT INTO employees SELECT n, 'Mary Canary' FROM generate_series(1, 1000) AS n",
)


async def counted(dsn: str, condition: str) -> None:
    """Waits until the server's statistics, which come a little later, say so."""
    query = f"SELECT {condition} FROM pg_stat_user_tables WHERE relname = 'employees'"
    await eventually(lambda: value(dsn, query))


async def test_a_watched_table_has_its_size_rows_and_care(bench: Bench, postgres_database: str) -> None:
    """FP-10: `pg_total_relation_size`, dead rows, last vacuum and analyse."""
    execute(postgres_database, *EMPLOYEES, "ANALYZE employees")
    found = readings(await bench.measure("postgres", url=postgres_database, tables={"watch": ["employees"]}))
    size = value(postgres_database, "SELECT pg_total_relation_size('employees')")
    assert (found["table_size.employees"], found["rows.employees"]) == (size, 1000)
    assert found["table_dead_share.employees"] == 0
    assert 0 <= found["table_analyse_age.employees"] < 1
    assert found["database_size"] > found["table_size.employees"]


async def test_rows_are_counted_where_that_is_asked_for_up_to_a_bound(bench: Bench, postgres_database: str) -> None:
    """EM-3: row counts."""
    execute(postgres_database, *EMPLOYEES)
    tables = {"count": ["employees"], "count_to": 700}
    found = await bench.measure("postgres", url=postgres_database, tables=tables)
    assert readings(found)["rows.employees"] == 700
    assert "restore" in hint(found, "rows.employees")


async def test_counting_needs_a_right_that_the_hint_names(bench: Bench, postgres_database: str, plain: str) -> None:
    execute(postgres_database, *EMPLOYEES)
    found = await bench.measure("postgres", url=plain, tables={"watch": ["employees"], "count": ["employees"]})
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert found.hint == "GRANT SELECT ON employees TO the role that Sentinel logs in as."
    assert readings(found)["table_size.employees"] > 0


async def test_a_watched_table_that_is_not_there_is_missing(bench: Bench, postgres_database: str) -> None:
    found = await bench.measure("postgres", url=postgres_database, tables={"watch": ["employees", "hr.people"]})
    assert (found.failure, found.explanation) == (
        FailureClass.MISSING,
        "tables: employees, hr.people do not exist",
    )


async def test_dead_rows_are_told_with_the_table(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, *EMPLOYEES, "UPDATE employees SET id = id + 1")
    await counted(postgres_database, "n_dead_tup >= 1000")
    found = await bench.measure("postgres", url=postgres_database, tables={"dead_from": 500})
    assert readings(found)["dead_share"] == pytest.approx(0.5)
    assert "Table employees has 1,000 dead rows" in hint(found, "dead_share")


async def test_few_dead_rows_are_no_matter(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, *EMPLOYEES, "UPDATE employees SET id = id + 1")
    await counted(postgres_database, "n_dead_tup >= 1000")
    assert readings(await bench.measure("postgres", url=postgres_database, tables={}))["dead_share"] == 0


async def test_a_table_that_autovacuum_would_leave_alone_needs_no_vacuum(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, *EMPLOYEES, "UPDATE employees SET id = id + 1 WHERE id <= 150")
    await counted(postgres_database, "n_dead_tup >= 150")
    found = readings(await bench.measure("postgres", url=postgres_database, tables={"dead_from": 100}))
    assert found["vacuum_age"] == 0
    assert found["dead_share"] > 0
    assert found["analyse_age"] > 0


async def test_a_vacuum_counts_from_its_end(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, *EMPLOYEES, "UPDATE employees SET id = id + 1")
    await counted(postgres_database, "n_dead_tup >= 1000")
    before = await bench.measure("postgres", url=postgres_database, tables={"dead_from": 500})
    assert readings(before)["vacuum_age"] > 0
    execute(postgres_database, "VACUUM ANALYZE employees")
    await counted(postgres_database, "n_dead_tup = 0")
    after = readings(await bench.measure("postgres", url=postgres_database, tables={"dead_from": 500}))
    assert (after["vacuum_age"], after["dead_share"]) == (0, 0)


async def test_a_table_that_nobody_else_may_touch_is_left_out_and_not_waited_for(
    bench: Bench, postgres_database: str
) -> None:
    execute(postgres_database, *EMPLOYEES)
    tables = {"watch": ["employees"], "count": ["employees"]}
    async with open_session(postgres_database, "ALTER TABLE employees ADD COLUMN born date"):
        found = await bench.measure("postgres", url=postgres_database, tables=tables)
    assert found.outcome is Outcome.PASS
    assert "table_size.employees" not in readings(found)
    assert "rows.employees" not in readings(found)


async def test_partitions_count_as_one_table_where_it_is_watched(bench: Bench, postgres_database: str) -> None:
    execute(
        postgres_database,
        "CREATE TABLE logs (day int) PARTITION BY RANGE (day)",
        "CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE logs_2 PARTITION OF logs FOR VALUES FROM (10) TO (20)",
        "INSERT INTO logs SELECT n % 20 FROM generate_series(1, 2000) AS n",
        "ANALYZE logs",
    )
    found = readings(await bench.measure("postgres", url=postgres_database, tables={"watch": ["logs"]}))
    parts = value(postgres_database, "SELECT pg_total_relation_size('logs_1') + pg_total_relation_size('logs_2')")
    assert (found["table_size.logs"], found["rows.logs"]) == (parts, 2000)


async def test_growth_is_known_a_day_later_after_a_restart_too(postgres_database: str) -> None:
    """FP-6: growth of table sizes, day over day and week over week."""
    execute(postgres_database, *EMPLOYEES)
    clock = FakeClock()
    options = {"url": postgres_database, "tables": {"watch": ["employees"], "growth_from": 0}}
    async with Bench(clock) as bench:
        first = await run(bench.build("postgres", **options))
    assert "table_growth_day.employees" not in readings(first)
    execute(postgres_database, "INSERT INTO employees SELECT n, 'x' FROM generate_series(1, 20000) AS n")
    await clock.advance(days=1)
    async with Bench(clock) as bench:
        bench.tools = replace(bench.tools, note=json.loads(json.dumps(first.note)))
        second = await run(bench.build("postgres", **options))
    assert readings(second)["table_growth_day.employees"] > 5
    assert "table_growth_week.employees" not in readings(second)
    await clock.advance(days=6)
    async with Bench(clock) as bench:
        bench.tools = replace(bench.tools, note=json.loads(json.dumps(second.note)))
        third = await run(bench.build("postgres", **options))
    assert readings(third)["table_growth_week.employees"] > 5
    assert "Table employees" in hint(third, "fastest_growth_week")


async def test_at_most_fifty_tables_are_looked_at(bench: Bench, postgres_database: str) -> None:
    execute(postgres_database, *(f"CREATE TABLE t_{number} (id int)" for number in range(60)))
    found = await bench.measure("postgres", url=postgres_database, tables={"watch": ["t_59"]})
    assert found.note is not None
    assert len(found.note["tables"]["sizes"]) == 51  # with the whole database
    assert "table_size.t_59" in readings(found)


async def test_a_standby_knows_sizes_and_nothing_of_vacuum(
    bench: Bench, primary: PostgresServer, standby: PostgresServer
) -> None:
    execute(primary.dsn, "CREATE TABLE IF NOT EXISTS followed (id int)")
    await eventually(lambda: value(standby.dsn, "SELECT to_regclass('followed') IS NOT NULL"))
    found = await bench.measure("postgres", url=standby.dsn, tables={"watch": ["followed"]})
    assert found.outcome is Outcome.PASS
    assert "table_size.followed" in readings(found)
    assert "dead_share" not in readings(found)


def test_the_largest_note_fits_into_the_store() -> None:
    growth = Growth({})
    names = [f"{'s' * 63}.{'t' * 60}_{number:02}" for number in range(50)]
    sizes = dict.fromkeys(["", *names], 400 << 40)  # 400 TiB each
    for hour in range(200):
        growth = growth.with_sizes(492_000 + hour, sizes, sizes)
    statements = [Sums(f"-{'9' * 18}{number:03}"[:20], 10**10 + number, 1e8) for number in range(KEPT)]
    deadlocks = [[1_800_000_000, 10**9]] * 13
    note = {
        "tables": growth.as_note(),
        "statements": noted(statements, "2026-11-22 10:00:00.000000+00"),
        "locks": deadlocks,
    }
    assert len(json.dumps(note)) < NOTE_MOST
