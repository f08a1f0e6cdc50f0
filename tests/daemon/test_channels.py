"""Receivers that refuse, hang, or ask for patience."""

from __future__ import annotations

import asyncio
import time
from email import message_from_bytes
from typing import TYPE_CHECKING

from tests.kit.http_receiver import Answer
from tests.kit.smtp import SmtpScript
from tests.kit.stage import RECIPIENTS, email
from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.stage import Stage


@story
async def test_slack_asking_for_patience_holds_up_nobody_else(stage: Stage) -> None:
    """H01."""
    stage.tell("hook", "slack", "mail")
    stage.slack.next_answers.append(Answer(status=429, headers={"retry-after": "2"}))
    await stage.daemon.start()
    stage.target.fail()
    await stage.slack.requests.reach(1, within=15)
    refused = time.monotonic()
    await stage.row(channel="hook", state="sent", within=1.5)
    await stage.mail.messages.reach(2, within=1.5)
    await stage.slack.requests.reach(2)
    assert time.monotonic() - refused >= 1.9
    await stage.settles()
    assert stage.faults == []


@story
async def test_a_webhook_that_hangs_delays_no_mail(stage: Stage) -> None:
    """H28."""
    stage.tell("hook", "mail")
    stage.hook.answer = Answer(after=asyncio.Event())
    await stage.daemon.start()
    stage.target.fail()
    await stage.hook.requests.reach(1, within=15)
    await stage.mail.messages.reach(2, within=3)
    stage.target.recover()
    await stage.mail.messages.reach(4, within=10)


@story
async def test_a_webhook_that_is_gone_is_dead_until_it_is_redriven(stage: Stage) -> None:
    stage.hook.next_answers.append(Answer(status=410))
    await stage.daemon.start()
    stage.target.fail()
    dead = await stage.row(kind="opened", state="dead")
    assert (dead.reason, dead.attempts) == ("gone", 1)
    listed = await stage.daemon.say("outbox")
    assert "gone" in listed.text
    redriven = await stage.daemon.say("outbox", "redrive", "--all")
    assert redriven.code == 0, redriven.text
    await stage.row(kind="opened", state="sent")
    assert [request.headers["webhook-id"] for request in stage.hook.requests] == [dead.key] * 2


@story
async def test_a_dead_message_that_nobody_needs_is_put_away(stage: Stage) -> None:
    stage.hook.next_answers.append(Answer(status=410))
    await stage.daemon.start()
    stage.target.fail()
    dead = await stage.row(kind="opened", state="dead")
    dropped = await stage.daemon.say("outbox", "drop", "--all")
    assert (dropped.code, dropped.text.strip()) == (0, "1 was put away.")
    assert (await stage.row(kind="opened", state="dropped")).key == dead.key
    assert (await stage.daemon.status())["outbox"]["dead"] == 0


@story
async def test_mail_that_is_put_off_is_tried_again_and_what_is_refused_is_dead(stage: Stage) -> None:
    """H13."""
    stage.tell("mail")
    first, second = RECIPIENTS
    busy = SmtpScript(mail="421 4.3.2 going down")
    later = SmtpScript(mail="451 4.3.0 try later")
    stage.mail.next_scripts.extend((busy, later))
    stage.mail.script = SmtpScript(refused={second: "550 5.1.1 no such user"})
    await stage.daemon.start()
    stage.target.fail()
    rows = {
        row.recipient: row
        for row in (await stage.row(recipient=second, state="dead"), await stage.row(recipient=first, state="sent"))
    }
    assert (rows[second].reason, rows[first].attempts) == ("gone", 2)
    assert [mail.recipients for mail in stage.mail.messages] == [(first,)]


@story
async def test_mail_of_which_nobody_knows_whether_it_was_taken_comes_again_under_its_message_id(stage: Stage) -> None:
    """H16."""
    stage.tell("mail")
    stage.daemon.config["channels"]["mail"] = email(stage.mail.port, RECIPIENTS[:1])
    stage.mail.next_scripts.append(SmtpScript(reset_after_message=True))
    await stage.daemon.start()
    stage.target.fail()
    await stage.mail.messages.reach(2, within=15)
    (row,) = await stage.settles()
    assert (row.ambiguous, row.attempts) == (1, 2)
    assert len({message_from_bytes(mail.content)["Message-ID"] for mail in stage.mail.messages}) == 1


@story
async def test_a_killed_daemon_repeats_a_mail_that_hung_after_its_data(stage: Stage) -> None:
    """H15."""
    stage.tell("mail")
    stage.daemon.config["channels"]["mail"] = email(stage.mail.port, RECIPIENTS[:1])
    stage.mail.next_scripts.append(SmtpScript(accept_after=asyncio.Event()))
    await stage.daemon.start()
    stage.target.fail()
    await stage.mail.messages.reach(1, within=15)
    await stage.daemon.kill()
    await stage.daemon.start()
    await stage.settles()
    assert stage.faults == []
    assert len(stage.mail.messages) == 2
