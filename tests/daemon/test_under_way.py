"""What is under way when a receiver fails, or when somebody takes the incident."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.kit.http_receiver import Answer
from tests.kit.stage import POSTED, level
from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.stage import Stage

SORRY = {"content-type": "text/html"}
PAGE = b"<html><h1>Bad Gateway</h1></html>"


@story
async def test_an_error_page_of_a_receiver_is_no_answer_and_it_is_tried_again(stage: Stage) -> None:
    """H04."""
    stage.tell("hook", "slack")
    stage.hook.next_answers += [Answer(status=500, headers=SORRY, body=PAGE), Answer(status=502, body=PAGE)]
    stage.slack.next_answers += [Answer(status=502, headers=SORRY, body=PAGE)]
    await stage.daemon.start()
    stage.target.fail()
    hook = await stage.row(channel="hook", kind="opened", state="sent")
    slack = await stage.row(channel="slack", kind="opened", state="sent")
    assert (hook.attempts, hook.ambiguous, slack.attempts) == (3, 0, 2)
    assert stage.faults == []


@story
async def test_a_send_that_is_under_way_when_somebody_takes_it_ends_and_the_next_level_never_begins(
    stage: Stage,
) -> None:
    """H30."""
    answered = asyncio.Event()
    stage.tell("hook", "slack", "mail")
    stage.levels(level(0, "hook"), level(0.4, "slack"), level(4, "mail"))
    stage.slack.next_answers.append(replace(POSTED, after=answered))
    await stage.daemon.start()
    stage.target.fail()
    await stage.slack.requests.reach(1, within=15)
    assert (await stage.daemon.say("ack", "1", "--by", "Ada", "--why", "on it")).code == 0
    answered.set()
    await stage.row(channel="slack", kind="escalated", state="sent")
    await stage.row(channel="slack", kind="acknowledged", state="sent")
    await asyncio.sleep(4)  # the time at which the next level was due passes
    assert len(stage.mail.messages) == 0
    assert stage.faults == []
