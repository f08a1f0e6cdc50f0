"""Who is on call, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.web.conftest import Site

ASKED = {"schedule": "primary", "person": "ben", "to": "2026-12-27T09:00", "by": "ann", "why": "swapped"}
OVERRIDES = "/api/v1/on-call/overrides"


async def test_who_is_on_call_is_a_document(site: Site) -> None:
    assert (await site.local.get("/api/v1/on-call")).json()["schedules"] == []


async def test_what_cannot_be_arranged_is_refused_with_the_reason(site: Site) -> None:
    answer = await site.local.post(OVERRIDES, json=ASKED)
    assert (answer.status_code, answer.json()["error"]) == (409, "no schedule is called 'primary'")
    answer = await site.local.post(f"{OVERRIDES}/3/end", json={"by": "ann"})
    assert (answer.status_code, answer.json()["error"]) == (409, "there is no override 3 that lasts")


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "tomorrow"},
        {"to": None},
        {"from": 7},
        {"why": ""},
        {"person": ["ben"]},
        {"until": "noon"},
        {"to": "9999-12-31T23:59"},
    ],
)
async def test_a_body_that_says_something_else_is_refused(site: Site, wrong: dict[str, Any]) -> None:
    assert (await site.local.post(OVERRIDES, json=ASKED | wrong)).status_code == 400


async def test_it_is_asked_over_the_socket_only(site: Site) -> None:
    assert (await site.remote.get("/api/v1/on-call")).status_code == 401
