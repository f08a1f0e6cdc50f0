from __future__ import annotations

import asyncio
from datetime import UTC, timedelta

import pytest

from sentinel.base.clock import Clock, SystemClock
from tests.kit.clock import FakeClock


def test_now_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_the_monotonic_clock_does_not_go_back() -> None:
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()


@pytest.mark.parametrize("seconds", [0, 0.01])
async def test_waiting_ends_when_the_time_is_over(seconds: float) -> None:
    assert not await SystemClock().wait(asyncio.Event(), seconds)


@pytest.mark.parametrize("seconds", [None, 0, 5])
async def test_an_event_that_is_set_is_not_waited_for(seconds: float | None) -> None:
    event = asyncio.Event()
    event.set()
    assert await SystemClock().wait(event, seconds)


async def test_an_event_that_comes_ends_the_waiting() -> None:
    event = asyncio.Event()
    asyncio.get_running_loop().call_soon(event.set)
    async with asyncio.timeout(5):
        assert await SystemClock().wait(event, None)


async def test_a_cancellation_ends_the_waiting() -> None:
    waiting = asyncio.ensure_future(SystemClock().wait(asyncio.Event(), None))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_sleep_lasts_as_long_as_it_should() -> None:
    clock = SystemClock()
    began = clock.monotonic()
    await clock.sleep(0.02)
    assert clock.monotonic() - began >= 0.019


async def sleeper(clock: Clock, seconds: float, woken: list[tuple[float, float]]) -> None:
    began = clock.now()
    await clock.sleep(seconds)
    woken.append((seconds, (clock.now() - began).total_seconds()))


async def test_a_fake_clock_wakes_sleepers_in_the_order_in_which_they_are_due() -> None:
    clock, woken = FakeClock(), list[tuple[float, float]]()
    async with asyncio.TaskGroup() as group:
        for seconds in (30, 10, 20):
            group.create_task(sleeper(clock, seconds, woken))
        await clock.advance(seconds=25)
        assert woken == [(10, 10), (20, 20)]
        await clock.advance(hours=1)
    assert woken[-1] == (30, 30)


async def test_a_step_of_a_fake_clock_wakes_nobody() -> None:
    clock, event = FakeClock(), asyncio.Event()
    before = clock.monotonic()
    waiting = asyncio.ensure_future(clock.wait(event, 60))
    clock.step(hours=2)
    await clock.settle()
    assert (waiting.done(), clock.monotonic()) == (False, before)
    await clock.advance(minutes=1)
    assert not await waiting


async def test_a_fake_clock_lets_an_event_end_the_waiting() -> None:
    clock, event = FakeClock(), asyncio.Event()
    waiting = asyncio.ensure_future(clock.wait(event, 60))
    event.set()
    await clock.settle()
    assert await waiting
    assert clock.now() - FakeClock().now() == timedelta(0)
