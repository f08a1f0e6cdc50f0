"""Silences and windows as an operator lives them: a real daemon, its commands, and what people are told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sentinel.base.clock import SystemClock
from tests.kit.eventually import eventually
from tests.kit.stage import check
from tests.kit.theatre import story

if TYPE_CHECKING:
    from tests.kit.stage import Stage

SILENCED = ("silence", "add", "--check", "api", "--for", "1h", "--why", "known", "--by", "ann")
EXPECTED = ("window", "start", "--check", "api", "--for", "1h", "--why", "new version", "--by", "ann")


async def said(stage: Stage, *words: str, code: int = 0) -> str:
    found = await stage.daemon.say(*words)
    assert found.code == code, found.text
    return found.text


async def runs(stage: Stage, more: int = 4) -> None:
    """Wait until the target was asked so often again."""
    wanted = len(stage.target.requests) + more
    await eventually(lambda: len(stage.target.requests) >= wanted)


def opened(stage: Stage) -> int:
    [[count]] = stage.daemon.ledger.ask("SELECT count(*) FROM incidents")
    return int(count)


@story
async def test_a_silenced_trouble_opens_and_is_told_when_the_silence_ends(stage: Stage) -> None:
    await stage.daemon.start()
    assert "Silence 1 (check api) is in force until" in await said(stage, *SILENCED)
    stage.target.fail()
    await eventually(lambda: opened(stage) == 1)
    await runs(stage)
    assert stage.told() == []
    assert "silenced by ann until" in await said(stage, "--status", code=2)
    assert "mutes 1 open incident" in await said(stage, "silence", "extend", "1", "--for", "1h")
    await said(stage, "silence", "end", "1", "--by", "bob")
    await stage.hears("opened", within=5)
    assert "ended by bob" in await said(stage, "silence", "--all")


@story
async def test_a_trouble_that_ends_under_its_silence_is_told_to_whoever_heard_of_it(stage: Stage) -> None:
    await stage.daemon.start()
    stage.target.fail()
    await stage.hears("opened")
    await said(stage, *SILENCED)
    stage.target.recover()
    await stage.hears("opened", "resolved")


@story
async def test_a_silence_and_a_window_survive_a_kill(stage: Stage) -> None:
    stage.checks(check("api", stage.target.url), check("web", stage.target.url))
    await stage.daemon.start()
    await said(stage, *SILENCED)
    await said(stage, *EXPECTED[:3], "web", *EXPECTED[4:])
    await stage.daemon.kill()
    stage.target.fail()
    await stage.daemon.start()
    await eventually(lambda: opened(stage) == 1)
    await runs(stage, 8)
    assert (stage.told(), opened(stage)) == ([], 1)
    assert "check api: known" in await said(stage, "silence")
    assert "check web: new version" in await said(stage, "window")


@story
async def test_nothing_opens_in_a_window_and_what_is_still_bad_at_its_end_opens_at_once(stage: Stage) -> None:
    """It takes fifty bad results in a row, but for what was expected until now."""
    stage.checks(check("api", stage.target.url, every="2s", open_after=50))
    await stage.daemon.start()
    await eventually(lambda: stage.target.requests)
    started = await said(stage, *EXPECTED, "--announce", "hook", "--expect-down")
    assert "Window 1 (check api) is open, from" in started
    await stage.hears("window_started")
    stage.target.fail()
    await runs(stage, 2)
    assert opened(stage) == 0
    await said(stage, "window", "end", "1", "--by", "bob")
    await stage.hears("window_started", "window_ended", "opened", within=8)
    assert "ended early by bob" in stage.hook.requests[1].json()["explanation"]


@story
async def test_a_configured_window_is_announced_once_across_a_kill_and_shows_what_is_still_up(stage: Stage) -> None:
    entry: dict[str, Any] = {"match": {"checks": ["api"]}, "cron": "* * * * *", "duration": "59s", "zone": "Asia/Tokyo"}
    entry |= {"expect_down": True, "channels": ["hook"], "why": "restarts"}
    stage.daemon.config["windows"] = {"restarts": entry}
    await stage.daemon.start()
    await eventually(lambda: stage.told()[:1] == ["window_started"], within=10)
    await stage.settles()  # else the kill would make a repeat of it, with the same key
    await stage.daemon.kill()
    await stage.daemon.start()
    status = await stage.daemon.shows(lambda found: found["windows"] and found["windows"][0]["still_up"], within=70)
    [line] = status["windows"]
    assert (line["id"], line["still_up"], line["why"], line["configured"]) == ("restarts", ["api"], "restarts", True)
    keys = [request.headers["webhook-id"] for request in stage.hook.requests]
    assert len(set(keys)) == len(keys)
    refused = await said(stage, "window", "end", "nightly", code=1)
    assert "no window nightly is open" in refused


@story
async def test_whoever_was_told_of_a_window_hears_once_how_it_goes_across_a_kill(stage: Stage) -> None:
    """The window began some minutes ago, by an interval that is over soon after the start of the daemon."""
    now = SystemClock().now()
    start = now.replace(second=0, microsecond=0) - timedelta(minutes=2)
    every = round((now - start).total_seconds()) + 12
    entry: dict[str, Any] = {"from": f"{start:%Y-%m-%d %H:%M}", "to": f"{start + timedelta(hours=1):%Y-%m-%d %H:%M}"}
    entry |= {"match": {"checks": ["api"]}, "channels": ["hook"], "update_every": f"{every}s", "why": "new disk"}
    stage.daemon.config["windows"] = {"disk": entry}
    stage.target.fail()
    await stage.daemon.start()
    await stage.hears("window_started", "window_progress", within=25)
    [message] = [found.json() for found in stage.hook.requests if found.json()["kind"] == "window_progress"]
    assert (message["window"]["checks"], message["window"]["well"], message["window"]["troubled"]) == (1, 0, ["api"])
    assert "0 of 1 check is well; not well: api." in message["explanation"]
    await stage.settles()
    await stage.daemon.kill()
    await stage.daemon.start()
    await runs(stage)
    assert stage.told() == ["window_started", "window_progress"]


@story
async def test_what_makes_no_sense_is_refused_with_a_hint(stage: Stage) -> None:
    await stage.daemon.start()
    wrong = await said(stage, "silence", "add", "--check", "apo", "--for", "1h", "--why", "known", code=1)
    assert "means none of the 2 checks" in wrong
    assert "did you mean api?" in wrong
    assert "no time such as" in await said(stage, "window", "plan", *EXPECTED[2:], "--at", "noon", code=64)
    assert "Missing option '--why'" in await said(stage, "silence", "add", "--check", "api", "--for", "1h", code=64)
    assert "Nothing is silenced." in await said(stage, "silence")
