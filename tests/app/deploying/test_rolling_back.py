"""Rollbacks of a desk with real channels: the dry run, who may order, and what a veto by whichever way does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.deploying.asking import AskedRollback
from sentinel.app.keeper import NotDone
from sentinel.base.redact import Redactor
from sentinel.channels.command import Command, CommandOptions
from sentinel.core.deployment.deployment import Ending, Phase, Ran, rollback_key
from sentinel.core.deployment.plan import OnFail, RollbackPlan
from sentinel.core.deployment.rolling_back import Undoable, order_by_level
from sentinel.core.incident import Address
from sentinel.core.notification import Kind
from sentinel.engine.line import Route
from tests.kit.deploying import HR, PAYROLL, Release, configured
from tests.kit.messages import message
from tests.store.values import incident

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sentinel.core.notification import Notification
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock

ASKED = AskedRollback(by="ann", reason="it is slow; echo $HOME", system="payroll", quick=True)
VETO = timedelta(minutes=5)
PROPOSING = replace(PAYROLL, rollback=RollbackPlan(channel="undo", on_fail=OnFail.PROPOSE, veto=VETO))


@pytest.fixture
async def release(tmp_path: Path, store: Store, clock: FakeClock) -> AsyncIterator[Release]:
    """One whose deployments are undone by a real command, unless somebody stops that."""
    async with Release(configured(tmp_path, PROPOSING), store, clock) as entered:
        options = CommandOptions.model_validate(
            {
                "command": ["/bin/sh", "roll-back", "{mode}", "{from}", "{reason}"],
                "folder": "/",
                "timeout": "2m",
                "secret_environment": {"TOKEN": "canary-token"},
            }
        )
        await entered.dispatcher.equip({"undo": Route(Command(options, clock, Redactor()), 30.0)})
        yield entered


async def test_a_dry_run_says_what_would_run_and_orders_nothing(release: Release) -> None:
    await release.start(from_version="2.4.0", backup_id="b-17")
    would = await release.desk.dry_run(ASKED)
    assert would.command == ("/bin/sh", "roll-back", "quick", "2.4.0", "it is slow; echo $HOME")
    assert (would.deployment, would.channel, would.kind, would.folder) == (1, "undo", "command", "/")
    assert (would.timeout, would.verify, would.refused) == (timedelta(minutes=2), ("login",), "")
    assert would.environment is not None
    assert (would.environment["SENTINEL_BACKUP_ID"], would.environment["TOKEN"]) == ("b-17", "•••")
    assert "rollback" not in await release.told_kinds()


async def test_of_several_systems_the_number_of_a_deployment_says_which_is_meant(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with Release(configured(tmp_path, PROPOSING, HR), store, clock) as release:
        await release.start()
        with pytest.raises(NotDone, match="say which system"):
            await release.desk.rollback(replace(ASKED, system=""))
        undone = await release.desk.rollback(replace(ASKED, system="", deployment=1))
        assert (undone.line.system, undone.line.phase) == ("payroll", "rolling_back")


async def test_a_dry_run_has_the_key_of_the_order_that_follows(release: Release) -> None:
    await release.start()
    would = await release.desk.dry_run(ASKED)
    await release.roll_back()
    (order,) = [row for row in await release.told() if row.message.kind is Kind.ROLLBACK]
    assert would.environment is not None
    assert would.environment["SENTINEL_KEY"] == order.key


async def test_a_dry_run_of_what_was_rolled_back_says_that_it_would_not_run(release: Release) -> None:
    await release.start()
    await release.roll_back()
    would = await release.desk.dry_run(ASKED)
    assert would.refused == "its rollback was ordered already, and there is only one"


async def test_a_dry_run_without_a_deployment_shows_the_backup(release: Release) -> None:
    would = await release.desk.dry_run(replace(ASKED, quick=False, backup_id="b-17"))
    assert (would.deployment, would.command[2:4]) == (0, ("backup", ""))


async def test_a_proposed_rollback_is_ordered_now_by_a_person_under_the_same_key(release: Release) -> None:
    await release.start()
    await release.desk.fail(1, "ci", "the migration stopped")
    proposed = await release.now()
    assert proposed.phase is Phase.PROPOSED
    undone = await release.roll_back()
    (order,) = [row for row in await release.told() if row.message.kind is Kind.ROLLBACK]
    assert undone.phase is Phase.ROLLING_BACK
    assert (order.key, order.due_at) == (rollback_key(release.store.instance, 1), release.clock.now())


async def test_a_veto_stops_what_was_proposed(release: Release) -> None:
    await release.start()
    await release.desk.fail(1, "ci", "the migration stopped")
    await release.desk.veto(1, "ben", "we mend it")
    await release.follow(minutes=6)
    over = await release.now()
    assert (over.ending, over.rollback.state if over.rollback else None) == (Ending.FAILED, Ran.STOPPED)
    assert (await release.told_kinds())[-1] in {"rollback_ended", "deployment_ended"}


async def ordered_by_level(release: Release) -> Notification:
    """A level's order, as the pipeline commits it."""
    one, now = await release.now(), release.clock.now()
    told = replace(message(Kind.ESCALATED), at=now)
    undoable, machine = Undoable(deployment=one, plan=PROPOSING), Address("undo")
    ordered = order_by_level(undoable, told, machine, VETO, (), release.store.instance, 12, now)
    (row,) = ordered.notifications
    await release.store.write(lambda tx: tx.outbox.enqueue([row]))
    return row


async def test_the_order_of_a_level_is_the_deployment_s_and_a_veto_stops_it(release: Release) -> None:
    await release.start()
    row = await ordered_by_level(release)
    await release.follow(seconds=1)
    one = await release.now()
    assert one.rollback is not None
    assert (one.phase, one.rollback.key, one.rollback.incident) == (Phase.PROPOSED, row.key, 12)
    await release.desk.veto(1, "ben", "not now")
    assert (await release.now()).phase is Phase.UNDER_WAY
    assert (await release.store.read(lambda tx: tx.orders.get([row.key])))[row.key].state.value == "cancelled"


async def test_whoever_heard_of_a_level_s_order_hears_that_it_was_stopped(release: Release) -> None:
    await release.start()
    told = replace(incident(), id=12, told=(Address("mail", "oncall@example.org"),))
    await release.store.write(lambda tx: tx.incidents.save(told))
    await ordered_by_level(release)
    await release.follow(seconds=1)
    await release.desk.veto(1, "ben", "not now")
    (row,) = [row for row in await release.every_row() if row.message.kind is Kind.COMMAND_ENDED]
    assert row.address.recipient == "oncall@example.org"
    assert row.message.title == "the rollback of payroll 2.4.1 was stopped by ben before it ran: not now"


async def test_who_orders_while_a_level_has_ordered_begins_the_same_one(release: Release) -> None:
    await release.start()
    row = await ordered_by_level(release)
    await release.roll_back()
    orders = [one for one in await release.told() if one.message.kind is Kind.ROLLBACK]
    assert [one.key for one in orders] == [row.key]


async def test_when_a_level_s_order_has_begun_nobody_orders_another(release: Release) -> None:
    await release.start()
    await ordered_by_level(release)
    await release.fake.advance(minutes=6)
    await release.begin_order()
    with pytest.raises(NotDone, match="there is only one"):
        await release.roll_back()
    assert (await release.now()).rollback is None, "it has not looked yet"
    await release.follow(seconds=1)
    await release.follow(seconds=1)
    rollback = (await release.now()).rollback
    assert rollback is not None
    assert (rollback.state, rollback.incident) == (Ran.STARTED, 12)
