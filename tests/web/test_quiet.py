"""Silences and windows for programs: what may be asked, what comes back, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.core.matcher import Matcher
from sentinel.core.recurrence import Repeating
from sentinel.core.window import Window, Windows
from tests.kit.scene import CANARY

if TYPE_CHECKING:
    from tests.web.conftest import Site

SILENCES, WINDOWS = "/api/v1/silences", "/api/v1/windows"
SILENCE: dict[str, Any] = {"checks": ["log*"], "by": "ann", "why": "known", "for": "2h"}
WINDOW: dict[str, Any] = {**SILENCE, "expect_down": True, "title": "move"}


async def test_a_silence_is_added_listed_extended_and_ended(site: Site) -> None:
    added = (await site.local.post(SILENCES, json=SILENCE)).json()
    assert (added["id"], added["course"], added["checks"], added["mutes"]) == (1, "active", 1, 1)
    assert (added["starts_at"], added["ends_at"]) == ("2026-11-22T12:00:00.000Z", "2026-11-22T14:00:00.000Z")
    longer = (await site.local.post(f"{SILENCES}/1/extend", json={"by": "bob", "for": "1h"})).json()
    assert longer["ends_at"] == "2026-11-22T15:00:00.000Z"
    assert len((await site.remote.get(SILENCES)).json()["silences"]) == 1
    ended = (await site.local.post(f"{SILENCES}/1/end", json={"by": "bob"})).json()
    assert (ended["course"], ended["ended_by"]) == ("over", "bob")
    assert (await site.local.get(SILENCES)).json()["silences"] == []
    [past] = (await site.local.get(SILENCES, params={"all": "true"})).json()["silences"]
    assert (past["by"], past["why"], past["ended_by"]) == ("ann", "known", "bob")


async def test_a_window_is_started_and_ended(site: Site) -> None:
    started = (await site.local.post(WINDOWS, json=WINDOW)).json()
    assert (started["id"], started["course"], started["expects_down"]) == ("1", "active", True)
    [listed] = (await site.remote.get(WINDOWS)).json()["windows"]
    assert listed["current"] == {"starts_at": "2026-11-22T12:00:00.000Z", "ends_at": "2026-11-22T14:00:00.000Z"}
    longer = (await site.local.post(f"{WINDOWS}/1/extend", json={"by": "bob", "for": "30m"})).json()
    assert longer["current"]["ends_at"] == "2026-11-22T14:30:00.000Z"
    ended = (await site.local.post(f"{WINDOWS}/1/end", json={"by": "bob"})).json()
    assert (ended["course"], ended["ended_by"]) == ("over", "bob")


async def test_a_window_of_the_configuration_is_as_long_as_that_says(site: Site) -> None:
    when = Repeating(line="0 12 * * *", zone="UTC", duration=timedelta(hours=1))
    nightly = Window(id="nightly", title="", matcher=Matcher(), when=when, configured=True)
    site.monitor.keeper.windows = Windows([nightly])
    answer = await site.local.post(f"{WINDOWS}/nightly/extend", json={"by": "bob", "for": "30m"})
    assert (answer.status_code, "stands in the configuration" in answer.json()["error"]) == (409, True)
    assert (await site.local.post(f"{WINDOWS}/nightly/end", json={"by": "bob"})).json()["course"] == "future"
    again = await site.local.post(f"{WINDOWS}/nightly/end", json={"by": "bob"})
    assert (again.status_code, "belongs to the configuration" in again.json()["hint"]) == (409, True)


async def test_the_status_says_what_is_quiet_and_why(site: Site) -> None:
    await site.local.post(SILENCES, json=SILENCE)
    await site.local.post(WINDOWS, json={**WINDOW, "checks": ["health"]})
    status = (await site.local.get("/api/v1/status")).json()
    quiet = {line["name"]: line["quiet"] for line in status["checks"]}
    assert quiet == {
        "login": "silenced by ann until 14:00 UTC: known",
        "health": "in window move until 14:00 UTC, down is expected",
    }
    assert [line["quiet"] for line in status["incidents"]] == ["silenced by ann until 14:00 UTC: known"]
    assert ([one["id"] for one in status["silences"]], [one["id"] for one in status["windows"]]) == ([1], ["1"])


@pytest.mark.parametrize(
    ("more", "status", "error"),
    [
        ({"why": " "}, 400, "`why` has to be a text"),
        ({"for": "soon"}, 400, "`for` has to be a duration"),
        ({"for": "0s"}, 400, "`for` has to be a duration"),
        ({"for": "400d"}, 409, "at most 366 days"),
        ({"from": "2026-11-22T10:00:00"}, 400, "`from` has to be a time with its zone"),
        ({"from": "9999-12-31T23:59:59-12:00"}, 400, "`from` has to be a time with its zone"),
        ({"from": "2026-11-22T09:00:00Z"}, 409, "it would be over already: it ends at 2026-11-22 11:00 UTC"),
        ({"from": "2029-11-22T09:00:00Z"}, 409, "it has to start within 366 days"),
        ({"checks": ["logni"]}, 409, "check logni means none of the 2 checks"),
        ({"checks": []}, 409, "say which checks"),
        ({"checks": "login"}, 400, "`checks` has to be a list"),
        ({"checks": ["a\nb"]}, 400, "`checks` has to be a list"),
        ({"severities": ["bad"]}, 400, "'bad' is neither 'warning' nor 'critical'"),
        ({"colour": "red"}, 400, "expected an object with"),
    ],
)
async def test_what_makes_no_sense_is_refused(site: Site, more: dict[str, Any], status: int, error: str) -> None:
    answer = await site.local.post(SILENCES, json=SILENCE | more)
    assert (answer.status_code, error in answer.json()["error"]) == (status, True), answer.text
    assert (await site.local.get(SILENCES)).json()["silences"] == []
    assert CANARY not in answer.text


async def test_a_name_that_is_close_is_pointed_out_and_anyway_is_taken(site: Site) -> None:
    answer = await site.local.post(SILENCES, json={**SILENCE, "checks": ["logni"]})
    assert "did you mean login?" in answer.json()["hint"]
    assert (await site.local.post(SILENCES, json={**SILENCE, "checks": ["logni"], "anyway": True})).status_code == 200


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"channels": ["male"]}, "there is no channel male"),
        ({"before": "1h"}, "announced, but to no channel"),
        ({"update_every": "15m"}, "announced, but to no channel"),
    ],
)
async def test_a_window_that_is_announced_names_a_channel(site: Site, more: dict[str, Any], error: str) -> None:
    answer = await site.local.post(WINDOWS, json=WINDOW | more)
    assert (answer.status_code, error in answer.json()["error"]) == (409, True), answer.text


async def test_how_a_window_goes_is_told_as_often_as_asked_and_at_most_once_a_minute(site: Site) -> None:
    site.monitor.keeper.channels = ["mail"]
    told = WINDOW | {"channels": ["mail"]}
    refused = await site.local.post(WINDOWS, json=told | {"update_every": "59s"})
    assert (refused.status_code, "once a minute" in refused.json()["error"]) == (409, True)
    assert (await site.local.post(WINDOWS, json=told | {"update_every": "15m"})).status_code == 200
    assert [window.update_every for window in site.monitor.keeper.windows] == [timedelta(minutes=15)]


@pytest.mark.parametrize("where", [f"{SILENCES}/7/end", f"{WINDOWS}/nightly/end"])
async def test_what_is_not_there_cannot_be_ended(site: Site, where: str) -> None:
    answer = await site.local.post(where, json={"by": "ann"})
    assert (answer.status_code, "lists them" in answer.json()["hint"]) == (409, True), answer.text


@pytest.mark.parametrize("where", [SILENCES, f"{SILENCES}/1/end", f"{SILENCES}/1/extend", WINDOWS, f"{WINDOWS}/1/end"])
async def test_nothing_is_changed_over_tcp(site: Site, where: str) -> None:
    assert (await site.remote.post(where, json=SILENCE)).status_code == 401
