"""Budgets, digests, newer news in place of older, and channels that stand in for others: the dispatcher on a real store."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Self

import pytest

from sentinel.core.budget import Budget
from sentinel.core.incident import Acknowledgement, Address, Phase
from sentinel.core.notification import Ambiguous, Cause, Failed, Kind, Message, Notification, State
from sentinel.core.routing import key
from sentinel.core.rule import Severity
from sentinel.engine.dispatcher import Dispatcher
from sentinel.engine.line import Route
from tests.kit.channel import ScriptedChannel
from tests.kit.messages import INCIDENT, OPENED, message
from tests.store.values import incident as stored_incident

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock

DOWN = Failed(cause=Cause.UNREACHABLE)
FIVE = Budget(messages=5, per=timedelta(minutes=10))
MAIL, CHAT = Address("mail"), Address("chat")


def about(incident: int, kind: Kind = Kind.OPENED, sequence: int = 1) -> Message:
    told = OPENED if kind is Kind.OPENED else message(kind)
    return replace(told, sequence=sequence, incident=replace(told.incident or INCIDENT, id=incident))


class Office:
    """A dispatcher whose chat has a small budget and falls back to mail."""

    def __init__(self, store: Store, clock: FakeClock, budget: Budget | None = FIVE) -> None:
        self.mail, self.chat = ScriptedChannel(), ScriptedChannel()
        self.clock, self.store, self._budget = clock, store, budget
        self.dispatcher = Dispatcher(clock, store, Random(7))

    async def put(self, *messages: Message, to: Address = CHAT) -> None:
        now = self.clock.now()

        def row(told: Message) -> Notification:
            assert told.incident is not None
            name = key(self.store.instance, told.incident.id, told.sequence, to)
            return Notification(
                key=name, address=to, message=told, created_at=now, due_at=now, incident=told.incident.id
            )

        await self.store.write(lambda tx: tx.outbox.enqueue([row(told) for told in messages]))
        self.dispatcher.wake([to.channel])

    async def rows(self, *states: State) -> list[Notification]:
        return await self.store.read(lambda tx: tx.outbox.list(states or tuple(State)))

    async def until(self, holds: Callable[[], bool], *, steps: int = 400, seconds: float = 1.0) -> None:
        """Let time pass until it holds, and what is committed then be read."""
        for _ in range(steps):
            if holds():
                break
            await self.clock.advance(seconds=seconds)
            await self.store.write(lambda _: None)
            await self.store.read(lambda _: None)
        assert holds()

    async def settles(self) -> None:
        """Until nothing is under way."""
        for _ in range(500):
            if not await self.rows(State.SENDING, State.QUEUED):
                return
            await self.clock.advance(seconds=0.5)
            await asyncio.sleep(0.002)
        raise AssertionError(
            [(row.state, row.due_at, row.reason) for row in await self.rows(State.SENDING, State.QUEUED)]
        )

    async def __aenter__(self) -> Self:
        chat = Route(self.chat, 20.0, budget=self._budget, fallback="mail", stand_ins=(MAIL,))
        await self.dispatcher.equip({"mail": Route(self.mail, 20.0), "chat": chat})
        await self.dispatcher.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.mail.gate.set()
        self.chat.gate.set()
        await self.dispatcher.stop()


@pytest.fixture
async def office(store: Store, clock: FakeClock) -> AsyncIterator[Office]:
    async with Office(store, clock) as ready:
        yield ready


def kinds(channel: ScriptedChannel) -> list[Kind]:
    return [attempt.message.kind for attempt in channel.attempts]


def told_of(channel: ScriptedChannel) -> set[int]:
    """The incidents that a channel's messages name, in digests too."""
    single = {a.message.incident.id for a in channel.attempts if a.message.incident is not None}
    return single | {one.incident for attempt in channel.attempts for one in attempt.message.news}


def _named(row: Notification) -> set[int]:
    about_it = {row.message.incident.id} if row.message.incident else set()
    return about_it | {one.incident for one in row.message.news}


async def test_a_storm_is_as_many_messages_as_the_budget_has_and_all_of_it_is_told(office: Office) -> None:
    await office.put(*(about(number) for number in range(1, 501)))
    await office.settles()
    assert kinds(office.chat) == [Kind.OPENED] * 4 + [Kind.DIGEST]
    assert told_of(office.chat) == set(range(1, 501))
    assert office.dispatcher.lines["chat"].budget_left(office.clock.now()) == 0


async def test_what_comes_when_nothing_is_left_waits_for_a_token_and_comes_together(office: Office) -> None:
    await office.put(*(about(number) for number in range(1, 10)))
    await office.settles()
    began = office.clock.now()
    await office.put(about(20), about(21))
    await office.until(lambda: len(office.chat.attempts) == 6, seconds=5)
    assert timedelta(seconds=60) < office.clock.now() - began < timedelta(seconds=130)
    assert {one.incident for one in office.chat.attempts[5].message.news} == {20, 21}


async def test_critical_news_goes_before_warnings_that_were_there_first(office: Office) -> None:
    mild = [replace(about(number), severity=Severity.WARNING) for number in range(1, 20)]
    office.chat.gate.clear()
    await office.put(*mild)
    await office.chat.attempts.reach(1)
    await office.put(about(30))
    office.chat.gate.set()
    await office.settles()
    news = [attempt.message.news for attempt in office.chat.attempts if attempt.message.news]
    first = next(at for at, attempt in enumerate(office.chat.attempts) if 30 in _named(attempt))
    assert first < 6
    assert all(one.severity is Severity.WARNING for several in news for one in several[1:])


async def test_an_unclear_digest_is_told_again_as_it_was(store: Store, clock: FakeClock) -> None:
    async with Office(store, clock, Budget(messages=1, per=timedelta(minutes=1))) as office:
        office.chat.next_outcomes.append(Ambiguous(cause=Cause.TIMEOUT))
        await office.put(about(1), about(2))
        await office.until(lambda: len(office.chat.attempts) >= 1)
        await office.put(about(3))
        await office.settles()
        first, again = (a for a in office.chat.attempts if a.message.kind is Kind.DIGEST)
    assert (first.key, first.message.news) == (again.key, again.message.news)
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert told_of(office.chat) == {1, 2, 3}


async def test_a_digest_that_was_refused_for_now_is_put_together_anew(store: Store, clock: FakeClock) -> None:
    async with Office(store, clock, Budget(messages=1, per=timedelta(minutes=1))) as office:
        office.chat.next_outcomes.append(DOWN)
        await office.put(about(1), about(2))
        await office.put(about(1, Kind.RESOLVED, 2))
        await office.until(lambda: len(office.chat.attempts) >= 2)
        await office.settles()
        assert {(one.incident, one.kind) for one in office.chat.attempts[-1].message.news} == {
            (1, Kind.RESOLVED),
            (2, Kind.OPENED),
        }
        assert all(row.state is State.SENT for row in await office.rows())


async def test_an_escalation_in_a_digest_that_fails_while_somebody_acknowledges_is_not_tried_again(
    store: Store, clock: FakeClock
) -> None:
    async with Office(store, clock, Budget(messages=1, per=timedelta(minutes=1))) as office:
        office.chat.gate.clear()
        office.chat.next_outcomes.append(DOWN)
        await office.put(about(1, Kind.ESCALATED), about(2, Kind.ESCALATED))
        await office.chat.attempts.reach(1)
        now = clock.now()
        taken = Acknowledgement(by="Ada", why="on it", at=now, until=now + timedelta(hours=1))
        seen = replace(stored_incident(1, opened=now), phase=Phase.ACKNOWLEDGED, acknowledgement=taken)
        await store.write(lambda tx: tx.incidents.save(seen))
        office.chat.gate.set()
        await office.settles()
        states = {row.incident: row.state for row in await office.rows()}
    assert states == {1: State.CANCELLED, 2: State.SENT}


async def test_after_six_hours_of_silence_people_hear_what_is_now(store: Store, clock: FakeClock) -> None:
    """H29."""
    async with Office(store, clock, None) as office:
        office.chat.next_outcomes.extend([DOWN] * 500)
        await office.put(about(1), about(2))
        await office.until(lambda: len(office.chat.attempts) > 30, seconds=30)
        await office.put(about(1, Kind.REMINDED, 2), about(1, Kind.RESOLVED, 3), about(2, Kind.REMINDED, 2))
        office.chat.next_outcomes.clear()
        before = len(office.chat.attempts)
        await office.until(lambda: office.dispatcher.lines["chat"].failures == 0, seconds=20)
        await office.settles()
        after = [
            (a.message.incident.id, a.message.kind) for a in list(office.chat.attempts)[before:] if a.message.incident
        ]
        assert sorted(after) == [(1, Kind.RESOLVED), (2, Kind.REMINDED)]
        assert all(row.state is State.SENT for row in await office.rows())


async def test_a_channel_that_works_again_gets_everything_that_waited_at_once(office: Office) -> None:
    office.chat.next_outcomes.extend([DOWN] * 40)
    await office.put(about(1), about(2), about(3))
    await office.until(lambda: len(office.chat.attempts) >= 30, seconds=20)
    office.chat.next_outcomes.clear()
    await office.until(lambda: office.dispatcher.lines["chat"].failures == 0, seconds=20)
    await office.until(lambda: told_of(office.chat) == {1, 2, 3}, steps=5)
    await office.settles()
    assert not await office.rows(State.QUEUED, State.SENDING)


async def test_what_is_refused_for_good_is_told_through_the_fallback_at_once(office: Office) -> None:
    """H03."""
    office.chat.next_outcomes.append(Failed(cause=Cause.CREDENTIAL_REFUSED, permanent=True))
    await office.put(about(1))
    (copy,) = await office.mail.attempts.reach(1)
    assert "does not take this message (credential refused)" in copy.message.note
    assert (copy.message.incident, copy.incident) == (about(1).incident, 1)
    assert [row.address.channel for row in await office.rows(State.DEAD)] == ["chat"]


async def test_a_channel_that_takes_nothing_for_a_minute_is_stood_in_for_and_gets_it_later(office: Office) -> None:
    office.chat.next_outcomes.extend([DOWN] * 15)
    began = office.clock.now()
    await office.put(about(1))
    await office.until(lambda: len(office.mail.attempts) == 1)
    assert timedelta(seconds=60) <= office.clock.now() - began <= timedelta(seconds=70)
    assert "has taken no message since 2026-03-02 03:00:0" in office.mail.attempts[0].message.note
    await office.put(about(2))
    await office.until(lambda: len(office.mail.attempts) == 2, steps=8)
    office.chat.next_outcomes.clear()
    await office.settles()
    assert "it was told through mail" in office.chat.attempts[-1].message.note
    assert len(office.mail.attempts) == 2


async def test_a_channel_that_hangs_is_stood_in_for_while_it_does(store: Store, clock: FakeClock) -> None:
    """H28: nothing has failed yet, and people are told all the same."""
    async with Office(store, clock) as office:
        office.chat.gate.clear()
        await office.put(about(1))
        await office.until(lambda: len(office.mail.attempts) == 1)


async def test_who_was_told_through_the_fallback_is_told_of_the_end(office: Office) -> None:
    office.chat.next_outcomes.append(Failed(cause=Cause.GONE, permanent=True))
    await office.put(about(1))
    await office.mail.attempts.reach(1)
    await office.put(about(1, Kind.RESOLVED, 2))
    await office.settles()
    await office.until(lambda: kinds(office.mail) == [Kind.OPENED, Kind.RESOLVED], steps=20)
    assert kinds(office.chat) == [Kind.OPENED, Kind.RESOLVED]


async def test_who_is_told_of_it_anyway_gets_no_copy(office: Office) -> None:
    office.chat.next_outcomes.append(Failed(cause=Cause.GONE, permanent=True))
    await office.put(about(1), to=MAIL)
    await office.put(about(1))
    await office.settles()
    await office.put(about(1, Kind.RESOLVED, 2), to=MAIL)
    await office.settles()
    assert kinds(office.mail) == [Kind.OPENED, Kind.RESOLVED]


async def test_a_copy_is_not_copied_again(store: Store, clock: FakeClock) -> None:
    office = Office(store, clock)
    ways = {
        "chat": Route(office.chat, 20.0, fallback="mail", stand_ins=(MAIL,)),
        "mail": Route(office.mail, 20.0, fallback="chat", stand_ins=(CHAT,)),
    }
    gone = Failed(cause=Cause.GONE, permanent=True)
    office.chat.next_outcomes.append(gone)
    office.mail.next_outcomes.append(gone)
    async with office:
        await office.dispatcher.equip(ways)
        await office.put(about(1))
        await office.mail.attempts.reach(1)
        await office.settles()
        assert len(await office.rows()) == 2


async def test_a_restart_remembers_what_was_sent_and_what_was_not(store: Store, clock: FakeClock) -> None:
    async with Office(store, clock) as office:
        await office.put(*(about(number) for number in range(1, 9)))
        await office.settles()
        office.chat.next_outcomes.append(DOWN)
        await office.until(lambda: (office.dispatcher.lines["chat"].budget_left(clock.now()) or 0) >= 1, seconds=10)
        await office.put(about(30))
        await office.until(lambda: office.dispatcher.lines["chat"].failures == 1, seconds=0.2)
    async with Office(store, clock) as again:
        again.chat.next_outcomes.append(DOWN)
        line = again.dispatcher.lines["chat"]
        await again.until(lambda: line.last_failure == "unreachable", seconds=0.1)
        assert (line.budget_left(clock.now()) or 0) <= 1


async def test_two_dispatchers_on_one_store_send_once(store: Store, clock: FakeClock) -> None:
    """H34."""
    async with Office(store, clock, None) as one, Office(store, clock, None) as two:
        one.chat.next_outcomes.append(Failed(cause=Cause.SERVER_ERROR))
        two.chat.next_outcomes.append(Failed(cause=Cause.SERVER_ERROR))
        await one.put(*(about(number) for number in range(1, 30)))
        two.dispatcher.wake(["chat"])
        await one.settles()
        rows = await one.rows()
        sent = [a.key for office in (one, two) for a in office.chat.attempts]
    assert all(row.state is State.SENT for row in rows)
    assert len(sent) == len(rows) + sum(row.attempts - 1 for row in rows)
