"""A primary and a standby that really follows it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sentinel.core.result import FailureClass, Outcome
from tests.kit.bench import Bench, readings
from tests.kit.eventually import eventually
from tests.kit.postgres import PostgresServer
from tests.probes.postgres.sessions import execute, hint, value

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITE = "INSERT INTO written SELECT n FROM generate_series(1, 2000) AS n"


@pytest.fixture(autouse=True)
def caught_up(primary: PostgresServer, standby: PostgresServer) -> None:
    """The standby follows, and there is a table to write to."""
    execute(primary.dsn, "CREATE TABLE IF NOT EXISTS written (n int)")


async def caught(primary: PostgresServer) -> None:
    done = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn = pg_current_wal_lsn()"
    await eventually(lambda: value(primary.dsn, done))


@contextmanager
def paused_replay(standby: PostgresServer) -> Iterator[None]:
    execute(standby.dsn, "SELECT pg_wal_replay_pause()")
    try:
        yield
    finally:
        execute(standby.dsn, "SELECT pg_wal_replay_resume()")


@contextmanager
def a_slot(server: PostgresServer) -> Iterator[None]:
    execute(server.dsn, "SELECT pg_create_physical_replication_slot('forgotten', true)")
    try:
        yield
    finally:
        execute(server.dsn, "SELECT pg_drop_replication_slot('forgotten')")


async def test_a_primary_knows_its_standbys(bench: Bench, primary: PostgresServer) -> None:
    await caught(primary)
    options = {"role": "primary", "standbys": 1, "names": ["walreceiver"]}
    found = await bench.measure("postgres", url=primary.dsn, replication=options)
    assert found.outcome is Outcome.PASS
    assert (readings(found)["standbys"], readings(found)["replication_behind"]) == (1, 0)


async def test_a_standby_that_has_replayed_everything_is_not_behind(
    bench: Bench, primary: PostgresServer, standby: PostgresServer
) -> None:
    await caught(primary)
    found = await bench.measure("postgres", url=standby.dsn, replication={"role": "standby"})
    assert found.outcome is Outcome.PASS
    assert (readings(found)["replication_lag"], readings(found)["replication_behind"]) == (0, 0)


async def test_a_standby_that_stands_still_is_seen_from_both_sides(
    bench: Bench, primary: PostgresServer, standby: PostgresServer
) -> None:
    await caught(primary)
    with paused_replay(standby):
        execute(primary.dsn, WRITE)
        written = str(value(primary.dsn, "SELECT pg_current_wal_lsn()"))
        received = f"SELECT pg_last_wal_receive_lsn() >= '{written}'"
        await eventually(lambda: value(standby.dsn, received))
        behind = f"SELECT count(*) FROM pg_stat_replication WHERE flush_lsn >= '{written}'"
        await eventually(lambda: value(primary.dsn, behind))
        there = await bench.measure("postgres", url=primary.dsn, replication={"names": ["walreceiver"]})
        here = await bench.measure("postgres", url=standby.dsn, replication={})
    assert readings(there)["replication_behind"] > 10_000
    assert "Standby walreceiver is" in hint(there, "replication_behind")
    assert readings(here)["replication_behind"] > 10_000
    assert readings(here)["replication_lag"] > 0
    assert "pg_wal_replay_resume" in hint(here, "replication_lag")


async def test_a_standby_without_its_primary_is_told(
    bench: Bench, primary: PostgresServer, standby: PostgresServer
) -> None:
    primary.stop()
    await eventually(lambda: value(standby.dsn, "SELECT count(*) = 0 FROM pg_stat_wal_receiver"))
    alone = await bench.measure("postgres", url=standby.dsn, replication={})
    archive = await bench.measure("postgres", url=standby.dsn, replication={"archive": True})
    primary.start()
    assert (alone.failure, alone.explanation) == (
        FailureClass.NOT_RUNNING,
        "replication: no primary sends to this standby",
    )
    assert archive.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"standbys": 2}, "replication: 1 standbys, expected at least 2"),
        ({"names": ["far", "walreceiver"]}, "replication: far not connected"),
    ],
)
async def test_a_standby_that_is_not_connected_is_missing(
    bench: Bench, primary: PostgresServer, options: dict[str, object], told: str
) -> None:
    await caught(primary)
    found = await bench.measure("postgres", url=primary.dsn, replication=options)
    assert (found.failure, found.explanation) == (FailureClass.MISSING, told)


async def test_a_server_of_the_other_role_has_drifted(bench: Bench, standby: PostgresServer) -> None:
    found = await bench.measure("postgres", url=standby.dsn, replication={"role": "primary"})
    assert (found.failure, found.explanation) == (
        FailureClass.DRIFTED,
        "the server is a standby, expected a primary",
    )


async def test_a_slot_that_nobody_reads_keeps_wal(bench: Bench, primary: PostgresServer) -> None:
    with a_slot(primary):
        execute(primary.dsn, WRITE)
        found = await bench.measure("postgres", url=primary.dsn, replication={})
    assert readings(found)["inactive_slots"] == 1
    assert readings(found)["slot_retained"] > 10_000
    assert "pg_drop_replication_slot('forgotten')" in hint(found, "slot_retained")


async def test_a_standby_has_slots_of_its_own(bench: Bench, primary: PostgresServer, standby: PostgresServer) -> None:
    await caught(primary)
    with a_slot(standby):
        found = await bench.measure("postgres", url=standby.dsn, replication={})
    assert found.outcome is Outcome.PASS
    assert readings(found)["inactive_slots"] == 1


async def test_a_slot_whose_wal_is_gone_is_told(bench: Bench) -> None:
    limit = {"max_slot_wal_keep_size": "1MB", "min_wal_size": "32MB", "max_wal_size": "32MB"}
    with PostgresServer(settings={**limit, "wal_keep_size": "0"}) as server, a_slot(server):
        execute(server.dsn, *["SELECT pg_switch_wal()", "CREATE TABLE t ()", "DROP TABLE t"] * 4, "CHECKPOINT")
        await eventually(lambda: value(server.dsn, "SELECT wal_status = 'lost' FROM pg_replication_slots"))
        found = await bench.measure("postgres", url=server.dsn, replication={})
    assert (found.failure, found.explanation) == (FailureClass.UNHEALTHY, "replication: slot forgotten has lost WAL")


async def test_standbys_need_a_right_that_the_hint_names(bench: Bench, primary: PostgresServer) -> None:
    execute(primary.dsn, "CREATE ROLE watcher LOGIN")
    found = await bench.measure("postgres", url=primary.dsn.replace("//sentinel@", "//watcher@"), replication={})
    execute(primary.dsn, "DROP ROLE watcher")
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.NOT_PERMITTED)
    assert "GRANT pg_read_all_stats" in found.hint
    assert "slot_retained" in readings(found)
