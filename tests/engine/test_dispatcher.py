"""The dispatcher on a real store: each channel by itself, each row until it is sent, in order, and never twice without need."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Self

import pytest

from sentinel.core.incident import Acknowledgement, Address, Phase
from sentinel.core.notification import Ambiguous, Cause, Failed, Kind, Notification, Sent, State, of_deployment
from sentinel.core.parcel import Packing
from sentinel.engine.dispatcher import Dispatcher
from sentinel.engine.line import Route
from tests.kit.broken_store import MissingTable
from tests.kit.channel import ScriptedChannel
from tests.kit.eventually import eventually
from tests.kit.messages import OPENED, message
from tests.store.values import incident as stored_incident

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock

REFUSED = Failed(cause=Cause.REFUSED, permanent=True)
BUSY = Failed(cause=Cause.SERVER_ERROR)


class Post:
    """A dispatcher with two channels, and its outbox."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.mail, self.chat = ScriptedChannel(), ScriptedChannel()
        self.dispatcher = Dispatcher(clock, store, Random(7))
        self.clock = clock
        self._store = store

    async def put(self, key: str, channel: str = "mail", *, incident: int = 12, sequence: int = 1) -> None:
        """Put a message into the outbox and say so."""
        now = self.clock.now()
        told = replace(OPENED if sequence == 1 else message(Kind.WORSENED), sequence=sequence)
        row = Notification(
            key=key, address=Address(channel), message=told, created_at=now, due_at=now, incident=incident
        )
        await self._store.write(lambda tx: tx.outbox.enqueue([row]))
        self.dispatcher.wake([channel])

    async def put_all(self, *rows: Notification) -> None:
        """Put these rows into the outbox and say so."""
        await self._store.write(lambda tx: tx.outbox.enqueue(rows))
        self.dispatcher.wake({row.address.channel for row in rows})

    async def row(self, key: str) -> Notification:
        rows = await self._store.read(lambda tx: tx.outbox.list(tuple(State)))
        return next(row for row in rows if row.key == key)

    async def becomes(self, key: str, state: State) -> Notification:
        """The row, once it is in that state and no attempt is under way; no time passes."""
        for _ in range(500):
            row = await self.row(key)
            if row.state is state:
                return row
            await asyncio.sleep(0.01)
        raise AssertionError(f"still {row}")

    async def passes(self, *, until_attempts: int, channel: ScriptedChannel | None = None) -> None:
        """Let time pass until the channel has been tried so often."""
        attempts = (channel or self.mail).attempts
        for _ in range(400):
            if len(attempts) >= until_attempts:
                return
            await self.clock.advance(seconds=0.25)
            await self._store.write(lambda _: None)
            await self._store.read(lambda _: None)
        raise AssertionError(f"only {len(attempts)} attempts")

    async def __aenter__(self) -> Self:
        await self.dispatcher.equip({"mail": Route(self.mail, 20.0), "chat": Route(self.chat, 20.0)})
        await self.dispatcher.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.mail.gate.set()
        self.chat.gate.set()
        await self.dispatcher.stop()


@pytest.fixture
async def post(store: Store, clock: FakeClock) -> AsyncIterator[Post]:
    async with Post(store, clock) as ready:
        yield ready


async def test_what_is_put_in_is_sent_at_once(post: Post) -> None:
    await post.put("a")
    sent = await post.becomes("a", State.SENT)
    assert (sent.attempts, sent.receipt) == (1, {"id": "a"})


async def test_what_fails_is_tried_again_after_a_while(post: Post) -> None:
    post.mail.next_outcomes.append(BUSY)
    await post.put("a")
    await post.mail.attempts.reach(1)
    began = post.clock.now()
    await post.passes(until_attempts=2)
    assert timedelta(seconds=0.4) < post.clock.now() - began < timedelta(seconds=2)
    sent = await post.becomes("a", State.SENT)
    assert (sent.attempts, sent.ambiguous) == (2, 0)


async def test_what_is_refused_for_good_is_dead_after_one_attempt(post: Post) -> None:
    post.mail.next_outcomes.append(REFUSED)
    await post.put("a")
    dead = await post.becomes("a", State.DEAD)
    assert (dead.attempts, dead.reason) == (1, "refused")


async def test_an_ambiguous_attempt_is_repeated_under_its_key_and_known_as_a_repeat(post: Post) -> None:
    post.mail.next_outcomes.append(Ambiguous(cause=Cause.TIMEOUT))
    await post.put("a")
    await post.passes(until_attempts=2)
    assert post.mail.keys == ["a", "a"]
    assert [attempt.is_repeat for attempt in post.mail.attempts] == [False, True]


async def test_a_channel_that_crashes_is_ambiguous_and_goes_on(post: Post) -> None:
    post.mail.next_outcomes.append(RuntimeError("a bug"))
    await post.put("a")
    await post.passes(until_attempts=2)
    sent = await post.becomes("a", State.SENT)
    assert (sent.attempts, sent.ambiguous) == (2, 1)


async def test_a_channel_that_hangs_delays_no_other(post: Post) -> None:
    post.mail.gate.clear()
    await post.put("a", "mail")
    await post.put("b", "chat")
    await post.becomes("b", State.SENT)
    assert (await post.row("a")).state is State.SENDING


async def test_a_receiver_that_asks_for_patience_gets_it_for_all_of_its_messages(post: Post) -> None:
    wait = timedelta(seconds=30)
    post.mail.next_outcomes.append(Failed(cause=Cause.RATE_LIMITED, retry_after=wait))
    await post.put("a")
    await eventually(lambda: post.dispatcher.lines["mail"].paused_until)
    began = post.clock.now()
    await post.put("b", incident=13)
    await post.put("c", "chat")
    await post.becomes("c", State.SENT)
    await post.passes(until_attempts=2)
    assert post.clock.now() - began >= wait - timedelta(seconds=0.25)


async def test_the_second_message_of_an_incident_waits_for_the_first(post: Post) -> None:
    post.mail.next_outcomes.append(BUSY)
    await post.put("first", sequence=1)
    await post.mail.attempts.reach(1)
    await post.put("second", sequence=2)
    await post.passes(until_attempts=3)
    assert post.mail.keys == ["first", "first", "second"]


async def test_a_later_message_continues_from_the_receipt_of_the_first(post: Post) -> None:
    await post.put("first", sequence=1)
    await post.becomes("first", State.SENT)
    await post.put("second", sequence=2)
    await post.becomes("second", State.SENT)
    assert post.mail.firsts == [None, {"id": "first"}]


async def test_all_that_is_told_of_a_deployment_follows_in_one_thread(post: Post) -> None:
    """Twelve is also the number of an incident, whose thread is another one."""
    await post.put("incident 12")
    kinds, now = (Kind.DEPLOYMENT_STARTED, Kind.DEPLOYMENT_ENDED), post.clock.now()
    started, ended = (
        Notification(
            key=kind.value,
            address=Address("mail"),
            message=message(kind),
            created_at=now,
            due_at=now,
            incident=of_deployment(12),
        )
        for kind in kinds
    )
    post.mail.next_outcomes.extend([Sent(receipt={"id": "incident 12"}), BUSY])
    await post.becomes("incident 12", State.SENT)
    await post.put_all(started)
    await post.mail.attempts.reach(2)
    await post.put_all(ended)
    await post.passes(until_attempts=4)
    assert post.mail.keys == ["incident 12", started.key, started.key, ended.key]
    assert post.mail.firsts == [None, None, None, {"id": started.key}]


async def test_a_receipt_that_cannot_be_read_costs_the_thread_and_not_the_message(post: Post, store_file: Path) -> None:
    """The worker of the channel ended at this, and the channel was silent until the next start."""
    await post.put("first", sequence=1)
    await post.becomes("first", State.SENT)
    with closing(sqlite3.connect(store_file, isolation_level=None)) as database:
        database.execute("UPDATE outbox SET receipt = 'nonsense'")
    await post.put("second", sequence=2)
    await post.mail.attempts.reach(2)
    assert post.mail.firsts == [None, None]


async def test_what_was_being_sent_when_the_last_process_died_is_sent_again_at_once(
    store: Store, clock: FakeClock
) -> None:
    died = Post(store, clock)
    await died.put("a")
    await store.write(lambda tx: tx.outbox.claim("mail", clock.now(), timedelta(hours=1), Packing(limit=1)))
    async with Post(store, clock) as post:
        sent = await post.becomes("a", State.SENT)
        assert (sent.attempts, sent.ambiguous) == (2, 1)


async def test_an_outcome_that_cannot_be_written_is_written_later_and_nothing_is_sent_twice(
    post: Post, store_file: Path
) -> None:
    missing = MissingTable(store_file, "outbox")
    post.mail.on_attempt = missing.__enter__
    await post.put("a")
    await post.mail.attempts.reach(1)
    await post.clock.advance(seconds=2)
    missing.__exit__(None, None, None)
    for _ in range(100):
        await post.clock.advance(seconds=0.5)
        if (await post.row("a")).state is State.SENT:
            break
        await asyncio.sleep(0.01)
    assert (await post.row("a")).state is State.SENT
    assert len(post.mail.attempts) == 1


async def test_a_store_that_fails_for_a_while_does_not_end_the_sending(post: Post, store_file: Path) -> None:
    with MissingTable(store_file, "outbox"):
        post.dispatcher.wake(["mail"])
        await post.clock.advance(seconds=6)
    await post.put("a")
    await post.passes(until_attempts=1)


async def test_a_channel_that_is_gone_from_the_plan_ends_what_it_sends_and_its_rows_are_dead(post: Post) -> None:
    await post.dispatcher.equip({"mail": Route(post.mail, 20.0)})
    await post.put("a", "chat")
    assert await post.dispatcher.bury_orphans() == 1
    assert post.chat.closed
    assert (await post.row("a")).reason == "channel_removed"


async def test_a_channel_that_stays_is_not_disturbed_by_a_new_plan(post: Post) -> None:
    post.mail.gate.clear()
    await post.put("a")
    await post.mail.attempts.reach(1)
    await post.dispatcher.equip({"mail": Route(post.mail, 20.0)})
    post.mail.gate.set()
    await post.becomes("a", State.SENT)
    assert not post.mail.closed


async def test_the_word_that_the_store_is_down_reaches_everybody_though_one_hangs(post: Post) -> None:
    post.mail.gate.clear()
    addresses = (Address("mail"), Address("chat"), Address("unknown"))
    telling = asyncio.create_task(post.dispatcher.tell_now(message(Kind.STORE_DOWN), addresses, "down"))
    await post.chat.attempts.reach(1)
    post.mail.gate.set()
    await telling
    assert post.mail.keys == ["down"]


async def test_a_stop_with_a_send_under_way_waits_for_it(store: Store, clock: FakeClock) -> None:
    async with Post(store, clock) as post:
        post.mail.gate.clear()
        await post.put("a")
        await post.mail.attempts.reach(1)
        stopping = asyncio.create_task(post.dispatcher.stop())
        await clock.settle()
        post.mail.gate.set()
        await stopping
    assert (await post.row("a")).state is State.SENT
    assert post.mail.closed


async def test_an_escalation_that_fails_while_somebody_acknowledges_is_not_tried_again(
    post: Post, store: Store
) -> None:
    """H30."""
    now = post.clock.now()
    await store.write(lambda tx: tx.incidents.save(stored_incident(12, opened=now)))
    post.mail.gate.clear()
    post.mail.next_outcomes.append(BUSY)
    escalated = Notification(
        key="up", address=Address("mail"), message=message(Kind.ESCALATED), created_at=now, due_at=now, incident=12
    )
    await store.write(lambda tx: tx.outbox.enqueue([escalated]))
    post.dispatcher.wake(["mail"])
    await post.mail.attempts.reach(1)
    taken = Acknowledgement(by="Ada", why="on it", at=now, until=now + timedelta(hours=1))
    acknowledged = replace(stored_incident(12, opened=now), phase=Phase.ACKNOWLEDGED, acknowledgement=taken)
    await store.write(lambda tx: tx.incidents.save(acknowledged))
    post.mail.gate.set()
    await post.becomes("up", State.CANCELLED)
