"""One order of a deployment, and none of another, when several things happen in the same moment."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING

import pytest

from sentinel.app.keeper import NotDone
from sentinel.base.errors import StoreError
from sentinel.core.deployment.deployment import Ending, Phase, Ran
from sentinel.core.deployment.events import RollbackWanted
from sentinel.core.deployment.plan import OnFail, RollbackPlan
from sentinel.core.deployment.rolling_back import Undoable, Wanted, order_by_level
from sentinel.core.incident import Address
from sentinel.core.notification import Kind, Sent, State
from tests.kit.broken_store import MissingTable
from tests.kit.deploying import HR, PAYROLL, Release, configured
from tests.kit.messages import message
from tests.store.values import incident

if TYPE_CHECKING:
    from pathlib import Path

    from sentinel.core.deployment.deployment import Deployment
    from sentinel.core.notification import Notification
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock

VETO = timedelta(minutes=5)
UNDO = RollbackPlan(channel="undo", on_fail=OnFail.TELL)
ACTING = replace(PAYROLL, rollback=replace(UNDO, on_fail=OnFail.ACT, verify_within=timedelta(minutes=1)))


async def ordered_by_level(release: Release, number: int = 1) -> Notification:
    """A level's order, as the pipeline commits it."""
    told = replace(message(Kind.ESCALATED), at=release.clock.now())
    undoable = Undoable(deployment=await release.now(number), plan=PAYROLL)
    ordered = order_by_level(undoable, told, Address("undo"), VETO, (), release.store.instance, 12, release.clock.now())
    (row,) = ordered.notifications
    await release.store.write(lambda tx: tx.outbox.enqueue([row]))
    return row


async def orders(release: Release) -> list[Notification]:
    return [row for row in await release.every_row() if row.message.kind is Kind.ROLLBACK]


def is_written(file: Path, table: str, within: float = 0.02) -> bool:
    """Whether a table has a row; the loop stands still meanwhile, so that nobody here learns of a commit before."""
    until = perf_counter() + within
    with closing(sqlite3.connect(file)) as database:
        while perf_counter() < until:
            if database.execute(f"SELECT count(*) FROM {table}").fetchone() != (0,):
                return True
    return False


async def give_up_when_written(asked: asyncio.Task[Deployment], file: Path) -> None:
    """Stop waiting in the moment in which it is committed, and before that is known."""
    for _ in range(200):
        await asyncio.sleep(0)
        if is_written(file, "deployments"):
            break
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked


async def test_who_gives_up_waiting_for_an_order_and_repeats_it_orders_once(release: Release, tmp_path: Path) -> None:
    await give_up_when_written(asyncio.create_task(release.roll_back()), tmp_path / "sentinel.db")
    with pytest.raises(NotDone, match="there is only one"):
        await release.roll_back()
    assert len(await orders(release)) == 1


async def test_who_gives_up_waiting_for_a_start_and_repeats_it_starts_one(release: Release, tmp_path: Path) -> None:
    await give_up_when_written(asyncio.create_task(release.start()), tmp_path / "sentinel.db")
    with pytest.raises(NotDone, match="goes on"):
        await release.start()


async def test_an_order_that_was_given_anew_is_not_taken_for_stopped(release: Release) -> None:
    await release.start()
    row = await ordered_by_level(release)
    await release.follow(seconds=1)
    await release.store.write(lambda tx: tx.orders.call_off(row.key))  # by an acknowledgement
    async with release.book.changing:
        looking = asyncio.create_task(release.keeper.follow_rollbacks())
        for _ in range(5):  # it reads that the order was called off, and waits for us
            await release.store.read(lambda _: None)
            await release.fake.settle()
        wanted = Wanted(reason="it is slow", by="ann")
        assert (await release.book.apply(1, RollbackWanted(wanted=wanted, undo=UNDO))).refusal is None
    await looking
    rollback = (await release.now()).rollback
    assert rollback is not None
    assert (rollback.state, rollback.by) == (Ran.ORDERED, "ann")


async def test_what_a_level_ordered_in_the_second_in_which_it_was_accepted_is_called_off(release: Release) -> None:
    await release.store.write(lambda tx: tx.incidents.save(replace(incident(), id=12)))
    await release.start()
    await release.desk.fail(1, "ci", "it does not start")
    await ordered_by_level(release)
    await release.desk.accept(1, "ann", "it is meant to")
    await release.follow(seconds=1)
    assert [one.state for one in await orders(release)] == [State.CANCELLED]
    assert (await release.now()).ending is Ending.ACCEPTED
    texts = [line.text for line in await release.store.read(lambda tx: tx.incidents.timeline(12))]
    assert "somebody has accepted deployment 1 as it is" in texts[-1]


async def test_what_a_level_ordered_in_the_second_in_which_it_ended_well_is_its_rollback(release: Release) -> None:
    await release.start()
    await ordered_by_level(release)
    await release.desk.finish(1, "ci")
    await release.follow(seconds=1)
    assert (await release.now()).phase is Phase.PROPOSED
    await release.desk.veto(1, "ben", "it is not the release")
    assert (await release.now()).ending is Ending.UNWATCHED


async def test_what_a_level_has_begun_to_undo_is_followed_even_if_it_ended_well(release: Release) -> None:
    await release.start()
    await ordered_by_level(release)
    await release.desk.finish(1, "ci")
    await release.fake.advance(minutes=6)
    await release.begin_order()
    await release.follow(seconds=1)
    await release.follow(seconds=1)
    one = await release.now()
    assert (one.phase, one.rollback.state if one.rollback else None) == (Phase.ROLLING_BACK, Ran.STARTED)


async def test_what_a_level_ordered_at_the_end_of_its_day_is_followed_after_it(release: Release) -> None:
    await release.start()
    await release.desk.fail(1, "ci", "it does not start")
    release.fake.step(hours=23, minutes=59, seconds=58)
    await ordered_by_level(release)
    await release.follow(seconds=5)
    assert (await release.now()).phase is Phase.PROPOSED


async def test_while_an_order_waits_of_which_nobody_has_heard_no_other_deployment_begins(release: Release) -> None:
    await release.start()
    await release.desk.fail(1, "ci", "it does not start")
    await ordered_by_level(release)
    with pytest.raises(NotDone, match=r"the rollback of deployment 1 .* is ordered"):
        await release.start("2.4.2", anyway=True)


async def test_a_proof_that_cannot_even_be_tried_ends_when_its_time_is_over(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with Release(configured(tmp_path, ACTING, HR), store, clock) as release:
        await release.start()
        await release.desk.fail(1, "ci", "it does not start")
        await release.end_order(await release.begin_order(), Sent())
        await release.follow(seconds=1)
        release.plan = replace(release.plan, policies={})  # whatever the fault of ours may be
        await release.prove()
        assert (await release.now()).phase is Phase.VERIFYING
        await release.follow(seconds=61)
        await release.prove()
        assert (await release.now()).ending is Ending.ROLLBACK_FAILED


async def test_of_two_systems_the_one_is_looked_after_while_the_results_of_the_other_cannot_be_read(
    release: Release, tmp_path: Path
) -> None:
    await release.start(system="hr")
    await release.start()  # the newer one, which is looked at first
    await release.watch(2)
    with MissingTable(tmp_path / "sentinel.db", "results"):
        await release.fake.advance(minutes=31)
        with pytest.raises(StoreError):
            await release.keeper.look()
    assert (await release.now(1)).overrun
    assert (await release.now(2)).phase is Phase.WATCHING


async def test_what_sentinel_rolls_back_by_itself_is_in_the_journal_once(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with Release(configured(tmp_path, ACTING, HR), store, clock) as release:
        await release.start()
        await release.desk.fail(1, "ci", "it does not start")
        await release.follow(seconds=1)
        assert await release.store.read(lambda tx: tx.journal.after(0, 10)) == []
        await release.begin_order()
        await release.follow(seconds=1)
        await release.follow(seconds=1)
        [told] = await release.store.read(lambda tx: tx.journal.after(0, 10))
    assert (told.deed.action, told.deed.subject) == ("deployment.rollback", "deployment 1")
