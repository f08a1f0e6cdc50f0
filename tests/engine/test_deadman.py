"""The heartbeat to the outside, with a real receiver: it beats while all is well, and only then."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from sentinel.base.redact import Secret
from sentinel.channels.watcher import HttpWatcher
from sentinel.core.auditor import Audit, Flaw, Lapse
from sentinel.core.plan import HeartbeatPlan
from sentinel.engine.deadman import DeadMan
from tests.kit.clock import FakeClock
from tests.kit.http_receiver import Answer, Drop, HttpReceiver
from tests.kit.ports import refusing_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sentinel.engine.auditor import Auditor

PATH = "/ping/canary-token"


@dataclass
class Answered:
    """An auditor that has just found this."""

    last: Audit | None
    patience = timedelta(seconds=80)


@pytest.fixture
async def watcher() -> AsyncIterator[HttpReceiver]:
    async with HttpReceiver() as receiver:
        yield receiver


def deadman(clock: FakeClock, audit: Audit | None, port: int, timeout: float = 5.0) -> tuple[DeadMan, HeartbeatPlan]:
    url = Secret(f"http://127.0.0.1:{port}{PATH}")
    plan = HeartbeatPlan(url=url, every=timedelta(seconds=60), timeout=timedelta(seconds=timeout))
    auditor = cast("Auditor", Answered(audit))
    return DeadMan(clock, auditor, lambda: plan, lambda plan: HttpWatcher(plan.url, plan.timeout)), plan


async def test_it_beats_while_the_auditor_finds_nothing(clock: FakeClock, watcher: HttpReceiver) -> None:
    heart, plan = deadman(clock, Audit(at=clock.now()), watcher.port)
    await heart.beat(plan)
    assert [(request.method, request.target) for request in watcher.requests] == [("GET", PATH)]
    assert heart.beats.sent_at == clock.now()


@pytest.mark.parametrize(
    "flaws", [(Flaw(lapse=Lapse.STALLED, what="incident 7 stands still"),), None], ids=["a flaw", "no audit"]
)
async def test_it_is_withheld_when_something_is_overdue(
    clock: FakeClock, watcher: HttpReceiver, flaws: tuple[Flaw, ...] | None
) -> None:
    heart, plan = deadman(clock, None if flaws is None else Audit(at=clock.now(), flaws=flaws), watcher.port)
    await heart.beat(plan)
    assert not list(watcher.requests)
    assert heart.beats.withheld in ("incident 7 stands still", "nothing was audited yet")


async def test_it_is_withheld_when_the_auditor_itself_stands_still(clock: FakeClock, watcher: HttpReceiver) -> None:
    heart, plan = deadman(clock, Audit(at=clock.now()), watcher.port)
    clock.step(seconds=81)
    await heart.beat(plan)
    assert not list(watcher.requests)
    assert heart.beats.withheld.startswith("the last audit was at")


async def test_a_redirect_is_not_followed(clock: FakeClock, watcher: HttpReceiver) -> None:
    watcher.answer = Answer(status=302, headers={"Location": f"{watcher.url}/elsewhere"})
    heart, plan = deadman(clock, Audit(at=clock.now()), watcher.port)
    await heart.beat(plan)
    assert len(watcher.requests) == 1
    assert heart.beats.problem == "the receiver answered 302"


async def test_a_receiver_that_is_silent_costs_a_bounded_time(clock: FakeClock, watcher: HttpReceiver) -> None:
    watcher.answer = Answer(after=asyncio.Event())
    heart, plan = deadman(clock, Audit(at=clock.now()), watcher.port, timeout=0.2)
    async with asyncio.timeout(5.0):
        await heart.beat(plan)
    assert heart.beats.problem == "no answer within 0.2 s"


async def test_what_goes_wrong_names_no_secret(
    clock: FakeClock, watcher: HttpReceiver, capsys: pytest.CaptureFixture[str]
) -> None:
    watcher.answer = Drop(reset=True)
    heart, plan = deadman(clock, Audit(at=clock.now()), watcher.port)
    await heart.beat(plan)
    with refusing_port() as port:
        heart, plan = deadman(clock, Audit(at=clock.now()), port)
        await heart.beat(plan)
    assert heart.beats.problem.startswith("it could not be delivered")
    assert "canary-token" not in heart.beats.problem + repr(plan) + "".join(capsys.readouterr())


async def test_it_goes_on_when_the_receiver_is_back(clock: FakeClock, watcher: HttpReceiver) -> None:
    watcher.next_answers.append(Answer(status=500))
    heart, plan = deadman(clock, Audit(at=clock.now()), watcher.port)
    await heart.beat(plan)
    assert heart.beats.problem == "the receiver answered 500"
    await heart.beat(plan)
    assert heart.beats.problem == ""


async def test_its_loop_beats_at_the_rhythm_of_the_plan(clock: FakeClock, watcher: HttpReceiver) -> None:
    heart, _ = deadman(clock, Audit(at=clock.now()), watcher.port)
    running = asyncio.create_task(heart.run())
    await clock.advance(seconds=59)
    assert not list(watcher.requests)
    await clock.advance(seconds=1)
    await watcher.requests.reach(1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
