"""How a Notification stands in the table, and back."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from sentinel.core.incident import Address
from sentinel.core.notification import Notification, State
from sentinel.store.codec import MESSAGE, RECEIPT, readable, storable
from sentinel.store.moments import micros, moment

#: Ranks of rows; the lower goes first.
URGENT, USUAL = RANKS = (0, 1)


def values(notification: Notification) -> dict[str, Any]:
    """The columns of a row."""
    return {
        "key": notification.key,
        "channel": notification.address.channel,
        "recipient": notification.address.recipient,
        "incident": notification.incident,
        "kind": notification.message.kind.value,
        "state": notification.state.value,
        "due_at": micros(notification.due_at or notification.created_at),
        "attempts": notification.attempts,
        "ambiguous": notification.ambiguous,
        "lease_until": micros(notification.lease_until),
        "reason": notification.reason,
        "detail": storable(notification.detail),
        "receipt": RECEIPT.encode(notification.receipt),
        "created_at": micros(notification.created_at),
        "version": MESSAGE.version,
        "message": MESSAGE.encode(notification.message),
        "rank": URGENT if notification.message.is_urgent else USUAL,
        "carried_by": notification.carried_by,
        "copy_of": notification.copy_of,
        "copied_at": micros(notification.copied_at),
    }


def notifications(rows: Iterable[Row[Any]]) -> list[Notification]:
    """The rows that can be read; of the others the log tells."""
    return list(readable("outbox", rows, lambda row: row.id, _notification))


def _notification(row: Row[Any]) -> Notification:
    return Notification(
        id=row.id,
        key=row.key,
        address=Address(row.channel, row.recipient),
        message=MESSAGE.decode(row.message, row.version),
        created_at=moment(row.created_at),
        incident=row.incident,
        state=State(row.state),
        due_at=moment(row.due_at),
        attempts=row.attempts,
        ambiguous=row.ambiguous,
        lease_until=moment(row.lease_until),
        reason=row.reason,
        detail=row.detail,
        receipt=RECEIPT.decode(row.receipt, RECEIPT.version),
        carried_by=row.carried_by,
        copy_of=row.copy_of,
        copied_at=moment(row.copied_at),
    )
