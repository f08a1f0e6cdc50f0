"""Duties on their rhythm, and the wall clock under observation."""

import asyncio

import pytest

from sentinel.base.errors import StoreUnavailable
from sentinel.engine.housekeeping import Duty, Housekeeper
from tests.kit.clock import FakeClock


class House:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.done: list[str] = []
        self.steps: list[float] = []

    def duty(self, name: str, every: float, *, fails: bool = False) -> Duty:
        async def do() -> None:
            self.done.append(name)
            if fails:
                raise RuntimeError(name)

        return Duty(name, every, do)

    def keep(self, *duties: Duty) -> "asyncio.Task[None]":
        return asyncio.create_task(Housekeeper(self.clock, duties, self.steps.append).run())


async def test_each_duty_is_done_on_its_own_rhythm() -> None:
    house = House()
    task = house.keep(house.duty("often", 5), house.duty("rarely", 20))
    await house.clock.advance(seconds=60)
    task.cancel()
    assert 11 <= house.done.count("often") <= 13
    assert 3 <= house.done.count("rarely") <= 4


async def test_a_duty_that_fails_stops_neither_itself_nor_the_others() -> None:
    house = House()
    task = house.keep(house.duty("broken", 5, fails=True), house.duty("fine", 5))
    await house.clock.advance(seconds=12)
    task.cancel()
    assert house.done.count("broken") == house.done.count("fine") >= 2


async def test_a_step_of_the_wall_clock_is_noticed_and_passing_time_is_not() -> None:
    house = House()
    task = house.keep()
    await house.clock.advance(seconds=30)
    assert house.steps == []
    house.clock.step(hours=-1)
    await house.clock.advance(seconds=2)
    house.clock.step(hours=1)
    await house.clock.advance(seconds=2)
    task.cancel()
    assert [round(step) for step in house.steps] == [-3600, 3600]


async def test_a_store_that_is_down_is_told_of_once_per_duty(capsys: pytest.CaptureFixture[str]) -> None:
    house = House()
    down = True

    async def do() -> None:
        house.done.append("look")
        if down:
            raise StoreUnavailable("it is locked")

    task = house.keep(Duty("look", 5, do))
    await house.clock.advance(seconds=30)
    down = False
    await house.clock.advance(seconds=10)
    down = True
    await house.clock.advance(seconds=10)
    task.cancel()
    assert len(house.done) >= 8
    assert capsys.readouterr().out.count("duty.postponed") == 2
