"""Any story of the outbox, told by hypothesis: nothing is lost, nothing overtakes, and attempts only grow."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Connection, delete

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
from sentinel.core.plan import StorePlan
from sentinel.store.backend import Access
from sentinel.store.choice import choose
from sentinel.store.migrate import upgrade
from sentinel.store.session import Session
from sentinel.store.tables import outbox
from tests.store.values import AT, MAIL, MINUTE, notification

LEASE = MINUTE
ADDRESSES = (MAIL, MAIL._replace(recipient="second@example.org"))
KINDS = (Kind.OPENED, Kind.ESCALATED, Kind.REMINDED)
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
        self.held: list[Notification] = []  # by senders that are alive
        session.use(_empty)

    @rule(incident=st.sampled_from([1, 2]), address=st.sampled_from(ADDRESSES), kind=st.sampled_from(KINDS))
    def enqueue(self, incident: int, address: Address, kind: Kind) -> None:
        row = notification(len(self.rows) + 1, kind, address, incident, at=self.now)
        self.session.transact(lambda tx: tx.outbox.enqueue([row, row]))
        (stored,) = (found for found in self._stored() if found.key == row.key)
        self.rows[stored.id] = replace(row, id=stored.id, due_at=self.now)

    @rule(seconds=st.integers(0, 90))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        claimed = self.session.transact(lambda tx: tx.outbox.claim("email", self.now, LEASE, limit))
        assert len(claimed) == min(limit, len(free := self._claimable()))
        for row in claimed:
            assert row.id in free
            before = self.rows[row.id]
            self.rows[row.id] = replace(
                before, state=State.SENDING, attempts=before.attempts + 1, lease_until=self.now + LEASE
            )
        self.held += claimed

    @precondition(lambda self: self.held)
    @rule(data=st.data(), outcome=st.sampled_from(OUTCOMES))
    def settle(self, data: st.DataObject, outcome: Outcome) -> None:
        row = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        settled = after_attempt(row, outcome, self.now, self.rng)
        current = self.rows[row.id]
        ours = current.state is State.SENDING and current.attempts == row.attempts
        assert self.session.transact(lambda tx: tx.outbox.settle(settled)) == ours
        if ours:
            self.rows[row.id] = settled

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
        sending = [(row.incident, row.address) for row in self.rows.values() if row.state is State.SENDING]
        assert len(sending) == len(set(sending))

    def _stored(self) -> list[Notification]:
        return self.session.transact(lambda tx: tx.outbox.list(list(State)))

    def _claimable(self) -> set[int]:
        due = (row for row in self.rows.values() if row.state is State.QUEUED and (row.due_at or AT) <= self.now)
        return {row.id for row in due if not self._must_wait(row)}

    def _must_wait(self, row: Notification) -> bool:
        others = [o for o in self.rows.values() if (o.incident, o.address) == (row.incident, row.address)]
        return any(o.state is State.SENDING or (o.state is State.QUEUED and o.id < row.id) for o in others)


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
            max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
