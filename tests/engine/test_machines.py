"""Orders go to what can carry them out, whatever a reload has put in its place."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.channels.base import Rehearsal
from sentinel.core.notification import Cause, State
from sentinel.engine.line import Route
from tests.engine.test_dispatcher import Post
from tests.kit.channel import ScriptedChannel
from tests.kit.rollbacks import deployment_order

if TYPE_CHECKING:
    from sentinel.core.notification import Notification
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock


class Machine(ScriptedChannel):
    """A channel that rolls back."""

    def rehearse(self, order: Notification) -> Rehearsal:
        return Rehearsal(command=("roll-back", order.key), timeout=timedelta(minutes=1))


async def test_an_order_is_never_told_to_people_as_if_that_had_rolled_anything_back(
    store: Store, clock: FakeClock
) -> None:
    post, chat, now = Post(store, clock), ScriptedChannel(), clock.now()
    async with post:
        await post.dispatcher.equip({"rollback": Route(chat, 20.0)})  # the reload made a chat of what was a command
        await post.put_all(order := deployment_order(created_at=now, due_at=now))
        dead = await post.becomes(order.key, State.DEAD)
    assert (dead.reason, chat.keys) == (Cause.REFUSED, [])


async def test_what_can_carry_it_out_gets_it_once(store: Store, clock: FakeClock) -> None:
    post, machine, now = Post(store, clock), Machine(), clock.now()
    async with post:
        await post.dispatcher.equip({"rollback": Route(machine, 20.0)})
        await post.put_all(order := deployment_order(created_at=now, due_at=now))
        await post.becomes(order.key, State.SENT)
    assert machine.keys == [order.key]
