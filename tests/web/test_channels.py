"""Channels over the socket: how each does, and the veto against a command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sentinel.core.plan import ChannelPlan
from sentinel.reports.channels import LineFacts, as_text, channel_line
from sentinel.reports.text import Look, moment
from tests.kit.scene import NOW

if TYPE_CHECKING:
    from tests.web.conftest import Site

NO = {"by": "ann", "why": "not now"}
MAIL = ChannelPlan(name="mail", kind="email", options=None, fallback="chat")


async def test_channels_are_listed_on_the_socket_alone(site: Site) -> None:
    site.monitor.channels.lines = [channel_line(MAIL, LineFacts(last_success=NOW), None)]
    (line,) = (await site.local.get("/api/v1/channels")).json()["channels"]
    assert (line["name"], line["fallback"], line["failing_since"]) == ("mail", "chat", None)
    assert (await site.remote.get("/api/v1/channels")).status_code == 401


async def test_a_table_of_channels_says_which_fails_and_who_stands_in(site: Site) -> None:
    failing = channel_line(MAIL, LineFacts(failing_since=NOW, why="unreachable", budget_left=3), None)
    site.monitor.channels.lines = [failing]
    answer = (await site.local.get("/api/v1/channels")).json()
    said = as_text(answer["channels"], moment(answer["at"]), Look())
    assert "mail: the last attempt failed (unreachable)" in said
    assert "mail: chat stands in when it takes nothing" in said
    assert "3 left" in said


async def test_a_veto_stops_what_waits(site: Site) -> None:
    site.monitor.channels.waiting[12] = 1
    answer = await site.local.post("/api/v1/incidents/12/veto", json=NO)
    assert (answer.status_code, answer.json()) == (200, {"stopped": 1})
    assert site.monitor.channels.vetoes == [(12, "ann", "not now")]


@pytest.mark.parametrize(
    ("number", "body", "status"),
    [(12, NO, 409), (99, NO, 404), (12, {"by": "ann"}, 400), (12, {**NO, "why": " "}, 400), (12, {**NO, "x": 1}, 400)],
)
async def test_a_veto_that_stops_nothing_says_why(site: Site, number: int, body: dict[str, Any], status: int) -> None:
    site.monitor.channels.waiting[12] = 0
    answer = await site.local.post(f"/api/v1/incidents/{number}/veto", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]
