"""Posts by the interface for programs, on a real store."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from sentinel.app.posting import PostVerbs
from sentinel.base.clock import SystemClock
from sentinel.base.redact import Secret
from sentinel.core.plan import StorePlan
from sentinel.store.database import Store
from sentinel.web.server import WebServer
from tests.kit.monitor import StillMonitor
from tests.kit.public import PAGE
from tests.kit.scene import plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NEW = {"by": "ann", "title": "Payroll is slow", "components": ["payroll"], "state": "identified", "incident": 12}


@pytest.fixture
async def local(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """The owner of the socket."""
    whole = replace(plan(folder=tmp_path), status_page=PAGE)
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), SystemClock())
    monitor = StillMonitor(whole, [])
    monitor.posts = PostVerbs(store, SystemClock(), lambda: whole, lambda: None)
    server = WebServer(monitor, whole, SystemClock())
    await server.start()
    transport = httpx2.AsyncHTTPTransport(uds=str(whole.web.socket))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
    await server.stop()
    await store.close()


async def test_a_post_goes_on_is_mended_and_taken_off(local: httpx2.AsyncClient) -> None:
    first = (await local.post("/api/v1/posts", json=NEW)).json()
    assert (first["stage"], first["components"], first["incident"]) == ("identified", ["Payroll"], 12)
    second = (await local.post("/api/v1/posts", json={"by": "bob", "on": first["id"], "state": "resolved"})).json()
    one = f"/api/v1/posts/{second['id']}"
    assert (await local.post(f"{one}/edit", json={"by": "bob", "text": "Mended"})).json()["text"] == "Mended"
    assert (await local.post(f"{one}/withdraw", json={"by": "cid"})).json()["withdrawn_by"] == "cid"
    assert [row["id"] for row in (await local.get("/api/v1/posts")).json()["posts"]] == [2, 1]


@pytest.mark.parametrize(
    "body",
    [
        {**NEW, "by": ""},
        {**NEW, "state": "open"},
        {**NEW, "title": "x" * 201},
        {**NEW, "text": "x" * 2_001},
        {**NEW, "components": "payroll"},
        {**NEW, "components": [1]},
        {**NEW, "on": "1"},
        {**NEW, "incident": -1},
        {**NEW, "incident": True},
        {**NEW, "else": 1},
    ],
)
async def test_what_cannot_be_read_is_refused(local: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    assert (await local.post("/api/v1/posts", json=body)).status_code == 400


async def test_what_makes_no_sense_is_refused_with_a_hint(local: httpx2.AsyncClient) -> None:
    answer = await local.post("/api/v1/posts", json={**NEW, "components": ["pay-api"]})
    assert (answer.status_code, answer.json()["hint"]) == (409, "there are: 'Payroll', 'Patient portal'")


async def test_control_characters_do_not_get_onto_the_page(local: httpx2.AsyncClient) -> None:
    row = (await local.post("/api/v1/posts", json={**NEW, "title": "Slow\x1b[31m\r\nX: y", "text": "a\x00b"})).json()
    assert (row["title"], row["text"]) == ("Slow [31m X: y", "a b")


async def test_the_page_can_be_had_as_files(local: httpx2.AsyncClient) -> None:
    made = (await local.get("/api/v1/status-page/files")).json()["files"]
    assert {"index.html", "history.html", "status.json", "feed.atom", "badge/payroll.svg"} <= made.keys()
    assert "Example Health" in made["index.html"]
