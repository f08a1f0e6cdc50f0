"""The books of commands: how one ended is written in the transaction that settles its row, so that nobody hears of a run that
was not, and of each that was."""

from collections.abc import Sequence
from datetime import datetime

from sentinel.core import commanding
from sentinel.core.changes import Cancel
from sentinel.core.notification import AT_MOST_ONCE, Kind, Notification, State
from sentinel.store.database import Transaction

#: States in which an order is over.
_OVER = frozenset({State.SENT, State.DEAD, State.CANCELLED})


def close_order(tx: Transaction, row: Notification, now: datetime, by: str = "", why: str = "") -> None:
    """Put the end of a command on the timeline of its incident, and tell whoever was told of that; nothing for other rows."""
    about = row.message.incident
    if row.message.kind not in AT_MOST_ONCE or row.state not in _OVER or about is None:
        return
    incident = tx.incidents.get(about.id)
    if incident is None:
        return  # forgotten by its age
    ended = commanding.ended(row, incident, now, by, why)
    tx.outbox.cancel(row.incident or about.id, (Kind.COMMAND_PLANNED,))  # whoever did not hear of it need not
    tx.incidents.note(ended.entries)
    tx.outbox.enqueue(ended.notifications)


def recover(tx: Transaction, now: datetime, *, leases_too: bool = False) -> list[Notification]:
    """What `Outbox.recover` does; and of the commands among it, which are not run again, people are told."""
    rows = tx.outbox.recover(now, leases_too=leases_too)
    for row in rows:
        close_order(tx, row, now)
    return rows


def give_up(tx: Transaction, pointless: Sequence[Cancel]) -> None:
    """Cancel what has become pointless. Whoever heard that a command would run hears that it does not."""
    reasons: dict[int, Cancel] = {}  # by conversation: why its commands do not run
    for one in pointless:
        if Kind.COMMAND in one.kinds:
            reasons.setdefault(one.conversation, one)
    for row in tx.outbox.call_off(reasons):
        why = reasons[row.incident or 0]
        close_order(tx, row, why.at, "", why.why)
    for kinds in dict.fromkeys(one.kinds for one in pointless):
        tx.outbox.cancel_all({one.conversation for one in pointless if one.kinds == kinds}, kinds)


def veto(tx: Transaction, conversation: int, now: datetime, by: str, why: str) -> int:
    """Stop the commands of a conversation that have not begun; answers how many there were."""
    rows = tx.outbox.call_off([conversation])
    for row in rows:
        close_order(tx, row, now, by, why)
    return len(rows)
