"""The outbox: what is to be told, to whom, and what became of it.

Rule 1: a row changes only by compare-and-set on its state (and its attempt), so that who comes late changes nothing.
Rule 2: of one incident and address only the earliest undelivered row can be claimed, and only while no other is being sent.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from sentinel.core.incident import Address
from sentinel.core.notification import AT_MOST_ONCE, Cause, Kind, Notification, Receipt, State
from sentinel.store.codec import MESSAGE, RECEIPT, readable, storable
from sentinel.store.moments import micros, moment
from sentinel.store.tables import outbox
from sentinel.store.upsert import insert_into

#: By this name, since `Outbox` has a method `list`.
Rows = list[Notification]

#: Queued or being sent: only these have a time when they are due. It is also the condition of the index on them.
_UNDELIVERED = outbox.c.due_at.is_not(None)

#: Commands, which are attempted once.
_AT_MOST_ONCE = outbox.c.kind.in_([kind.value for kind in AT_MOST_ONCE])

#: These say that less is wrong than before: pointless for whoever never heard of it.
_ENDINGS = frozenset({Kind.ACKNOWLEDGED, Kind.EASED, Kind.RESOLVED, Kind.WITHDRAWN})

_other = outbox.alias("other")


class Outbox:
    """The table of notifications, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- Into the outbox --------------------------------------------------------------------------------------------

    def enqueue(self, notifications: Iterable[Notification]) -> None:
        """Add rows, in this order. A row whose key is there already is left out.

        So is the end of an incident for an address whose every earlier row of it was cancelled: nobody there knows of it.
        """
        for notification in notifications:
            if notification.message.kind in _ENDINGS and self._never_told(notification):
                continue
            put = insert_into(self._connection, outbox).values(_values(notification))
            self._connection.execute(put.on_conflict_do_nothing())

    def cancel(self, incident: int, kinds: Collection[Kind]) -> int:
        """Give up an incident's rows of these kinds that wait and cannot have arrived; answers how many.

        So a row whose attempts all failed is given up, too. One whose attempt was ambiguous goes on: to repeat it is what
        makes sure that whoever may have got half of a story gets the rest.
        """
        change = update(outbox).where(
            outbox.c.incident == incident,
            outbox.c.kind.in_([kind.value for kind in kinds]),
            outbox.c.state == State.QUEUED.value,
            outbox.c.ambiguous == 0,
        )
        return self._connection.execute(change.values(state=State.CANCELLED.value, due_at=None)).rowcount

    def call_off(self, incident: int) -> Rows:
        """Give up the commands of an incident that have not begun, and answer them."""
        waiting = _UNDELIVERED & _AT_MOST_ONCE & (outbox.c.state == State.QUEUED.value)
        change = update(outbox).where(waiting, outbox.c.incident == incident)
        return self._changed(change.values(state=State.CANCELLED.value, due_at=None).returning(*outbox.c))

    def redrive(self, ids: Collection[int] | None, now: datetime) -> int:
        """Queue dead rows again, with their old keys and a full measure of patience; answers how many.

        Args:
            ids: of the rows, or None for all dead ones. Rows that are not dead stay as they are, and so do commands.
            now: from when on they are due.
        """
        change = update(outbox).where(outbox.c.state == State.DEAD.value, ~_AT_MOST_ONCE)
        if ids is not None:
            change = change.where(outbox.c.id.in_(ids))
        # As `core.notification.redriven` says.
        fresh = {"state": State.QUEUED.value, "due_at": micros(now), "created_at": micros(now), "attempts": 0}
        return self._connection.execute(change.values(**fresh, reason="", detail="")).rowcount

    def drop(self, ids: Collection[int] | None) -> int:
        """Have dead rows count as dead no more: a person gave them up. They are kept for the record; answers how many.

        Args:
            ids: of the rows, or None for all dead ones. Rows that are not dead stay as they are.
        """
        change = update(outbox).where(outbox.c.state == State.DEAD.value)
        if ids is not None:
            change = change.where(outbox.c.id.in_(ids))
        return self._connection.execute(change.values(state=State.DROPPED.value)).rowcount

    # --- Delivery ---------------------------------------------------------------------------------------------------

    def claim(self, channel: str, now: datetime, lease: timedelta, limit: int) -> Rows:
        """Take due rows of a channel for sending, at most `limit`: their attempt counts, and they are ours for `lease`."""
        due = select(outbox.c.id).where(
            outbox.c.channel == channel,
            outbox.c.state == State.QUEUED.value,
            outbox.c.due_at <= micros(now),
            ~_must_wait(),
        )
        change = (
            update(outbox)
            .where(
                outbox.c.id.in_(due.order_by(outbox.c.due_at, outbox.c.id).limit(limit).scalar_subquery()),
                outbox.c.state == State.QUEUED.value,
            )
            .values(state=State.SENDING.value, attempts=outbox.c.attempts + 1, lease_until=micros(now + lease))
        )
        return self._changed(change.returning(*outbox.c))

    def settle(self, notification: Notification) -> bool:
        """Write what `after_attempt` answered; False, and nothing written, when the row is not in that attempt any more."""
        change = update(outbox).where(
            outbox.c.id == notification.id,
            outbox.c.state == State.SENDING.value,
            outbox.c.attempts == notification.attempts,
        )
        outcome = {
            "state": notification.state.value,
            "due_at": micros(notification.due_at),
            "lease_until": None,
            "ambiguous": notification.ambiguous,
            "reason": notification.reason,
            "detail": storable(notification.detail),
            "receipt": RECEIPT.encode(notification.receipt),
        }
        return self._connection.execute(change.values(outcome)).rowcount == 1

    def recover(self, now: datetime, *, leases_too: bool = False) -> Rows:
        """Queue again what was being sent when its lease ran out: the sender died, and nobody knows whether it arrived.

        A command is not queued again: it is dead, since nobody knows how far it came. The caller has to tell so.

        Args:
            now: when they are due again.
            leases_too: also rows whose lease still holds, for a start, when nobody else can be sending.
        """
        change = update(outbox).where(_UNDELIVERED, outbox.c.state == State.SENDING.value)
        if not leases_too:
            change = change.where(outbox.c.lease_until <= micros(now))
        lost = {
            "state": State.QUEUED.value,
            "due_at": micros(now),
            "lease_until": None,
            "ambiguous": outbox.c.ambiguous + 1,
            "reason": Cause.INTERRUPTED.value,
            "detail": "",
        }
        given_up = lost | {"state": State.DEAD.value, "due_at": None}
        return [
            *self._changed(change.where(~_AT_MOST_ONCE).values(lost).returning(*outbox.c)),
            *self._changed(change.where(_AT_MOST_ONCE).values(given_up).returning(*outbox.c)),
        ]

    def bury(self, channel: str, cause: Cause) -> int:
        """Give up what waits for a channel that is gone. The rows stay visible and can be sent again by hand."""
        change = update(outbox).where(_UNDELIVERED, outbox.c.channel == channel, outbox.c.state == State.QUEUED.value)
        buried = {"state": State.DEAD.value, "due_at": None, "reason": cause.value, "detail": ""}
        return self._connection.execute(change.values(buried)).rowcount

    # --- Questions --------------------------------------------------------------------------------------------------

    def get(self, number: int) -> Notification | None:
        """The row of that number."""
        return next(iter(self._read(select(outbox).where(outbox.c.id == number))), None)

    def list(self, states: Collection[State], limit: int = 1000) -> Rows:
        """The latest rows in these states, the newest first; at most `limit`."""
        asked = select(outbox).where(outbox.c.state.in_([state.value for state in states]))
        return self._read(asked.order_by(outbox.c.id.desc()).limit(limit))

    def counts(self) -> dict[State, int]:
        """How many rows there are in each state."""
        counted = select(outbox.c.state, func.count()).group_by(outbox.c.state)
        found = {State(state): number for state, number in self._connection.execute(counted)}
        return {state: found.get(state, 0) for state in State}

    def next_due(self, channel: str) -> datetime | None:
        """When the next row of a channel can be claimed; None when there is none."""
        asked = select(func.min(outbox.c.due_at)).where(
            _UNDELIVERED, outbox.c.channel == channel, outbox.c.state == State.QUEUED.value, ~_must_wait()
        )
        earliest: int | None = self._connection.execute(asked).scalar_one()
        return moment(earliest)

    def channels(self) -> set[str]:
        """The channels that have undelivered rows; the plan may know them no more."""
        asked = select(outbox.c.channel).where(_UNDELIVERED).distinct()
        return set(self._connection.execute(asked).scalars())

    def first_receipt(self, incident: int, address: Address) -> Receipt | None:
        """What the first message of an incident left at an address, to continue from; None when none arrived yet."""
        asked = select(outbox.c.receipt).where(*_same(outbox.c, incident, address), outbox.c.state == State.SENT.value)
        found = self._connection.execute(asked.order_by(outbox.c.id).limit(1)).scalar_one_or_none()
        return None if found is None else RECEIPT.decode(found, RECEIPT.version)

    def oldest_queued(self) -> datetime | None:
        """When the oldest undelivered row was written, commands left out, which may wait; None when there is none."""
        asked = select(func.min(outbox.c.created_at)).where(_UNDELIVERED, ~_AT_MOST_ONCE)
        earliest: int | None = self._connection.execute(asked).scalar_one()
        return moment(earliest)

    def purge(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` rows of no incident that were done with before a moment; an incident takes its own along."""
        old = select(outbox.c.id).where(
            outbox.c.incident.is_(None), outbox.c.created_at < micros(before), outbox.c.due_at.is_(None)
        )
        chosen = old.order_by(outbox.c.id).limit(limit).scalar_subquery()
        return self._connection.execute(delete(outbox).where(outbox.c.id.in_(chosen))).rowcount

    def _never_told(self, notification: Notification) -> bool:
        if notification.incident is None:
            return False
        heard = case((outbox.c.state == State.CANCELLED.value, 0), else_=1)
        asked = select(func.count(), func.sum(heard)).where(
            *_same(outbox.c, notification.incident, notification.address)
        )
        rows, told = self._connection.execute(asked).one()
        return bool(rows) and not told

    def _changed(self, change: Any) -> Rows:
        rows = sorted(self._connection.execute(change), key=lambda row: int(row.id))
        return list(readable("outbox", rows, lambda row: row.id, _notification))

    def _read(self, asked: Select[Any]) -> Rows:
        return list(readable("outbox", self._connection.execute(asked), lambda row: row.id, _notification))


def _must_wait() -> ColumnElement[bool]:
    """Whether another row of the same incident and address comes first: an earlier one in line, or any that is being sent."""
    ahead = or_(
        and_(_other.c.state == State.QUEUED.value, _other.c.id < outbox.c.id),
        _other.c.state == State.SENDING.value,
    )
    return (
        select(literal(1))
        .where(
            _other.c.incident == outbox.c.incident,  # rows of no incident wait for none: NULL equals nothing
            _other.c.channel == outbox.c.channel,
            _other.c.recipient == outbox.c.recipient,
            ahead,
        )
        .exists()
    )


def _same(columns: Any, incident: int, address: Address) -> tuple[ColumnElement[bool], ...]:
    return (
        columns.incident == incident,
        columns.channel == address.channel,
        columns.recipient == address.recipient,
    )


def _values(notification: Notification) -> dict[str, Any]:
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
    }


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
    )
