"""After a restart rules over long windows know what roll-ups hold, and courses what results were like."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.base.units import Unit
from sentinel.core.histogram import Histogram
from sentinel.core.holding import Held
from sentinel.core.matcher import Matcher
from sentinel.core.memories.baseline import BaselineMemory
from sentinel.core.memories.shares import ErrorRateMemory
from sentinel.core.memories.uptime import UptimeMemory
from sentinel.core.result import Result
from sentinel.core.rule import (
    Against,
    Baseline,
    Bounds,
    BurnRate,
    Direction,
    ErrorRate,
    Growth,
    OverTime,
    Quantile,
    Severity,
    Uptime,
)
from sentinel.core.slo import SPAN, Rollup
from sentinel.engine import recovery
from sentinel.engine.baselines import Baselines
from tests.kit.desk import POLICIES, Desk
from tests.kit.scene import broken, check, well

if TYPE_CHECKING:
    from sentinel.core.memories import Memory
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def rollup(clock: FakeClock, ago: timedelta, *, failures: int = 0, down: float = 0.0, value: float = 0.2) -> Rollup:
    """Five minutes of a check once a minute."""
    seconds = SPAN.total_seconds()
    at = clock.now() - ago
    histogram = Histogram()
    for _ in range(5):
        histogram.add(value)
    return Rollup(
        check="api",
        start=at - timedelta(seconds=at.timestamp() % seconds),
        span=SPAN,
        up=seconds - down,
        down=down,
        samples=5,
        failures=failures,
        histogram=histogram.encode(),
    )


async def recalled(store: Store, clock: FakeClock, rule: OverTime, *past: Rollup) -> Memory:
    """The memory of a rule after a restart with these roll-ups behind it."""
    watched = check("api", rules=(rule,))
    await store.write(lambda tx: tx.rollups.add(past))
    found = await recovery.recall(store, [watched], POLICIES, clock.now())
    return found.histories["api"].memories[rule]


async def test_an_error_rate_over_days_survives_a_restart(store: Store, clock: FakeClock) -> None:
    rule = ErrorRate(window=3 * DAY, min_samples=20, bounds=Bounds(critical=0.2))
    past = [rollup(clock, HOUR * ago, failures=ago % 2 * 3) for ago in range(50, 2, -1)]
    memory = await recalled(store, clock, rule, *past)
    assert memory.look().value == pytest.approx(0.3)


async def test_a_quantile_over_a_day_survives_a_restart(store: Store, clock: FakeClock) -> None:
    rule = Quantile(
        reading="response_time",
        unit=Unit.SECONDS,
        quantile=0.5,
        window=DAY,
        min_samples=5,
        bounds=Bounds(critical=1.0),
    )
    memory = await recalled(store, clock, rule, rollup(clock, 30 * HOUR, value=9.0), rollup(clock, 3 * HOUR, value=2.0))
    assert memory.look().value == pytest.approx(2.0, rel=0.02)


async def test_uptime_over_a_quarter_survives_a_restart(store: Store, clock: FakeClock) -> None:
    rule = Uptime(window=90 * DAY, bounds=Bounds(warning=0.999, direction=Direction.BELOW), min_known=0)
    past = [rollup(clock, DAY * ago, down=30.0 if ago == 80 else 0.0) for ago in range(85, 1, -1)]
    memory = await recalled(store, clock, rule, *past)
    assert isinstance(memory, UptimeMemory)
    assert (memory.down, memory.up) == (30.0, 84 * 300 - 30)


async def test_a_burn_over_three_days_survives_a_restart(store: Store, clock: FakeClock) -> None:
    past = [rollup(clock, HOUR * ago, failures=1) for ago in range(60, 3, -1)]
    memory = await recalled(store, clock, BurnRate(objective=0.995), *past)
    look = memory.look()
    assert (look.severity, look.bound) == (Severity.WARNING, 1.0)


async def test_growth_finds_its_points_again_among_the_results(store: Store, clock: FakeClock) -> None:
    rule = Growth(
        reading="response_time", unit=Unit.SECONDS, window=2 * DAY, per=DAY, bounds=Bounds(warning=1.0), falling=False
    )
    times = [clock.now() - timedelta(minutes=number) for number in range(60 * 40, 60, -1)]
    results = [
        (Result(check="api", scheduled_at=at, finished_at=at, measurement=well(10 + 2.0 * number / 1440)), Severity.OK)
        for number, at in enumerate(times)
    ]
    await store.write(lambda tx: tx.results.add(results))
    memory = await recalled(store, clock, rule)
    assert memory.look().value == pytest.approx(2.0, rel=0.02)


async def test_what_an_incident_told_of_is_not_seeded_again(store: Store, clock: FakeClock) -> None:
    """The roll-ups before the end of an incident hold its failures: after a restart the error rate would tell of them again."""
    rule = ErrorRate(window=DAY, min_samples=5, bounds=Bounds(critical=0.2))
    watched = check("api", rules=(rule,))
    async with Desk(store, clock, watched) as desk:
        desk.fail(3)
        desk.pass_(2)
    await store.write(lambda tx: tx.rollups.add([rollup(clock, HOUR * 3, failures=5)]))
    await clock.advance(hours=1)
    after = Desk(store, clock, watched)
    await after.recall()
    async with after:
        after.pass_(6)
        assert after.pipeline.histories["api"].memories[rule].look().value == 0.0


async def test_what_a_window_excused_is_no_sample_after_a_restart_either(store: Store, clock: FakeClock) -> None:
    """Maintenance of yesterday, and of ten minutes ago: the error rate would otherwise open an incident after a restart."""
    rule = ErrorRate(window=DAY, min_samples=5, bounds=Bounds(critical=0.2))
    now = clock.now()
    held = [
        Held(
            window=str(number),
            title="",
            matcher=Matcher(),
            starts_at=now - ago,
            ends_at=now - ago + HOUR / 2,
            expects_down=True,
            by="ada",
            why="",
        )
        for number, ago in enumerate((10 * HOUR, HOUR / 3))
    ]
    await store.write(lambda tx: tx.windows.hold(held))
    times = [now - timedelta(minutes=minutes) for minutes in (15, 12, 9)]
    failed = [
        (Result(check="api", scheduled_at=at, finished_at=at, measurement=broken()), Severity.CRITICAL) for at in times
    ]
    await store.write(lambda tx: tx.results.add(failed))
    past = (rollup(clock, 9.8 * HOUR, failures=5), rollup(clock, 3 * HOUR), rollup(clock, 2 * HOUR))
    memory = await recalled(store, clock, rule, *past)
    assert isinstance(memory, ErrorRateMemory)
    assert (memory.window.samples, memory.window.failures) == (10, 0)


async def test_past_weeks_are_read_when_they_are_due(store: Store, clock: FakeClock) -> None:
    rule = Baseline(window=HOUR, against=Against.WEEKS, bounds=Bounds(warning=1.0), min_samples=5)
    past = [rollup(clock, 7 * DAY * week + timedelta(minutes=20), failures=week - 1) for week in (1, 2, 3)]
    past.append(rollup(clock, 7 * DAY + 3 * HOUR, failures=5))  # at another hour
    await store.write(lambda tx: tx.rollups.add([*past, replace(past[0], check="other")]))
    async with Desk(store, clock, check("api", rules=(rule,))) as desk:
        await Baselines(clock, store, desk.pipeline).refresh()
        memory = desk.pipeline.histories["api"].memories[rule]
        assert isinstance(memory, BaselineMemory)
        assert (memory.before.samples, memory.before.failures) == (15, 3)
        assert memory.due_at == clock.now() + timedelta(minutes=5)
