"""Who is told of an effect, and the rows that this puts into the outbox."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Protocol

from sentinel.core.check import Check
from sentinel.core.commanding import NUMBERS, order
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.deployment.rolling_back import Undoable, concerns, not_by_level, order_by_level
from sentinel.core.incident import UNTOLD, Address, Effect, EffectKind, Incident, Policy
from sentinel.core.notification import AboutDeployment, AboutOther, Notification, about, compose
from sentinel.core.timeline import TimelineEntry, entry

#: The recipients of each channel; a channel without recipients of its own has one empty name.
Recipients = Mapping[str, tuple[str, ...]]

#: What whoever was told of an incident hears of it though it is muted now: that it is over, and what people do.
_ALWAYS_TOLD = frozenset(
    {
        EffectKind.RESOLVED,
        EffectKind.WITHDRAWN,
        EffectKind.ACKNOWLEDGED,
        EffectKind.UNACKNOWLEDGED,
        EffectKind.ASSIGNED,
    }
)


#: What those who are only kept informed hear, too: how it stands, and that it is over.
_FOR_EVERYBODY = frozenset({EffectKind.RESOLVED, EffectKind.WITHDRAWN, EffectKind.UPDATED})


class Schedule(Protocol):
    """Who is on call."""

    def who(self, now: datetime) -> tuple[Address, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What every message of this Sentinel has in common."""

    source: str  # name of this Sentinel
    instance: str  # identity of its store: two Sentinels never make the same key
    recipients: Recipients
    link: str = ""  # where people can look
    on_call: Mapping[str, Schedule] = field(default_factory=dict)  # by the names that levels use
    people: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)  # where each is reached
    commands: Mapping[str, timedelta] = field(
        default_factory=dict
    )  # channels that run commands, with the time to stop one
    undoers: Mapping[str, tuple[DeploymentPlan, ...]] = field(default_factory=dict)  # channels, and what they roll back


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What effects put into the store, and the incident that remembers who was told."""

    incident: Incident
    notifications: tuple[Notification, ...]
    entries: tuple[TimelineEntry, ...]
    undone: int = 0  # number of the deployment whose rollback was ordered; 0: none


def tell(
    check: Check,
    incident: Incident,
    effects: Iterable[Effect],
    sender: Sender,
    now: datetime,
    others: tuple[AboutOther, ...] = (),
    others_count: int = 0,
    undoables: Collection[Undoable] = (),
    suspect: AboutDeployment | None = None,
) -> Telling:
    """The messages and timeline entries for effects of an incident, which is given as it is after the transition.

    Args:
        others: who else is in the same trouble and is told of with it.
        others_count: how many they are, listed or not.
        undoables: the deployments of the check's systems that a level may have to undo.
        suspect: the deployment that the incident may come of.
    """
    notifications: list[Notification] = []
    entries: list[TimelineEntry] = []
    undone = 0
    for effect in effects:
        reached = route(effect, incident, sender, now)
        addresses = tuple(address for address in reached if address.channel not in sender.commands)
        entries.append(entry(incident, effect, now))
        if effect.kind in UNTOLD:
            continue
        incident = replace(
            incident, sequence=incident.sequence + 1, told=tuple(dict.fromkeys((*incident.told, *addresses)))
        )
        message = compose(sender.source, about(check), incident, effect, now, sender.link, others, others_count)
        if suspect is not None:
            message = replace(message, suspect=suspect)
        if vacant := _vacant(effect, incident, sender, now):
            message = replace(message, hint=f"{message.hint} {vacant}".strip())
        notifications += (
            Notification(
                key=key(sender.instance, incident.id, incident.sequence, address),
                address=address,
                message=message,
                created_at=now,
                due_at=now,
                incident=incident.conversation,
            )
            for address in addresses
        )
        for machine in (address for address in reached if address.channel in sender.commands):
            if not _runs_commands(effect, incident):
                continue
            last, veto = replace(message, sequence=incident.sequence + 1), sender.commands[machine.channel]
            told = (last, machine, veto, incident.responders, sender.instance, incident.conversation, now)
            strangers = sender.undoers.get(machine.channel, ())
            if strangers and not any(concerns(plan, check) for plan in strangers):
                entries.append(not_by_level(message, machine, (plan.system for plan in strangers), now))
                continue
            if undoable := next((one for one in undoables if one.is_undone_by(machine.channel)), None):
                ordered, undone = order_by_level(undoable, *told), undoable.deployment.id
            else:
                ordered = order(*told)
            incident = replace(incident, sequence=incident.sequence + NUMBERS)
            notifications += ordered.notifications
            entries += ordered.entries
    return Telling(incident=incident, notifications=tuple(notifications), entries=tuple(entries), undone=undone)


def _runs_commands(effect: Effect, incident: Incident) -> bool:
    """Whether a level is told for the first time: only that runs a command."""
    again = any(one.level == effect.level and one.times for one in incident.rounds)
    return bool(effect.level) and not again


def route(effect: Effect, incident: Incident, sender: Sender, now: datetime) -> tuple[Address, ...]:
    """The addresses for an effect: those of its level when it has one, else everybody who was told before.

    A channel that the plan no longer has is left out here, and others are told instead where a level has none that is left;
    whoever was told through it before stands in `incident.told`.
    """
    if effect.kind in UNTOLD or (incident.mute is not None and effect.kind not in _ALWAYS_TOLD):
        return ()
    if effect.kind is EffectKind.PROGRESS:
        updates = incident.policy.updates
        return _reached(updates.channels if updates else (), sender.recipients)
    if effect.kind is EffectKind.ASSIGNED:
        return tuple(dict.fromkeys((*incident.responders, *sender.people.get(incident.assigned_to, ()))))
    if not effect.level:
        return incident.told if effect.kind in _FOR_EVERYBODY else incident.responders
    level = incident.policy.levels[effect.level - 1]
    on_call = (to for name in level.on_call if name in sender.on_call for to in sender.on_call[name].who(now))
    reached = tuple(dict.fromkeys((*_reached(level.channels, sender.recipients), *on_call)))
    return (
        reached if reached or not level.names_anybody else instead(incident.policy, sender.recipients, sender.commands)
    )


def instead(policy: Policy, recipients: Recipients, commands: Collection[str]) -> tuple[Address, ...]:
    """Who is told where a level has nobody on call and no channels (any more): those of the other levels, or else everybody.

    Somebody has to hear of it; a command is no substitute for a person.
    """
    people = {name: to for name, to in recipients.items() if name not in commands}
    others = _reached((name for level in policy.levels for name in level.channels), people)
    return tuple(dict.fromkeys(others or _reached(people, people)))


def _vacant(effect: Effect, incident: Incident, sender: Sender, now: datetime) -> str:
    """What people should know where a level calls a schedule that has nobody; empty otherwise."""
    names = incident.policy.levels[effect.level - 1].on_call if effect.level else ()
    vacant = [name for name in names if name not in sender.on_call or not sender.on_call[name].who(now)]
    return f"Nobody is on call by {' and '.join(vacant)}." if vacant else ""


def _reached(channels: Iterable[str], recipients: Recipients) -> tuple[Address, ...]:
    return tuple(Address(channel, name) for channel in channels for name in recipients.get(channel, ()))


def key(instance: str, incident: int, sequence: int, address: Address) -> str:
    """What identifies a message to its receiver: the same at every attempt, different for every other message."""
    identity = "\0".join((instance, str(incident), str(sequence), *address))
    return f"msg_{blake2b(identity.encode(), digest_size=16).hexdigest()}"
