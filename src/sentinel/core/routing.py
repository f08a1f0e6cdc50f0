"""Who is told of an effect, and the rows that this puts into the outbox."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b

from sentinel.core.check import Check
from sentinel.core.incident import Address, Effect, Incident
from sentinel.core.notification import Notification, about, compose
from sentinel.core.timeline import TimelineEntry, entry

#: The recipients of each channel; a channel without recipients of its own has one empty name.
Recipients = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What every message of this Sentinel has in common."""

    source: str  # name of this Sentinel
    instance: str  # identity of its store: two Sentinels never make the same key
    recipients: Recipients
    link: str = ""  # where people can look


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What effects put into the store, and the incident that remembers who was told."""

    incident: Incident
    notifications: tuple[Notification, ...]
    entries: tuple[TimelineEntry, ...]


def tell(check: Check, incident: Incident, effects: Iterable[Effect], sender: Sender, now: datetime) -> Telling:
    """The messages and timeline entries for effects of an incident, which is given as it is after the transition."""
    notifications: list[Notification] = []
    entries: list[TimelineEntry] = []
    for effect in effects:
        addresses = route(effect, incident, sender.recipients)
        incident = replace(
            incident, sequence=incident.sequence + 1, told=tuple(dict.fromkeys((*incident.told, *addresses)))
        )
        message = compose(sender.source, about(check), incident, effect, now, sender.link)
        entries.append(entry(incident, effect, now))
        notifications += (
            Notification(
                key=key(sender.instance, incident.id, incident.sequence, address),
                address=address,
                message=message,
                created_at=now,
                due_at=now,
                incident=incident.id,
            )
            for address in addresses
        )
    return Telling(incident=incident, notifications=tuple(notifications), entries=tuple(entries))


def route(effect: Effect, incident: Incident, recipients: Recipients) -> tuple[Address, ...]:
    """The addresses for an effect: those of its level when it has one, else everybody who was told before.

    A channel that the plan no longer has is left out here; whoever was told through it before stands in `incident.told`.
    """
    if not effect.level:
        return incident.told
    level = incident.policy.levels[effect.level - 1]
    named = (Address(channel, name) for channel in level.channels for name in recipients.get(channel, ()))
    return tuple(dict.fromkeys(named))


def key(instance: str, incident: int, sequence: int, address: Address) -> str:
    """What identifies a message to its receiver: the same at every attempt, different for every other message."""
    identity = "\0".join((instance, str(incident), str(sequence), *address))
    return f"msg_{blake2b(identity.encode(), digest_size=16).hexdigest()}"
