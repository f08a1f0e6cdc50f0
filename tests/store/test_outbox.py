"""The outbox: claimed once, in order, settled only by whoever claimed, and nothing lost on the way."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from sentinel.core.notification import (
    Ambiguous,
    Cause,
    Failed,
    Kind,
    Notification,
    Sent,
    State,
    after_attempt,
    of_deployment,
)
from sentinel.core.parcel import Packing
from sentinel.store.database import Store
from tests.store.values import AT, MAIL, MINUTE, SLACK, incident, notification

LEASE = MINUTE
RNG = random.Random(1)


async def enqueue(store: Store, *rows: Notification) -> None:
    await store.write(lambda tx: tx.outbox.enqueue(rows))


async def claim(store: Store, now: datetime = AT, channel: str = "email", limit: int = 10) -> list[Notification]:
    return await store.write(lambda tx: tx.outbox.claim(channel, now, LEASE, Packing(limit=limit)).rows)


async def settle(store: Store, row: Notification, outcome: Sent | Failed | Ambiguous, now: datetime = AT) -> bool:
    settled = after_attempt(row, outcome, now, RNG)
    return await store.write(lambda tx: tx.outbox.settle(settled, now))


async def get(store: Store, number: int) -> Notification:
    row = await store.read(lambda tx: tx.outbox.get(number))
    assert row is not None
    return row


async def test_a_claimed_row_comes_back_whole(store: Store) -> None:
    row = notification()
    await enqueue(store, row)
    (claimed,) = await claim(store)
    assert claimed == replace(row, id=claimed.id, state=State.SENDING, attempts=1, due_at=AT, lease_until=AT + LEASE)


async def test_a_key_is_queued_once(store: Store) -> None:
    await enqueue(store, notification(), notification())
    await enqueue(store, notification())
    assert len(await claim(store)) == 1


async def test_what_is_being_sent_is_not_claimed_again(store: Store) -> None:
    await enqueue(store, notification())
    await claim(store)
    assert await claim(store) == []


async def test_what_is_outdated_is_given_up_unless_it_may_have_arrived(store: Store) -> None:
    rows = [replace(notification(), key=name, incident=None) for name in ("waits", "unclear", "goes", "other")]
    await enqueue(store, *rows[:2])
    waits, unclear = await claim(store)
    await settle(store, waits, Failed(cause=Cause.UNREACHABLE))
    await settle(store, unclear, Ambiguous(cause=Cause.TIMEOUT))
    await enqueue(store, *rows[2:])
    await claim(store, limit=1)
    assert await store.write(lambda tx: tx.outbox.outdate(["waits", "unclear", "goes"])) == 1
    assert (await get(store, waits.id)).state is State.CANCELLED
    assert (await get(store, unclear.id)).state is State.QUEUED


async def test_letters_that_no_database_holds_do_not_stop_a_message(store: Store) -> None:
    row = notification()
    await enqueue(store, replace(row, message=replace(row.message, explanation="a\udcffb\0c")))
    (claimed,) = await claim(store)
    assert claimed.message.explanation == "a?b\0c"


async def test_another_channel_claims_nothing(store: Store) -> None:
    await enqueue(store, notification())
    assert await claim(store, channel="slack") == []


async def test_a_row_is_not_claimed_before_it_is_due(store: Store) -> None:
    await enqueue(store, replace(notification(), due_at=AT + MINUTE))
    assert await claim(store) == []
    assert await store.read(lambda tx: tx.outbox.next_due("email")) == AT + MINUTE
    assert len(await claim(store, AT + MINUTE)) == 1


async def test_messages_of_one_incident_reach_an_address_one_after_the_other(store: Store) -> None:
    await enqueue(store, notification(1), notification(2, Kind.REMINDED), notification(3, Kind.RESOLVED))
    (first,) = await claim(store)
    assert await claim(store) == []
    assert await store.read(lambda tx: tx.outbox.next_due("email")) is None
    await settle(store, first, Sent())
    (second,) = await claim(store)
    assert second.message.sequence == 2


async def test_a_row_that_waits_for_a_retry_holds_back_the_later_ones(store: Store) -> None:
    await enqueue(store, notification(1), notification(2, Kind.RESOLVED))
    (first,) = await claim(store)
    await settle(store, first, Failed(cause=Cause.UNREACHABLE))
    assert await claim(store) == []


async def test_a_dead_row_holds_back_nothing(store: Store) -> None:
    await enqueue(store, notification(1), notification(2, Kind.RESOLVED))
    (first,) = await claim(store)
    await settle(store, first, Failed(cause=Cause.REFUSED, permanent=True))
    (second,) = await claim(store)
    assert second.message.kind is Kind.RESOLVED


async def test_other_addresses_and_incidents_do_not_wait(store: Store) -> None:
    other = MAIL._replace(recipient="second@example.org")
    await enqueue(store, notification(1), notification(1, address=other), notification(1, number=8))
    assert len(await claim(store)) == 3


async def test_a_deployment_is_a_conversation_beside_that_of_the_incident_with_its_number(store: Store) -> None:
    started, ended = (
        replace(notification(number=None), key=kind.value, incident=of_deployment(7))
        for kind in (Kind.DEPLOYMENT_STARTED, Kind.DEPLOYMENT_ENDED)
    )
    await enqueue(store, notification(number=7), started, ended)
    about_incident, first = await claim(store)
    assert (first.key, first.deployment, about_incident.deployment) == (started.key, 7, None)
    for row in (about_incident, first):
        await settle(store, row, Sent(receipt={"id": row.key}))
    (second,) = await claim(store)
    assert await store.read(lambda tx: tx.outbox.first_receipt(of_deployment(7), second.address)) == {"id": first.key}
    assert [row.key for row in await store.read(lambda tx: tx.outbox.of(of_deployment(7)))] == [first.key, ended.key]


async def test_rows_of_no_incident_do_not_wait_for_each_other(store: Store) -> None:
    await enqueue(store, notification(1, Kind.REPORT, number=None), notification(2, Kind.TEST, number=None))
    assert len(await claim(store)) == 2


async def test_no_more_is_claimed_than_asked_for(store: Store) -> None:
    await enqueue(store, *(notification(1, number=n) for n in range(1, 6)))
    assert [row.incident for row in await claim(store, limit=2)] == [1, 2]


async def test_a_sent_row_keeps_what_the_receiver_gave(store: Store) -> None:
    await enqueue(store, notification())
    (row,) = await claim(store)
    assert await settle(store, row, Sent(receipt={"ts": "12.5"}))
    found = await get(store, row.id)
    assert (found.state, found.receipt, found.lease_until) == (State.SENT, {"ts": "12.5"}, None)


async def test_the_first_receipt_is_that_of_the_first_message(store: Store) -> None:
    await enqueue(store, notification(1), notification(2, Kind.REMINDED))
    for ts in ("1", "2"):
        (row,) = await claim(store)
        await settle(store, row, Sent(receipt={"ts": ts}))
    assert await store.read(lambda tx: tx.outbox.first_receipt(7, MAIL)) == {"ts": "1"}
    assert await store.read(lambda tx: tx.outbox.first_receipt(7, SLACK)) is None


async def test_who_comes_late_settles_nothing(store: Store) -> None:
    await enqueue(store, notification())
    (row,) = await claim(store)
    await store.write(lambda tx: tx.outbox.recover(AT + 2 * LEASE))
    assert not await settle(store, row, Sent())
    (again,) = await claim(store, AT + 2 * LEASE)
    assert not await settle(store, row, Sent())
    assert await settle(store, again, Sent())


async def test_a_row_whose_sender_died_is_queued_again_as_ambiguous(store: Store) -> None:
    await enqueue(store, notification())
    (row,) = await claim(store)
    assert await store.write(lambda tx: tx.outbox.recover(AT + LEASE / 2)) == []
    (lost,) = await store.write(lambda tx: tx.outbox.recover(AT + LEASE))
    assert (lost.id, lost.state, lost.ambiguous, lost.reason) == (row.id, State.QUEUED, 1, "interrupted")
    assert lost.due_at == AT + LEASE
    assert lost.is_repeat


async def test_acknowledging_cancels_what_waits(store: Store) -> None:
    await enqueue(store, notification(1), notification(2, Kind.ESCALATED, SLACK), notification(3, Kind.REMINDED))
    assert await store.write(lambda tx: tx.outbox.cancel(7, {Kind.ESCALATED, Kind.REMINDED})) == 2
    assert await claim(store, channel="slack") == []
    counts = await store.read(lambda tx: tx.outbox.counts())
    assert (counts[State.QUEUED], counts[State.CANCELLED], counts[State.DEAD]) == (1, 2, 0)


async def test_acknowledging_cancels_what_was_tried_and_cannot_have_arrived(store: Store) -> None:
    """Else an escalation that a receiver refused for now would begin after the acknowledgement."""
    await enqueue(store, notification(1, Kind.ESCALATED))
    (row,) = await claim(store)
    await settle(store, row, Failed(cause=Cause.UNREACHABLE))
    assert await store.write(lambda tx: tx.outbox.cancel(7, {Kind.ESCALATED})) == 1
    assert await claim(store, AT + timedelta(hours=1)) == []


async def test_what_may_have_arrived_is_not_cancelled(store: Store) -> None:
    await enqueue(store, notification(1, Kind.ESCALATED))
    (row,) = await claim(store)
    await settle(store, row, Ambiguous(cause=Cause.TIMEOUT))
    assert await store.write(lambda tx: tx.outbox.cancel(7, {Kind.ESCALATED})) == 0


async def test_who_never_heard_of_a_trouble_is_not_told_that_it_is_over(store: Store) -> None:
    await enqueue(store, notification(1), notification(2, Kind.ESCALATED, SLACK))
    await store.write(lambda tx: tx.outbox.cancel(7, {Kind.ESCALATED}))
    await enqueue(store, notification(3, Kind.RESOLVED), notification(4, Kind.RESOLVED, SLACK))
    assert await claim(store, channel="slack") == []
    assert await store.read(lambda tx: tx.outbox.channels()) == {"email"}


async def two_dead_rows(store: Store) -> list[Notification]:
    await enqueue(store, notification(1), notification(1, number=8))
    for row in await claim(store):
        await settle(store, row, Failed(cause=Cause.GONE, detail="550", permanent=True))
    return await store.read(lambda tx: tx.outbox.list([State.DEAD]))


async def test_dead_rows_are_sent_again_with_their_old_key(store: Store) -> None:
    first, second = await two_dead_rows(store)
    later = AT + timedelta(days=2)
    assert await store.write(lambda tx: tx.outbox.redrive([first.id], later)) == 1
    (again,) = await claim(store, later)
    assert (again.key, again.attempts, again.created_at, again.detail) == (first.key, 1, later, "")
    assert await store.write(lambda tx: tx.outbox.redrive(None, later)) == 1
    assert (await get(store, second.id)).state is State.QUEUED


async def test_a_dropped_row_stays_for_the_record_and_is_neither_dead_nor_sent_again(store: Store) -> None:
    first, second = await two_dead_rows(store)
    assert await store.write(lambda tx: tx.outbox.drop([first.id])) == 1
    assert await get(store, first.id) == replace(first, state=State.DROPPED)
    counts = await store.read(lambda tx: tx.outbox.counts())
    assert (counts[State.DEAD], counts[State.DROPPED]) == (1, 1)
    assert await store.write(lambda tx: tx.outbox.redrive(None, AT)) == 1
    assert (await get(store, second.id)).state is State.QUEUED


async def test_all_dead_rows_are_dropped_and_no_others(store: Store) -> None:
    await two_dead_rows(store)
    await enqueue(store, notification(2))
    assert await store.write(lambda tx: tx.outbox.drop(None)) == 2
    assert await store.write(lambda tx: tx.outbox.drop(None)) == 0
    assert len(await claim(store)) == 1


async def test_the_oldest_waiting_row_is_known(store: Store) -> None:
    assert await store.read(lambda tx: tx.outbox.oldest_queued()) is None
    await enqueue(store, notification(at=AT + MINUTE), notification(2, at=AT))
    assert await store.read(lambda tx: tx.outbox.oldest_queued()) == AT


async def test_deliveries_are_purged_when_their_incident_is_over_for_as_long(store: Store) -> None:
    await enqueue(store, *(notification(number=number) for number in (6, 7, 8, 9)))
    for row in await claim(store):
        await settle(store, row, Sent())
    ended = [incident(7, resolved=AT + MINUTE), incident(8, resolved=AT + 9 * MINUTE), incident(9)]
    await store.write(lambda tx: tx.incidents.save(*ended))
    assert await store.write(lambda tx: tx.outbox.purge(AT + 5 * MINUTE, limit=10)) == 2
    left = {number: await store.read(lambda tx, number=number: len(tx.outbox.of(number))) for number in (6, 7, 8, 9)}  # type: ignore[misc]
    assert left == {6: 0, 7: 0, 8: 1, 9: 1}


async def test_old_reports_are_purged_and_waiting_ones_are_not(store: Store) -> None:
    await enqueue(store, notification(1, Kind.REPORT, number=None), notification(2, Kind.REPORT, number=None))
    row, _ = await claim(store)
    await settle(store, row, Sent())
    assert await store.write(lambda tx: tx.outbox.purge(AT + MINUTE, limit=10)) == 1
    assert await store.read(lambda tx: tx.outbox.get(row.id)) is None


# --- A clock that is set back -----------------------------------------------------------------------------------------


async def test_what_a_clock_that_was_ahead_has_written_does_not_wait_until_it_is_there_again(store: Store) -> None:
    ahead = AT + 60 * MINUTE
    await enqueue(store, replace(notification(), created_at=ahead, due_at=ahead))
    assert await claim(store) == []
    assert await store.write(lambda tx: tx.outbox.set_back(AT)) == 1
    assert len(await claim(store)) == 1


async def test_a_command_that_a_clock_ahead_has_ordered_can_be_stopped_for_as_long_as_ever(store: Store) -> None:
    ahead, row = AT + 60 * MINUTE, notification()
    order = replace(row, message=replace(row.message, kind=Kind.COMMAND), created_at=ahead, due_at=ahead + 5 * MINUTE)
    await enqueue(store, order)
    await store.write(lambda tx: tx.outbox.set_back(AT))
    assert await claim(store, AT + 4 * MINUTE) == []
    assert len(await claim(store, AT + 5 * MINUTE)) == 1


async def test_what_waits_for_another_try_is_not_hurried_by_a_clock_that_is_right(store: Store) -> None:
    await enqueue(store, notification())
    (row,) = await claim(store)
    await settle(store, row, Failed(cause=Cause.UNREACHABLE))
    assert await store.write(lambda tx: tx.outbox.set_back(AT)) == 0
