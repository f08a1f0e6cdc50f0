"""Stopped and started again in the middle of things: nothing is forgotten, nothing is told twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sentinel.base.clock import SystemClock
from tests.kit.stage import level
from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.stage import Stage


@story
async def test_a_restart_in_an_open_incident_tells_nothing_again(stage: Stage) -> None:
    """P07."""
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened")
    await stage.settles()
    before = stage.receipts
    await stage.daemon.stop()
    asked = len(stage.target.requests)
    await stage.daemon.start()
    await stage.target.requests.reach(asked + 3)
    assert stage.receipts == before
    assert [incident["id"] for incident in (await stage.daemon.status())["incidents"]] == [1]


@story
async def test_a_level_that_came_due_during_the_stop_is_told_once_at_the_start(stage: Stage) -> None:
    """H31."""
    stage.tell("hook", "slack")
    stage.levels(level(0, "hook"), level(2, "slack"))
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened")
    await stage.daemon.stop()
    await asyncio.sleep(2)  # the time at which the level is due passes
    assert len(stage.slack.requests) == 0
    asked = len(stage.target.requests)
    await stage.daemon.start()
    await stage.row(channel="slack", kind="escalated", state="sent")
    await stage.target.requests.reach(asked + 3)
    assert len(stage.slack.requests) == 1


@story
async def test_a_level_that_is_not_due_yet_keeps_its_time_across_a_restart(stage: Stage) -> None:
    """P07."""
    stage.tell("hook", "slack")
    stage.levels(level(0, "hook"), level(2, "hook"), level(4, "slack"))
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened", "escalated")
    await stage.daemon.kill()
    await stage.daemon.start()
    back = SystemClock().now().timestamp()
    await stage.row(channel="slack", kind="escalated", state="sent")
    opened, *_, escalated = (at / 1e6 for (at,) in stage.daemon.ledger.ask("SELECT at FROM timeline ORDER BY at"))
    assert escalated - opened >= 4.0
    assert escalated - back < 3.3  # a level counted anew would take 4 s from here, however long the start took


@story
async def test_what_recovered_during_the_stop_is_told_after_the_first_good_results(stage: Stage) -> None:
    """P08."""
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened")
    await stage.daemon.kill()
    stage.target.recover()
    await stage.daemon.start()
    await stage.hears("opened", "resolved")
    await stage.settles()
    assert stage.faults == []


@story
async def test_what_broke_during_the_stop_is_told_too(stage: Stage) -> None:
    """P08."""
    await stage.daemon.start()
    await stage.target.requests.reach(2)
    await stage.daemon.stop()
    stage.target.fail()
    await stage.daemon.start()
    await stage.hears("opened")


@story
async def test_the_incident_of_a_check_that_is_gone_after_the_restart_is_withdrawn(stage: Stage) -> None:
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened")
    await stage.daemon.stop()
    stage.checks({**stage.daemon.config["checks"][0], "name": "other", "options": {"url": stage.slack.url}})
    await stage.daemon.start()
    await stage.row(kind="withdrawn", state="sent")
    await stage.settles()
    assert stage.faults == []
