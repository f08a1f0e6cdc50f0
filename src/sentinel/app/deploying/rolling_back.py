"""Undoing deployments: what the desk and the keeper of deployments ask for, and what levels of escalation may undo.

The order of a rollback, the deployment and its timeline are one transaction, which is the caller's (`put`, `stop`). How it went
is asked of the row of the order (`look`), so a crash between any two steps loses nothing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sentinel.app.keeper import NotDone
from sentinel.app.parts import Parts
from sentinel.core.deployment.deployment import Deployment, Rollback, rollback_key
from sentinel.core.deployment.plan import RollbackPlan
from sentinel.core.deployment.rolling_back import (
    Order,
    Undoable,
    Wanted,
    adopted,
    followed,
    is_undoable,
    may_be_ordered,
    moved,
    order,
    stopped,
)
from sentinel.core.incident import Address
from sentinel.core.plan import ChannelPlan
from sentinel.store.database import Transaction


class RollingBack:
    """Orders rollbacks and follows them."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def order(self, deployment: Deployment, wanted: Wanted, now: datetime) -> Order:
        """The order that undoes a deployment. Nothing is ordered before `put` is committed.

        Raises:
            NotDone: one was ordered, or nothing is configured that could undo it.
        """
        if not may_be_ordered(deployment):
            raise NotDone(f"the rollback of {deployment.label} was ordered already", _ONCE)
        channel = self._channel(deployment)
        machine, parts = Address(channel.name, channel.recipients[0]), self._parts
        instance, plan = parts.store.instance, parts.plan
        return order(deployment, wanted, machine, instance=instance, source=plan.name, now=now, link=plan.link)

    def ordered(self) -> None:
        """An order was committed: have its channel see to it."""
        self._parts.dispatcher.wake(self._parts.dispatcher.lines)

    def heed(self, deployments: Iterable[Deployment]) -> None:
        """Have levels of escalation undo these from now on, and no others; call it whenever one of them has changed.

        Args:
            deployments: the current or last one of each system.
        """
        now, plans = self._parts.clock.now(), self._parts.plan.deployments
        self._parts.pipeline.desk.undoable = tuple(
            Undoable(deployment=one, plan=plan)
            for one in deployments
            if (plan := plans.get(one.system)) is not None and plan.rollback is not None and is_undoable(one, now)
        )

    async def look(self, deployments: Iterable[Deployment], now: datetime) -> Mapping[int, Rollback]:
        """The rollbacks that have moved since, by the numbers of their deployments; one that a level ordered among them."""
        instance = self._parts.store.instance
        asked = {rollback_key(instance, one.id): one for one in followed(deployments, now)}
        if not asked:
            return {}
        rows = await self._parts.store.read(lambda tx: tx.orders.get(asked.keys()))
        seen = {asked[key].id: moved(asked[key].rollback or adopted(row), row, now) for key, row in rows.items()}
        return {one.id: seen[one.id] for one in asked.values() if one.id in seen and seen[one.id] != one.rollback}

    def plan_of(self, deployment: Deployment) -> RollbackPlan:
        """How a deployment is undone.

        Raises:
            NotDone: nothing is configured.
        """
        plan = self._parts.plan.deployments.get(deployment.system)
        if plan is None or plan.rollback is None:
            raise NotDone(f"nothing is configured that could roll {deployment.system} back", _CONFIGURE)
        return plan.rollback

    def _channel(self, deployment: Deployment) -> ChannelPlan:
        name = self.plan_of(deployment).channel
        return next(channel for channel in self._parts.plan.channels if channel.name == name)


def put(tx: Transaction, ordered: Order) -> None:
    """Give an order, within the transaction that writes its deployment down.

    Raises:
        NotDone: somebody else ordered it meanwhile; the transaction comes to nothing.
    """
    if not tx.orders.put(ordered.row):
        raise NotDone("the rollback was ordered already", _ONCE)


def stop(tx: Transaction, rollback: Rollback, by: str, why: str, now: datetime) -> Rollback:
    """Stop a rollback that has not begun, within the transaction that writes its deployment down.

    Raises:
        NotDone: it has begun, or is over.
    """
    if tx.orders.call_off(rollback.key) is None:
        raise NotDone("the rollback has begun, or is over", "nothing here stops it: see to the program itself")
    return stopped(rollback, by, why, now)


_ONCE = "a deployment is rolled back at most once: `sentinel rollback --status` shows how far it has come"
_CONFIGURE = "`deployments.<system>.rollback` names the channel that does so"
