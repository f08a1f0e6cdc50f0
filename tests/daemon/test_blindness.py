"""What Sentinel cannot see for reasons of its own accuses nobody: no network, a process that was stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.kit.eventually import eventually
from tests.kit.http_receiver import Answer
from tests.kit.stage import check
from tests.kit.theatre import story

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.kit.stage import Stage

#: Only the C library reads this as 127.0.0.1. To Sentinel it is a name like any other, beyond the network.
BEYOND = "127.1"

FAR_AWAY = Answer(after=asyncio.Event())  # for ever


@story
async def test_while_no_beacon_answers_no_target_is_accused_and_afterwards_it_is(stage: Stage) -> None:
    """N18: the network of this host is gone, with everything behind it; then it is back, and the target is not."""
    stage.checks(check("api", f"http://{BEYOND}:{stage.target.port}/"))
    beacon = stage.slack  # a server with nothing else to do in this story
    stage.daemon.config["connectivity"] = {
        "targets": [f"http://{BEYOND}:{beacon.port}/"],
        "every": "1s",
        "timeout": "200ms",
    }
    stage.target.answer = beacon.answer = FAR_AWAY
    await stage.daemon.start()
    await stage.daemon.shows(lambda status: "no beacon answers" in str(status))
    asked = len(stage.target.requests)
    await stage.target.requests.until(lambda requests: len(requests) > asked + 5)
    assert stage.daemon.ledger.incidents() == []
    beacon.answer = Answer()
    await stage.hears("opened")
    stage.target.recover()
    await stage.hears("opened", "resolved")
    await stage.settles()
    assert stage.faults == []


@story
async def test_a_process_that_was_stopped_accuses_nobody_and_looks_once_at_what_it_missed(stage: Stage) -> None:
    """P13: SIGSTOP in the middle of a run, SIGCONT after a while."""
    stage.checks(check("api", stage.target.url, every="1s", open_after=1))
    await stage.daemon.start()
    await stage.target.requests.until(lambda requests: len(requests) > 1)
    stage.target.answer = FAR_AWAY
    asked = len(stage.target.requests)
    await stage.target.requests.until(lambda requests: len(requests) > asked)
    stage.daemon.process.send(signal.SIGSTOP)
    await asyncio.sleep(6)
    stage.target.recover()
    asked = len(stage.target.requests)
    stage.daemon.process.send(signal.SIGCONT)
    await asyncio.sleep(0.5)
    assert len(stage.target.requests) - asked <= 2
    await eventually(lambda: any(line["event"] == "host.stood_still" for line in stage.daemon.log))
    await stage.target.requests.until(lambda requests: len(requests) > asked + 2)
    status = await stage.daemon.shows(lambda status: status["checks"][0]["severity"] == "OK")
    assert (status["own"]["runs"]["fail"], status["own"]["runs"]["unknown"]) == (0, 1)
    assert stage.daemon.ledger.incidents() == []


@story
async def test_a_check_that_fails_is_looked_at_again_before_its_next_slot(stage: Stage) -> None:
    stage.target.fail()
    stage.checks(check("api", stage.target.url, every="30s", open_after=3, recheck="300ms"))
    await stage.daemon.start()
    await stage.hears("opened", within=20.0)  # the first look comes within 10 s
    assert len(stage.target.requests) == 3
    stage.target.recover()


@story
async def test_a_host_whose_processor_is_taken_by_others_accuses_nobody(stage: Stage) -> None:
    """O09: eight programs that do nothing but count share one processor with Sentinel. Late is not down."""
    stage.checks(*(check(f"api{n}", stage.target.url, every="1s", open_after=1) for n in range(40)))
    await stage.daemon.start()
    await stage.target.requests.until(lambda requests: len(requests) > 40)
    async with crowded(stage.daemon.pid, programs=8):
        await asyncio.sleep(4)
    asked = len(stage.target.requests)
    await stage.target.requests.until(lambda requests: len(requests) > asked + 40)
    status = await stage.daemon.status()
    assert status["own"]["runs"]["fail"] == 0
    assert [one for one in stage.daemon.ledger.incidents() if one.check != "sentinel"] == []


@asynccontextmanager
async def crowded(pid: int, *, programs: int) -> AsyncIterator[None]:
    """A process has to share one processor with so many that never rest."""
    before = os.sched_getaffinity(pid)
    one = {min(before)}
    busy = [await asyncio.create_subprocess_exec(sys.executable, "-c", "while True: pass") for _ in range(programs)]
    try:
        for number in (pid, *(program.pid for program in busy)):
            os.sched_setaffinity(number, one)
        yield
    finally:
        os.sched_setaffinity(pid, before)
        for program in busy:
            program.kill()
            await program.wait()
