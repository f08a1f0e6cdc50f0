"""An outage from its first bad result to the last word about it."""

from __future__ import annotations

from collections import Counter
from email import message_from_bytes
from typing import TYPE_CHECKING

from tests.kit.stage import level
from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.stage import Stage


@story
async def test_an_outage_is_told_on_every_channel_and_so_is_its_end(stage: Stage) -> None:
    stage.tell("hook", "slack", "mail")
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened")
    stage.target.recover()
    await stage.hears("opened", "resolved")
    await stage.settles()
    assert stage.faults == []
    told = Counter(receipt.channel for receipt in stage.receipts)
    outages = told["hook"] // 2  # a host that is short of time may see another one
    assert outages >= 1
    assert told == {"hook": 2 * outages, "mail": 4 * outages, "slack": 2 * outages}


@story
async def test_it_escalates_level_by_level_and_the_end_is_told_to_all_who_were_told(stage: Stage) -> None:
    stage.tell("hook", "slack", "mail")
    stage.levels(level(0, "hook"), level(1, "slack"), level(2, "mail"))
    await stage.daemon.start()
    stage.target.fail()
    await stage.row(channel="mail", kind="escalated", state="sent")
    stage.target.recover()
    await stage.row(channel="mail", kind="resolved", state="sent")
    rows = await stage.settles()
    assert stage.faults == []
    assert [row.kind for row in rows if row.channel == "slack"] == ["escalated", "resolved"]
    assert stage.told() == ["opened", "resolved"]


@story
async def test_the_messages_of_an_incident_are_one_thread(stage: Stage) -> None:
    stage.tell("hook", "slack", "mail")
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened")
    stage.target.recover()
    await stage.hears("opened", "resolved")
    await stage.settles()
    mails = [
        message_from_bytes(mail.content) for mail in stage.mail.messages if mail.recipients == ("lead@example.org",)
    ]
    assert mails[1]["References"] == mails[0]["Message-ID"]
    second = stage.slack.requests[1].json()
    assert second["thread_ts"] == "1.000001"


@story
async def test_an_acknowledgement_stops_the_escalation_and_is_told(stage: Stage) -> None:
    stage.tell("hook", "slack")
    stage.levels(level(0, "hook"), level(2.5, "slack"))
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened")
    said = await stage.daemon.say("ack", "1", "--by", "Ada", "--why", "on it")
    assert said.code == 0, said.text
    await stage.hears("opened", "acknowledged")
    stage.target.recover()
    await stage.hears("opened", "acknowledged", "resolved")
    await stage.settles()
    assert stage.faults == []
    assert len(stage.slack.requests) == 0
    assert stage.hook.requests[1].json()["incident"]["acknowledgement"]["by"] == "Ada"


@story
async def test_the_status_says_by_its_exit_code_how_it_is(stage: Stage) -> None:
    stage.checks({**stage.daemon.config["checks"][0], "severity": "warning"})
    stage.daemon.write()
    before = await stage.daemon.say("--status")
    await stage.daemon.start()
    await stage.daemon.shows(lambda status: status["overall"] == "OK")
    well = await stage.daemon.say("--status")
    stage.target.fail()
    await stage.daemon.shows(lambda status: status["incidents"])
    warned = await stage.daemon.say("--status")
    stage.daemon.config["checks"][0]["severity"] = "critical"
    stage.daemon.write()
    await stage.daemon.reload()
    await stage.daemon.shows(lambda status: status["overall"] == "CRITICAL")
    down = await stage.daemon.say("--status")
    assert (before.code, well.code, warned.code, down.code) == (3, 0, 1, 2), down.text
