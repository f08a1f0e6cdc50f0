"""Thousands of incidents at once: what goes into one statement is the same as one after the other."""

from __future__ import annotations

from dataclasses import replace

from sentinel.core.budget import Bucket, Budget
from sentinel.core.changes import Cancel, Changes
from sentinel.core.notification import Kind, Message, Notification
from sentinel.core.parcel import Packing
from sentinel.core.rule import Severity
from sentinel.engine.pipeline import write
from sentinel.store.database import Store
from tests.store.values import AT, MAIL, MINUTE, SLACK, incident, notification

BUDGET = Budget(messages=20, per=10 * MINUTE)


async def commit(store: Store, *outbox: Notification | Cancel) -> None:
    changes = Changes(outbox=list(outbox))
    await store.write(lambda tx: write(changes, tx))


async def claim(store: Store, channel: str, packing: Packing) -> tuple[list[Notification], dict[str, bool]]:
    return await store.write(lambda tx: tx.outbox.claim(channel, AT, MINUTE, packing))


async def kinds(store: Store, channel: str) -> list[tuple[int | None, Kind]]:
    """What waits for a channel, by incident."""
    rows = await store.read(lambda tx: [*tx.outbox.of(7), *tx.outbox.of(8)])
    return [(row.incident, row.message.kind) for row in rows if row.address.channel == channel and row.due_at]


def pointless(number: int) -> Cancel:
    return Cancel(number, (Kind.ESCALATED,), AT, "the incident is over")


async def test_a_conversation_keeps_its_order_among_many(store: Store) -> None:
    """The end of 7 comes after its escalation was taken back, so that whoever was to hear of that alone hears nothing."""
    await commit(
        store,
        notification(1, Kind.OPENED),
        notification(2, Kind.ESCALATED, SLACK),
        notification(1, Kind.OPENED, number=8),
        pointless(7),
        notification(3, Kind.RESOLVED),
        notification(4, Kind.RESOLVED, SLACK),
        pointless(8),
        notification(2, Kind.RESOLVED, number=8),
    )
    assert await kinds(store, "email") == [(7, Kind.OPENED), (7, Kind.RESOLVED), (8, Kind.OPENED), (8, Kind.RESOLVED)]
    assert await kinds(store, "slack") == []


async def test_many_incidents_end_in_one_batch_and_each_is_told_to_those_who_heard_of_it(store: Store) -> None:
    await commit(store, notification(1, Kind.OPENED), notification(1, Kind.ESCALATED, SLACK, number=8))
    ends = [notification(n, Kind.RESOLVED, to, number=number) for number in (7, 8) for n, to in ((2, MAIL), (3, SLACK))]
    await commit(store, pointless(7), pointless(8), *ends)
    assert (7, Kind.RESOLVED) in await kinds(store, "email")
    assert (8, Kind.RESOLVED) not in await kinds(store, "slack")


async def test_the_end_of_what_is_told_again_in_the_same_batch_is_told(store: Store) -> None:
    await commit(store, notification(1, Kind.ESCALATED, SLACK), pointless(7))
    await commit(store, notification(2, Kind.REMINDED, SLACK), notification(3, Kind.RESOLVED, SLACK))
    assert await kinds(store, "slack") == [(7, Kind.REMINDED), (7, Kind.RESOLVED)]


async def test_the_urgent_goes_first_however_long_the_rest_has_waited(store: Store) -> None:
    usual = [notification(1, number=number, at=AT - MINUTE) for number in range(10, 30)]
    urgent = replace(notification(1), message=replace(notification(1).message, severity=Severity.CRITICAL))
    await commit(store, *[_mild(row) for row in usual], urgent)
    rows, _ = await claim(store, "email", Packing(limit=2))
    assert [row.incident for row in rows] == [7, 10]


async def test_while_a_budget_is_used_up_it_is_known_who_waits_and_nothing_is_claimed(store: Store) -> None:
    await commit(store, notification(1), _mild(notification(1, number=8)))
    spent = Packing(limit=4, budget=BUDGET, buckets={MAIL.recipient: Bucket(tokens=0.5, at=AT)})
    rows, held = await claim(store, "email", spent)
    assert (rows, list(held)) == ([], [MAIL.recipient])


async def test_many_incidents_are_saved_at_once_each_over_what_was_there(store: Store) -> None:
    await store.write(lambda tx: tx.incidents.save(incident(7), incident(8)))
    await store.write(lambda tx: tx.incidents.save(incident(7, resolved=AT + MINUTE), incident(9)))
    assert [one.id for one in await store.read(lambda tx: tx.incidents.open())] == [8, 9]


def _mild(row: Notification) -> Notification:
    message: Message = replace(row.message, severity=Severity.WARNING)
    return replace(row, message=message)
