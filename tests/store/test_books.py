"""What the auditor reads of a store, and commands in the outbox, on each database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.core.auditor import Books, Stuck
from sentinel.core.incident import Address
from sentinel.core.notification import Cause, Kind, Notification, Sent, State, after_attempt
from sentinel.core.parcel import Packing
from sentinel.core.result import Result, passed
from sentinel.core.rule import Severity
from sentinel.engine.commands import recover, veto
from tests.store.values import AT, MAIL, MINUTE, SLACK, incident, notification

if TYPE_CHECKING:
    from random import Random

    from sentinel.store.database import Store, Transaction

PATIENCE = 5 * MINUTE
LATE = AT + PATIENCE + timedelta(seconds=1)
ROLLBACK = Address("rollback")
ORDER = replace(notification(2, Kind.COMMAND, ROLLBACK), due_at=AT + MINUTE)


async def put(store: Store, *rows: Notification) -> None:
    def write(tx: Transaction) -> None:
        tx.incidents.save(incident())
        tx.outbox.enqueue(rows)

    await store.write(write)


async def books(store: Store, now: timedelta = LATE - AT) -> Books:
    return await store.read(lambda tx: tx.auditing.books(AT + now, PATIENCE))


async def claim(store: Store, channel: str, now: timedelta = MINUTE) -> list[Notification]:
    claimed = await store.write(lambda tx: tx.outbox.claim(channel, AT + now, MINUTE, Packing(limit=4)))
    return claimed.rows


async def settle(store: Store, row: Notification, now: timedelta) -> None:
    rng: Random = None  # type: ignore[assignment]  # a success asks for no chance
    done = after_attempt(row, Sent(), AT + now, rng)
    await store.write(lambda tx: tx.outbox.settle(done, AT + now))


async def row(store: Store, key: str) -> Notification:
    rows = await store.read(lambda tx: tx.outbox.list(tuple(State)))
    return next(row for row in rows if row.key == key)


# --- Books -----------------------------------------------------------------------------------------------------------


async def test_the_books_have_open_incidents_and_who_has_rows_of_them(store: Store) -> None:
    await put(store, notification(address=MAIL))
    found = await books(store, MINUTE)
    assert [one.id for one in found.incidents] == [7]
    assert found.rows == {(7, MAIL)}
    assert found.stuck == ()


async def test_a_row_that_is_due_and_not_tried_is_stuck(store: Store) -> None:
    await put(store, notification(address=MAIL), notification(2, Kind.ESCALATED, MAIL))
    assert (await books(store)).stuck == (Stuck(channel="email", count=1, since=AT),)  # the second waits for the first


async def test_a_channel_that_sends_others_or_tries_is_not_stuck(store: Store) -> None:
    first, other = notification(address=MAIL), replace(notification(3, Kind.TEST, MAIL, None), key="other")
    await put(store, first, other)
    (one, two) = await claim(store, "email", 4 * MINUTE)
    assert (await books(store, 4 * MINUTE + MINUTE / 2)).stuck == ()
    await settle(store, one, 4 * MINUTE)
    await settle(store, two, 4 * MINUTE)
    await put(store, replace(notification(4, Kind.REMINDED, MAIL), due_at=AT))
    assert (await books(store, 8 * MINUTE)).stuck == ()
    assert [one.channel for one in (await books(store, 10 * MINUTE)).stuck] == ["email"]


async def test_a_lease_that_nobody_ends_is_stuck(store: Store) -> None:
    await put(store, notification(address=SLACK))
    await claim(store, "slack")
    assert [one.channel for one in (await books(store, 8 * MINUTE)).stuck] == ["slack"]


async def test_the_books_know_about_when_each_check_had_a_result(store: Store) -> None:
    result = Result(check="health", scheduled_at=AT, finished_at=AT, measurement=passed(()))
    await store.write(lambda tx: tx.results.add([(result, Severity.OK)]))
    assert (await books(store)).results == {"health": AT}


async def test_a_fact_is_replaced_by_a_newer_one(store: Store) -> None:
    for value in ("1", "2"):
        await store.write(lambda tx, value=value: tx.facts.put("audited_at", value))  # type: ignore[misc]
    assert await store.read(lambda tx: tx.facts.get("audited_at")) == "2"
    assert await store.read(lambda tx: tx.facts.get("nothing")) is None


# --- Commands --------------------------------------------------------------------------------------------------------


async def test_a_command_that_was_begun_is_not_begun_again_and_its_end_is_told(store: Store) -> None:
    await put(store, notification(address=MAIL), ORDER)
    await claim(store, "rollback")
    (lost,) = await store.write(lambda tx: recover(tx, AT + 9 * MINUTE))
    assert (lost.state, lost.reason, lost.due_at) == (State.DEAD, Cause.INTERRUPTED.value, None)
    assert await claim(store, "rollback", 10 * MINUTE) == []
    rows = await store.read(lambda tx: tx.outbox.list((State.QUEUED,)))
    assert {one.address for one in rows if one.message.kind is Kind.COMMAND_ENDED} == {MAIL, SLACK}


async def test_a_command_is_never_redriven(store: Store) -> None:
    await put(store, ORDER)
    await claim(store, "rollback")
    await store.write(lambda tx: recover(tx, AT + 9 * MINUTE))
    dead = await row(store, ORDER.key)
    assert await store.write(lambda tx: tx.outbox.redrive(None, AT)) == 0
    assert await store.write(lambda tx: tx.outbox.redrive((dead.id,), AT)) == 0


async def test_a_veto_stops_a_command_that_waits_and_no_other(store: Store) -> None:
    await put(store, ORDER)
    assert await store.write(lambda tx: veto(tx, 8, AT, "ann", "no")) == 0
    assert await store.write(lambda tx: veto(tx, 7, AT, "ann", "no")) == 1
    assert (await row(store, ORDER.key)).state is State.CANCELLED
    said = [one.text for one in await store.read(lambda tx: tx.incidents.timeline(7))]
    assert said == ["the command rollback was stopped by ann before it ran: no"]


async def test_a_veto_comes_too_late_for_a_command_that_has_begun(store: Store) -> None:
    await put(store, ORDER)
    await claim(store, "rollback")
    assert await store.write(lambda tx: veto(tx, 7, AT, "ann", "no")) == 0
    assert (await row(store, ORDER.key)).state is State.SENDING


async def test_a_command_that_waits_for_its_time_is_no_message_that_waits_too_long(store: Store) -> None:
    await put(store, ORDER)
    assert await store.read(lambda tx: tx.outbox.oldest_queued()) is None
