"""The chain of the journal: what is written, deleted by age, and found when somebody changes it. On both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, insert, select, update

from sentinel.app.journal import Journal, NoKey, read_key, verify
from sentinel.base.errors import SentinelError, StoreUnavailable
from sentinel.core.access import Role, Via
from sentinel.core.journal import Break, Deed, Link
from sentinel.store.sessions import StoredSession
from sentinel.store.tables import intents, meta
from sentinel.store.tables import journal as table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

    from sentinel.store.database import Store, Transaction
    from tests.kit.clock import FakeClock

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
DEED = Deed(at=AT, by="ann", via=Via.PASSWORD, action="incident.acknowledge", subject="incident 12", detail="for 2h")


def deed(number: int, **more: object) -> Deed:
    return replace(DEED, at=AT + timedelta(hours=number), subject=f"incident {number}", **more)  # type: ignore[arg-type]  # whatever a test wants


@pytest.fixture
def journal(store: Store, tmp_path: Path, clock: FakeClock) -> Journal:
    return Journal(store, tmp_path / "journal.key", clock.now)


@pytest.fixture
async def five(journal: Journal) -> Journal:
    """A journal with five entries, an hour from each other."""
    for number in range(1, 6):
        await journal.note(deed(number))
    return journal


async def tamper(store: Store, change: Callable[[Connection], object]) -> None:
    """What somebody does who can write into the database."""

    def work(tx: Transaction) -> None:
        change(tx.states._connection)

    await store.write(work)


async def test_a_deed_is_told_as_it_was_done(journal: Journal) -> None:
    await journal.note(DEED)
    [entry] = await journal.between(AT, AT + timedelta(seconds=1))
    assert (entry.number, entry.deed) == (1, DEED)


async def test_one_person_can_be_asked_for(journal: Journal) -> None:
    await journal.note(DEED)
    await journal.note(replace(DEED, by="ben"))
    assert [entry.deed.by for entry in await journal.between(AT, AT + timedelta(seconds=1), "ben")] == ["ben"]


async def test_a_chain_that_nobody_touched_holds(five: Journal) -> None:
    found = await five.verify()
    assert isinstance(found, Link)
    assert found.number == 5


def _rewritten(connection: Connection) -> None:
    connection.execute(update(table).where(table.c.id == 3).values(by_whom="ben"))


def _other_way_in(connection: Connection) -> None:
    connection.execute(update(table).where(table.c.id == 3).values(via="a back door"))


def _left_out(connection: Connection) -> None:
    connection.execute(delete(table).where(table.c.id == 3))


def _first_gone(connection: Connection) -> None:
    connection.execute(delete(table).where(table.c.id == 1))


def _cut_off(connection: Connection) -> None:
    connection.execute(delete(table).where(table.c.id > 3))


def _closed_up(connection: Connection) -> None:
    """An entry is taken out, and those behind it move up."""
    connection.execute(delete(table).where(table.c.id == 3))
    connection.execute(update(table).where(table.c.id == 4).values(id=3))
    connection.execute(update(table).where(table.c.id == 5).values(id=4))


def _swapped(connection: Connection) -> None:
    for here, there in ((3, 99), (4, 3), (99, 4)):
        connection.execute(update(table).where(table.c.id == here).values(id=there))


def _other_beginning(connection: Connection) -> None:
    """The first three are taken away as if they had been too old."""
    mac = connection.execute(select(table.c.mac).where(table.c.id == 3)).scalar_one()
    connection.execute(insert(meta).values(name="journal.begins", value=f"3 {mac} {'0' * 64}"))
    connection.execute(delete(table).where(table.c.id <= 3))


@pytest.mark.parametrize(
    ("change", "breaks_at"),
    [
        (_rewritten, 3), (_other_way_in, 3), (_left_out, 3), (_first_gone, 1), (_cut_off, 4), (_closed_up, 3), (_swapped, 3),
        (_other_beginning, 4),
    ],
)  # fmt: skip
async def test_whatever_somebody_changes_is_found(
    five: Journal, store: Store, change: Callable[[Connection], object], breaks_at: int
) -> None:
    await tamper(store, change)
    found = await five.verify()
    assert isinstance(found, Break)
    assert found.number == breaks_at


async def test_what_is_too_old_goes_and_the_rest_still_holds(five: Journal) -> None:
    await five.purge(AT + timedelta(hours=3, minutes=30))
    kept = [entry.number for entry in await five.between(AT, AT + timedelta(days=1))]
    await five.note(deed(6))
    assert kept == [5, 4]
    assert isinstance(await five.verify(), Link)


async def test_the_newest_entry_stays_however_old_it_is(five: Journal) -> None:
    await five.purge(AT + timedelta(days=900))
    assert [entry.number for entry in await five.between(AT, AT + timedelta(days=1))] == [5]
    assert isinstance(await five.verify(), Link)


async def test_another_key_verifies_nothing(five: Journal, store: Store, tmp_path: Path) -> None:
    other = tmp_path / "other" / "journal.key"
    read_key(other)
    found = await verify(store, other)
    assert isinstance(found, Break)
    assert found.number == 1


async def test_many_entries_are_walked_in_pieces(journal: Journal, store: Store) -> None:
    await store.write(lambda tx: [tx.journal.append(deed(number), journal._key) for number in range(2_500)])
    found = await journal.verify()
    assert isinstance(found, Link)
    assert found.number == 2_500


# --- What is done while it is written down ------------------------------------------------------------------------------


async def test_what_is_done_goes_in_once(journal: Journal, store: Store) -> None:
    async with journal.doing(DEED) as pen:
        pen.say(detail="it was done")
    [entry] = await journal.between(AT, AT + timedelta(seconds=1))
    assert entry.deed.detail == "it was done"
    assert await store.read(lambda tx: tx.journal.unfinished()) == {}


async def test_what_was_refused_leaves_nothing(journal: Journal, store: Store) -> None:
    async with journal.doing(DEED) as pen:
        pen.withdraw()
    with pytest.raises(SentinelError):
        async with journal.doing(DEED):
            raise SentinelError("no such thing")
    assert await journal.between(AT, AT + timedelta(seconds=1)) == []
    assert await store.read(lambda tx: tx.journal.unfinished()) == {}


async def test_what_the_store_did_not_confirm_is_told_with_that(journal: Journal) -> None:
    with pytest.raises(StoreUnavailable):
        async with journal.doing(DEED):
            raise StoreUnavailable("it is done, but not confirmed")
    [entry] = await journal.between(AT, AT + timedelta(seconds=1))
    assert "did not confirm" in entry.deed.detail


async def test_what_a_crash_cut_in_two_is_told_later(journal: Journal, store: Store, clock: FakeClock) -> None:
    begun = replace(DEED, at=clock.now())
    await store.write(lambda tx: tx.journal.intend("k1", begun, journal._key))
    await journal.settle()
    assert await store.read(lambda tx: tx.journal.last()) == Link(number=0, mac="")
    await clock.advance(minutes=11)
    await journal.settle()
    [entry] = await store.read(lambda tx: tx.journal.after(0, 10))
    assert "ended before it was done" in entry.deed.detail


async def test_done_twice_is_written_once(journal: Journal, store: Store) -> None:
    """A commit whose answer was lost is tried again."""
    name = await store.write(lambda tx: tx.journal.intend("k1", DEED, journal._key))
    for _ in range(2):
        await store.write(lambda tx: tx.journal.fulfil(name, DEED, journal._key))
    assert (await store.read(lambda tx: tx.journal.last())).number == 1


async def test_what_was_cut_off_stays_missing_when_more_is_done(five: Journal, store: Store) -> None:
    """The chain went on from the entry that was left, and told that all was whole."""
    await tamper(store, _cut_off)
    for number in range(6, 10):
        await five.note(deed(number))
    found = await five.verify()
    assert isinstance(found, Break)
    assert (found.number, "missing" in found.why) == (4, True)


async def test_what_was_cut_off_stays_missing_after_a_restart(
    five: Journal, store: Store, tmp_path: Path, clock: FakeClock
) -> None:
    await tamper(store, _cut_off)
    after = Journal(store, tmp_path / "journal.key", clock.now)
    await after.note(deed(6))
    assert isinstance(await after.verify(), Break)


async def test_what_somebody_takes_out_of_what_has_begun_is_told_all_the_same(journal: Journal, store: Store) -> None:
    async with journal.doing(DEED):
        await tamper(store, lambda connection: connection.execute(delete(intents)))
    [entry] = await journal.between(AT, AT + timedelta(seconds=1))
    assert entry.deed == DEED


async def test_what_somebody_says_has_begun_is_not_believed(journal: Journal, store: Store, clock: FakeClock) -> None:
    """Sentinel would put it into the chain under its own key."""
    row = {"at": 0, "by_whom": "ann", "via": "password", "action": "outbox.drop", "subject": "", "detail": ""}
    await tamper(store, lambda connection: connection.execute(insert(intents).values(key="k1.00", **row)))
    await journal.settle()
    [entry] = await store.read(lambda tx: tx.journal.after(0, 10))
    assert (entry.deed.by, entry.deed.action) == ("", "journal.forged")
    assert await store.read(lambda tx: tx.journal.unfinished()) == {}


# --- Its key ----------------------------------------------------------------------------------------------------------


def test_the_key_is_made_once_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "state" / "journal.key"
    made = read_key(file)
    assert read_key(file) == made
    assert (file.stat().st_mode & 0o777, len(made)) == (0o600, 32)


@pytest.mark.parametrize("content", ["", "no key", "ab" * 31])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "journal.key"
    file.write_text(content)
    with pytest.raises(NoKey):
        read_key(file)


async def test_the_key_does_not_stand_in_the_store(five: Journal, store: Store, tmp_path: Path) -> None:
    key = (tmp_path / "journal.key").read_text().strip()
    entries = await store.read(lambda tx: tx.journal.after(0, 10))
    facts = await store.read(lambda tx: tx.states._connection.execute(select(meta)).all())
    assert key not in f"{entries}{facts}"


# --- Sessions ---------------------------------------------------------------------------------------------------------


async def test_sessions_are_kept_newest_first(store: Store) -> None:
    first = StoredSession(id="a", name="ann", via=Via.PASSWORD, role=Role.ADMIN, stamp="s", made_at=AT, seen_at=AT)
    second = replace(first, id="b", via=Via.OIDC, seen_at=AT + timedelta(minutes=1))
    for session in (first, second):
        await store.write(lambda tx, session=session: tx.sessions.save(session))  # type: ignore[misc]  # it is called at once
    assert await store.read(lambda tx: tx.sessions.all(10)) == [second, first]
    await store.write(lambda tx: tx.sessions.seen("a", AT + timedelta(hours=1)))
    assert [one.id for one in await store.read(lambda tx: tx.sessions.all(1))] == ["a"]
    await store.write(lambda tx: tx.sessions.delete(["a", "b"]))
    assert await store.read(lambda tx: tx.sessions.all(10)) == []
