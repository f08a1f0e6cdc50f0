"""On call as people live it: a real daemon, who is told at which address, and who stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.kit.eventually import eventually
from tests.kit.stage import check
from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.stage import Stage


def person(address: str) -> dict[str, object]:
    return {"addresses": [{"channel": "mail", "recipient": address}]}


def call_anna(stage: Stage) -> None:
    """Anna is on call, Ben may stand in, and the one level tells whoever is on call."""
    stage.tell("hook", "mail")
    stage.daemon.config |= {
        "people": {"anna": person("anna@example.org"), "ben": person("ben@example.org")},
        "on_call": {"primary": {"people": ["anna"], "start": "2026-01-05"}},
    }
    stage.levels({"after": 0, "channels": ["hook"], "on_call": ["primary"]})


def mailed(stage: Stage) -> list[str]:
    return [recipient for message in stage.mail.messages for recipient in message.recipients]


@story
async def test_whoever_is_on_call_is_told_at_their_own_address_and_of_the_end(stage: Stage) -> None:
    call_anna(stage)
    await stage.daemon.start()
    stage.target.fail()
    await eventually(lambda: mailed(stage) == ["anna@example.org"])
    stage.target.recover()
    await stage.hears("opened", "resolved")
    await eventually(lambda: mailed(stage) == ["anna@example.org"] * 2)


@story
async def test_whoever_stands_in_is_told_after_a_kill_too(stage: Stage) -> None:
    call_anna(stage)
    await stage.daemon.start()
    arranged = ("oncall", "override", "--schedule", "primary", "--person", "ben", "--for", "1h", "--why", "swapped")
    said = await stage.daemon.say(*arranged, "--by", "anna")
    assert (said.code, said.text.startswith("ben stands in on primary from ")) == (0, True)
    await stage.daemon.kill()
    await stage.daemon.start()
    assert "override 1  ben from" in (await stage.daemon.say("oncall")).text
    stage.target.fail()
    await eventually(lambda: mailed(stage) == ["ben@example.org"])
    assert "is ended" in (await stage.daemon.say("oncall", "end", "1")).text
    assert "now   anna" in (await stage.daemon.say("oncall")).text


@story
async def test_a_slip_in_a_name_is_answered_with_the_name_that_was_meant(stage: Stage) -> None:
    call_anna(stage)
    await stage.daemon.start()
    arranged = ("oncall", "override", "--schedule", "primry", "--person", "ben", "--for", "1h", "--why", "swapped")
    said = await stage.daemon.say(*arranged)
    assert (said.code, "did you mean primary?" in said.text) == (1, True)


@story
async def test_a_route_sends_an_incident_by_another_policy(stage: Stage) -> None:
    call_anna(stage)
    stage.checks(check("api", stage.target.url, tags=["hr"]))
    ben = {"levels": [{"after": 0, "on_call": ["second"]}]}
    stage.daemon.config["policies"]["payroll"] = ben
    stage.daemon.config["on_call"]["second"] = {"people": ["ben"], "start": "2026-01-05"}
    stage.daemon.config["routes"] = [{"match": {"tags": ["hr"], "severity": "critical"}, "policy": "payroll"}]
    await stage.daemon.start()
    stage.target.fail()
    await eventually(lambda: mailed(stage) == ["ben@example.org"])
    assert stage.told() == []


@story
async def test_quiet_hours_keep_warnings_and_let_critical_ones_through(stage: Stage) -> None:
    slow = check("api", stage.target.url, severity="warning", group="a")
    stage.checks(slow, check("web", stage.target.url, group="b"))
    stage.daemon.config |= {"calendars": {"always": {"zone": "Europe/Berlin"}}}
    stage.daemon.config["policies"]["default"]["quiet"] = "always"
    await stage.daemon.start()
    stage.target.fail()
    await stage.daemon.committed("SELECT 1 FROM incidents GROUP BY 1 HAVING count(*) = 2")
    await stage.hears("opened")
    assert [request.json()["check"]["name"] for request in stage.hook.requests] == ["web"]
    stage.target.recover()
    await stage.hears("opened", "resolved")
