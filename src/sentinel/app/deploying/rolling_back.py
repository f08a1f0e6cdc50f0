"""What a rollback would run, without running it: said by the channel itself, from the very order that it would get."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from sentinel.app.keeper import NotDone
from sentinel.channels.base import Rehearses
from sentinel.core.check import Check
from sentinel.core.deployment.deployment import Deployment
from sentinel.core.deployment.events import Setting
from sentinel.core.deployment.plan import RollbackPlan
from sentinel.core.deployment.rolling_back import Wanted, order, proofs
from sentinel.core.incident import Address
from sentinel.core.plan import Plan
from sentinel.engine.dispatcher import Dispatcher
from sentinel.reports.deployment import DryRun


class Around(Protocol):
    """The parts of a running Sentinel that a dry run asks."""

    @property
    def plan(self) -> Plan: ...

    @property
    def dispatcher(self) -> Dispatcher: ...


def dry_run(
    parts: Around,
    one: Deployment,
    wanted: Wanted,
    undo: RollbackPlan,
    checks: Iterable[Check],
    setting: Setting,
    now: datetime,
    refused: str = "",
) -> DryRun:
    """What the rollback of a deployment would run.

    Args:
        one: what is undone; of one that Sentinel knows nothing of, what would stand for it.
        checks: of its system.
        setting: what every order of this Sentinel has in common.
        refused: why it would not run now; empty: it would.

    Raises:
        NotDone: its channel is not there.
    """
    line = parts.dispatcher.lines.get(undo.channel)
    channel: object = line.route.channel if line is not None else None
    if not isinstance(channel, Rehearses):
        raise NotDone(f"the channel {undo.channel} is not there, or cannot roll anything back", "`sentinel channels`")
    machine, common = Address(undo.channel), {"instance": setting.instance, "source": setting.source}
    would = channel.rehearse(order(one, wanted, machine, **common, link=setting.link, now=now).row)
    kinds = {known.name: known.kind for known in parts.plan.channels}
    return DryRun(
        system=one.system,
        deployment=one.id if one.version else 0,
        channel=undo.channel,
        kind=kinds.get(undo.channel, ""),
        command=would.command,
        environment=would.environment,
        folder=would.folder,
        url=would.url,
        body=would.body,
        timeout=would.timeout,
        refused=refused,
        verify=tuple(check.name for check in proofs(undo, checks)),
    )
