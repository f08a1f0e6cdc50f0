"""Looks between two slots: soon, each check once, bounded, and never where a slot does as well."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.core.cadence import next_slot, offset
from sentinel.core.plan import Limits
from sentinel.core.result import Result
from sentinel.engine.rechecks import APART, Rechecks
from sentinel.engine.runner import Runner
from tests.kit.clock import FakeClock
from tests.kit.probes import HeldProbe, QuickProbe
from tests.kit.scene import check

if TYPE_CHECKING:
    from sentinel.core.check import Check

TWENTY = timedelta(seconds=20)


class Desk:
    """Rechecks whose looks are noted with the second in which they began. `api` has a slot in this very moment."""

    def __init__(self, *names: str, most: int = 10) -> None:
        self.checks = [check(name, recheck=TWENTY) for name in ("api", *names)]
        self.api = self.checks[0]
        self.clock = FakeClock(next_slot(FakeClock().now(), self.api.interval, offset(self.api)))
        self.begun: list[tuple[str, float]] = []
        self._began = self.clock.monotonic()
        self.rechecks = Rechecks(self.clock)
        self.rechecks.plan(self.checks, most)

    async def pass_(self, **by: float) -> None:
        task = asyncio.create_task(self.rechecks.run(self._start))
        await self.clock.advance(**by)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    def _start(self, check: Check) -> None:
        self.begun.append((check.name, self.clock.monotonic() - self._began))


async def test_a_check_that_failed_is_looked_at_again_after_its_own_time() -> None:
    desk = Desk()
    desk.rechecks.ask(desk.api)
    await desk.pass_(seconds=19)
    assert desk.begun == []
    await desk.pass_(seconds=30)
    assert desk.begun == [("api", 20.0)]


async def test_a_check_that_waits_already_is_looked_at_once() -> None:
    desk = Desk()
    desk.rechecks.ask(desk.api)
    desk.rechecks.ask(desk.api)
    await desk.pass_(seconds=59)
    assert (desk.begun, desk.rechecks.waiting) == ([("api", 20.0)], 0)


async def test_a_look_within_a_second_of_the_next_slot_is_left_to_the_slot() -> None:
    desk = Desk()
    await desk.clock.advance(seconds=39)
    desk.rechecks.ask(desk.api)
    assert desk.rechecks.waiting == 0


async def test_a_slot_that_comes_sooner_than_the_look_does_its_work() -> None:
    desk = Desk()
    await desk.clock.advance(seconds=50)
    desk.rechecks.ask(desk.api)
    assert desk.rechecks.waiting == 0


async def test_a_parent_is_looked_at_at_once_even_just_before_its_slot() -> None:
    desk = Desk()
    await desk.clock.advance(seconds=59)
    desk.rechecks.ask(desk.api)
    desk.rechecks.ask(desk.api, after=0)
    await desk.pass_(seconds=0)
    assert desk.begun == [("api", 59.0)]


async def test_a_look_at_once_comes_before_the_one_that_waits_and_instead_of_it() -> None:
    desk = Desk()
    desk.rechecks.ask(desk.api)
    desk.rechecks.ask(desk.api, after=0)
    await desk.pass_(seconds=59)
    assert desk.begun == [("api", 0.0)]


async def test_many_who_ask_for_one_parent_do_not_make_it_run_without_a_pause() -> None:
    desk = Desk()
    for _ in range(50):
        desk.rechecks.ask(desk.api, after=0)
        await desk.pass_(seconds=0.1)
    assert len(desk.begun) <= 5 / APART + 1


async def test_beyond_the_bound_the_next_slot_has_to_do() -> None:
    desk = Desk("b", "c", most=1)
    for asked in desk.checks:
        desk.rechecks.ask(asked, after=20)
    assert (desk.rechecks.waiting, desk.rechecks.skipped.total()) == (1, 2)


async def test_a_check_that_a_plan_drops_is_not_looked_at() -> None:
    desk = Desk("b")
    for asked in desk.checks:
        desk.rechecks.ask(asked, after=20)
    desk.rechecks.plan(desk.checks[1:], 10)
    desk.rechecks.ask(desk.api, after=0)
    await desk.pass_(seconds=30)
    assert desk.begun == [("b", 20.0)]


async def test_a_check_without_rechecks_waits_for_its_slot() -> None:
    desk = Desk()
    for recheck in (timedelta(0), desk.api.interval):
        desk.rechecks.ask(check("api", recheck=recheck))
    assert desk.rechecks.waiting == 0


async def test_a_look_between_slots_says_so_in_its_result_and_is_due_when_it_was_begun() -> None:
    clock, results = FakeClock(), list[Result]()
    runner = Runner(clock, results.append, Limits())
    runner.equip({"api": QuickProbe()}, Limits())
    runner.recheck(check("api"))
    await clock.settle()
    assert [(one.extra, one.scheduled_at) for one in results] == [(True, clock.now())]


async def test_a_run_that_is_under_way_does_as_well_and_nothing_was_skipped() -> None:
    clock, probe = FakeClock(), HeldProbe()
    runner = Runner(clock, lambda _result: None, Limits())
    runner.equip({"api": probe}, Limits())
    runner.submit([check("api", timeout=timedelta(seconds=30))], clock.now())
    runner.recheck(check("api"))
    await clock.settle()
    assert (probe.begun, runner.skipped.total()) == (1, 0)
    probe.let_go()
    await runner.finish(1.0)
