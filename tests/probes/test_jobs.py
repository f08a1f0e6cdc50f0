"""The `jobs` probe against tables of real PostgreSQL and SQLite databases, whose times are written in every way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from sentinel.base.clock import SystemClock
from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.clock import FakeClock
from tests.kit.libsql import LibsqlServer
from tests.kit.ports import refusing_port

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from tests.kit.postgres import PostgresServer

STATES = {"queued": ["queued"], "running": ["running"], "failed": ["failed"], "done": ["done"]}
COLUMNS = {"touched": "touched_at", "progress": "progress", "items": "items"}
NAMES = "id, status, kind, created_at, started_at, finished_at, touched_at, progress, items"


class Table:
    """A table of jobs in either database."""

    def __init__(self, url: str, moment: str, write: Callable[[datetime], object]) -> None:
        self.url = url
        self._write = write
        self.execute(
            f"""CREATE TABLE jobs (id text, status text, kind text, created_at {moment}, started_at {moment},
            finished_at {moment}, touched_at {moment}, progress integer, items integer)"""
        )

    def execute(self, text: str, values: Sequence[object] = ()) -> None:
        if self.url.startswith("sqlite"):
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as connection:
                connection.execute(text, values)
                connection.commit()
            return
        with psycopg.connect(self.url, autocommit=True) as server:
            server.execute(text.replace("?", "%s").encode(), values)

    def add(
        self,
        job: str,
        state: str,
        *,
        created: float | None = None,
        started: float | None = None,
        finished: float | None = None,
        touched: float | None = None,
        progress: int | None = None,
        items: int | None = None,
        kind: str = "payroll",
    ) -> None:
        """A job; its times are minutes ago."""
        times = [self._ago(minutes) for minutes in (created, started, finished, touched)]
        marks = ", ".join("?" * 9)
        self.execute(f"INSERT INTO jobs ({NAMES}) VALUES ({marks})", [job, state, kind, *times, progress, items])

    def _ago(self, minutes: float | None) -> object:
        return None if minutes is None else self._write(SystemClock().now() - timedelta(minutes=minutes))


@pytest.fixture(params=["sqlite", "postgres"])
def table(request: pytest.FixtureRequest, tmp_path: Path) -> Table:
    if request.param == "sqlite":
        return Table(f"sqlite:///{tmp_path}/jobs.db", "text", lambda when: when.isoformat(sep=" "))
    return Table(request.getfixturevalue("postgres_database"), "timestamptz", lambda when: when)


def options(table: Table, **more: Any) -> dict[str, Any]:
    return {"url": table.url, "table": "jobs", "states": STATES, **more}


async def test_jobs_in_every_state_are_counted_with_their_ages(bench: Bench, table: Table) -> None:
    table.add("1", "queued", created=5)
    table.add("2", "queued", created=2)
    table.add("3", "running", started=4)
    table.add("4", "done", started=30, finished=20)
    table.add("5", "done", started=300, finished=200)
    table.add("6", "cancelled", started=300, finished=200)
    found = await bench.measure("jobs", **options(table))
    numbers = readings(found)
    assert found.outcome is Outcome.PASS, found.explanation
    assert [numbers[name] for name in ("queued", "running", "done", "failed", "stuck")] == [2, 1, 1, 0, 0]
    assert numbers["oldest_queued"] == pytest.approx(300, abs=10)
    assert numbers["oldest_running"] == pytest.approx(240, abs=10)
    assert numbers["slowest"] == pytest.approx(600, abs=1)


async def test_jobs_whose_state_is_no_declared_word_are_counted(bench: Bench, table: Table) -> None:
    for job, state in enumerate(["queued", "Running", "cancelled", "paused"]):
        table.add(str(job), state, created=5)
    table.execute("INSERT INTO jobs (id, created_at) SELECT 'no state', created_at FROM jobs WHERE id = '0'")
    table.add("long ago", "archived", created=5 * 24 * 60)
    found = await bench.measure("jobs", **options(table, states={**STATES, "others": ["paused"]}))
    assert readings(found)["unknown_state"] == 3
    assert found.hints is not None
    assert "`others`" in found.hints["unknown_state"]


async def test_without_a_time_of_asking_the_states_of_all_jobs_count(bench: Bench, table: Table) -> None:
    table.add("1", "archived", created=5 * 24 * 60)
    found = await bench.measure("jobs", **options(table, columns={"queued": None}))
    assert readings(found)["unknown_state"] == 1


@pytest.mark.parametrize(
    ("states", "ruled"),
    [(STATES, True), ({"running": ["a"], "others": ["b"]}, True), ({"running": ["a"], "failed": ["b"]}, False)],
)
def test_unknown_states_are_a_surprise_where_all_are_told(states: dict[str, Any], ruled: bool) -> None:
    known = CATALOGUE["jobs"]
    rules = known.usual_rules(
        known.options.model_validate({"url": "sqlite:////x.db", "table": "jobs", "states": states})
    )
    assert ("unknown_state" in {rule["reading"] for rule in rules}) is ruled


async def test_an_empty_table_is_good(bench: Bench, table: Table) -> None:
    found = await bench.measure("jobs", **options(table, columns=COLUMNS, show_ids=True))
    assert found.outcome is Outcome.PASS, found.explanation
    assert readings(found)["running"] == 0


async def test_a_job_that_runs_for_too_long_is_stuck(bench: Bench, table: Table) -> None:
    table.add("Mary Canary", "running", started=42)
    table.add("2", "running", started=3)
    found = await bench.measure("jobs", **options(table))
    assert found.failure is FailureClass.JOB_STUCK
    assert found.explanation == "1 job running for more than 10 min, the oldest for 42 min"
    assert readings(found)["stuck"] == 1
    assert "worker" in found.hint


async def test_a_job_with_a_sign_of_life_is_not_stuck(bench: Bench, table: Table) -> None:
    table.add("1", "running", started=42, touched=1)
    good = await bench.measure("jobs", **options(table, columns=COLUMNS))
    table.add("2", "running", started=42, touched=11)
    table.add("3", "running", started=20)
    found = await bench.measure("jobs", **options(table, columns=COLUMNS))
    assert good.outcome is Outcome.PASS
    assert found.explanation == "2 jobs without a sign of life for more than 10 min, the oldest for 42 min"


async def test_jobs_that_failed_lately_are_told_until_the_window_is_over(bench: Bench, table: Table) -> None:
    table.add("1", "failed", started=70, finished=59)
    table.add("2", "failed", started=70, finished=61)
    found = await bench.measure("jobs", **options(table))
    later = await bench.measure("jobs", **options(table, window="58m"))
    allowed = await bench.measure("jobs", **options(table, failures_allowed=1))
    assert (found.failure, found.explanation) == (FailureClass.JOB_FAILED, "1 job failed in the last 1 h")
    assert (later.outcome, allowed.outcome) == (Outcome.PASS, Outcome.PASS)


async def test_ids_are_shown_only_when_asked_for(bench: Bench, table: Table) -> None:
    table.add("run-7 <b>", "failed", finished=1)
    table.add("run-8", "failed", finished=2)
    table.add("run-9", "running", started=60)
    hidden = await bench.measure("jobs", **options(table))
    shown = await bench.measure("jobs", **options(table, show_ids=True, failures_allowed=2))
    failed = await bench.measure("jobs", **options(table, show_ids=True, stuck_after="2h"))
    assert "run-" not in words(hidden)
    assert shown.explanation.endswith("(id run-9)")
    assert failed.explanation == "2 jobs failed in the last 1 h (id run-7b, run-8)"


async def test_jobs_of_one_kind_can_be_looked_at_alone(bench: Bench, table: Table) -> None:
    table.add("1", "running", started=60, kind="it's other")
    payroll = await bench.measure("jobs", **options(table, only={"kind": "payroll"}))
    other = await bench.measure("jobs", **options(table, only={"kind": "it's other"}))
    assert (payroll.outcome, other.failure) == (Outcome.PASS, FailureClass.JOB_STUCK)


async def test_the_time_for_items_is_told_for_numbers_of_them(bench: Bench, table: Table) -> None:
    table.add("1", "done", started=30, finished=29, items=400)
    table.add("2", "done", started=20, finished=18, items=800)
    table.add("3", "done", started=20, finished=18, items=0)
    found = await bench.measure("jobs", **options(table, columns=COLUMNS, per=[100, 1000]))
    numbers = readings(found)
    assert numbers["time_per.100"] == pytest.approx(15, abs=0.1)
    assert numbers["time_per.1000"] == pytest.approx(150, abs=1)
    assert "row by row" in (found.hints or {})["time_per.1000"]


async def test_progress_that_does_not_move_is_stuck_also_over_a_restart(bench: Bench, table: Table) -> None:
    clock = FakeClock(SystemClock().now())
    table.add("job-canary", "running", started=1, progress=5)
    table.add("2", "running", started=1, progress=7)
    kind = CATALOGUE["jobs"]
    asked = kind.options.model_validate(options(table, columns=COLUMNS, stuck_after="1d"))
    first = await run(kind.build(asked, replace(bench.tools, clock=clock)))
    clock.step(minutes=6)
    table.execute("UPDATE jobs SET progress = 8 WHERE id = '2'")
    again = kind.build(asked, replace(bench.tools, clock=clock, note=first.note))
    moved = await run(again)
    clock.step(minutes=6)
    stalled = await run(again)
    assert (first.outcome, readings(first)["least_progress"]) == (Outcome.PASS, 5)
    assert (moved.outcome, readings(moved)["stalled"]) == (Outcome.PASS, 0)
    assert stalled.explanation == "1 job running without progress for 10 min"
    assert "canary" not in str(stalled.note)


@pytest.mark.parametrize("note", [{"jobs": [1]}, {"jobs": {"a": "b"}}, {"jobs": {"a": [None, "x"]}}, {"other": 1}])
async def test_a_note_of_another_shape_is_none(bench: Bench, table: Table, note: dict[str, Any]) -> None:
    table.add("1", "running", started=1, progress=5)
    kind = CATALOGUE["jobs"]
    asked = kind.options.model_validate(options(table, columns=COLUMNS))
    found = await run(kind.build(asked, replace(bench.tools, note=note)))
    assert readings(found)["stalled"] == 0


# Times

BERLIN = ZoneInfo("Europe/Berlin")
WAYS: dict[str, tuple[str, Callable[[datetime], object], dict[str, str]]] = {
    "zone": ("timestamptz", lambda when: when, {}),
    "naive": ("timestamp", lambda when: when.replace(tzinfo=None), {}),
    "naive local": (
        "timestamp",
        lambda when: when.astimezone(BERLIN).replace(tzinfo=None),
        {"time_zone": "Europe/Berlin"},
    ),
    "text": ("text", lambda when: when.isoformat(), {"times": "text"}),
    "text Z": ("text", lambda when: when.strftime("%Y-%m-%dT%H:%M:%SZ"), {"times": "text"}),
    "text with another zone": (
        "text",
        lambda when: when.astimezone(BERLIN).isoformat(),
        {"times": "text", "time_zone": "Asia/Tokyo"},
    ),
    "text local": (
        "text",
        lambda when: when.astimezone(BERLIN).replace(tzinfo=None).isoformat(),
        {"times": "text", "time_zone": "Europe/Berlin"},
    ),
    "seconds": ("double precision", lambda when: when.timestamp(), {"times": "seconds"}),
    "milliseconds": ("bigint", lambda when: int(when.timestamp() * 1000), {"times": "milliseconds"}),
}
OF_SQLITE = [way for way, (moment, _, _) in WAYS.items() if not moment.startswith("timestamp")]


async def judged(bench: Bench, url: str, way: str) -> Any:
    moment, write, more = WAYS[way]
    table = Table(url, moment, write)
    table.add("1", "running", started=42)
    table.add("2", "failed", finished=59)
    table.add("3", "failed", finished=61)
    table.add("4", "done", started=4, finished=3)
    return await bench.measure("jobs", **options(table, **more))


@pytest.mark.parametrize("way", WAYS)
async def test_postgres_knows_times_however_they_are_written(bench: Bench, postgres_database: str, way: str) -> None:
    with psycopg.connect(postgres_database, autocommit=True) as connection:
        connection.execute(b"ALTER ROLE CURRENT_USER SET timezone = 'America/New_York'")
    try:
        found = await judged(bench, postgres_database, way)
    finally:
        with psycopg.connect(postgres_database, autocommit=True) as connection:
            connection.execute(b"ALTER ROLE CURRENT_USER RESET timezone")
    numbers = readings(found)
    assert numbers["oldest_running"] == pytest.approx(42 * 60, abs=10)
    assert numbers["slowest"] == pytest.approx(60, abs=2)
    assert (numbers["stuck"], numbers["failed"]) == (1, 1)


@pytest.mark.parametrize("way", OF_SQLITE)
async def test_sqlite_knows_times_however_they_are_written(bench: Bench, tmp_path: Path, way: str) -> None:
    numbers = readings(await judged(bench, f"sqlite:///{tmp_path}/jobs.db", way))
    assert numbers["oldest_running"] == pytest.approx(42 * 60, abs=10)
    assert numbers["slowest"] == pytest.approx(60, abs=2)
    assert (numbers["stuck"], numbers["failed"]) == (1, 1)


async def test_a_libsql_server_is_asked_as_well(bench: Bench, tmp_path: Path) -> None:
    table = Table(f"sqlite:///{tmp_path}/jobs.db", "text", lambda when: when.isoformat())
    table.add("1", "running", started=42, progress=1)
    async with LibsqlServer(tmp_path / "jobs.db") as server:
        found = await bench.measure("jobs", **options(table, columns={"progress": "progress"}) | {"url": server.url})
    assert found.explanation == "1 job running for more than 10 min, the oldest for 42 min"


async def test_times_that_cannot_be_read_are_told(bench: Bench, tmp_path: Path) -> None:
    table = Table(f"sqlite:///{tmp_path}/jobs.db", "text", lambda when: when.strftime("%d/%m/%Y"))
    table.add("1", "running", started=42)
    found = await bench.measure("jobs", **options(table))
    assert (found.outcome, found.explanation) == (
        Outcome.UNKNOWN,
        "of 1 job that run, none has a time that can be read",
    )


async def test_states_may_be_numbers_or_an_enumeration(bench: Bench, postgres_database: str) -> None:
    table = Table(postgres_database, "timestamptz", lambda when: when)
    table.add("1", "3", started=42)
    table.execute("CREATE TYPE phase AS ENUM ('3', '4')")
    for moment in ("integer USING status::integer", "phase USING status::text::phase"):
        table.execute(f"ALTER TABLE jobs ALTER COLUMN status TYPE {moment}")
        found = await bench.measure("jobs", **options(table, states={"running": [3], "queued": ["never"]}))
        assert found.failure is FailureClass.JOB_STUCK


# A query of one's own


async def test_a_query_of_ones_own_names_readings_by_its_columns(bench: Bench, table: Table) -> None:
    query = "SELECT 3 AS running, 700 AS oldest_running, 2 AS failed, 'Mary Canary' AS queued, 5 AS other"
    found = await bench.measure("jobs", url=table.url, query=query)
    alone = await bench.measure("jobs", url=table.url, query="SELECT 1 AS other")
    assert found.explanation == "1 job running for more than 10 min, the oldest for 12 min (and 1 more)"
    assert {name: value for name, value in readings(found).items() if "time" not in name} == {
        "running": 3,
        "oldest_running": 700,
        "failed": 2,
    }
    assert (alone.failure, "oldest_running" in alone.hint) == (FailureClass.MISCONFIGURED, True)


# What is Sentinel's own fault


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"table": "gone"}, "running: there is no table gone"),
        ({"columns": {"state": "gone"}}, "running: there is no column gone"),
        ({"columns": {"finished": "gone"}}, "failed: there is no column gone"),
    ],
)
async def test_a_missing_table_or_column_is_no_alarm(
    bench: Bench, table: Table, more: dict[str, Any], said: str
) -> None:
    found = await bench.measure("jobs", **options(table) | more)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)
    assert found.explanation.partition(" (")[0] == said
    assert "`columns`" in found.hint


async def test_a_missing_right_is_named(bench: Bench, postgres: PostgresServer, postgres_database: str) -> None:
    Table(postgres_database, "timestamptz", lambda when: when)
    with postgres.guarded(postgres_database) as url:
        found = await bench.measure("jobs", url=url, table="jobs", states=STATES)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert "GRANT SELECT ON jobs" in found.hint


async def test_times_of_another_type_come_with_a_hint(bench: Bench, postgres_database: str) -> None:
    table = Table(postgres_database, "bigint", lambda when: int(when.timestamp()))
    found = await bench.measure("jobs", **options(table))
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)
    assert "`times`" in found.hint


async def test_a_closed_port_is_refused_without_a_step(bench: Bench) -> None:
    with refusing_port() as port:
        url = f"postgresql://u@127.0.0.1:{port}/d"
        found = await bench.measure("jobs", url=url, table="jobs", states=STATES)
    assert (found.failure, found.explanation) == (FailureClass.REFUSED, f"connection refused by 127.0.0.1 port {port}")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"table": None}, "either table and states, or query"),
        ({"states": None}, "states beside table"),
        ({"query": "SELECT 1"}, "either table and states, or query"),
        ({"states": {}}, "the words of at least one state"),
        ({"states": {"running": ["a"], "failed": ["a"]}}, "every word in one state"),
        ({"states": {"running": ["it\\s"]}}, "pattern"),
        ({"table": 'jobs"; DROP'}, "pattern"),
        ({"columns": {"started": None}}, "columns.started or columns.touched"),
        ({"columns": {"finished": None}}, "columns.finished beside"),
        ({"per": [100]}, "beside per"),
        ({"time_zone": "Mars/Base"}, "a time zone by its IANA name"),
    ],
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, Any], said: str) -> None:
    assert said in problem("jobs", **{"url": "sqlite:////x.db", "table": "jobs", "states": STATES, **wrong})
