"""What probes noted and what scenarios have to clean up is there again, on both databases."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import insert, select, text
from structlog.testing import capture_logs

from sentinel.core.ledger import LedgerEntry
from sentinel.store.database import Store, Transaction
from sentinel.store.migrations.versions import rev_0001
from sentinel.store.tables import meta, metadata
from tests.store.values import AT

if TYPE_CHECKING:
    from sentinel.core.plan import StorePlan
    from tests.kit.clock import FakeClock

ENTRY = LedgerEntry(id="r1", check="crud", values={"employee": "17"}, at=AT)


async def test_a_note_replaces_the_one_before_and_is_forgotten_with_its_check(store: Store) -> None:
    await store.write(lambda tx: tx.notes.save({"app-log": {"inode": 7, "offset": 100}, "schema": {"hash": "a\0b"}}))
    await store.write(lambda tx: tx.notes.save({"app-log": {"inode": 7, "offset": 250}}))
    await store.write(lambda tx: tx.notes.forget("schema"))
    assert await store.read(lambda tx: tx.notes.all()) == {"app-log": {"inode": 7, "offset": 250}}


async def test_a_note_that_cannot_be_read_is_left_out(store: Store) -> None:
    await store.write(lambda tx: tx.notes.save({"good": {"n": 1}, "bad": {"n": 2}}))
    statement = text("UPDATE notes SET body = '{' WHERE check_name = 'bad'")
    await store.write(lambda tx: tx.states._connection.execute(statement))
    with capture_logs() as logs:
        assert await store.read(lambda tx: tx.notes.all()) == {"good": {"n": 1}}
    assert [line["row"] for line in logs] == ["bad"]


async def test_an_entry_stays_in_the_ledger_until_it_is_struck(store: Store) -> None:
    later = replace(ENTRY, values={"employee": "17", "badge": "4"})
    for entry in (ENTRY, later, replace(ENTRY, id="r0")):
        await store.write(lambda tx, entry=entry: tx.ledger.keep(entry))  # type: ignore[misc]  # bound per round
    assert await store.read(lambda tx: tx.ledger.all()) == [replace(ENTRY, id="r0"), later]
    await store.write(lambda tx: tx.ledger.strike(ENTRY))
    assert [entry.id for entry in await store.read(lambda tx: tx.ledger.all())] == ["r0"]


def as_the_first_release_made_it(tx: Transaction) -> None:
    """The tables of the first release, empty but for the identity of the store."""
    connection = tx.states._connection
    identity = connection.execute(select(meta)).all()
    metadata.drop_all(connection)
    with Operations.context(MigrationContext.configure(connection)):
        rev_0001.upgrade()
    connection.execute(insert(meta), [row._asdict() for row in identity])
    connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))


async def test_a_store_of_the_first_release_gets_what_it_lacks_and_keeps_what_it_has(
    plan: StorePlan, clock: FakeClock
) -> None:
    old = await Store.open(plan, clock)
    await old.write(as_the_first_release_made_it)
    await old.write(lambda tx: tx.reports.claim("daily", "2026-11-21"))
    await old.close()
    new = await Store.open(plan, clock)
    await new.write(lambda tx: tx.notes.save({"app-log": {"offset": 1}}))
    assert await new.read(lambda tx: tx.windows.unfinished()) == []
    assert not await new.write(lambda tx: tx.reports.claim("daily", "2026-11-21"))
    assert new.instance == old.instance
    await new.close()
