"""A store that stays down: people are told without it. In this process, by a clock that the test moves."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sentinel.app.daemon import Sentinel
from sentinel.app.plans import load_plan
from sentinel.app.verbs import Verbs
from sentinel.base.clock import Clock, SystemClock
from sentinel.core.plan import Plan
from sentinel.engine.pipeline import Pipeline
from sentinel.web.server import WebServer
from tests.kit.broken_store import MissingTable
from tests.kit.clock import FakeClock
from tests.kit.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.kit.stage import Stage


@asynccontextmanager
async def running(stage: Stage, clock: FakeClock) -> AsyncIterator[Pipeline]:
    """A Sentinel of this stage's configuration on the test's own event loop; its pipeline is to be looked at only."""
    stage.daemon.write()
    asked: asyncio.Future[Verbs] = asyncio.get_running_loop().create_future()

    def serve(verbs: Verbs, plan: Plan, clock: Clock) -> WebServer:
        asked.set_result(verbs)
        return WebServer(verbs, plan, clock)

    sentinel = Sentinel(load_plan(stage.daemon.file, {}), {}, serve, clock=clock)
    task = asyncio.create_task(sentinel.run())
    try:
        yield (await asked)._parts.pipeline
    finally:
        sentinel.request_stop()
        while not task.done():
            await clock.advance(seconds=0.5)
            await asyncio.sleep(0.01)
        await task


async def passes(clock: FakeClock, until: Callable[[], object], *, seconds: float) -> None:
    """Let time pass, at most that many seconds, until it is so."""
    for _ in range(round(seconds / 0.5)):
        if until():
            return
        await clock.advance(seconds=0.5)
        await asyncio.sleep(0.005)  # the threads of the store and the sockets are not the clock's
    raise AssertionError(f"not within {seconds} s")


async def test_people_hear_that_the_store_is_down_and_what_was_found_once_it_is_up(stage: Stage) -> None:
    stage.tell("hook", "mail")
    clock = FakeClock(SystemClock().now())  # the timers of the schedule go by the real one
    store = stage.daemon.folder / "state" / "sentinel.db"
    async with running(stage, clock) as pipeline:
        await stage.target.requests.reach(2)
        with MissingTable(store, "incidents"):
            stage.target.fail()
            await eventually(lambda: pipeline.waiting_messages)
            await passes(clock, lambda: pipeline.failing_since, seconds=10)
            began = clock.now()
            await passes(clock, lambda: stage.told() == ["store_down"], seconds=90)
            assert 60 <= (clock.now() - began).total_seconds() <= 75
            await stage.mail.messages.reach(2)
        await passes(clock, lambda: len(stage.told()) == 4, seconds=30)
        assert sorted(stage.told()) == ["opened", "opened", "store_down", "store_up"]
        heard = [request.json() for request in stage.hook.requests]
        assert sorted(one["check"]["name"] for one in heard if one["check"]) == ["api", "sentinel"]
