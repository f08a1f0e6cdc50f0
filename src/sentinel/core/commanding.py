"""Commands that a level of escalation runs: the rows that order one, and what is told when it has ended.

A command is a row of the outbox like a message, and unlike a message it is attempted once (`AT_MOST_ONCE`). Its key comes from
the incident and the level, so that a level which is told twice orders it once. Whoever was told of the incident hears that it
is about to run, as long as somebody may stop it, and how it ended.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from sentinel.core.incident import Address, Incident
from sentinel.core.notification import Cause, Kind, Message, Notification, State
from sentinel.core.timeline import TimelineEntry

#: Numbers that one order takes from the incident's sequence of messages: that it is planned, the order itself, its end.
NUMBERS = 3

#: What the channel's receipt calls what the command wrote, and how long it ran.
WROTE, TOOK = "wrote", "took"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What ordering or ending a command puts into the store."""

    notifications: tuple[Notification, ...]
    entries: tuple[TimelineEntry, ...]


def order(
    message: Message,
    machine: Address,
    veto: timedelta,
    people: Iterable[Address],
    instance: str,
    conversation: int,
    now: datetime,
    what: str = "",
) -> Ordered:
    """The rows that have a channel run its command, and those that say so beforehand. The order is the last of them.

    Args:
        message: about the level that names the channel. Its sequence is the first of `NUMBERS` that are the order's.
        machine: the channel that runs the command.
        veto: how long anybody may stop it; zero: it runs at once, and nobody is asked.
        people: everybody who is to know.
        instance: identity of the store, for the keys.
        conversation: the number under which the incident's messages follow each other.
        what: the command in words; empty: by the name of its channel.
    """
    assert message.incident is not None, "only an incident's level runs a command"
    runs_at, incident = now + veto, message.incident.id
    stem = "\0".join((instance, str(incident), str(message.incident.level), machine.channel))
    what = what or f"the command {machine.channel}"
    title = f"{what} runs at {_clock(runs_at)} unless somebody stops it"
    planned = replace(message, kind=Kind.COMMAND_PLANNED, title=title)
    rows = [_row(_key(stem, "planned", to), to, planned, conversation, now, now) for to in people] if veto else []
    ordered = replace(message, kind=Kind.COMMAND, sequence=message.sequence + 1)
    rows.append(_row(_key(stem, "order", machine), machine, ordered, conversation, now, runs_at))
    said = title if veto else f"{what} runs now"
    entry = TimelineEntry(incident=incident, at=now, kind=Kind.COMMAND_PLANNED.value, text=said)
    return Ordered(notifications=tuple(rows), entries=(entry,))


def ended(row: Notification, incident: Incident, now: datetime, by: str = "", why: str = "") -> Ordered:
    """What is told of a command that will not go on.

    Args:
        row: the order as it was settled: sent, dead, or cancelled by a person.
        incident: as it is now.
        by: who stopped it, if somebody did.
        why: they did.
    """
    assert row.message.incident is not None, "an order is about an incident"
    assert row.incident is not None, "and stands in its conversation"
    title, wrote, hint = _said(row, by, why)
    about = replace(
        row.message.incident,
        phase=incident.phase,
        severity=incident.severity,
        resolved_at=incident.resolved_at,
        acknowledgement=incident.acknowledgement,
    )
    message = replace(
        row.message,
        kind=Kind.COMMAND_ENDED,
        at=now,
        sequence=row.message.sequence + 1,
        incident=about,
        title=title,
        text=wrote,
        hint=hint,
    )
    rows = (_row(_key(row.key, "ended", to), to, message, row.incident, now, now) for to in incident.responders)
    text = f"{title}: {wrote}" if wrote else title
    entry = TimelineEntry(incident=about.id, at=now, kind=Kind.COMMAND_ENDED.value, by=by, text=text)
    return Ordered(notifications=tuple(rows), entries=(entry,))


def _said(row: Notification, by: str, why: str) -> tuple[str, str, str]:
    """What happened in one line, what the command wrote, and what to do."""
    undone, detail = row.message.deployment, row.detail
    name = (
        f"the rollback of {undone.system} {undone.version}".strip() if undone else f"the command {row.address.channel}"
    )
    if row.state is State.CANCELLED:
        return f"{name} was stopped{f' by {by}' if by else ''} before it ran: {why}", "", ""
    if row.state is State.SENT:
        took = row.receipt.get(TOOK, "")
        return (
            f"{name} ended well{f' after {took}' if took else ''}",
            row.receipt.get(WROTE, ""),
            "See whether it has helped.",
        )
    match row.reason:
        case Cause.INTERRUPTED:
            return f"{name} was interrupted: Sentinel stopped while it ran, and it may have run in part", "", _AFTER
        case Cause.TIMEOUT:
            return f"{name} was killed, since it did not end in time: it may have run in part", detail, _AFTER
        case Cause.TOO_LATE:
            return f"{name} was not started: {detail}", "", "If it is still needed, run it by hand."
        case _:
            how, _, wrote = detail.partition("\n")
            return f"{name} failed: {how}", wrote, _AFTER


_AFTER = "Look at what it has done before you run it by hand: Sentinel does not run it again."


def _row(
    key: str, address: Address, message: Message, conversation: int, now: datetime, due_at: datetime
) -> Notification:
    return Notification(key=key, address=address, message=message, created_at=now, due_at=due_at, incident=conversation)


def _key(stem: str, what: str, address: Address) -> str:
    identity = "\0".join((stem, what, *address))
    return f"msg_{blake2b(identity.encode(), digest_size=16).hexdigest()}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S} UTC"
