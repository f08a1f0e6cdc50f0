"""Who is told of an effect."""

from collections.abc import Iterable, Mapping

from sentinel.core.incident import Address, Effect, Incident

#: The recipients of each channel; a channel without recipients of its own has one empty name.
Recipients = Mapping[str, tuple[str, ...]]


def route(effect: Effect, incident: Incident, recipients: Recipients) -> tuple[Address, ...]:
    """The addresses for an effect: those of its level when it has one, else everybody who was told before.

    An address that is reached by several channels' levels is told once per effect. A channel that the plan no longer has
    is left out here; whoever was told through it before still stands in `incident.told`.
    """
    if not effect.level:
        return incident.told
    level = incident.policy.levels[effect.level - 1]
    return unique(Address(channel, name) for channel in level.channels for name in recipients.get(channel, ()))


def unique(addresses: Iterable[Address]) -> tuple[Address, ...]:
    """Each address once, in the order in which it came first."""
    return tuple(dict.fromkeys(addresses))
