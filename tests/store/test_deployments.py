"""Deployments in the store: what comes back, what goes on, and what is forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.core.deployment.deployment import Deployment, Ending, Entry, Phase
from tests.core.deployment.test_life import STARTED, watched

if TYPE_CHECKING:
    from sentinel.store.database import Store

DAY = timedelta(days=1)
NOW = STARTED.started_at


def over(number: int, days_ago: int, system: str = "payroll") -> Deployment:
    ended_at = NOW - days_ago * DAY
    return replace(
        STARTED,
        id=number,
        system=system,
        phase=Phase.ENDED,
        ending=Ending.PASSED,
        started_at=ended_at,
        ended_at=ended_at,
    )


async def test_a_deployment_comes_back_as_it_was(store: Store) -> None:
    await store.write(lambda tx: tx.deployments.save(STARTED, replace(watched(), id=13)))
    assert await store.read(lambda tx: tx.deployments.get(12)) == STARTED
    assert await store.read(lambda tx: tx.deployments.unfinished()) == [STARTED, replace(watched(), id=13)]


async def test_the_timeline_is_in_the_order_of_time(store: Store) -> None:
    lines = [Entry(deployment=12, at=NOW + n * DAY, kind="note", by="ann", text=f"{n}", took=n * DAY) for n in (2, 1)]
    await store.write(lambda tx: tx.deployments.note(lines))
    assert await store.read(lambda tx: tx.deployments.timeline(12)) == lines[::-1]


async def test_of_a_long_timeline_its_beginning_and_its_end_are_read(store: Store) -> None:
    lines = [Entry(deployment=12, at=NOW + n * DAY, kind="note", text=f"{n}") for n in range(12)]
    await store.write(lambda tx: tx.deployments.note(lines))
    for limit, texts in ((5, "0 1 9 10 11"), (11, "0 1 2 3 4 6 7 8 9 10 11"), (12, "0 1 2 3 4 5 6 7 8 9 10 11")):
        found = await store.read(lambda tx, limit=limit: tx.deployments.timeline(12, limit))  # type: ignore[misc]  # as below
        assert " ".join(entry.text for entry in found) == texts
    assert await store.read(lambda tx: tx.deployments.lines(12)) == 12


async def test_old_ones_are_forgotten_with_their_timelines_but_not_the_last_of_a_system(store: Store) -> None:
    every = (over(1, 30), over(2, 20), over(3, 10), over(4, 30, "hr"), replace(STARTED, id=5, system="till"))
    lines = [Entry(deployment=one.id, at=NOW, kind="started") for one in every]
    await store.write(lambda tx: tx.deployments.save(*every))
    await store.write(lambda tx: tx.deployments.note(lines))
    assert await store.write(lambda tx: tx.deployments.purge(NOW - 15 * DAY, 10)) == 2
    known = await store.read(lambda tx: tx.deployments.between(NOW - 99 * DAY, NOW + DAY))
    assert [one.id for one in known] == [5, 4, 3]
    assert [await store.read(lambda tx, n=n: len(tx.deployments.timeline(n))) for n in (1, 2, 3, 4)] == [0, 0, 1, 1]  # type: ignore[misc]  # mypy cannot infer a lambda with a default


async def test_no_more_than_asked_are_forgotten_at_once(store: Store) -> None:
    await store.write(lambda tx: tx.deployments.save(*(over(number, 40 - number) for number in range(1, 9))))
    assert await store.write(lambda tx: tx.deployments.purge(NOW, 3)) == 3
    assert [one.id for one in await store.read(lambda tx: tx.deployments.between(NOW - 99 * DAY, NOW))] == [
        8,
        7,
        6,
        5,
        4,
    ]


async def test_those_that_ended_since_a_moment_come_with_their_ends_the_earliest_first(store: Store) -> None:
    await store.write(lambda tx: tx.deployments.save(over(1, 3), over(2, 1, "hr"), over(3, 2), STARTED))
    assert await store.read(lambda tx: tx.deployments.ended(NOW - 2 * DAY)) == [
        (3, "payroll", NOW - 2 * DAY),
        (2, "hr", NOW - DAY),
    ]
