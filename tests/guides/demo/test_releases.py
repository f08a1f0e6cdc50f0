"""Releases of an example service: put in place, undone, and bad in the way that their names say."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from examples.releases import SLOWER_BY, Released, Releases

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request


async def fine(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("fine")


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    releases = Releases("1.0.0")
    middleware = [Middleware(Released, releases=releases)]
    app = Starlette(routes=[Route("/", fine), *releases.routes()], middleware=middleware)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://service") as client:
        yield client


async def test_a_release_is_put_in_place_and_undone(client: httpx2.AsyncClient) -> None:
    put = await client.post("/_release", json={"version": "1.1.0"})
    assert put.json() == {"version": "1.1.0", "before": "1.0.0"}
    assert (await client.post("/_release/back")).json() == {"version": "1.0.0", "before": ""}
    assert (await client.post("/_release/back")).status_code == 409


async def test_the_same_release_again_changes_nothing_and_no_version_is_refused(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/_release", json={"version": "1.0.0"})).json()["before"] == ""
    assert (await client.post("/_release", json={"version": "-rf"})).status_code == 422


@pytest.mark.parametrize(("version", "bad"), [("1.1.0", 0), ("1.1.0-errors", 3), ("1.1.0-broken", 100)])
async def test_of_a_hundred_requests_so_many_fail(client: httpx2.AsyncClient, version: str, bad: int) -> None:
    await client.post("/_release", json={"version": version})
    answers = [(await client.get("/")).status_code for _ in range(100)]
    assert sum(status >= 500 for status in answers) == pytest.approx(bad, abs=1)


async def test_a_slow_release_takes_longer_and_answers_all_the_same(client: httpx2.AsyncClient) -> None:
    await client.post("/_release", json={"version": "1.1.0-slow"})
    began = time.monotonic()
    assert (await client.get("/")).text == "fine"
    assert time.monotonic() - began >= SLOWER_BY
