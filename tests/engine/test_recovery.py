"""After a restart the engine knows what it knew: counters, incidents, levels, windows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.core.incident import Acknowledge
from sentinel.core.rule import Bounds, ErrorRate
from sentinel.engine.pipeline import LONGEST_NOTE
from tests.kit.desk import Desk
from tests.kit.scene import check

if TYPE_CHECKING:
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock
    from tests.kit.ledger import Ledger


async def test_failures_before_the_restart_count_after_it(store: Store, clock: FakeClock, ledger: Ledger) -> None:
    async with Desk(store, clock) as before:
        before.fail(2)
    after = Desk(store, clock)
    await after.recall()
    async with after:
        after.fail()
        await after.pipeline.flush()
        assert [known.check for known in ledger.incidents()] == ["api"]


async def test_an_open_incident_is_not_told_again(store: Store, clock: FakeClock, ledger: Ledger) -> None:
    async with Desk(store, clock) as before:
        before.fail(3)
    after = Desk(store, clock)
    await after.recall()
    async with after:
        after.fail(3)
        await after.pipeline.flush()
        assert [(row.kind, row.channel) for row in ledger.rows()] == [("opened", "mail")]
        assert after.told == []


async def test_a_level_that_came_due_meanwhile_is_told_once(store: Store, clock: FakeClock, ledger: Ledger) -> None:
    async with Desk(store, clock) as before:
        before.fail(3)
    await clock.advance(minutes=20)
    after = Desk(store, clock)
    await after.recall()
    async with after:
        after.pipeline.tick()
        after.pipeline.tick()
        await after.pipeline.flush()
        assert [row.channel for row in ledger.rows() if row.kind == "escalated"] == ["mail", "chat"]


async def test_an_acknowledgement_holds_across_the_restart(store: Store, clock: FakeClock, ledger: Ledger) -> None:
    async with Desk(store, clock) as before:
        before.fail(3)
        await before.pipeline.flush()
        await before.pipeline.meet(1, Acknowledge(by="Ada", why="on it", hold=timedelta(hours=1)))
    await clock.advance(minutes=20)
    after = Desk(store, clock)
    await after.recall()
    async with after:
        after.pipeline.tick()
        assert [row.kind for row in ledger.rows()] == ["opened", "acknowledged"]


async def test_the_end_is_told_to_whoever_was_told_before_the_restart(
    store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    async with Desk(store, clock) as before:
        before.fail(3)
    after = Desk(store, clock)
    await after.recall()
    async with after:
        after.pass_(2)
        await after.pipeline.flush()
        assert [(row.kind, row.recipient) for row in ledger.rows()][1:] == [("resolved", "oncall@example.org")]


async def test_the_incident_of_a_check_that_is_gone_is_withdrawn(
    store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    async with Desk(store, clock) as before:
        before.fail(3)
    after = Desk(store, clock, check("other", rules=()))
    await after.recall()
    async with after:
        await after.pipeline.flush()
        assert [row.kind for row in ledger.rows()] == ["opened", "withdrawn"]
        assert ledger.ask("SELECT check_name FROM states WHERE check_name = 'api'") == []


async def test_a_window_still_holds_what_came_before(store: Store, clock: FakeClock, ledger: Ledger) -> None:
    rule = ErrorRate(window=timedelta(minutes=10), min_samples=10, bounds=Bounds(warning=0.2, critical=0.9))
    watched = check("api", rules=(rule,), open_after=100)
    async with Desk(store, clock, watched) as before:
        before.pass_(6)
        before.fail(2)
        before.pass_(1)
    after = Desk(store, clock, watched)
    await after.recall()
    async with after:
        after.fail()
        await after.pipeline.flush()
        assert [row.kind for row in ledger.rows()] == ["opened"]


async def test_numbers_of_incidents_go_on(store: Store, clock: FakeClock, ledger: Ledger) -> None:
    async with Desk(store, clock) as before:
        before.fail(3)
        before.pass_(2)
    after = Desk(store, clock)
    await after.recall()
    async with after:
        after.fail(3)
        await after.pipeline.flush()
        assert [known.id for known in ledger.incidents()] == [1, 2]


async def test_what_a_check_counted_before_it_was_removed_is_forgotten(
    store: Store, clock: FakeClock, ledger: Ledger
) -> None:
    async with Desk(store, clock, check("old", rules=())) as before:
        before.fail(2, "old")
    without = Desk(store, clock, check("api", rules=()))
    await without.recall()
    again = Desk(store, clock, check("old", rules=()))
    await again.recall()
    async with again:
        again.fail(1, "old")
        await again.pipeline.flush()
        assert ledger.incidents() == []


async def test_a_probe_finds_its_note_again_and_one_of_a_check_that_is_gone_is_forgotten(
    store: Store, clock: FakeClock
) -> None:
    async with Desk(store, clock, check("log", rules=()), check("old", rules=())) as before:
        before.note("log", {"offset": 100})
        before.note("log", {"offset": 250})
        before.note("old", {"offset": 1})
    after = Desk(store, clock, check("log", rules=()))
    await after.recall()
    assert after.pipeline.notes == {"log": {"offset": 250}}
    assert await store.read(lambda tx: tx.notes.all()) == {"log": {"offset": 250}}


async def test_the_note_of_a_check_that_a_reload_removes_is_forgotten(store: Store, clock: FakeClock) -> None:
    desk = Desk(store, clock, check("log", rules=()))
    async with desk:
        desk.note("log", {"offset": 100})
        desk.watch(check("api", rules=()))
    assert desk.pipeline.notes == {}
    assert await store.read(lambda tx: tx.notes.all()) == {}


async def test_a_note_beyond_all_measure_is_refused_and_the_one_before_stays(store: Store, clock: FakeClock) -> None:
    async with Desk(store, clock, check("log", rules=())) as desk:
        desk.note("log", {"offset": 100})
        desk.note("log", {"lines": "x" * LONGEST_NOTE})
    assert await store.read(lambda tx: tx.notes.all()) == {"log": {"offset": 100}}
