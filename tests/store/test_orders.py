"""Orders: one of each key, given anew only until it has begun, and called off only before."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from sentinel.core.notification import Cause, Failed, Kind, Notification, State, after_attempt
from sentinel.core.parcel import Packing
from sentinel.store.database import Store
from tests.kit.rollbacks import NOW, ordered

MINUTE = timedelta(minutes=1)
ORDER = ordered(veto=5 * MINUTE).row


async def put(store: Store, row: Notification) -> bool:
    return await store.write(lambda tx: tx.orders.put(row))


async def claim(store: Store, minutes: float) -> list[Notification]:
    now = NOW + minutes * MINUTE
    return await store.write(lambda tx: tx.outbox.claim("rollback", now, MINUTE, Packing(limit=9)).rows)


async def known(store: Store) -> Notification:
    return (await store.read(lambda tx: tx.orders.get([ORDER.key])))[ORDER.key]


async def test_an_order_waits_for_its_time_and_is_claimed_once(store: Store) -> None:
    assert await put(store, ORDER)
    assert await claim(store, 4) == []
    (claimed,) = await claim(store, 5)
    assert (claimed.key, claimed.attempts, claimed.message.kind) == (ORDER.key, 1, Kind.ROLLBACK)
    assert await claim(store, 6) == []


async def test_an_order_that_waits_can_be_given_anew_for_now(store: Store) -> None:
    await put(store, ORDER)
    assert await put(store, ordered("by hand", by="ann").row)
    (claimed,) = await claim(store, 0)
    assert claimed.message.deployment is not None
    assert claimed.message.deployment.reason == "by hand"


async def test_an_order_that_has_begun_is_not_given_again_whatever_came_of_it(store: Store) -> None:
    await put(store, ORDER)
    (claimed,) = await claim(store, 5)
    assert not await put(store, ORDER)
    failed = after_attempt(claimed, Failed(cause=Cause.COMMAND_FAILED), NOW, random.Random(1))
    await store.write(lambda tx: tx.outbox.settle(failed, NOW))
    assert not await put(store, ORDER)
    await store.write(lambda tx: tx.outbox.redrive(None, NOW))
    await store.write(lambda tx: tx.outbox.enqueue([ORDER]))
    assert (await known(store)).state is State.DEAD
    assert await claim(store, 60) == []


async def test_an_order_is_called_off_only_before_it_has_begun(store: Store) -> None:
    await put(store, ORDER)
    stopped = await store.write(lambda tx: tx.orders.call_off(ORDER.key))
    assert stopped is not None
    assert stopped.state is State.CANCELLED
    assert await store.write(lambda tx: tx.orders.call_off(ORDER.key)) is None
    assert await put(store, ORDER)
    await claim(store, 5)
    assert await store.write(lambda tx: tx.orders.call_off(ORDER.key)) is None


async def test_orders_of_two_deployments_do_not_mix(store: Store) -> None:
    other = replace(ORDER, key="msg_other")
    assert await put(store, ORDER)
    assert await put(store, other)
    assert await store.write(lambda tx: tx.orders.call_off(other.key)) is not None
    assert (await known(store)).state is State.QUEUED


async def test_one_that_was_marked_when_its_sender_died_is_dead(store: Store) -> None:
    await put(store, ORDER)
    await claim(store, 5)
    (lost,) = await store.write(lambda tx: tx.outbox.recover(NOW + 6 * MINUTE, leases_too=True))
    assert (lost.state, lost.reason) == (State.DEAD, Cause.INTERRUPTED.value)
    assert not await put(store, ORDER)


async def test_one_whose_channel_a_reload_took_away_before_it_began_can_be_given_through_another(store: Store) -> None:
    await put(store, ORDER)
    await store.write(lambda tx: tx.outbox.bury("rollback", Cause.CHANNEL_REMOVED))
    assert await store.write(lambda tx: tx.outbox.redrive(None, NOW)) == 0
    assert await put(store, ordered("by hand", by="ann").row)
    assert len(await claim(store, 0)) == 1
