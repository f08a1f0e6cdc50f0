"""A store of the release before gets what it lacks, and keeps all that it has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import insert, select, text

from sentinel.core.histogram import Histogram
from sentinel.core.result import Result, passed
from sentinel.core.rule import Severity
from sentinel.core.slo import SPAN
from sentinel.store import partitions
from sentinel.store.database import Store, Transaction
from sentinel.store.migrations.versions import rev_0001, rev_0002, rev_0003
from sentinel.store.moments import first_slot
from sentinel.store.rollups import DAY, HOUR
from sentinel.store.tables import meta, metadata
from tests.store.values import AT, found_since, incident, notification

if TYPE_CHECKING:
    from collections.abc import Callable

    from sentinel.core.plan import StorePlan
    from tests.kit.clock import FakeClock

FAR = datetime(2120, 1, 1, tzinfo=UTC)
MIDNIGHT = AT.replace(hour=0)


def at(moment: datetime) -> Result:
    return Result(check="health", scheduled_at=moment, finished_at=moment, measurement=passed())


def as_the_release_before_made_it(tx: Transaction) -> None:
    """The tables as they were, empty but for the identity of the store."""
    connection = tx.states._connection
    identity = connection.execute(select(meta)).all()
    metadata.drop_all(connection)
    with Operations.context(MigrationContext.configure(connection)):
        for step in (rev_0001, rev_0002, rev_0003):
            step.upgrade()
    connection.execute(insert(meta), [row._asdict() for row in identity])
    connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))


def stray(tx: Transaction) -> None:
    """What a clock that was a century ahead wrote."""
    tx.results.add([(at(FAR), Severity.OK)])


def fill(tx: Transaction) -> None:
    """Results of three days, roll-ups of one hour of 5 minutes and of a whole day of hours, an incident and its message."""
    connection = tx.states._connection
    moments = [AT, AT + DAY, AT + 2 * DAY]
    tx.results.add([(at(moment), Severity.OK) for moment in moments])
    histogram = Histogram()
    histogram.add(0.2)
    add = text(
        "INSERT INTO rollups (span, start, check_id, up, degraded, down, unknown, samples, failures, unknowns, histogram)"
        " VALUES (:span, :start, 1, :span, 0, 0, 0, 1, 0, 0, :histogram)"
    )
    midnight = int(MIDNIGHT.timestamp())
    rows = [(300, midnight + 86_400 + 300 * n) for n in range(12)] + [(3600, midnight + 3600 * n) for n in range(24)]
    connection.execute(add, [{"span": span, "start": start, "histogram": histogram.encode()} for span, start in rows])
    hours = [{"start": midnight + 3600 * n} for n in range(24)]
    connection.execute(text("INSERT INTO condensed (start) VALUES (:start)"), hours)
    tx.incidents.save(incident())
    tx.outbox.enqueue([notification()])


async def upgraded(plan: StorePlan, clock: FakeClock, *fills: Callable[[Transaction], None]) -> Store:
    old = await Store.open(plan, clock)
    for work in (as_the_release_before_made_it, *fills):
        await old.write(work)
    await old.close()
    return await Store.open(plan, clock)


async def test_results_incidents_and_messages_are_all_there_after_an_upgrade(plan: StorePlan, clock: FakeClock) -> None:
    store = await upgraded(plan, clock, fill)
    found = await store.read(lambda tx: found_since(tx, AT))
    assert [result.scheduled_at for result in found] == [AT, AT + DAY, AT + 2 * DAY]
    assert await store.read(lambda tx: tx.incidents.open()) == [incident()]
    assert len(await store.read(lambda tx: tx.outbox.of(7))) == 1
    await store.write(lambda tx: tx.results.add([(at(AT), Severity.OK), (at(AT + SPAN), Severity.OK)]))
    assert len(await store.read(lambda tx: found_since(tx, AT))) == 4
    await store.close()


async def test_roll_ups_from_before_an_upgrade_become_days_and_have_no_readings(
    plan: StorePlan, clock: FakeClock
) -> None:
    store = await upgraded(plan, clock, fill)
    assert await store.read(lambda tx: tx.rollups.uncondensed(MIDNIGHT, MIDNIGHT + DAY, HOUR)) == []
    assert await store.write(lambda tx: tx.rollups.condense(MIDNIGHT, DAY)) == 1
    until = MIDNIGHT + 2 * DAY
    day, *_ = await store.read(lambda tx: tx.rollups.pieces(["health"], MIDNIGHT, until, DAY, readings=True))
    assert (day.span, day.samples, day.up, day.mean, day.readings) == (DAY, 24, 86_400.0, None, {})
    whole = (await store.read(lambda tx: tx.rollups.summed(MIDNIGHT, until)))["health"]
    assert (whole.samples, whole.up) == (36, 90_000.0)
    await store.close()


# --- Partitions of PostgreSQL ----------------------------------------------------------------------------------------


async def names(store: Store) -> list[str]:
    return sorted(one.name for one in await store.read(lambda tx: partitions.partitions(tx.states._connection)))


async def inside(store: Store, table: str) -> int:
    count = text(f"SELECT count(*) FROM {table}")  # names of this file
    return int(await store.read(lambda tx: tx.states._connection.execute(count).scalar_one()))


async def test_the_table_from_before_becomes_a_partition_as_it_stands(
    postgres_plan: StorePlan, clock: FakeClock
) -> None:
    store = await upgraded(postgres_plan, clock, fill)
    assert await names(store) == ["results_before", "results_rest"]
    assert (await inside(store, "results_before"), await inside(store, "results_rest")) == (3, 0)
    await store.write(lambda tx: tx.results.prepare(AT + 2 * DAY))
    assert await names(store) == ["results_20260305", "results_20260306", "results_before", "results_rest"]
    assert await store.write(lambda tx: tx.results.purge(AT + DAY, limit=10)) == 1
    assert await store.write(lambda tx: tx.results.purge(MIDNIGHT + 3 * DAY, limit=10)) == 0
    assert await names(store) == ["results_20260305", "results_20260306", "results_rest"]
    await store.close()


async def test_what_a_clock_far_ahead_wrote_does_not_stretch_the_table_from_before(
    postgres_plan: StorePlan, clock: FakeClock
) -> None:
    store = await upgraded(postgres_plan, clock, fill, stray)
    assert (await inside(store, "results_before"), await inside(store, "results_rest")) == (3, 1)
    ends = {one.end for one in await store.read(lambda tx: partitions.partitions(tx.states._connection))}
    assert max(end or 0 for end in ends) < first_slot(FAR)
    await store.close()


async def test_an_empty_table_from_before_is_gone(postgres_plan: StorePlan, clock: FakeClock) -> None:
    store = await upgraded(postgres_plan, clock)
    assert await names(store) == ["results_rest"]
    await store.close()


async def test_days_have_partitions_ahead_and_take_what_came_before_they_were_made(
    postgres_plan: StorePlan, clock: FakeClock
) -> None:
    store = await Store.open(postgres_plan, clock)
    await store.write(lambda tx: tx.results.add([(at(AT - DAY), Severity.OK), (at(AT), Severity.OK)]))
    for _ in range(2):
        await store.write(lambda tx: tx.results.prepare(AT))
    days = ["results_20260302", "results_20260303", "results_20260304"]
    assert await names(store) == [*days, "results_rest"]
    await store.write(lambda tx: tx.results.add([(at(AT + SPAN), Severity.OK), (at(AT + DAY), Severity.OK)]))
    assert [await inside(store, name) for name in [*days, "results_rest"]] == [2, 1, 0, 1]
    assert await store.read(lambda tx: list(tx.results.last())) == ["health"]
    await store.close()


async def test_a_day_that_is_too_old_is_dropped_whole_and_strays_are_deleted(
    postgres_plan: StorePlan, clock: FakeClock
) -> None:
    store = await Store.open(postgres_plan, clock)
    await store.write(lambda tx: tx.results.prepare(AT))
    moments = [AT - DAY, AT - DAY + SPAN, AT, AT + DAY]
    await store.write(lambda tx: tx.results.add([(at(moment), Severity.OK) for moment in moments]))
    assert await store.write(lambda tx: tx.results.purge(AT + SPAN, limit=1)) == 1
    assert [found.scheduled_at for found in await store.read(lambda tx: found_since(tx, AT - 2 * DAY))] == moments[1:]
    assert await store.write(lambda tx: tx.results.purge(MIDNIGHT + DAY, limit=10)) == 1
    assert [found.scheduled_at for found in await store.read(lambda tx: found_since(tx, AT - 2 * DAY))] == moments[3:]
    assert await names(store) == ["results_20260303", "results_20260304", "results_rest"]
    await store.close()


async def test_a_slot_is_in_its_day_whatever_the_check(postgres_plan: StorePlan, clock: FakeClock) -> None:
    store = await Store.open(postgres_plan, clock)
    await store.write(lambda tx: tx.results.prepare(AT))
    last = MIDNIGHT + DAY - timedelta(milliseconds=1)
    await store.write(lambda tx: tx.results.add([(at(last), Severity.OK), (at(MIDNIGHT + DAY), Severity.OK)]))
    found = await store.read(lambda tx: partitions.partitions(tx.states._connection))
    assert {one.end for one in found if one.name == "results_20260302"} == {first_slot(MIDNIGHT + DAY)}
    assert [await inside(store, f"results_2026030{day}") for day in (2, 3)] == [1, 1]
    await store.close()
