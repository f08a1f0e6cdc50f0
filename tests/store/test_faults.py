"""What a store does when its world breaks: what was acknowledged is there, what failed is not, and it works again alone."""

from __future__ import annotations

import asyncio
import gc
import re
import sqlite3
import sys
import traceback
from pathlib import Path
from time import monotonic

import psycopg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import InvalidRequestError

from sentinel.base.errors import AlreadyRunning, StoreError, StoreFull, StoreUnavailable
from sentinel.base.redact import Secret
from sentinel.core.plan import StorePlan
from sentinel.core.rule import Severity
from sentinel.store.database import Patience, Store, Transaction
from sentinel.store.tables import names
from tests.kit.clock import FakeClock
from tests.kit.postgres import PostgresServer
from tests.kit.process import Child, Children
from tests.store.proxy import CommitEater
from tests.store.test_rollups import rollup
from tests.store.values import AT, found_since, incident
from tests.store.writer import result

ROOT = Path(__file__).parents[2]
HASTY = Patience(write=1.0, read=1.0)


def save(tx: Transaction) -> None:
    tx.incidents.save(incident())


async def acked(child: Child, number: int) -> None:
    await child.line(rf"acked {number}$")


async def start_writer(children: Children, plan: StorePlan, *more: str) -> Child:
    return await children.start(sys.executable, "-m", "tests.store.writer", plan.url.reveal(), *more, cwd=ROOT)


def numbers_acked(child: Child) -> list[int]:
    return [int(found[1]) for line in child.lines if (found := re.fullmatch(r"acked (\d+)", line))]


async def numbers_kept(plan: StorePlan, clock: FakeClock) -> list[int]:
    store = await Store.open(plan, clock)
    found = await store.read(lambda tx: found_since(tx, AT))
    await store.close()
    return [int(one.measurement.explanation.split()[0]) for one in found]


@pytest.mark.parametrize("after", [0, 7, 40])
async def test_what_was_acknowledged_survives_sigkill(
    plan: StorePlan, clock: FakeClock, children: Children, after: int
) -> None:
    child = await start_writer(children, plan)
    await acked(child, after)
    await child.kill()
    kept = await numbers_kept(plan, clock)
    told = numbers_acked(child)
    assert kept == list(range(len(kept)))
    assert len(told) <= len(kept) <= len(told) + 1


async def test_a_limit_on_files_is_a_full_store_that_goes_on_when_there_is_room(
    sqlite_plan: StorePlan, clock: FakeClock, children: Children
) -> None:
    child = await start_writer(children, sqlite_plan, "300000")
    await child.line("full")
    reached = numbers_acked(child)[-1]
    await acked(child, reached + 3)
    await child.kill()
    kept = await numbers_kept(sqlite_plan, clock)
    assert set(numbers_acked(child)) <= set(kept)


async def test_a_full_database_frees_the_ballast_and_recovers_alone(sqlite_plan: StorePlan, clock: FakeClock) -> None:
    store = await Store.open(sqlite_plan, clock)
    assert (await store.room()).ballast

    def overfill(tx: Transaction) -> None:
        connection = tx.results._connection
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # SQLite takes it for "no more than now"
        tx.results.add([(result(n), Severity.CRITICAL) for n in range(50)])

    with pytest.raises(StoreFull, match="no room left"):
        await store.write(overfill)
    assert not (await store.room()).ballast
    await store.write(save)
    assert await store.keep_ballast()
    await store.close()


async def test_a_lock_held_by_another_program_is_waited_for(sqlite_plan: StorePlan, clock: FakeClock) -> None:
    store = await Store.open(sqlite_plan, clock)
    other = sqlite3.connect(sqlite_plan.url.reveal().removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(store.write(save))
    await store.read(lambda tx: tx.incidents.open())
    other.execute("COMMIT")
    await writing
    assert await store.read(lambda tx: tx.incidents.last_id()) == 7
    other.close()
    await store.close()


async def test_work_that_was_given_up_is_not_committed_later(sqlite_plan: StorePlan, clock: FakeClock) -> None:
    store = await Store.open(sqlite_plan, clock, HASTY)
    other = sqlite3.connect(sqlite_plan.url.reveal().removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match=r"no answer within 1 s"):
        await store.write(save)
    other.execute("COMMIT")
    other.close()
    await store.write(lambda tx: tx.incidents.save(incident(1)))
    assert await store.read(lambda tx: tx.incidents.last_id()) == 1
    await store.close()


async def test_writes_that_are_given_up_leave_no_error_that_nobody_read(
    sqlite_plan: StorePlan, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """asyncio logs a future whose exception was never retrieved: once a line for every write to a locked store."""
    store = await Store.open(sqlite_plan, clock, Patience(write=0.3))
    other = sqlite3.connect(sqlite_plan.url.reveal().removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            await store.write(save)
    other.close()
    await store.close()
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_a_long_read_is_cut_off(sqlite_plan: StorePlan, clock: FakeClock) -> None:
    store = await Store.open(sqlite_plan, clock, HASTY)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(StoreUnavailable, match="took too long"):
        await store.read(lambda tx: tx.results._connection.exec_driver_sql(endless).all())
    assert await store.read(lambda tx: tx.incidents.open()) == []
    await store.close()


async def test_a_store_whose_file_was_deleted_is_not_made_anew_in_silence(
    sqlite_plan: StorePlan, clock: FakeClock, tmp_path: Path
) -> None:
    store = await Store.open(sqlite_plan, clock)
    store._writing._session.drop()  # as after any failure
    (tmp_path / "state" / "sentinel.db").unlink()
    with pytest.raises(StoreUnavailable, match="there is no store at"):
        await store.write(save)
    await store.close()


async def test_no_stored_word_reaches_an_error(store: Store) -> None:
    def twice(tx: Transaction) -> None:
        for _ in range(2):
            tx.results._connection.execute(insert(names).values(kind="check", name="Jane Roe 42"))

    with pytest.raises(StoreError) as caught:
        await store.write(twice)
    assert "Jane Roe" not in "".join(traceback.format_exception(caught.value))


async def test_asking_for_room_leaves_every_reader_as_it_was(store: Store) -> None:
    """Once PostgreSQL's question left a transaction open, and the next read on that connection failed."""
    for _ in range(3):
        room = await store.room()
        assert room.database is not None
        assert room.database > 0
        assert await store.read(lambda tx: tx.incidents.open()) == []


async def test_a_job_that_leaves_its_transaction_open_harms_no_other(store: Store) -> None:
    ask = text("SELECT 1")
    for _ in range(2):
        await store._reader.run(lambda session: session.use(lambda c: c.execute(ask).scalar_one()), 5.0)
        assert await store.read(lambda tx: tx.incidents.open()) == []


async def test_a_wrong_use_of_the_store_is_not_taken_for_a_failure_of_it(store: Store) -> None:
    with pytest.raises(InvalidRequestError):
        await store.write(lambda tx: tx.results._connection.begin())
    await store.write(save)


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def pg(postgres_plan: StorePlan, clock: FakeClock) -> Store:
    return await Store.open(postgres_plan, clock, Patience(write=3.0, read=3.0, close=3.0))


async def write_again(store: Store, within: float = 20.0) -> None:
    """Try as the pipeline does, until it succeeds."""
    async with asyncio.timeout(within):
        while True:
            try:
                await store.write(save)
            except StoreUnavailable:
                await asyncio.sleep(0.1)
            else:
                return


async def write_until_refused(store: Store, within: float = 10.0) -> None:
    """A setting of the server reaches a session between two statements, some milliseconds later."""
    async with asyncio.timeout(within):
        while True:
            await store.write(save)


async def test_a_restart_of_the_server_costs_one_try(pg: Store, postgres: PostgresServer) -> None:
    await pg.write(save)
    await asyncio.to_thread(postgres.restart, immediate=True)
    with pytest.raises(StoreUnavailable):
        await pg.write(save)
    await write_again(pg)
    assert await pg.read(lambda tx: tx.incidents.last_id()) == 7
    await pg.close()


async def test_a_frozen_server_is_given_up_in_time_and_used_again(pg: Store, postgres: PostgresServer) -> None:
    await pg.write(save)
    await asyncio.to_thread(postgres.pause)
    began = monotonic()
    with pytest.raises(StoreUnavailable):
        await pg.write(save)
    assert monotonic() - began < 3.0 + 1.5
    await asyncio.to_thread(postgres.resume)
    await write_again(pg)
    await pg.close()


async def test_a_server_that_became_read_only_is_left_and_found_again(pg: Store, postgres: PostgresServer) -> None:
    def demote(state: str) -> None:
        with psycopg.connect(postgres.dsn, autocommit=True) as admin:
            admin.execute(f"ALTER SYSTEM {state} default_transaction_read_only {'= on' if state == 'SET' else ''}")
            admin.execute("SELECT pg_reload_conf()")

    await pg.write(save)
    await asyncio.to_thread(demote, "SET")
    try:
        with pytest.raises(StoreUnavailable):
            await write_until_refused(pg)
    finally:
        await asyncio.to_thread(demote, "RESET")
    await write_again(pg)
    await pg.close()


async def test_who_lost_the_session_and_found_another_owner_stops(
    pg: Store, postgres: PostgresServer, postgres_plan: StorePlan, clock: FakeClock
) -> None:
    await asyncio.to_thread(postgres.restart, immediate=True)
    thief = await Store.open(postgres_plan, clock)
    with pytest.raises((StoreUnavailable, AlreadyRunning)):
        await pg.write(save)
    with pytest.raises(AlreadyRunning):
        await pg.write(save)
    await thief.close()
    await pg.close()


async def test_a_commit_whose_answer_was_lost_is_found_to_have_happened(
    postgres: PostgresServer, postgres_plan: StorePlan, clock: FakeClock
) -> None:
    async with CommitEater(postgres.port) as proxy:
        through = postgres_plan.url.reveal().replace(f":{postgres.port}/", f":{proxy.port}/")
        store = await Store.open(StorePlan(url=Secret(through)), clock)
        proxy.armed = True
        await store.write(lambda tx: tx.rollups.add([rollup()]))
        assert proxy.eaten == 1
        assert (await store.read(lambda tx: tx.rollups.summed(AT, rollup(1).start)))["health"].samples == 30
        await store.close()
