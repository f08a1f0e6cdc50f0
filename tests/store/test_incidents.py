"""Incidents, their timelines, the states of checks and the reports made: what a restart must find again."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
import structlog
from sqlalchemy import text

from sentinel.base.errors import StoreError
from sentinel.core.history import CheckState
from sentinel.core.timeline import TimelineEntry
from sentinel.store.database import Store, Transaction
from sentinel.store.reports import Made
from tests.store.values import AT, BAD, MINUTE, incident, notification

STATE = CheckState(check="health", verdict=BAD, since=AT, incident=incident())


async def test_an_incident_comes_back_whole(store: Store) -> None:
    await store.write(lambda tx: tx.incidents.save(incident()))
    assert await store.read(lambda tx: tx.incidents.get(7)) == incident()
    assert await store.read(lambda tx: tx.incidents.get(8)) is None


async def test_saving_again_replaces(store: Store) -> None:
    await store.write(lambda tx: tx.incidents.save(incident()))
    assert await store.read(lambda tx: tx.incidents.open()) == [incident()]
    resolved = incident(resolved=AT + MINUTE)
    await store.write(lambda tx: tx.incidents.save(resolved))
    assert await store.read(lambda tx: tx.incidents.open()) == []
    assert await store.read(lambda tx: tx.incidents.get(7)) == resolved


async def test_incidents_of_a_time_are_those_that_were_open_in_it(store: Store) -> None:
    old, now, later = (
        incident(1, resolved=AT + MINUTE),
        incident(2, opened=AT + MINUTE),
        incident(3, opened=AT + 9 * MINUTE),
    )

    def save(tx: Transaction) -> None:
        for one in (old, now, later):
            tx.incidents.save(one)

    await store.write(save)
    assert await store.read(lambda tx: tx.incidents.between(AT + 2 * MINUTE, AT + 9 * MINUTE)) == [now]
    assert await store.read(lambda tx: tx.incidents.between(AT, AT + 10 * MINUTE, limit=2)) == [later, now]


async def test_a_timeline_holds_each_entry_once_and_in_order(store: Store) -> None:
    first = TimelineEntry(incident=7, at=AT, kind="opened", text="CRITICAL: status 503")
    second = TimelineEntry(incident=7, at=AT + MINUTE, kind="acknowledged", by="kim", text="looking")
    await store.write(lambda tx: tx.incidents.note([second, first]))
    await store.write(lambda tx: tx.incidents.note([first]))
    assert await store.read(lambda tx: tx.incidents.timeline(7)) == [first, second]


async def test_numbers_are_never_given_twice(store: Store) -> None:
    assert await store.read(lambda tx: tx.incidents.last_id()) == 0
    await store.write(lambda tx: tx.incidents.save(incident(7, resolved=AT)))
    assert await store.write(lambda tx: tx.incidents.purge(AT + MINUTE, limit=10)) == 0
    assert await store.read(lambda tx: tx.incidents.last_id()) == 7


async def test_purging_an_incident_takes_its_timeline_along_and_leaves_its_deliveries(store: Store) -> None:
    def fill(tx: Transaction) -> None:
        tx.incidents.save(incident(7, resolved=AT))
        tx.incidents.save(incident(8))
        tx.incidents.note([TimelineEntry(incident=7, at=AT, kind="opened")])
        tx.outbox.enqueue([notification()])

    await store.write(fill)
    assert await store.write(lambda tx: tx.incidents.purge(AT + MINUTE, limit=10)) == 1
    assert await store.read(lambda tx: tx.incidents.timeline(7)) == []
    assert await store.read(lambda tx: tx.outbox.channels()) == {"email"}


async def test_states_are_replaced_and_forgotten(store: Store) -> None:
    await store.write(lambda tx: tx.states.save([STATE]))
    await store.write(lambda tx: tx.states.save([STATE]))
    assert await store.read(lambda tx: tx.states.all()) == {"health": STATE}
    await store.write(lambda tx: tx.states.forget("health"))
    assert await store.read(lambda tx: tx.states.all()) == {}


@pytest.mark.parametrize("damage", ["version = 99", "body = '{}'", "body = 'no json'"])
async def test_a_row_that_cannot_be_read_is_named_and_left_out(store: Store, damage: str) -> None:
    other = CheckState(check="login", verdict=BAD, since=None, incident=None)
    await store.write(lambda tx: tx.states.save([STATE, other]))
    statement = text(f"UPDATE states SET {damage} WHERE check_name = 'health'")
    await store.write(lambda tx: tx.states._connection.execute(statement))
    with structlog.testing.capture_logs() as logs:
        assert await store.read(lambda tx: tx.states.all()) == {"login": other}
    assert [(line["event"], line["table"], line["row"]) for line in logs] == [
        ("store.row_unreadable", "states", "health")
    ]


async def test_a_report_is_claimed_once_per_period(store: Store) -> None:
    assert await store.write(lambda tx: tx.reports.claim("daily", "2026-11-01"))
    assert not await store.write(lambda tx: tx.reports.claim("daily", "2026-11-01"))
    assert await store.write(lambda tx: tx.reports.claim("weekly", "2026-11-01"))
    assert await store.write(lambda tx: tx.reports.claim("daily", "2026-11-02"))
    assert await store.read(lambda tx: tx.reports.last("daily")) == "2026-11-02"
    assert await store.read(lambda tx: tx.reports.last("monthly")) is None


def remember(tx: Transaction, made: Made) -> None:
    tx.reports.remember("daily", "2026-11-01", made)


async def test_the_newest_revision_of_a_report_is_remembered(store: Store) -> None:
    await store.write(lambda tx: tx.reports.claim("daily", "2026-11-01"))
    for made in (Made(1, "a"), Made(2, "b"), Made(1, "a")):
        await store.write(partial(remember, made=made))
    assert await store.read(lambda tx: tx.reports.made("daily", "2026-11-01")) == Made(2, "b")
    assert await store.read(lambda tx: tx.reports.made("daily", "2026-11-02")) is None


async def test_remembering_claims_no_period(store: Store) -> None:
    await store.write(lambda tx: tx.reports.remember("daily", "2026-11-01", Made(1, "a")))
    assert await store.read(lambda tx: tx.reports.last("daily")) is None


async def test_half_a_transaction_is_none(store: Store) -> None:
    def fail(tx: Transaction) -> None:
        tx.incidents.save(incident())
        tx.incidents.note([TimelineEntry(incident=7, at=AT, kind="opened")])
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        await store.write(fail)
    assert await store.read(lambda tx: (tx.incidents.open(), tx.incidents.timeline(7))) == ([], [])


async def test_a_reader_writes_nothing(store: Store) -> None:
    with pytest.raises(StoreError, match="read-only"):
        await store.read(lambda tx: tx.incidents.save(incident(opened=AT + timedelta(days=1))))
    assert await store.read(lambda tx: tx.incidents.last_id()) == 0
