"""Where Slack posts clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sentinel.app.clicks import Heard

if TYPE_CHECKING:
    from tests.web.conftest import Site

FORM = {"content-type": "application/x-www-form-urlencoded"}
SIGNED = {**FORM, "x-slack-request-timestamp": "1", "x-slack-signature": "v0=00"}


async def test_a_click_goes_on_as_it_came(site: Site) -> None:
    answer = await site.remote.post("/slack/interactions", content=b"payload=%7B%7D", headers=SIGNED)
    assert (answer.status_code, answer.content) == (200, b"")
    assert site.monitor.clicks == [(b"payload=%7B%7D", "1", "v0=00")]


@pytest.mark.parametrize(("heard", "status"), [(Heard.NOT_SLACKS, 401), (Heard.TOO_MANY, 503)])
async def test_what_is_not_taken_is_refused(site: Site, heard: Heard, status: int) -> None:
    site.monitor.heard = heard
    answer = await site.remote.post("/slack/interactions", content=b"payload=%7B%7D", headers=SIGNED)
    assert (answer.status_code, answer.content) == (status, b"")


async def test_only_a_posted_form_is_taken(site: Site) -> None:
    assert (await site.remote.get("/slack/interactions")).status_code == 405
    assert (await site.remote.post("/slack/interactions", json={})).status_code == 415
    assert site.monitor.clicks == []


async def test_a_body_that_no_click_has_is_refused(site: Site) -> None:
    answer = await site.remote.post("/slack/interactions", content=b"x" * 100_000, headers=SIGNED)
    assert answer.status_code == 413
    assert site.monitor.clicks == []


async def test_the_local_socket_has_no_such_address(site: Site) -> None:
    assert (await site.local.post("/slack/interactions", content=b"", headers=SIGNED)).status_code == 404
