"""Taking rows of the outbox for sending, several in one message where `core.parcel` says so, and settling them afterwards.

A row that is carried by another is `sending`, `queued` or `sent` together with it. While it is carried it cannot be claimed
by itself; it is set free when its carrier cannot have arrived.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from sentinel.core.incident import Address
from sentinel.core.notification import AT_MOST_ONCE, GIVE_UP_AFTER, Kind, Notification, State
from sentinel.core.parcel import MOST_CARRIED, STALE, Line, Packing, Parcel, Waiting, digest, digest_key, pack
from sentinel.store.codec import RECEIPT, storable
from sentinel.store.moments import micros, moment
from sentinel.store.rows import RANKS, URGENT, notifications, values
from sentinel.store.tables import outbox

_other = outbox.alias("other")

#: Values that one condition names at most: SQLite and PostgreSQL both take 32,766.
_MOST_NAMED = 5_000

#: Kinds that no budget holds back: they are no messages.
_ORDERS = [kind.value for kind in AT_MOST_ONCE]

_PLACE = (
    outbox.c.id,
    outbox.c.recipient,
    outbox.c.incident,
    outbox.c.kind,
    outbox.c.rank,
    outbox.c.created_at,
    outbox.c.ambiguous,
)


class Claimed(NamedTuple):
    """What is ours to send, and which recipients have to wait for their budget (with whether something urgent waits)."""

    rows: list[Notification]
    held: dict[str, bool]


def claim(connection: Connection, channel: str, now: datetime, lease: timedelta, packing: Packing) -> Claimed:
    """Take what `core.parcel.pack` decides: attempts count, and the rows are ours for `lease`."""
    if (held := _all_held(connection, channel, now, packing)) is not None:
        return Claimed([], held)
    packed = pack(_lines(connection, channel, now, packing), packing, now)
    until = micros(now + lease)
    rows = _take(connection, packed.parcels, until)
    rows += [
        written
        for parcel in packed.parcels
        if parcel.carrier is None and (written := _write_digest(connection, channel, parcel, now, until))
    ]
    return Claimed(rows, dict(packed.held))


def must_wait() -> ColumnElement[bool]:
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
            or_(_other.c.carried_by.is_(None), _other.c.carried_by != outbox.c.id),
            ahead,
        )
        .exists()
    )


# --- Claims ----------------------------------------------------------------------------------------------------------


def _all_held(connection: Connection, channel: str, now: datetime, packing: Packing) -> dict[str, bool] | None:
    """Who has to wait, with whether something urgent waits, when nobody can be sent anything; None when somebody may.

    A storm adds rows for minutes to what waits for a budget, and to look at each of them every time would cost more than to send
    them.
    """
    if packing.budget is None or not packing.buckets:
        return None
    asked = select(
        outbox.c.recipient,
        func.min(outbox.c.rank).label("rank"),
        func.max(case((outbox.c.kind.in_(_ORDERS), 1), else_=0)).label("orders"),
    ).where(*_due(channel, now))
    waiting = connection.execute(asked.group_by(outbox.c.recipient)).all()
    if any(row.orders or packing.tokens(row.recipient, now) >= 1 for row in waiting):
        return None
    return {row.recipient: row.rank == URGENT for row in waiting}


def _due(channel: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        outbox.c.channel == channel,
        outbox.c.state == State.QUEUED.value,
        outbox.c.due_at <= micros(now),
        outbox.c.carried_by.is_(None),
    )


def _lines(connection: Connection, channel: str, now: datetime, packing: Packing) -> list[Line]:
    """What is due, the urgent first: the first of each line, and behind it those that may go along."""
    due: list[Waiting] = []
    most = packing.limit if packing.budget is None else MOST_CARRIED
    for rank in RANKS:  # one by one, so that the index has them in order and the first few are all that is looked at
        firsts = (
            select(*_PLACE)
            .where(outbox.c.rank == rank, *_due(channel, now), ~must_wait())
            .order_by(outbox.c.due_at, outbox.c.id)
            .limit(most - len(due))
            .with_for_update(skip_locked=True)  # two programs on one store take different rows; SQLite has one anyway
        )
        due += (_waiting(row) for row in connection.execute(firsts))
        if len(due) >= most:
            break
    with_others = [
        one for one in due if not one.alone and (packing.budget is not None or now - one.created_at >= STALE)
    ]
    behind = _behind(connection, channel, with_others)
    return [[one, *behind.get((one.incident, one.recipient), ())] for one in due]


def _behind(
    connection: Connection, channel: str, firsts: Iterable[Waiting]
) -> dict[tuple[int | None, str], list[Waiting]]:
    heads = {(one.incident, one.recipient): one.id for one in firsts}
    numbers = sorted({incident for incident, _ in heads if incident is not None})
    lines: dict[tuple[int | None, str], list[Waiting]] = {}
    for part in parts(numbers):
        asked = select(*_PLACE).where(
            outbox.c.channel == channel,
            outbox.c.state == State.QUEUED.value,
            outbox.c.due_at.is_not(None),
            outbox.c.carried_by.is_(None),
            outbox.c.incident.in_(part),
        )
        for row in connection.execute(asked.order_by(outbox.c.id)):
            line = (row.incident, row.recipient)
            if row.id != heads.get(line, row.id):
                lines.setdefault(line, []).append(_waiting(row))
    return lines


def _waiting(row: Any) -> Waiting:
    return Waiting(
        id=row.id,
        recipient=row.recipient,
        incident=row.incident,
        kind=Kind(row.kind),
        urgent=row.rank == URGENT,
        created_at=moment(row.created_at),
        may_have_arrived=row.ambiguous > 0,
    )


def _take(connection: Connection, parcels: Sequence[Parcel], until: int) -> list[Notification]:
    """Claim the parcels that are rows already, each with what it carries."""
    carriers = {parcel.carrier: parcel.carried for parcel in parcels if parcel.carrier is not None}
    taken = {
        row.id: row for row in _claimed(connection, [*carriers, *(n for c in carriers.values() for n in c)], until)
    }
    for carrier, carried in carriers.items():
        if carried and carrier in taken:
            _bind(connection, carried, carrier)
    _claimed_along(connection, taken.keys() & carriers.keys(), until)
    rows = notifications(row for number, row in taken.items() if number in carriers)
    order = {number: place for place, number in enumerate(carriers)}
    return sorted(rows, key=lambda row: order[row.id])


def _claimed(connection: Connection, ids: Sequence[int], until: int) -> list[Row[Any]]:
    rows: list[Row[Any]] = []
    for part in parts(ids):
        mine = and_(outbox.c.id.in_(part), outbox.c.state == State.QUEUED.value, outbox.c.carried_by.is_(None))
        rows += connection.execute(update(outbox).where(mine).values(_sending(until)).returning(*outbox.c))
    return sorted(rows, key=lambda row: int(row.id))


def _claimed_along(connection: Connection, carriers: Collection[int], until: int) -> None:
    """What an earlier attempt of the same carrier bound to it goes along again."""
    for part in parts(sorted(carriers)):
        along = and_(outbox.c.carried_by.in_(part), outbox.c.due_at.is_not(None), outbox.c.state == State.QUEUED.value)
        connection.execute(update(outbox).where(along).values(_sending(until)))


def _sending(until: int) -> dict[str, Any]:
    return {"state": State.SENDING.value, "attempts": outbox.c.attempts + 1, "lease_until": until}


def _bind(connection: Connection, rows: Sequence[int], carrier: int) -> None:
    for part in parts(rows):
        change = update(outbox).where(outbox.c.id.in_(part), outbox.c.state == State.SENDING.value)
        connection.execute(change.values(carried_by=carrier))


def _write_digest(
    connection: Connection, channel: str, parcel: Parcel, now: datetime, until: int
) -> Notification | None:
    rows = notifications(_claimed(connection, parcel.carried, until))
    if not rows:
        return None
    row = Notification(
        key=digest_key(rows),
        address=Address(channel, parcel.recipient),
        message=digest([row.message for row in rows], now),
        created_at=now,
        state=State.SENDING,
        due_at=now,
        attempts=max(row.attempts for row in rows),  # so that tries follow each other as slowly as those of its rows
        lease_until=moment(until),
    )
    (number,) = connection.execute(insert(outbox).values(values(row)).returning(outbox.c.id)).one()
    _bind(connection, [row.id for row in rows], number)
    return notifications(connection.execute(select(outbox).where(outbox.c.id == number)))[0]


def parts(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    """As many numbers at a time as one condition may name."""
    return (numbers[start : start + _MOST_NAMED] for start in range(0, len(numbers), _MOST_NAMED))


# --- Settling --------------------------------------------------------------------------------------------------------


def settle(connection: Connection, row: Notification, now: datetime) -> bool:
    """Write how an attempt ended, for the row and for all that it carries; False, and nothing written, when who comes is late."""
    ended = {
        **_outcome(row),
        "row": row.id,
        "attempt": row.attempts,
        "ambiguous": row.ambiguous,
        "receipt": RECEIPT.encode(row.receipt),
        "sent_at": micros(now) if row.state is State.SENT else None,
    }
    if connection.execute(_SETTLE, ended).rowcount != 1:
        return False
    carried = _CARRIED[row.state] if row.state is not State.QUEUED or not row.ambiguous else _tried_again
    carried(connection, row, now)
    return True


def _outcome(row: Notification) -> dict[str, Any]:
    return {
        "state": row.state.value,
        "due_at": micros(row.due_at),
        "lease_until": None,
        "reason": row.reason,
        "detail": storable(row.detail),
    }


def _sent_along(connection: Connection, row: Notification, now: datetime) -> None:
    connection.execute(_SEND_ALONG, {**_outcome(row), "row": row.id, "sent_at": micros(now)})


def _tried_again(connection: Connection, row: Notification, now: datetime) -> None:  # noqa: ARG001  as the others
    """Nobody knows whether it arrived: the same message is sent again, for the same rows."""
    connection.execute(_along(row).values({**_outcome(row), "ambiguous": outbox.c.ambiguous + 1}))


def _set_free(connection: Connection, row: Notification, now: datetime) -> None:
    """It cannot have arrived: next time the truth of that moment goes out. What is too old by then is given up."""
    too_old = outbox.c.created_at <= micros(now - GIVE_UP_AFTER)
    later = {
        "state": case((too_old, State.DEAD.value), else_=State.QUEUED.value),
        "due_at": case((too_old, None), else_=micros(row.due_at)),
        "carried_by": None,
    }
    connection.execute(_along(row).values({**_outcome(row), **later}))
    _forget_digest(connection, row)


def _given_up(connection: Connection, row: Notification, now: datetime) -> None:  # noqa: ARG001  as the others
    """Each row is dead by itself, to be seen and sent again; the digest is nobody's any more."""
    connection.execute(_along(row).values({**_outcome(row), "carried_by": None}))
    _forget_digest(connection, row)


def _forget_digest(connection: Connection, row: Notification) -> None:
    """Nothing is left of a digest that cannot have arrived; one that may have stays for the record."""
    if row.message.kind is not Kind.DIGEST:
        return
    itself = outbox.c.id == row.id
    if not row.ambiguous:
        connection.execute(delete(outbox).where(itself))
    else:
        connection.execute(update(outbox).where(itself).values(state=State.CANCELLED.value, due_at=None))


def _along(row: Notification) -> Any:
    """The change of all rows that a row carries in the attempt that is settled."""
    return update(outbox).where(
        outbox.c.carried_by == row.id, outbox.c.due_at.is_not(None), outbox.c.state == State.SENDING.value
    )


def _names(*columns: str) -> dict[str, Any]:
    return {name: bindparam(name) for name in columns}


#: Made once: in a storm there are thousands, and to put a statement together takes longer than to carry it out.
_SETTLE = (
    update(outbox)
    .where(
        outbox.c.id == bindparam("row"),
        outbox.c.state == State.SENDING.value,
        outbox.c.attempts == bindparam("attempt"),
    )
    .values(_names("state", "due_at", "lease_until", "reason", "detail", "ambiguous", "receipt", "sent_at"))
)
_SEND_ALONG = (
    update(outbox)
    .where(outbox.c.carried_by == bindparam("row"), outbox.c.due_at.is_not(None), outbox.c.state == State.SENDING.value)
    .values(_names("state", "due_at", "lease_until", "reason", "detail", "sent_at"))
)

_CARRIED: dict[State, Callable[[Connection, Notification, datetime], None]] = {
    State.SENT: _sent_along,
    State.QUEUED: _set_free,
    State.DEAD: _given_up,
}
