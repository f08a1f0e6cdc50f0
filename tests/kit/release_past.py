"""A past around a deployment in a store: roll-ups of 5 minutes of two checks, the deployment, its timeline, what was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.core.deployment.plan import CriteriaPlan, DeploymentPlan
from sentinel.core.form import Form
from sentinel.core.incident import Address
from sentinel.core.matcher import Matcher
from sentinel.core.notification import Kind, Message, Notification, State, of_deployment
from sentinel.core.plan import ChannelPlan, Plan
from sentinel.core.slo import SPAN, span_start
from tests.kit.audited import rollup
from tests.kit.released import BEGAN, PASSED, at, entries
from tests.kit.scene import check, plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sentinel.core.deployment.deployment import Deployment
    from sentinel.store.database import Store

#: The checks of the system, and one of another system.
LOGIN = check("login", title="Log in", system="portal")
HEALTH = check("health", system="portal")
OTHER = check("mail-queue", system="mail")

PORTAL = DeploymentPlan(
    system="portal",
    environment="production",
    channels=("mail", "chat"),
    criteria=CriteriaPlan(critical_function=Matcher(tags=frozenset({"critical"}))),
    forms=(Form.HTML, Form.MARKDOWN, Form.JSON),
    reviews=(timedelta(hours=1), timedelta(hours=24)),
)


def watched(folder: Path, **more: object) -> Plan:
    """A plan whose portal is deployed; mails go to a person, chats to a room."""
    channels = (
        ChannelPlan(name="mail", kind="email", options=None, recipients=("ops@example.org",)),
        ChannelPlan(name="chat", kind="slack", options=None),
    )
    whole = replace(plan(LOGIN, HEALTH, OTHER, folder=folder), channels=channels, deployments={"portal": PORTAL})
    return replace(whole, **more)  # type: ignore[arg-type]  # whichever fields a test wants


async def release(store: Store, one: Deployment = PASSED, *, slower: float = 1.0, hours: int = 3) -> None:
    """Put a deployment into the store, with some hours of its checks before and after it.

    Args:
        store: where to.
        one: the deployment.
        slower: by which its checks are slower since.
        hours: before and after it.
    """
    first = span_start(BEGAN) - timedelta(hours=hours)
    parts = []
    for number in range(2 * hours * 12 + 6):
        start = first + number * SPAN
        seconds = 0.25 * (slower if start >= BEGAN else 1.0) + 0.01 * (number % 3)
        values = [seconds * (1 + step / 20) for step in range(10)]
        for name in ("login", "health", "mail-queue"):
            down = 240.0 if name == "login" and at(1) <= start < at(6) else 0.0
            whole = rollup(name, *values, up=300.0 - down, down=down, counted=len(values), total=sum(values))
            parts.append(replace(whole, start=start, span=SPAN))
    await store.write(lambda tx: tx.rollups.add(parts))
    await store.write(lambda tx: tx.deployments.save(one))
    await store.write(lambda tx: tx.deployments.note(entries(one)))
    await store.write(lambda tx: tx.outbox.enqueue(told(one)))


def told(one: Deployment, state: State = State.SENT) -> Sequence[Notification]:
    """That it started, to everybody who was to know."""
    message = Message(kind=Kind.DEPLOYMENT_STARTED, at=one.started_at, source="ward")
    return [
        Notification(
            key=f"msg_{one.id}_{address.channel}_{state.value}",
            address=address,
            message=message,
            created_at=one.started_at,
            incident=of_deployment(one.id),
            state=state,
        )
        for address in (Address("mail", "ops@example.org"), Address("chat"))
    ]
