"""A process that does not get to run notices it, whoever looks at the time first."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from sentinel.core.sight import STANDSTILL, Gap
from sentinel.engine.stillness import Lost, Stillness
from tests.kit.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def watched(clock: FakeClock) -> AsyncIterator[Stillness]:
    stillness = Stillness(clock)
    task = asyncio.create_task(stillness.run())
    await clock.advance(seconds=10)
    yield stillness
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_process_that_runs_loses_nothing() -> None:
    clock = FakeClock()
    async with watched(clock) as stillness:
        mark = stillness.mark()
        await clock.advance(hours=0.1)
        assert (stillness.since(mark), stillness.lag, stillness.take_worst_lag()) == (Lost(), 0.0, 0.0)


async def test_time_without_a_turn_is_lost_and_told_as_lag_once() -> None:
    clock = FakeClock()
    async with watched(clock) as stillness:
        mark = stillness.mark()
        clock.stall(seconds=3)
        await clock.advance(seconds=5)
        lost = stillness.since(mark)
        assert lost.seconds == lost.longest == pytest.approx(2.95, abs=0.1)
        assert lost.gap is None
        assert [stillness.take_worst_lag() for _ in range(2)] == [pytest.approx(2.95, abs=0.1), 0.0]


async def test_a_run_that_ends_before_the_next_tick_knows_of_the_standstill_already() -> None:
    clock = FakeClock()
    async with watched(clock) as stillness:
        mark = stillness.mark()
        clock.stall(seconds=60)
        lost = stillness.since(mark)
        assert (lost.seconds > 59, lost.gap is not None and lost.gap.stopped) == (True, True)
        await clock.advance(seconds=1)
        assert stillness.since(stillness.mark()) == Lost()


async def test_a_standstill_has_its_times_and_is_no_lag() -> None:
    clock = FakeClock()
    async with watched(clock) as stillness:
        began = clock.now()
        clock.stall(seconds=60)
        await clock.advance(seconds=1)
        gap = stillness.gap
        assert gap is not None
        assert abs((gap.since - began).total_seconds()) < 0.3
        assert (gap.until - gap.since).total_seconds() == pytest.approx(60, abs=0.3)
        assert stillness.take_worst_lag() == 0.0


async def test_a_wall_clock_that_leaps_is_a_host_that_was_suspended() -> None:
    clock = FakeClock()
    stillness = Stillness(clock)  # even without ticks, as when checks are run by hand
    mark, began = stillness.mark(), clock.now()
    clock.step(hours=2)
    assert stillness.since(mark) == Lost(gap=Gap(began, clock.now(), stopped=False))


@pytest.mark.parametrize("step", [-3600.0, -1.0, 1.0, STANDSTILL - 0.1])
async def test_a_clock_that_is_put_right_is_no_standstill(step: float) -> None:
    clock = FakeClock()
    stillness = Stillness(clock)
    clock.step(seconds=step)
    assert (stillness.since(stillness.mark()), stillness.gap) == (Lost(), None)


async def test_a_run_that_began_afterwards_is_not_concerned() -> None:
    clock = FakeClock()
    stillness = Stillness(clock)
    clock.step(hours=2)
    mark = stillness.mark()
    assert stillness.since(mark) == Lost()


async def test_the_longest_wait_is_that_of_the_time_in_question() -> None:
    clock = FakeClock()
    async with watched(clock) as stillness:
        clock.stall(seconds=2)
        await clock.advance(seconds=1)
        mark = stillness.mark()
        for _ in range(3):
            clock.stall(seconds=0.5)
            await clock.advance(seconds=1)
        lost = stillness.since(mark)
        assert (lost.seconds > 1.0, lost.longest < 0.6) == (True, True)
