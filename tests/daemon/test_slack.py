"""An outage as people in Slack live it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from sentinel.base.clock import SystemClock
from tests.kit.eventually import eventually
from tests.kit.ports import LOOPBACK, free_port
from tests.kit.slack import APP_TOKEN, BOT_TOKEN, KIM, SlackServer, signed
from tests.kit.stage import Target, check, level
from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.slack import Posted
    from tests.kit.stage import Stage

ACKNOWLEDGE, SILENCE = "sentinel_acknowledge", "sentinel_silence"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


def chat(slack: SlackServer, **more: Any) -> dict[str, Any]:
    return {"kind": "slack", "token": BOT_TOKEN, "channel": "C0OPS", "api_url": slack.api_url, **more}


async def first_message(slack: SlackServer) -> Posted:
    await slack.shows(lambda: slack.top(), within=15)
    return slack.top()[0]


@story
async def test_an_outage_is_taken_by_a_click_and_nobody_else_is_woken(stage: Stage) -> None:
    """Outage, alert, click on *Acknowledge*: the escalation stops, the timeline says who, and the thread tells the end."""
    async with SlackServer() as slack:
        stage.daemon.config["channels"]["chat"] = chat(slack, app_token=APP_TOKEN)
        stage.daemon.config["people"] = {"kim": {"addresses": [{"channel": "chat", "recipient": KIM}]}}
        stage.levels(level(0, "chat"), level(3, "hook"))
        await stage.daemon.start()
        stage.target.fail()
        first = await first_message(slack)
        await slack.connections.reach(1)
        assert await slack.click(first, ACKNOWLEDGE)
        await slack.shows(lambda: "taken by kim" in first.header)
        assert first.actions == []
        with pytest.raises(AssertionError):
            await stage.hook.requests.reach(1, within=3.5)  # longer than the second level waits
        stage.target.recover()
        await slack.shows(lambda: "RESOLVED" in first.header)
        assert [one.header.partition(" ")[2].partition(":")[0] for one in slack.replies(first)] == [
            "ACKNOWLEDGED",
            "RESOLVED",
        ]
        assert ("acknowledged", "kim") in stage.daemon.ledger.ask("SELECT kind, by_whom FROM timeline")
        assert len(slack.top()) == 1


@story
async def test_a_signed_click_silences_the_check(stage: Stage) -> None:
    port = free_port()
    async with SlackServer() as slack, httpx2.AsyncClient(base_url=f"http://{LOOPBACK}:{port}") as client:
        stage.daemon.config["channels"]["chat"] = chat(slack, signing_secret=SECRET)
        stage.daemon.config["web"] = {"port": port}
        stage.levels(level(0, "chat"))
        await stage.daemon.start()
        stage.target.fail()
        first = await first_message(slack)
        payload, now = slack.payload(first, SILENCE), int(SystemClock().now().timestamp())
        body, headers = signed(payload, "another secret", now)
        assert (await client.post("/slack/interactions", content=body, headers=headers)).status_code == 401
        body, headers = signed(payload, SECRET, now)
        assert (await client.post("/slack/interactions", content=body, headers=headers)).status_code == 200
        await slack.shows(lambda: first.note.startswith(f"Silenced by slack:{KIM} until"))
        assert (await client.post("/slack/interactions", content=body, headers=headers)).status_code == 401
        assert SILENCE not in first.actions
        assert await eventually(lambda: stage.daemon.ledger.ask("SELECT id FROM silences")) == [(1,)]


@story
async def test_no_token_ticket_or_address_to_answer_at_is_kept_or_logged(stage: Stage) -> None:
    async with SlackServer() as slack:
        environment = {"SLACK_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}
        stage.daemon.env |= environment
        stage.daemon.config["logs"] = {"format": "json", "level": "debug"}
        tokens = {"token": "${SLACK_TOKEN}", "app_token": "${SLACK_APP_TOKEN}"}
        stage.daemon.config["channels"]["chat"] = chat(slack, **tokens)
        stage.levels(level(0, "chat"))
        await stage.daemon.start()
        stage.target.fail()
        first = await first_message(slack)
        await slack.connections.reach(1)
        for action in (SILENCE, ACKNOWLEDGE):
            assert await slack.click(first, action)
            await slack.shows(lambda action=action: action not in first.actions)
        slack.tokens.clear()
        await slack.socket.close()
        stage.target.recover()
        await stage.row(channel="chat", kind="resolved", reason="credential_refused")
        await stage.daemon.stop()
        kept = [file.read_bytes() for file in (stage.daemon.folder / "state").iterdir() if file.is_file()]
        for secret in (BOT_TOKEN, APP_TOKEN, "/respond/", "ticket="):
            assert secret not in "\n".join(stage.daemon.process.lines)
            assert not any(secret.encode() in content for content in kept)


@story
async def test_who_clicks_too_late_is_told_so_alone(stage: Stage) -> None:
    async with SlackServer() as slack:
        stage.daemon.config["channels"]["chat"] = chat(slack, app_token=APP_TOKEN)
        stage.levels(level(0, "chat"))
        await stage.daemon.start()
        stage.target.fail()
        first = await first_message(slack)
        payload = slack.payload(first, ACKNOWLEDGE)
        stage.target.recover()
        await slack.shows(lambda: "RESOLVED" in first.header)
        await slack.connections.reach(1)
        assert await slack.press(payload)
        await slack.shows(lambda: slack.told_privately == ["It is over already: there is nothing to take."])


@story
async def test_a_thread_goes_on_after_a_restart(stage: Stage) -> None:
    async with SlackServer() as slack:
        stage.daemon.config["channels"]["chat"] = chat(slack)
        stage.levels(level(0, "chat"))
        await stage.daemon.start()
        stage.target.fail()
        first = await first_message(slack)
        await stage.settles()
        await stage.daemon.kill()
        await stage.daemon.start()
        stage.target.recover()
        await slack.shows(lambda: "RESOLVED" in first.header)
        assert len(slack.top()) == 1


@story
async def test_what_breaks_together_is_one_thread_until_all_are_well(stage: Stage) -> None:
    """The first check leads; when it is well and the other is not, that one goes on in the same thread, and a click below the
    first message is for it."""
    async with SlackServer() as slack, Target() as other:
        stage.daemon.config["channels"]["chat"] = chat(slack, app_token=APP_TOKEN)
        stage.checks(check("api", stage.target.url, group="pay"), check("login", other.url, group="pay"))
        stage.levels(level(0, "chat"))
        await stage.daemon.start()
        stage.target.fail()
        other.fail()
        first = await first_message(slack)
        await slack.connections.reach(1)
        await stage.daemon.committed("SELECT id FROM incidents WHERE id = 2")
        lead, rest = (stage.target, other) if "api" in first.header else (other, stage.target)
        lead.recover()
        await stage.daemon.committed("SELECT id FROM timeline WHERE kind = 'taken_over'")
        assert await slack.click(first, ACKNOWLEDGE)
        await slack.shows(lambda: "ACKNOWLEDGED" in first.header)
        rest.recover()
        await slack.shows(lambda: "RESOLVED" in first.header)
        await stage.settles()
        assert len(slack.top()) == 1
