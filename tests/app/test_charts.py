"""Readings for charts, from a real store."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import pytest

from sentinel.app.charts import REST, Charts
from sentinel.base.redact import Secret
from sentinel.base.units import Unit
from sentinel.core.cadence import slots
from sentinel.core.check import Check
from sentinel.core.plan import StorePlan
from sentinel.core.result import Reading, Result, passed
from sentinel.core.rule import Severity
from sentinel.core.series import MOST_POINTS
from sentinel.store.database import Store
from tests.kit.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sentinel.store.database import Transaction

T = TypeVar("T")

MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    opened = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), clock)
    yield opened
    await opened.close()


@pytest.fixture
async def charts(store: Store, clock: FakeClock) -> Charts:
    """Of two checks that ran every minute for 10 hours."""
    made = Charts(clock)
    made.use(store)
    checks = [
        Check(name=name, kind="http", interval=MINUTE, timeout=MINUTE, main="response_time") for name in ("api", "web")
    ]
    made.plan(checks)
    results = [
        Result(
            check=check.name,
            scheduled_at=at,
            finished_at=at,
            measurement=passed([Reading("response_time", float(n), Unit.SECONDS), Reading("size", 7.0, Unit.BYTES)]),
        )
        for check in checks
        for n, at in enumerate(slots(check, clock.now() - timedelta(hours=10), clock.now(), 600))
    ]
    await store.write(lambda tx: tx.results.add([(result, Severity.OK) for result in results]))
    return made


async def test_the_main_reading_of_one_check_between_two_moments(charts: Charts, clock: FakeClock) -> None:
    found = await charts.series("api", "", clock.now() - 30 * MINUTE, clock.now() - 10 * MINUTE)
    assert found is not None
    assert (found.reading, found.unit) == ("response_time", Unit.SECONDS)
    assert [point.value for point in found.points] == [float(n) for n in range(570, 590)]


async def test_what_was_asked_for_between_two_slots_is_shown_of_the_last_minutes(
    charts: Charts, store: Store, clock: FakeClock
) -> None:
    at = clock.now() - timedelta(seconds=7)
    again = Result(
        check="api",
        scheduled_at=at,
        finished_at=at,
        measurement=passed([Reading("response_time", 4711.0, Unit.SECONDS)]),
        extra=True,
    )
    await store.write(lambda tx: tx.results.add([(again, Severity.CRITICAL)]))
    found = await charts.series("api", "", clock.now() - timedelta(hours=1), clock.now())
    assert found is not None
    assert [point.value for point in found.points if point.severity is Severity.CRITICAL] == [4711.0]


async def test_another_reading_is_found_by_its_name(charts: Charts, clock: FakeClock) -> None:
    found = await charts.series("api", "size", clock.now() - 30 * MINUTE, clock.now())
    assert found is not None
    assert found.unit is Unit.BYTES


async def test_a_long_time_is_thinned_and_keeps_its_peak(charts: Charts, clock: FakeClock) -> None:
    found = await charts.series("api", "", clock.now() - timedelta(hours=12), clock.now())
    assert found is not None
    assert len(found.points) <= MOST_POINTS
    assert max(point.value or 0.0 for point in found.points) == 599.0


@pytest.mark.parametrize(("check", "reading"), [("nobody", ""), ("api", "nothing")])
async def test_what_nobody_measured_has_no_series(charts: Charts, clock: FakeClock, check: str, reading: str) -> None:
    assert await charts.series(check, reading, clock.now() - timedelta(hours=1), clock.now()) is None


async def test_a_store_that_fails_costs_the_chart_and_nothing_else(
    charts: Charts, store: Store, clock: FakeClock
) -> None:
    await store.close()
    assert await charts.series("api", "", clock.now() - timedelta(hours=1), clock.now()) is None


class Slow:
    """A store that takes a second."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.asked = 0
        self._store = store
        self._clock = clock

    async def read(self, work: Callable[[Transaction], T], within: float | None = None) -> T:
        self.asked += 1
        self._clock.stall(seconds=1)
        return await self._store.read(work, within)


async def test_after_a_slow_answer_the_store_is_left_alone_for_a_while(
    charts: Charts, store: Store, clock: FakeClock
) -> None:
    hour = clock.now() - timedelta(hours=1), clock.now()
    slow = Slow(store, clock)
    charts.use(slow)
    assert await charts.series("api", "", *hour) is not None
    assert await charts.series("api", "", *hour) is None
    await clock.advance(seconds=REST + 1)
    assert await charts.series("api", "", *hour) is not None
    assert slow.asked == 2
