"""The runner: at most one run of a check, bounds on all of them, and a result for every run that began."""

import asyncio
from datetime import timedelta

from sentinel.core.plan import Limits
from sentinel.core.result import FailureClass, Measurement, Outcome, Result, failed
from sentinel.core.sight import SUSPECT
from sentinel.engine.runner import Runnable, Runner
from tests.kit.clock import FakeClock
from tests.kit.eventually import eventually
from tests.kit.probes import HeldProbe, QuickProbe
from tests.kit.scene import check


class Desk:
    """A runner with its results."""

    def __init__(self, limits: Limits = Limits(), **probes: Runnable) -> None:
        self.clock = FakeClock()
        self.results: list[Result] = []
        self.runner = Runner(self.clock, self.results.append, limits)
        self.runner.equip(probes, limits)

    def due(self, *names: str, timeout: float = 30.0) -> None:
        checks = [check(name, timeout=timedelta(seconds=timeout)) for name in names]
        self.runner.submit(checks, self.clock.now())


async def test_a_run_ends_in_a_result_for_its_slot() -> None:
    desk = Desk(api=QuickProbe())
    desk.due("api")
    await desk.clock.settle()
    assert [(r.check, r.scheduled_at, r.outcome) for r in desk.results] == [("api", desk.clock.now(), Outcome.PASS)]


async def test_a_check_that_still_runs_is_not_started_again_and_the_skip_is_counted() -> None:
    probe = HeldProbe()
    desk = Desk(api=probe)
    desk.due("api")
    await desk.clock.settle()
    desk.due("api")
    await desk.clock.settle()
    assert (probe.begun, desk.runner.skipped["overrun"]) == (1, 1)
    probe.let_go()
    await desk.clock.settle()
    desk.due("api")
    await desk.clock.settle()
    assert probe.begun == 2


async def test_no_more_probes_run_at_once_than_allowed_and_the_others_follow() -> None:
    probe = HeldProbe()
    names = [f"c{n}" for n in range(5)]
    desk = Desk(Limits(concurrency=2), **dict.fromkeys(names, probe))
    desk.due(*names)
    await desk.clock.settle()
    assert (probe.now, desk.runner.waiting) == (2, 3)
    probe.let_go()
    await desk.clock.settle()
    assert (len(desk.results), probe.most, desk.runner.waiting) == (5, 2, 0)


async def test_a_slow_host_does_not_take_the_places_of_others() -> None:
    slow, other = HeldProbe(host="slow.example"), QuickProbe()
    desk = Desk(Limits(concurrency=10, per_host=2), a=slow, b=slow, c=slow, d=slow, other=other)
    desk.due("a", "b", "c", "d", "other")
    await desk.clock.settle()
    assert slow.now == 2
    assert [r.check for r in desk.results] == ["other"]
    slow.let_go()
    await desk.clock.settle()
    assert (len(desk.results), slow.most) == (5, 2)


async def test_a_probe_that_crashes_is_an_unknown_result_that_names_no_value() -> None:
    def crash() -> Measurement:
        raise RuntimeError("token=hunter2")

    desk = Desk(api=QuickProbe(crash))
    desk.due("api")
    await desk.clock.settle()
    measurement = desk.results[0].measurement
    assert (measurement.outcome, measurement.failure) == (Outcome.UNKNOWN, FailureClass.INTERNAL_ERROR)
    assert measurement.explanation == "the probe crashed with RuntimeError"


async def test_a_probe_that_ignores_its_deadline_is_cancelled() -> None:
    probe = HeldProbe()
    desk = Desk(api=probe)
    desk.due("api", timeout=0.01)
    await eventually(lambda: desk.results)
    assert desk.results[0].measurement.failure is FailureClass.INTERNAL_ERROR
    assert probe.now == 0


class LateProbe(QuickProbe):
    """Its time-out is noticed long after its deadline, as on a host that has no time."""

    async def measure(self, deadline: float) -> Measurement:
        loop = asyncio.get_running_loop()
        noticed: asyncio.Future[None] = loop.create_future()
        loop.call_at(deadline + SUSPECT + 0.05, noticed.set_result, None)
        await noticed
        return failed(FailureClass.READ_TIMEOUT, "no answer in time", note={"read": 7})


async def test_a_time_out_that_this_host_was_late_to_notice_accuses_nobody_and_keeps_the_note() -> None:
    desk = Desk(api=LateProbe())
    desk.due("api", timeout=0.01)
    await eventually(lambda: desk.results)
    found = desk.results[0].measurement
    assert (found.outcome, found.failure, found.note) == (Outcome.UNKNOWN, FailureClass.OVERLOADED, {"read": 7})


async def test_a_stop_cancels_what_does_not_end_in_time_and_gives_no_result_for_it() -> None:
    probe = HeldProbe()
    desk = Desk(Limits(concurrency=1), a=probe, b=probe)
    desk.due("a", "b")
    await desk.clock.settle()
    await desk.runner.stop(grace=0.01)
    assert (probe.begun, probe.now, desk.results) == (1, 0, [])


async def test_a_check_without_a_probe_is_passed_over() -> None:
    desk = Desk()
    desk.due("gone")
    await desk.clock.settle()
    assert desk.results == []


async def test_a_host_that_hangs_leaves_places_for_others_when_all_were_taken() -> None:
    hung, good = HeldProbe(host="hung.example"), HeldProbe(host="good.example")
    probes = {f"h{n}": hung for n in range(12)} | {f"g{n}": good for n in range(12)}
    desk = Desk(Limits(concurrency=6, per_host=4), **probes)
    desk.due(
        *(
            name
            for pair in zip((f"h{n}" for n in range(12)), (f"g{n}" for n in range(12)), strict=True)
            for name in pair
        )
    )
    await desk.clock.settle()
    good.let_go()
    await desk.clock.settle()
    assert {result.check for result in desk.results} == {f"g{n}" for n in range(12)}
    assert hung.now == 4
    hung.let_go()
    await desk.clock.settle()
    assert len(desk.results) == 24


async def test_a_run_that_is_asked_for_is_delivered_as_any_other_and_answered() -> None:
    desk = Desk(api=QuickProbe())
    result = await desk.runner.run_now(check("api"))
    assert desk.results == [result]


async def test_a_run_that_is_asked_for_while_one_is_under_way_is_that_one() -> None:
    probe = HeldProbe()
    desk = Desk(api=probe)
    desk.due("api")
    asked = asyncio.create_task(desk.runner.run_now(check("api")))
    await desk.clock.settle()
    probe.let_go()
    result = await asked
    assert (probe.begun, desk.results, desk.runner.skipped["overrun"]) == (1, [result], 0)


async def test_a_run_that_a_stop_cut_short_has_no_result() -> None:
    desk = Desk(api=HeldProbe())
    asked = asyncio.create_task(desk.runner.run_now(check("api")))
    await desk.clock.settle()
    await desk.runner.stop(0.0)
    assert (await asked, await desk.runner.run_now(check("api"))) == (None, None)
