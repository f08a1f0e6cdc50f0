"""The outbox: what is to be told, to whom, and what became of it.

Rule 1: a row changes only by compare-and-set on its state (and its attempt), so that who comes late changes nothing.
Rule 2: of one incident and address only the earliest undelivered row can be claimed, and only while no other is being sent;
later ones may go in its place and carry it (`claims`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
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
from sentinel.core.notification import AT_MOST_ONCE, NEVER_COPIED, Cause, Kind, Notification, Receipt, State, copied
from sentinel.core.parcel import Packing
from sentinel.core.routing import key
from sentinel.store import claims
from sentinel.store.claims import Claimed
from sentinel.store.codec import RECEIPT
from sentinel.store.moments import micros, moment
from sentinel.store.rows import RANKS, notifications, values
from sentinel.store.tables import incidents, meta, outbox
from sentinel.store.upsert import insert_into

#: By this name, since `Outbox` has a method `list`.
Rows = list[Notification]

#: Rows that are looked at for what was sent lately: a bound for a question that needs no exact answer.
RECENT = 10_000

#: A row that was written so much later than now was written by a clock that was ahead.
AHEAD = timedelta(seconds=2)

#: Queued or being sent: only these have a time when they are due. It is also the condition of the index on them.
_UNDELIVERED = outbox.c.due_at.is_not(None)

#: Commands, which are attempted once.
_AT_MOST_ONCE = outbox.c.kind.in_([kind.value for kind in AT_MOST_ONCE])

#: These say that less is wrong than before: pointless for whoever never heard of it.
_ENDINGS = frozenset({Kind.ACKNOWLEDGED, Kind.EASED, Kind.RESOLVED, Kind.WITHDRAWN})

_other = outbox.alias("other")


#: An incident, and an address that has rows of it.
_Place = tuple[int | None, Address]


class _Stands(NamedTuple):
    """How the rows of an incident and address stand."""

    heard: bool  # not every one of them was cancelled
    copy_of: int | None  # the earliest row that one of them was told in place of; None: they are no copies


class Outbox:
    """The table of notifications, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- Into the outbox --------------------------------------------------------------------------------------------

    def enqueue(self, notifications: Iterable[Notification]) -> None:
        """Add rows, in this order. A row whose key is there already is left out.

        So is the end of an incident for an address whose every earlier row of it was cancelled: nobody there knows of it.
        """
        rows = list(notifications)
        endings = [row for row in rows if row.message.kind in _ENDINGS and row.incident is not None]
        known = self._known({row.incident for row in endings if row.incident is not None})
        strangers = {place for place, stands in known.items() if not stands.heard}
        kept: list[Notification] = []
        for row in rows:
            place = (row.incident, row.address)
            if place in strangers and row.message.kind in _ENDINGS:
                continue
            strangers.discard(place)  # what is told now is known there from now on
            kept.append(row)
        self._put(kept)
        copies: dict[int | None, list[tuple[Address, int]]] = {}
        for (incident, address), stands in known.items():
            if stands.copy_of is not None:
                copies.setdefault(incident, []).append((address, stands.copy_of))
        for ending in endings:
            self._copy_end(ending, copies.get(ending.incident, ()))

    def cancel(self, incident: int, kinds: Collection[Kind]) -> int:
        """As `cancel_all`, of one incident."""
        return self.cancel_all([incident], kinds)

    def cancel_all(self, incidents: Collection[int], kinds: Collection[Kind]) -> int:
        """Give up the rows of incidents of these kinds that wait and cannot have arrived; answers how many.

        So a row whose attempts all failed is given up, too. One whose attempt was ambiguous goes on: to repeat it is what
        makes sure that whoever may have got half of a story gets the rest.
        """
        change = update(outbox).where(
            outbox.c.kind.in_([kind.value for kind in kinds]),
            outbox.c.state == State.QUEUED.value,
            outbox.c.ambiguous == 0,
        )
        given_up = change.values(state=State.CANCELLED.value, due_at=None)
        parts = claims.parts(sorted(incidents))
        return sum(self._connection.execute(given_up.where(outbox.c.incident.in_(part))).rowcount for part in parts)

    def call_off(self, incidents: Collection[int]) -> Rows:
        """Give up the commands of incidents that have not begun, and answer them."""
        waiting = _UNDELIVERED & _AT_MOST_ONCE & (outbox.c.state == State.QUEUED.value)
        change = update(outbox).where(waiting).values(state=State.CANCELLED.value, due_at=None).returning(*outbox.c)
        parts = claims.parts(sorted(incidents))
        return [row for part in parts for row in self._changed(change.where(outbox.c.incident.in_(part)))]

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

    def claim(self, channel: str, now: datetime, lease: timedelta, packing: Packing) -> Claimed:
        """Take due rows of a channel for sending, as `core.parcel` packs them: their attempts count, and they are ours for
        `lease`. A digest is written here, and its rows are bound to it."""
        return claims.claim(self._connection, channel, now, lease, packing)

    def settle(self, notification: Notification, now: datetime) -> bool:
        """Write what `after_attempt` answered, for the row and for those that it carries.

        False, and nothing written, when the row is not in that attempt any more.
        """
        return claims.settle(self._connection, notification, now)

    def carried(self, number: int) -> Sequence[int]:
        """The number of a row and of those that it carries in its attempt."""
        along = and_(outbox.c.carried_by == number, _UNDELIVERED)
        return self._connection.execute(select(outbox.c.id).where(or_(outbox.c.id == number, along))).scalars().all()

    def told_by(self, number: int, kinds: Collection[Kind]) -> Rows:
        """A row and those that it carries in its attempt, as far as they are messages of these kinds."""
        along = and_(outbox.c.carried_by == number, _UNDELIVERED)
        asked = select(outbox).where(
            or_(outbox.c.id == number, along), outbox.c.kind.in_([kind.value for kind in kinds])
        )
        return self._read(asked.order_by(outbox.c.id))

    def withhold(self, rows: Collection[int]) -> int:
        """Give up rows that wait and cannot have arrived; answers how many."""
        change = update(outbox).where(
            outbox.c.id.in_(rows), outbox.c.state == State.QUEUED.value, outbox.c.ambiguous == 0
        )
        return self._connection.execute(change.values(state=State.CANCELLED.value, due_at=None)).rowcount

    def outdate(self, keys: Collection[str]) -> int:
        """Give up rows by their keys that wait and cannot have arrived, since newer news tells more; answers how many."""
        change = update(outbox).where(
            outbox.c.key.in_(keys), outbox.c.state == State.QUEUED.value, outbox.c.ambiguous == 0
        )
        return self._connection.execute(change.values(state=State.CANCELLED.value, due_at=None)).rowcount

    def hasten(self, channel: str, now: datetime) -> int:
        """Make due at once what waits for another try; answers how many: the channel works again."""
        change = update(outbox).where(
            outbox.c.channel == channel,
            outbox.c.state == State.QUEUED.value,
            outbox.c.due_at > micros(now),
            outbox.c.attempts > 0,
        )
        return self._connection.execute(change.values(due_at=micros(now))).rowcount

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

    def set_back(self, now: datetime) -> int:
        """Make due what waits for a time that a clock was at before it was set back; answers how many rows there were.

        A command waits as long from now as it should have waited then: whoever may stop it has had no time yet.
        """
        ahead = and_(_UNDELIVERED, outbox.c.state == State.QUEUED.value, outbox.c.created_at > micros(now + AHEAD))
        whole = micros(now)
        due = case((_AT_MOST_ONCE, outbox.c.due_at - outbox.c.created_at + whole), else_=whole)
        return self._connection.execute(update(outbox).where(ahead).values(due_at=due, created_at=whole)).rowcount

    def bury(self, channel: str, cause: Cause) -> int:
        """Give up what waits for a channel that is gone. The rows stay visible and can be sent again by hand."""
        change = update(outbox).where(_UNDELIVERED, outbox.c.channel == channel, outbox.c.state == State.QUEUED.value)
        whole = {"due_at": None, "reason": cause.value, "detail": "", "carried_by": None}
        # A digest is no news of its own: its rows are dead, each by itself.
        digests = change.where(outbox.c.kind == Kind.DIGEST.value)
        self._connection.execute(digests.values({**whole, "state": State.CANCELLED.value}))
        return self._connection.execute(change.values({**whole, "state": State.DEAD.value})).rowcount

    # --- Through another channel ------------------------------------------------------------------------------------

    def copy(
        self, rows: Collection[int] | None, channel: str, to: Collection[Address], note: str, now: datetime, limit: int
    ) -> list[Notification]:
        """Tell through other addresses, too, what a channel does not take; answers the rows that were copied, once each.

        Args:
            rows: numbers of the rows; None: all that wait or are being sent.
            channel: whose rows.
            to: where else they go. Whoever is told of the same at that address anyway is not told twice.
            note: why, for the message.
            limit: rows at most; the others are copied when this is called again.
        """
        which = _UNDELIVERED if rows is None else outbox.c.id.in_(rows)
        asked = select(outbox).where(
            which,
            outbox.c.channel == channel,
            outbox.c.copy_of.is_(None),
            outbox.c.copied_at.is_(None),
            outbox.c.kind.not_in([kind.value for kind in NEVER_COPIED]),
        )
        originals = self._read(asked.order_by(outbox.c.id).limit(limit))
        for original in originals:
            self._put(copied(original, address, self._key(original, address), note, now) for address in to)
        mark = update(outbox).where(outbox.c.id.in_([row.id for row in originals]))
        self._connection.execute(mark.values(copied_at=micros(now)))
        return originals

    def _copy_end(self, ending: Notification, copies: Iterable[tuple[Address, int]]) -> None:
        """Who was told of an incident in place of another address is told of its end, whatever has become of that one."""
        for address, first in copies:
            end = copied(ending, address, self._key(ending, address), "", ending.created_at)
            self._put([replace(end, copy_of=first)])

    def _key(self, original: Notification, address: Address) -> str:
        """The key that the same message has at another address: one that is told of it anyway is not told twice."""
        instance = self._connection.execute(select(meta.c.value).where(meta.c.name == "instance")).scalar_one()
        message = original.message
        if message.incident is not None:
            told = (instance, message.incident.id, message.sequence)
            if original.key == key(*told, original.address):
                return key(*told, address)
        return key(f"{instance}/{original.key}", 0, 0, address)

    # --- Questions --------------------------------------------------------------------------------------------------

    def get(self, number: int) -> Notification | None:
        """The row of that number."""
        return next(iter(self._read(select(outbox).where(outbox.c.id == number))), None)

    def of(self, incident: int, limit: int = 10_000) -> Rows:
        """The rows of a conversation (the messages of an incident, and of those that spoke after it), the oldest first."""
        return self._read(select(outbox).where(outbox.c.incident == incident).order_by(outbox.c.id).limit(limit))

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
            _UNDELIVERED,
            outbox.c.channel == channel,
            outbox.c.state == State.QUEUED.value,
            outbox.c.carried_by.is_(None),
            ~claims.must_wait(),
        )
        # Each rank by itself: so the index has the earliest of it first.
        earliest = (self._connection.execute(asked.where(outbox.c.rank == rank)).scalar_one() for rank in RANKS)
        return moment(min((due for due in earliest if due is not None), default=None))

    def channels(self) -> set[str]:
        """The channels that have undelivered rows; the plan may know them no more."""
        asked = select(outbox.c.channel).where(_UNDELIVERED).distinct()
        return set(self._connection.execute(asked).scalars())

    def first_receipt(self, incident: int, address: Address) -> Receipt | None:
        """What the first message of an incident left at an address, to continue from; None when none arrived yet."""
        asked = select(outbox.c.receipt).where(
            *_same(outbox.c, incident, address), outbox.c.state == State.SENT.value, outbox.c.carried_by.is_(None)
        )
        found = self._connection.execute(asked.order_by(outbox.c.id).limit(1)).scalar_one_or_none()
        return None if found is None else RECEIPT.decode(found, RECEIPT.version)

    def sent(self, channel: str, since: datetime) -> Sequence[tuple[str, datetime]]:
        """To whom and when messages went through a channel after a moment, the oldest first; looks at the latest rows only."""
        asked = select(outbox.c.recipient, outbox.c.sent_at).where(
            outbox.c.id > _latest(RECENT),
            outbox.c.channel == channel,
            outbox.c.sent_at > micros(since),
            outbox.c.carried_by.is_(None),
        )
        return [(row.recipient, moment(row.sent_at)) for row in self._connection.execute(asked.order_by("sent_at"))]

    def trouble(self, channel: str) -> tuple[datetime, str] | None:
        """Since when a channel has not taken what waits for it, and why: the oldest row that was tried and was not sent."""
        asked = (
            select(outbox.c.created_at, outbox.c.reason)
            .where(_UNDELIVERED, outbox.c.channel == channel, outbox.c.reason != "")
            .order_by(outbox.c.created_at)
            .limit(1)
        )
        row = self._connection.execute(asked).one_or_none()
        return None if row is None else (moment(row.created_at), row.reason)

    def oldest_queued(self) -> datetime | None:
        """When the oldest undelivered row was written, commands left out, which may wait; None when there is none."""
        asked = select(func.min(outbox.c.created_at)).where(_UNDELIVERED, ~_AT_MOST_ONCE)
        earliest: int | None = self._connection.execute(asked).scalar_one()
        return moment(earliest)

    def purge(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` rows that were written before a moment and are done with, the oldest first; answers how many.

        A row of an incident stays until that is over for as long: who was told of it decides who is told of its end.
        The order of a rollback stays as long as its deployment (`DeploymentTable.purge`): were its key free, it could run again.
        """
        lasting = select(literal(1)).where(
            incidents.c.id == outbox.c.incident,
            or_(incidents.c.resolved_at.is_(None), incidents.c.resolved_at >= micros(before)),
        )
        old = select(outbox.c.id).where(
            outbox.c.due_at.is_(None),
            outbox.c.created_at < micros(before),
            outbox.c.kind != Kind.ROLLBACK.value,
            ~lasting.exists(),
        )
        chosen = old.order_by(outbox.c.created_at).limit(limit).scalar_subquery()
        return self._connection.execute(delete(outbox).where(outbox.c.id.in_(chosen))).rowcount

    def _known(self, incidents: Collection[int]) -> "dict[_Place, _Stands]":
        """Who was told of incidents, or was to be."""
        found: dict[_Place, _Stands] = {}
        heard = case((outbox.c.state == State.CANCELLED.value, 0), else_=1)
        asked = select(
            outbox.c.incident,
            outbox.c.channel,
            outbox.c.recipient,
            func.max(heard).label("heard"),
            func.min(outbox.c.copy_of).label("copy_of"),
        ).group_by(outbox.c.incident, outbox.c.channel, outbox.c.recipient)
        for part in claims.parts(sorted(incidents)):
            for row in self._connection.execute(asked.where(outbox.c.incident.in_(part))):
                place = row.incident, Address(row.channel, row.recipient)
                found[place] = _Stands(bool(row.heard), row.copy_of)
        return found

    def _put(self, rows: Iterable[Notification]) -> None:
        if written := [values(row) for row in rows]:
            self._connection.execute(insert_into(self._connection, outbox).on_conflict_do_nothing(), written)

    def _changed(self, change: Any) -> Rows:
        return notifications(sorted(self._connection.execute(change), key=lambda row: int(row.id)))

    def _read(self, asked: Select[Any]) -> Rows:
        return notifications(self._connection.execute(asked))


def _latest(rows: int) -> ScalarSelect[int]:
    """The number before the latest so many rows."""
    return select(func.coalesce(func.max(_other.c.id), 0) - rows).scalar_subquery()


def _same(columns: Any, incident: int, address: Address) -> tuple[ColumnElement[bool], ...]:
    return (
        columns.incident == incident,
        columns.channel == address.channel,
        columns.recipient == address.recipient,
    )
