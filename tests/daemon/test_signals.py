"""Signals, and the contract with systemd: SIGTERM, SIGHUP, SIGSTOP, and the words on its socket."""

from __future__ import annotations

import asyncio
import signal
import time

from tests.kit.http_receiver import Answer
from tests.kit.stage import Stage, check
from tests.kit.theatre import story


@story
async def test_a_stop_waits_for_a_hung_receiver_no_longer_than_it_may_and_loses_nothing(stage: Stage) -> None:
    """P05."""
    stage.hook.next_answers.append(Answer(after=asyncio.Event()))
    await stage.daemon.start()
    stage.target.fail()
    await stage.hook.requests.reach(1, within=15)
    began = time.monotonic()
    assert await stage.daemon.stop() == 0
    assert time.monotonic() - began < 20.0
    (left,) = stage.daemon.ledger.rows()
    assert (left.state, left.ambiguous, left.reason) == ("queued", 1, "interrupted")
    await stage.daemon.start()
    await stage.settles()
    assert stage.faults == []


@story
async def test_an_idle_daemon_stops_at_once(stage: Stage) -> None:
    await stage.daemon.start()
    began = time.monotonic()
    assert await stage.daemon.stop() == 0
    assert time.monotonic() - began < 3.0
    assert stage.daemon.log[-1]["event"] == "sentinel.stopped"


@story
async def test_systemd_hears_when_it_is_ready_alive_reloading_and_stopping(stage: Stage) -> None:
    stage.daemon.env["WATCHDOG_USEC"] = "1000000"
    await stage.daemon.start()
    await stage.daemon.signs.until(lambda _: stage.daemon.count("WATCHDOG") >= 3)
    await stage.daemon.reload()
    await stage.daemon.stop()
    words = [next(iter(sign)) for sign in stage.daemon.signs if "WATCHDOG" not in sign]
    assert words == ["READY", "RELOADING", "READY", "STOPPING"]
    reloading = next(sign for sign in stage.daemon.signs if "RELOADING" in sign)
    assert reloading["MONOTONIC_USEC"].isdigit()


@story
async def test_it_is_ready_only_once_it_can_answer_and_probe(stage: Stage) -> None:
    await stage.daemon.start()
    assert (await stage.daemon.status())["overall"] in ("OK", "UNKNOWN")
    await stage.target.requests.reach(1)


@story
async def test_a_reload_adds_removes_and_changes_checks_and_keeps_the_state_of_the_others(stage: Stage) -> None:
    stage.checks(check("stays", stage.target.url), check("goes", stage.target.url))
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened", "opened")
    stage.checks(check("stays", stage.target.url), check("new", f"{stage.slack.url}/new"))
    stage.daemon.write()
    await stage.daemon.reload()
    await stage.hears("opened", "opened", "withdrawn")
    await stage.slack.requests.reach(2)
    status = await stage.daemon.status()
    assert {line["name"] for line in status["checks"]} == {"stays", "new", "sentinel"}
    assert [incident["check"] for incident in status["incidents"]] == ["stays"]
    assert stage.hook.requests[-1].json()["check"]["name"] == "goes"


@story
async def test_a_reload_from_a_bad_file_keeps_the_old_plan_and_says_so(stage: Stage) -> None:
    await stage.daemon.start()
    stage.daemon.config["checks"][0]["intervall"] = "5s"
    stage.daemon.write()
    await stage.daemon.reload()
    asked = len(stage.target.requests)
    await stage.target.requests.reach(asked + 2)
    status = await stage.daemon.status()
    assert "intervall" in status["own"]["reload_problem"]
    (refused,) = (line for line in stage.daemon.log if line["event"] == "config.refused")
    assert "intervall" in refused["first"]
    del stage.daemon.config["checks"][0]["intervall"]
    stage.daemon.write()
    await stage.daemon.reload()
    await stage.daemon.shows(lambda status: status["own"]["reload_problem"] == "")


@story
async def test_after_a_halt_there_is_no_burst_and_no_false_alarm(stage: Stage) -> None:
    await stage.daemon.start()
    await stage.target.requests.reach(2)
    stage.daemon.process.send(signal.SIGSTOP)
    await asyncio.sleep(4)  # a dozen slots pass
    asked = len(stage.target.requests)
    stage.daemon.process.send(signal.SIGCONT)
    went_on = time.monotonic()
    await stage.target.requests.reach(asked + 4)
    # One late run and the next slots of the grid, 300 ms apart; a dozen missed slots at once would take no time.
    assert time.monotonic() - went_on > 0.5, "the slots that were missed are not caught up with"
    assert stage.daemon.ledger.incidents() == []


@story
async def test_a_target_slower_than_the_interval_is_asked_once_at_a_time(stage: Stage) -> None:
    stage.checks(check("slow", stage.target.url, every="300ms"))
    stage.target.answer = Answer(after=asyncio.Event())
    await stage.daemon.start()
    await stage.hears("opened")
    status = await stage.daemon.status()
    assert status["own"]["running"] <= 1
    assert status["own"]["queues"]["probes"] == 0
    assert status["incidents"][0]["explanation"] == "no answer in time"
