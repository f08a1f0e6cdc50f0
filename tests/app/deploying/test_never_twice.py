"""Whatever people, levels, time and crashes do, in whichever order: what undoes a deployment is begun at most once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from sentinel.app.keeper import NotDone
from sentinel.core.deployment.deployment import Ran, rollback_key
from sentinel.core.deployment.plan import OnFail, RollbackPlan
from sentinel.core.deployment.rolling_back import Undoable, order_by_level
from sentinel.core.incident import Address
from sentinel.core.notification import Ambiguous, Cause, Failed, Kind, Sent, State
from sentinel.core.parcel import Packing
from sentinel.engine.commands import recover
from tests.kit.deploying import PAYROLL, Release, configured
from tests.kit.messages import message
from tests.kit.scene import MINUTE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from sentinel.core.notification import Notification
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock

PLAN = replace(PAYROLL, rollback=RollbackPlan(channel="undo", on_fail=OnFail.PROPOSE, veto=3 * MINUTE))

#: What a row says that is so far, and what the deployment has to say then.
SAME = {
    State.QUEUED: {Ran.ORDERED},
    State.SENDING: {Ran.STARTED},
    State.SENT: {Ran.DONE},
    State.DEAD: {Ran.FAILED, Ran.INTERRUPTED},
    State.CANCELLED: {Ran.STOPPED},
}


class Story:
    """Deployments one after the other, and everything that happens to them by chance."""

    def __init__(self, release: Release, chance: Random) -> None:
        self.release = release
        self.chance = chance
        self.number = 0  # of the deployment that it is about
        self.begun: list[Notification] = []  # each time that the channel began to run something
        self.acts: list[Callable[[], Awaitable[object]]] = [
            lambda: self.release.desk.fail(self.number, "ci", "the migration stopped"),
            lambda: self.release.roll_back(),
            lambda: self.release.desk.veto(self.number, "ben", "not now"),
            self.order_by_level,
            self.order_by_level,
            self.end_of_the_incident,
            self.begin,
            self.begin,
            self.begin,
            self.end,
            self.crash,
            lambda: self.release.follow(seconds=self.chance.choice((1, 20, 200))),
        ]

    async def deploy(self) -> None:
        """Another one, unless the last one goes on, and some of what can happen to it."""
        with suppress(NotDone):
            self.number = (await self.release.start(f"2.4.{self.number}", from_version="2.3", anyway=True)).id
        for _ in range(8):
            with suppress(NotDone):
                await self.chance.choice(self.acts)()

    async def order_by_level(self) -> None:
        """As the pipeline commits it, which may not know yet what was ordered otherwise."""
        one, now = await self.release.now(self.number), self.release.clock.now()
        undone = Undoable(deployment=replace(one, rollback=None), plan=PLAN)
        told = replace(message(Kind.ESCALATED), at=now)
        instance, veto = self.release.store.instance, self.chance.choice((timedelta(0), MINUTE))
        ordered = order_by_level(undone, told, Address("undo"), veto, (), instance, 12, now)
        await self.release.store.write(lambda tx: tx.outbox.enqueue(ordered.notifications))

    async def end_of_the_incident(self) -> None:
        await self.release.store.write(lambda tx: tx.outbox.call_off([12]))

    async def begin(self) -> None:
        now, packing = self.release.clock.now(), Packing(limit=9)
        claimed = await self.release.store.write(lambda tx: tx.outbox.claim("undo", now, MINUTE, packing))
        self.begun += claimed.rows

    async def end(self) -> None:
        outcomes = (Sent(), Failed(cause=Cause.COMMAND_FAILED), Ambiguous(cause=Cause.TIMEOUT))
        for row in self.begun[-1:]:
            await self.release.end_order(row, self.chance.choice(outcomes))

    async def crash(self) -> None:
        """Everything that was in memory is lost; the next start looks for what was under way."""
        release, now = self.release, self.release.clock.now()
        await release.__aexit__(None, None, None)
        await release.store.write(lambda tx: recover(tx, now, leases_too=True))
        self.release = await Release(release.plan, release.store, release.fake).__aenter__()


@pytest.mark.parametrize("seed", range(16))
async def test_it_is_begun_at_most_once(seed: int, tmp_path: Path, store: Store, clock: FakeClock) -> None:
    story = Story(await Release(configured(tmp_path, PLAN), store, clock).__aenter__(), Random(seed))
    try:
        for _ in range(5):
            await story.deploy()
        for _ in range(3):
            await story.release.follow(seconds=1)
        assert len({row.key for row in story.begun}) == len(story.begun)
        await agrees_with_its_row(story.release, story.number)
    finally:
        await story.release.__aexit__(None, None, None)


async def agrees_with_its_row(release: Release, number: int) -> None:
    """What the deployment says of its rollback is what the row says."""
    key = rollback_key(release.store.instance, number)
    row = (await release.store.read(lambda tx: tx.orders.get([key]))).get(key)
    rollback = (await release.now(number)).rollback
    if row is None:
        assert rollback is None
        return
    assert rollback is not None
    assert rollback.state in SAME[row.state]
