"""The auditor on a real store: what is taken away behind the loops' back is found, mended where it can be, and told."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Self

import pytest

from sentinel.core.auditor import PATIENCE, TOLD_FOR, Lapse, objection
from sentinel.core.notification import State
from sentinel.engine.auditor import AUDITED_AT, Audited, Auditor
from sentinel.engine.dispatcher import Dispatcher
from sentinel.engine.line import Route
from tests.kit.channel import ScriptedChannel
from tests.kit.desk import Desk
from tests.kit.scene import check, plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sentinel.core.auditor import Flaw
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock


class House:
    """A pipeline, a dispatcher and their auditor. No timers run: time does its part only when the auditor sees to it."""

    def __init__(self, store: Store, clock: FakeClock, file: Path) -> None:
        self.clock, self.store, self._file = clock, store, file
        self.desk = Desk(store, clock, check("api", rules=()))
        self.dispatcher = Dispatcher(clock, store, Random(7))
        self.channels = {name: ScriptedChannel() for name in ("mail", "chat", "hook")}
        self.stuck: tuple[str, ...] = ()
        self.planned = [check("api", rules=())]
        audited = Audited(
            plan=lambda: plan(*self.planned),
            pipeline=self.desk.pipeline,
            dispatcher=self.dispatcher,
            stuck=lambda: self.stuck,
        )
        self.auditor = Auditor(clock, store, audited)

    async def opens(self) -> None:
        """An incident opens, and whoever is told of it at first has been told."""
        self.desk.fail(3)
        await self.desk.idle()

    async def finds(self) -> list[Lapse]:
        """What a round finds, and lets what it mended be written."""
        return [flaw.lapse for flaw in await self.round()]

    async def round(self) -> tuple[Flaw, ...]:
        flaws = (await self.auditor.round()).flaws
        await self.desk.idle()
        return flaws

    async def passes(self, *, minutes: int) -> None:
        """Time in which the check goes on to fail and the auditor makes its rounds, so that nothing seems to stand still."""
        self.desk.fail()
        await self.clock.advance(minutes=minutes)
        await self.desk.idle()
        await self.round()

    async def send(self) -> None:
        """Begin to send, until nothing is left that is due."""
        await self.dispatcher.equip({name: Route(channel, 20.0) for name, channel in self.channels.items()})
        await self.dispatcher.start()
        await self.sent()

    async def sent(self) -> None:
        for _ in range(50):
            self.dispatcher.wake(self.channels)
            await self.desk.idle()
            counts = await self.store.read(lambda tx: tx.outbox.counts())
            if not counts[State.QUEUED] and not counts[State.SENDING]:
                return
        raise AssertionError(counts)

    def take_away(self, statement: str) -> None:
        """Change the store behind everybody's back."""
        with closing(sqlite3.connect(self._file)) as other, other:
            assert other.execute(statement).rowcount

    async def kinds(self) -> list[str]:
        rows = await self.store.read(lambda tx: tx.outbox.list(tuple(State)))
        return [row.message.kind.value for row in reversed(rows)]

    async def __aenter__(self) -> Self:
        await self.desk.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.dispatcher.stop()
        await self.desk.__aexit__(None, None, None)


@pytest.fixture
async def house(store: Store, clock: FakeClock, store_file: Path) -> AsyncIterator[House]:
    async with House(store, clock, store_file) as ready:
        yield ready


async def test_while_all_goes_well_nothing_is_found(house: House) -> None:
    await house.opens()
    await house.send()
    assert await house.finds() == []
    assert objection(house.auditor.last, house.auditor.patience, house.clock.now()) == ""


async def test_each_round_leaves_its_mark_in_the_store(house: House) -> None:
    await house.round()
    assert await house.store.read(lambda tx: tx.facts.get(AUDITED_AT)) == house.clock.now().isoformat()


async def test_an_escalation_that_stalled_is_found_and_goes_on(house: House) -> None:
    """H32."""
    await house.opens()
    for _ in range(21):
        await house.passes(minutes=1)
    assert "incident 1 (api) should have gone on at 03:15:00 UTC, and did not" in house.auditor.found(house.clock.now())
    assert set(await house.kinds()) == {"opened", "escalated"}


async def test_an_incident_that_is_lost_from_memory_is_followed_again(house: House) -> None:
    await house.opens()
    house.desk.pipeline.desk.histories["api"].incident = None
    assert await house.finds() == []  # may be a commit that is under way
    assert await house.finds() == [Lapse.FORGOTTEN]
    assert [past.check.name for past in house.desk.pipeline.open_histories()] == ["api"]
    assert await house.finds() == []


async def test_an_incident_that_is_lost_from_the_store_is_written_down_again(house: House) -> None:
    await house.opens()
    house.take_away("DELETE FROM incidents")
    assert await house.finds() == []
    assert await house.finds() == [Lapse.UNFILED]
    assert await house.finds() == []


async def test_who_lost_their_message_is_told_how_it_stands(house: House) -> None:
    await house.opens()
    house.take_away("DELETE FROM outbox WHERE channel = 'mail'")
    (flaw,) = await house.round()
    assert (flaw.lapse, "oncall@example.org" in flaw.what) == (Lapse.UNTOLD, False)
    await house.send()
    assert "reminded" in await house.kinds()
    assert await house.finds() == []


async def test_messages_that_nobody_tries_to_send_are_found(house: House) -> None:
    await house.opens()
    for _ in range(5):
        await house.passes(minutes=1)
    (flaw,) = await house.round()
    assert (flaw.lapse, flaw.channel) == (Lapse.STUCK, "mail")


async def test_a_lease_that_nobody_ends_is_ended(house: House) -> None:
    await house.opens()
    long_ago = int((house.clock.now() - PATIENCE - timedelta(seconds=1)).timestamp() * 1_000_000)
    house.take_away(f"UPDATE outbox SET state = 'sending', attempts = 1, lease_until = {long_ago}")
    assert set(await house.finds()) == {Lapse.STUCK}
    assert (await house.store.read(lambda tx: tx.outbox.counts()))[State.SENDING] == 0


async def test_a_check_whose_results_do_not_reach_the_store_is_found(house: House) -> None:
    for _ in range(20):
        house.clock.step(seconds=61)
        found = await house.finds()
    assert found == [Lapse.SILENT, Lapse.OVERDUE]


async def test_a_check_that_has_just_been_added_is_not_overdue(house: House) -> None:
    for _ in range(30):
        await house.passes(minutes=1)
    house.planned.append(check("login", rules=()))
    found = await house.round()
    assert not [flaw for flaw in found if flaw.lapse in (Lapse.SILENT, Lapse.OVERDUE)]


async def test_an_old_copy_of_an_incident_is_written_anew_and_told_of_only_if_that_does_not_help(house: House) -> None:
    await house.opens()
    await house.send()
    for _ in range(30):
        house.desk.pipeline.tick()
        await house.passes(minutes=1)
    before = await house.store.read(lambda tx: tx.incidents.get(1))
    assert before is not None
    old = replace(before, levels=())
    await house.store.write(lambda tx: tx.incidents.save(old))
    assert Lapse.STALLED not in await house.finds()
    assert Lapse.STALLED not in await house.finds()
    after = await house.store.read(lambda tx: tx.incidents.get(1))
    assert after is not None
    assert after.levels == before.levels


async def test_after_a_host_stood_still_nothing_is_overdue(house: House) -> None:
    await house.opens()
    await house.send()
    house.clock.step(hours=8)
    assert await house.finds() == []


async def test_a_loop_that_gets_nowhere_is_found(house: House) -> None:
    house.stuck = ("scheduler",)
    assert await house.finds() == [Lapse.STANDING]


async def test_what_was_found_is_told_for_a_while_though_it_was_mended(house: House) -> None:
    house.stuck = ("scheduler",)
    await house.round()
    house.stuck = ()
    await house.round()
    assert house.auditor.found(house.clock.now()) == ("these get nowhere: scheduler",)
    assert house.auditor.found(house.clock.now() + TOLD_FOR) == ()


async def test_an_audit_that_is_old_says_nothing(house: House) -> None:
    await house.round()
    late = house.clock.now() + house.auditor.patience + timedelta(seconds=1)
    assert objection(house.auditor.last, house.auditor.patience, late).startswith("the last audit was at")
    assert objection(None, house.auditor.patience, late) == "nothing was audited yet"


async def test_a_store_that_takes_nothing_is_no_sign_of_health(house: House, store_file: Path) -> None:
    with closing(sqlite3.connect(store_file, isolation_level=None)) as other:
        other.execute("DROP TABLE meta")
    assert await house.finds() == [Lapse.STORE]
