"""Duties on their rhythm, and the wall clock under observation."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel.base.errors import StoreUnavailable
from sentinel.base.redact import Secret
from sentinel.base.units import Unit
from sentinel.core.plan import StorePlan
from sentinel.core.result import Result, passed
from sentinel.core.rule import Severity
from sentinel.core.slo import SPAN, Rollup, Sums
from sentinel.engine.housekeeping import DAY, HOUR, PURGE_ROWS, Duty, Housekeeper, Retention
from sentinel.store.database import Store
from tests.kit.clock import FakeClock

PLAN = StorePlan(url=Secret("sqlite:///nowhere.db"))


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


# --- What is kept, and what is summed up -----------------------------------------------------------------------------


def results(clock: FakeClock, count: int, age: timedelta) -> list[tuple[Result, Severity]]:
    first = clock.now() - age
    moments = [first + timedelta(milliseconds=n) for n in range(count)]
    return [(Result(check="api", scheduled_at=at, finished_at=at, measurement=passed()), Severity.OK) for at in moments]


async def test_checks_are_written_down_while_old_results_are_deleted(store: Store, clock: FakeClock) -> None:
    """A purge waits for its turn at the writer like everybody else, and takes a small bite each time."""
    old = results(clock, 6 * PURGE_ROWS, 9 * DAY)
    await store.write(lambda tx: tx.results.add(old))
    purge = asyncio.create_task(Retention(clock, store).purge(PLAN))
    between = 0
    while not purge.done():
        fresh = results(clock, 1, timedelta(minutes=between))
        await store.write(lambda tx, fresh=fresh: tx.results.add(fresh))  # type: ignore[misc]  # bound per round
        between += 1
    await purge
    kept = await store.read(lambda tx: tx.results.since(clock.now() - 30 * DAY))
    assert len(kept) == between
    assert between >= 6


def spans(clock: FakeClock, check: str, days: int) -> list[Rollup]:
    """One roll-up in each hour of the days before today."""
    midnight = clock.now().replace(hour=0)
    sums = {"rows": Sums(2, 8.0, 3.0, 5.0, Unit.COUNT)}
    starts = [midnight - HOUR * n for n in range(1, 24 * days + 1)]
    return [Rollup(check=check, start=start, span=SPAN, up=300.0, samples=2, readings=sums) for start in starts]


async def test_hours_and_days_that_are_over_are_made_whenever_they_are_missing(store: Store, clock: FakeClock) -> None:
    """After a standstill, too, and of days that an earlier release never made."""
    await store.write(lambda tx: tx.rollups.add(spans(clock, "api", 6)))
    await Retention(clock, store).condense(PLAN)
    since, until = clock.now() - 30 * DAY, clock.now()
    found = await store.read(lambda tx: tx.rollups.per_check("api", since, until, DAY))
    assert len(found) == 6
    assert {(day.samples, day.up, day.readings["rows"].total) for day in found} == {(48, 7200.0, 192.0)}


async def test_a_turn_of_condensing_is_bounded_and_the_next_one_goes_on(store: Store, clock: FakeClock) -> None:
    start = clock.now() - 2 * HOUR
    spans = [
        Rollup(check=f"check-{n}", start=start + HOUR * h, span=SPAN, up=300.0) for h in (0, 1) for n in range(2600)
    ]
    await store.write(lambda tx: tx.rollups.add(spans[:2600]))
    await store.write(lambda tx: tx.rollups.add(spans[2600:]))
    made = []
    for _ in range(2):
        clock.step(minutes=10)
        await Retention(clock, store).condense(PLAN)
        rows = await store.read(lambda tx: tx.rollups.summed(start, start + HOUR))
        left = await store.read(lambda tx: tx.rollups.uncondensed(start, start + 2 * HOUR))
        made.append((len(rows), len(left)))
    assert made == [(2600, 1), (2600, 0)]


async def test_days_that_are_not_kept_are_not_made_again_and_again(store: Store, clock: FakeClock) -> None:
    await store.write(lambda tx: tx.rollups.add(spans(clock, "api", 6)))
    plan, retention = replace(PLAN, keep_days=3 * DAY), Retention(clock, store)
    for _ in range(2):
        await retention.condense(plan)
        oldest = await store.read(lambda tx: tx.rollups.earliest(DAY))
        await retention.purge(plan)
        assert await store.read(lambda tx: tx.rollups.earliest(DAY)) == oldest


async def test_each_class_is_kept_for_as_long_as_the_plan_says(store: Store, clock: FakeClock) -> None:
    await store.write(lambda tx: tx.rollups.add(spans(clock, "api", 4)))
    await Retention(clock, store).condense(PLAN)
    plan = replace(PLAN, keep_rollups=1 * DAY, keep_hours=2 * DAY, keep_days=3 * DAY)
    await Retention(clock, store).purge(plan)
    oldest = [await store.read(lambda tx, span=span: tx.rollups.earliest(span)) for span in (SPAN, HOUR, DAY)]  # type: ignore[misc]
    midnight = clock.now().replace(hour=0)
    assert oldest == [clock.now() - DAY, clock.now() - 2 * DAY, midnight - 2 * DAY]


async def test_checking_goes_on_when_partitions_are_not_needed(store: Store, clock: FakeClock) -> None:
    await Retention(clock, store).prepare()
    assert await store.read(lambda tx: tx.results.last()) == {}
