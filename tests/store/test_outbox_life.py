"""Any story of the outbox, told by hypothesis: nothing is lost, nothing overtakes, and what goes together ends together."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, delete

from sentinel.core.budget import Budget, full
from sentinel.core.incident import Address
from sentinel.core.notification import (
    Ambiguous,
    Cause,
    Failed,
    Kind,
    Notification,
    Outcome,
    Sent,
    State,
    after_attempt,
    redriven,
)
from sentinel.core.parcel import STALE, Packing, Waiting, pack
from sentinel.core.plan import StorePlan
from sentinel.store.backend import Access
from sentinel.store.choice import choose
from sentinel.store.migrate import upgrade
from sentinel.store.session import Session
from sentinel.store.tables import outbox
from tests.store.values import AT, MAIL, MINUTE, notification

LEASE = MINUTE
BUDGET = Budget(messages=3, per=MINUTE)
ADDRESSES = (MAIL, MAIL._replace(recipient="second@example.org"))
KINDS = (Kind.OPENED, Kind.ESCALATED, Kind.REMINDED)
MESSAGES = st.tuples(st.sampled_from([1, 2, 3]), st.sampled_from(ADDRESSES), st.sampled_from(KINDS))
OUTCOMES: tuple[Outcome, ...] = (
    Sent(receipt={"ts": "1"}),
    Failed(cause=Cause.UNREACHABLE),
    Failed(cause=Cause.REFUSED, permanent=True),
    Ambiguous(cause=Cause.TIMEOUT),
)
UNDELIVERED = (State.QUEUED, State.SENDING)


class OutboxLife(RuleBasedStateMachine):
    """The model is the rows as `core.notification` says they are; the store has to agree after each step."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.now = AT
        self.rng = random.Random(1)
        self.rows: dict[int, Notification] = {}
        self.gone = 0  # digests that could not be sent and were put together anew
        self.held: list[Notification] = []  # by senders that are alive
        session.use(_empty)

    @initialize(what=st.lists(MESSAGES, min_size=4, max_size=8))
    def a_storm(self, what: list[tuple[int, Address, Kind]]) -> None:
        self.enqueue(what)

    @rule(what=st.lists(MESSAGES, min_size=1, max_size=4))
    def enqueue(self, what: list[tuple[int, Address, Kind]]) -> None:
        for incident, address, kind in what:
            row = notification(len(self.rows) + self.gone + 1, kind, address, incident, at=self.now)
            self.session.transact(lambda tx, row=row: tx.outbox.enqueue([row, row]))  # type: ignore[misc]
            (stored,) = (found for found in self._stored() if found.key == row.key)
            self.rows[stored.id] = replace(row, id=stored.id, due_at=self.now)

    @rule(seconds=st.sampled_from([0, 1, 30, 60, 90]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(limit=st.integers(1, 3), tokens=st.sampled_from([None, 1.0, 2.0]))
    def claim(self, limit: int, tokens: float | None) -> None:
        packing = self._packing(limit, tokens)
        packed = pack(self._lines(packing), packing, self.now)
        claimed = self.session.transact(lambda tx: tx.outbox.claim("email", self.now, LEASE, packing)).rows
        digests = [row for row in claimed if row.message.kind is Kind.DIGEST and row.id not in self.rows]
        assert [row.id for row in claimed if row not in digests] == [p.carrier for p in packed.parcels if p.carrier]
        self.rows |= {row.id: row for row in digests}
        written = {row.address.recipient: row.id for row in digests}
        for parcel in packed.parcels:
            carrier = parcel.carrier or written[parcel.recipient]
            bound = [row.id for row in self.rows.values() if row.carried_by == carrier and row.due_at is not None]
            self._send([parcel.carrier] if parcel.carrier else [], None)
            self._send([*bound, *parcel.carried], carrier)
        self.held += claimed

    @rule(tokens=st.sampled_from([None, 1.0, 2.0]), outcome=st.sampled_from(OUTCOMES), minutes=st.integers(0, 2))
    def attempt(self, tokens: float | None, outcome: Outcome, minutes: int) -> None:
        self.now += minutes * MINUTE
        self.recover()
        self.claim(3, tokens)
        while self.held:
            self._ends(self.held.pop(), outcome)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def settle(self, data: st.DataObject, outcome: Outcome) -> None:
        self._ends(self.held.pop(data.draw(st.integers(0, len(self.held) - 1))), outcome)

    def _ends(self, row: Notification, outcome: Outcome) -> None:
        settled = after_attempt(row, outcome, self.now, self.rng)
        current = self.rows.get(row.id, row)
        ours = row.id in self.rows and current.state is State.SENDING and current.attempts == row.attempts
        assert self.session.transact(lambda tx: tx.outbox.settle(settled, self.now)) == ours
        if ours:
            self._settle(settled)

    @rule()
    def crash(self) -> None:
        self.held.clear()
        self.session.drop()

    @rule()
    def recover(self) -> None:
        found = {row.id for row in self.session.transact(lambda tx: tx.outbox.recover(self.now))}
        lost = {n for n, row in self.rows.items() if row.lease_until is not None and row.lease_until <= self.now}
        assert found == lost
        for number in lost:
            row = self.rows[number]
            self.rows[number] = replace(
                row,
                state=State.QUEUED,
                due_at=self.now,
                lease_until=None,
                ambiguous=row.ambiguous + 1,
                reason="interrupted",
                detail="",
            )

    @rule(incident=st.sampled_from([1, 2]))
    def acknowledge(self, incident: int) -> None:
        kinds = {Kind.ESCALATED, Kind.REMINDED}
        number = self.session.transact(lambda tx: tx.outbox.cancel(incident, kinds))
        hit = [row for row in self.rows.values() if row.incident == incident and row.message.kind in kinds]
        hit = [row for row in hit if row.state is State.QUEUED and not row.ambiguous]
        assert number == len(hit)
        self.rows |= {row.id: replace(row, state=State.CANCELLED, due_at=None) for row in hit}

    @rule()
    def redrive(self) -> None:
        dead = [row for row in self.rows.values() if row.state is State.DEAD]
        assert self.session.transact(lambda tx: tx.outbox.redrive(None, self.now)) == len(dead)
        self.rows |= {row.id: redriven(row, self.now) for row in dead}

    @rule()
    def drop(self) -> None:
        dead = [row for row in self.rows.values() if row.state is State.DEAD]
        assert self.session.transact(lambda tx: tx.outbox.drop(None)) == len(dead)
        self.rows |= {row.id: replace(row, state=State.DROPPED) for row in dead}

    @invariant()
    def the_store_agrees(self) -> None:
        assert {row.id: row for row in self._stored()} == self.rows

    @invariant()
    def only_what_is_undelivered_is_due(self) -> None:
        assert all((row.due_at is not None) == (row.state in UNDELIVERED) for row in self.rows.values())

    @invariant()
    def one_at_a_time_reaches_an_address(self) -> None:
        sending = [row for row in self.rows.values() if row.state is State.SENDING and row.incident is not None]
        calls = {(row.incident, row.address, row.carried_by or row.id) for row in sending}
        assert len(calls) == len({(incident, address) for incident, address, _ in calls})

    @invariant()
    def what_is_carried_waits_for_a_row_that_is_on_its_way(self) -> None:
        for row in self.rows.values():
            if row.carried_by is not None and row.due_at is not None:
                assert self.rows[row.carried_by].state is row.state

    def _stored(self) -> list[Notification]:
        return self.session.transact(lambda tx: tx.outbox.list(list(State)))

    # --- The model --------------------------------------------------------------------------------------------------

    def _packing(self, limit: int, tokens: float | None) -> Packing:
        if tokens is None:
            return Packing(limit=limit)
        buckets = {to.recipient: replace(full(BUDGET, self.now), tokens=tokens) for to in ADDRESSES}
        return Packing(limit=100, budget=BUDGET, buckets=buckets)

    def _lines(self, packing: Packing) -> list[list[Waiting]]:
        free = [row for row in self.rows.values() if row.state is State.QUEUED and row.carried_by is None]
        due = [row for row in free if (row.due_at or AT) <= self.now and not self._must_wait(row)]
        due.sort(key=lambda row: (not row.message.is_urgent, row.due_at or AT, row.id))
        heads = [_waiting(row) for row in (due[: packing.limit] if packing.budget is None else due)]
        return [[head, *(self._behind(head, free) if self._goes_on(head, packing) else [])] for head in heads]

    def _goes_on(self, head: Waiting, packing: Packing) -> bool:
        return not head.alone and (packing.budget is not None or self.now - head.created_at >= STALE)

    def _behind(self, head: Waiting, free: list[Notification]) -> list[Waiting]:
        line = sorted((row for row in free if row.id != head.id), key=lambda row: row.id)
        return [_waiting(r) for r in line if (r.incident, r.address.recipient) == (head.incident, head.recipient)]

    def _must_wait(self, row: Notification) -> bool:
        if row.incident is None:
            return False
        others = [o for o in self.rows.values() if (o.incident, o.address) == (row.incident, row.address)]
        others = [o for o in others if o.carried_by != row.id]
        return any(o.state is State.SENDING or (o.state is State.QUEUED and o.id < row.id) for o in others)

    def _send(self, numbers: Iterable[int], carrier: int | None) -> None:
        for number in numbers:
            row = self.rows[number]
            until = self.now + LEASE
            self.rows[number] = replace(
                row, state=State.SENDING, attempts=row.attempts + 1, lease_until=until, carried_by=carrier
            )

    def _settle(self, settled: Notification) -> None:
        """As `store.claims` says: what is carried goes with its carrier, and is free when that cannot have arrived."""
        self.rows[settled.id] = settled
        same: dict[str, object] = {"state": settled.state, "due_at": settled.due_at, "lease_until": None}
        same |= {"reason": settled.reason, "detail": settled.detail}
        unclear = settled.state is State.QUEUED and settled.ambiguous > 0
        kept = settled.id if unclear or settled.state is State.SENT else None
        for row in list(self.rows.values()):
            if row.carried_by == settled.id and row.state is State.SENDING:
                self.rows[row.id] = replace(row, **same, carried_by=kept, ambiguous=row.ambiguous + unclear)  # type: ignore[arg-type]  # of those fields
        if settled.message.kind is Kind.DIGEST and settled.state in (State.QUEUED, State.DEAD) and not unclear:
            del self.rows[settled.id]
            self.gone += 1
            if settled.ambiguous:
                self.rows[settled.id] = replace(settled, state=State.CANCELLED)


def _waiting(row: Notification) -> Waiting:
    return Waiting(
        id=row.id,
        recipient=row.address.recipient,
        incident=row.incident,
        kind=row.message.kind,
        urgent=row.message.is_urgent,
        created_at=row.created_at,
        may_have_arrived=row.ambiguous > 0,
    )


def _empty(connection: Connection) -> None:
    with connection.begin():
        connection.execute(delete(outbox))


@pytest.fixture
def session(plan: StorePlan) -> Iterator[Session]:
    backend = choose(plan)
    backend.take(AT)
    opened = Session(backend, Access.WRITE)

    def prepare(connection: Connection) -> None:
        with connection.begin():
            upgrade(connection, backend.where)

    opened.use(prepare)
    yield opened
    opened.drop()
    backend.release()


def test_any_story_of_the_outbox(session: Session) -> None:
    class Life(OutboxLife):
        def __init__(self) -> None:
            super().__init__(session)

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
