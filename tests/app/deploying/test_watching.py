"""A watch is judged by what the store holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from sentinel.app.deploying.watching import judged
from sentinel.base.redact import Secret
from sentinel.core.deployment.deployment import Deployment, Ending, Judged, Phase, Watch
from sentinel.core.deployment.plan import Baseline, WatchPlan
from sentinel.core.holding import Held
from sentinel.core.matcher import Matcher
from sentinel.core.plan import StorePlan
from sentinel.core.result import Result
from sentinel.core.rule import Severity
from sentinel.store.database import Store
from tests.kit.clock import FakeClock
from tests.kit.scene import NOW, broken, check, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

MINUTE, WEEK = timedelta(minutes=1), timedelta(days=7)
BEGAN = NOW  # of the watch
STARTED = BEGAN - 10 * MINUTE
POINTS = (5 * MINUTE, 15 * MINUTE)
DEPLOYMENT = Deployment(
    id=2,
    system="payroll",
    version="2.4.1",
    by="ada",
    started_at=STARTED,
    window_ends_at=BEGAN,
    phase=Phase.WATCHING,
    watch=Watch(began_at=BEGAN, lasts=15 * MINUTE, points=POINTS),
)
CHECKS = [check(f"api-{n}") for n in range(4)]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), FakeClock(NOW))
    yield opened
    await opened.close()


def found(since: datetime, until: datetime, every: timedelta, seconds: float, failing: float = 0.0) -> Iterator[Result]:
    """What all checks find, some by chance."""
    random = Random(since.isoformat())
    for number in range(int((until - since) / every)):
        at = since + number * every
        for one in CHECKS:
            good = random.random() >= failing
            measurement = well(seconds * random.lognormvariate(0, 0.1)) if good else broken()
            yield Result(check=one.name, scheduled_at=at, finished_at=at, measurement=measurement)


async def keep(store: Store, *stretches: Iterator[Result]) -> None:
    rows = [(one, Severity.OK) for stretch in stretches for one in stretch]
    await store.write(lambda tx: tx.results.add(rows))


def before(seconds: float = 0.2, length: timedelta = 2 * 60 * MINUTE) -> Iterator[Result]:
    return found(STARTED - length, STARTED, MINUTE, seconds)


def since(seconds: float = 0.2, failing: float = 0.0) -> Iterator[Result]:
    return found(BEGAN, BEGAN + 5 * MINUTE, MINUTE / 6, seconds, failing)


async def at_the_first_point(store: Store, plan: WatchPlan = WatchPlan()) -> Judged:
    return (await judged(store, DEPLOYMENT, plan, CHECKS, BEGAN + POINTS[0])).judged


async def test_a_release_like_the_one_before_passes(store: Store) -> None:
    await keep(store, before(), since())
    assert await at_the_first_point(store) is Judged.PASS


async def test_a_slower_one_fails(store: Store) -> None:
    await keep(store, before(), since(0.35))
    judgement = await judged(store, DEPLOYMENT, WatchPlan(), CHECKS, BEGAN + POINTS[0])
    assert (judgement.judged, judgement.final, judgement.after) == (Judged.FAIL, False, 5 * MINUTE)


async def test_the_looks_of_the_deployment_itself_are_on_neither_side(store: Store) -> None:
    await keep(store, before(), found(STARTED, BEGAN, MINUTE, 5.0, failing=0.9), since())
    assert await at_the_first_point(store) is Judged.PASS


async def test_where_there_is_too_little_the_baseline_reaches_further_back(store: Store) -> None:
    hours_ago = found(STARTED - 8 * 60 * MINUTE, STARTED - 6 * 60 * MINUTE, MINUTE, 0.2)
    await keep(store, hours_ago, since(0.35))
    assert await at_the_first_point(store) is Judged.FAIL


async def test_without_a_past_it_is_inconclusive(store: Store) -> None:
    await keep(store, since())
    assert await at_the_first_point(store) is Judged.INCONCLUSIVE


async def test_what_a_window_covers_counts_on_no_side(store: Store) -> None:
    await keep(store, before(), since(failing=0.9))
    covered = Held(
        window="7",
        title="",
        matcher=Matcher(),
        starts_at=BEGAN + MINUTE / 6,
        ends_at=BEGAN + 60 * MINUTE,
        expects_down=False,
        by="ada",
        why="",
    )
    await store.write(lambda tx: tx.windows.hold([covered]))
    assert await at_the_first_point(store) is Judged.INCONCLUSIVE


async def test_it_may_be_compared_with_the_same_time_a_week_ago(store: Store) -> None:
    slow_week = found(BEGAN - WEEK - 60 * MINUTE, BEGAN - WEEK + 60 * MINUTE, MINUTE, 0.35)
    await keep(store, slow_week, before(0.2), since(0.35))
    assert await at_the_first_point(store, WatchPlan(baseline=Baseline.WEEK)) is Judged.PASS
    assert await at_the_first_point(store) is Judged.FAIL


async def test_the_last_point_is_final(store: Store) -> None:
    await keep(store, before(), since())
    assert (await judged(store, DEPLOYMENT, WatchPlan(), CHECKS, BEGAN + POINTS[1])).final
    assert (await judged(store, DEPLOYMENT, WatchPlan(), CHECKS, BEGAN + POINTS[0], final=True)).final


async def test_a_release_that_was_undone_is_no_measure(store: Store) -> None:
    """The one before was as slow, and was rolled back a quarter of an hour ago."""
    undone = replace(
        DEPLOYMENT,
        id=1,
        watch=None,
        started_at=STARTED - 120 * MINUTE,
        phase=Phase.ENDED,
        ending=Ending.ROLLED_BACK,
        ended_at=STARTED - 15 * MINUTE,
    )
    hours_ago = found(STARTED - 240 * MINUTE, undone.started_at, MINUTE, 0.2)
    await keep(store, hours_ago, found(undone.started_at, STARTED, MINUTE, 0.35), since(0.35))
    assert await at_the_first_point(store) is Judged.PASS
    await store.write(lambda tx: tx.deployments.save(undone))
    assert await at_the_first_point(store) is Judged.FAIL


async def test_a_release_that_failed_is_no_measure_for_its_second_try(store: Store) -> None:
    """The bad one runs on until it is tried again: compared with itself it would pass."""
    began = STARTED - 20 * MINUTE
    tried = replace(DEPLOYMENT, id=1, watch=None, started_at=began, phase=Phase.ENDED, ending=Ending.FAILED)
    await store.write(lambda tx: tx.deployments.save(replace(tried, ended_at=began + 8 * MINUTE)))
    await keep(
        store, found(began - 120 * MINUTE, began, MINUTE, 0.2), found(began, STARTED, MINUTE / 6, 0.35), since(0.35)
    )
    assert await at_the_first_point(store) is Judged.FAIL
