"""Orders are kept as long as their deployment: whose key was forgotten could be run again."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.core.deployment.deployment import Ending, Phase, rollback_key
from sentinel.core.notification import Notification, Sent, State, after_attempt
from sentinel.core.parcel import Packing
from tests.kit.rollbacks import DEPLOYMENT, NOW, deployment_order

if TYPE_CHECKING:
    from sentinel.store.database import Store

DAY = timedelta(days=1)
OVER = replace(DEPLOYMENT, phase=Phase.ENDED, ending=Ending.ROLLED_BACK, ended_at=NOW)


async def ran(store: Store) -> Notification:
    """The order of a deployment, which ran."""
    order = replace(deployment_order(), key=rollback_key(store.instance, DEPLOYMENT.id))
    await store.write(lambda tx: tx.orders.put(order))
    claimed = await store.write(lambda tx: tx.outbox.claim("rollback", NOW, DAY, Packing(limit=1)).rows)
    await store.write(lambda tx: tx.outbox.settle(after_attempt(claimed[0], Sent(), NOW, random.Random(1)), NOW))
    return order


async def known(store: Store, order: Notification) -> list[State]:
    return [row.state for row in (await store.read(lambda tx: tx.orders.get([order.key]))).values()]


async def test_an_order_outlives_the_time_that_messages_are_kept(store: Store) -> None:
    order = await ran(store)
    await store.write(lambda tx: tx.outbox.purge(NOW + 30 * DAY, 10))
    assert await known(store, order) == [State.SENT]
    assert not await store.write(lambda tx: tx.orders.put(order)), "it would run again"


async def test_it_is_forgotten_with_its_deployment(store: Store) -> None:
    order = await ran(store)
    await store.write(lambda tx: tx.deployments.save(OVER, replace(OVER, id=DEPLOYMENT.id + 1)))
    await store.write(lambda tx: tx.deployments.purge(NOW + 30 * DAY, 10))
    assert await known(store, order) == []
