"""What is done to the listeners on purpose (W01, W03, W05, W16, W18, W21). `docs/dashboard/faults.md` has the whole list."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from sentinel.base.clock import SystemClock
from sentinel.web.guard import Bounds
from sentinel.web.server import WebServer
from tests.web.sign_in.conftest import Desk, serving, sign_in
from tests.web.sign_in.test_rules import ROUTES, filled
from tests.web.test_server import REQUEST, answer_to

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx2

    from tests.kit.monitor import StillMonitor
    from tests.web.conftest import Site

DRIPPING = 200

#: What every answer has, whatever it is of and whoever asks. Each value is the beginning of what is allowed.
HEADERS = {
    "x-content-type-options": ("nosniff",),
    "referrer-policy": ("no-referrer", "same-origin"),
    "content-security-policy": ("default-src 'none'",),
    "cache-control": ("no-store",),
}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with serving(tmp_path) as made:
        yield made


# --- W01 --------------------------------------------------------------------------------------------------------------


async def test_a_port_that_is_full_of_slow_clients_keeps_nobody_from_the_socket(monitor: StillMonitor) -> None:
    """Two hundred clients that never end their request: the port lets in as many as it may, and the owner is served."""
    server = WebServer(monitor, monitor.plan, SystemClock(), Bounds(request=5.0))
    await server.start()
    dripping = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(DRIPPING)]
    for _, writer in dripping:
        writer.write(b"GET /healthz HTTP/1.1\r\nx: ")
    said = await answer_to(monitor.plan.web.socket, REQUEST.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
    assert b"200 OK" in said
    turned_away = await asyncio.gather(*(turned_away_at(reader) for reader, _ in dripping[Bounds().from_one :]))
    assert all(turned_away)
    for _, writer in dripping:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    await server.stop()


async def turned_away_at(reader: asyncio.StreamReader) -> bool:
    """Whether the server said that there are too many; a reset says so too."""
    with suppress(ConnectionError):
        return (await reader.read()).startswith(b"HTTP/1.1 503 ")
    return True


# --- W03 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/incidents/{}", "/api/v1/silences/{}/end", "/api/v1/posts/{}/edit"])
@pytest.mark.parametrize("number", ["9" * 5_000, "9" * 16, "-1", "1.5", "NaN", "٣", "0x10"])
async def test_a_number_that_is_none_is_not_found(site: Site, path: str, number: str) -> None:
    """Python refuses to read thousands of digits, which was a fault with a traceback."""
    method = "GET" if path.endswith("{}") else "POST"
    assert (await site.local.request(method, path.format(number), json={"by": "ann"})).status_code in (404, 405)


@pytest.mark.parametrize("path", ["/incidents/{}", "/api/v1/incidents/{}"])
async def test_pages_know_no_such_number_either(desk: Desk, path: str) -> None:
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        assert (await ann.get(path.format("9" * 5_000))).status_code == 404


@pytest.mark.parametrize("ids", [[1 << 53], [1 << 64], [10**400], [-1], [0], [True], ["1"], [1.0], []])
async def test_numbers_that_no_store_holds_are_refused(site: Site, ids: list[object]) -> None:
    assert (await site.local.post("/api/v1/outbox/drop", json={"ids": ids})).status_code == 400


# --- W05 --------------------------------------------------------------------------------------------------------------


async def test_a_link_changes_nothing(desk: Desk) -> None:
    """Whatever changes something is a POST: a picture, a link or a look ahead of a browser does nothing."""
    forms = [route for route in ROUTES if route.doing and "GET" not in (route.methods or ())]
    async with desk.browser(accept="application/json") as ann:
        await sign_in(ann, "ann")
        before = await desk.deeds()
        found = {route.path: (await ann.get(filled(route.path))).status_code for route in forms}
        assert await desk.deeds() == before
    shown = {route.path for route in ROUTES if "GET" in (route.methods or ())}
    assert {path for path, status in found.items() if status not in (404, 405)} <= shown


# --- W16 --------------------------------------------------------------------------------------------------------------


async def test_a_fault_has_a_number_that_stands_in_the_log(site: Site) -> None:
    site.monitor.failure = RuntimeError("secret-canary")
    with capture_logs() as logs:
        answer = await site.local.get("/api/v1/status")
    assert (answer.status_code, "canary" in answer.text) == (500, False)
    assert [line["number"] for line in logs if "number" in line] == [answer.json()["number"]]


async def test_a_folder_of_reports_that_cannot_be_read_is_said(site: Site) -> None:
    folder = site.monitor.plan.reports_folder
    folder.symlink_to(folder)  # which leads nowhere
    answer = await site.local.get("/api/v1/reports")
    assert (answer.status_code, "cannot be read" in answer.json()["error"]) == (503, True)


# --- W18 --------------------------------------------------------------------------------------------------------------

ACKNOWLEDGE = "/api/v1/incidents/12/acknowledge"


async def at_once(client: httpx2.AsyncClient, *paths: str) -> list[int]:
    answers = await asyncio.gather(*(client.post(path, json={"why": "on it"}) for path in paths))
    return [answer.status_code for answer in answers]


async def test_of_twenty_who_take_an_incident_at_once_one_does(desk: Desk) -> None:
    """A button that is pressed often, a request that is sent again: it is done once, and stands in the journal once."""
    async with desk.program("root") as client:
        found = await at_once(client, *[ACKNOWLEDGE] * 20)
    assert sorted(found) == [200] + [409] * 19
    assert [deed.action for deed in await desk.deeds()] == ["incident.acknowledge"]


async def test_taking_and_resolving_at_once_ends_resolved(desk: Desk) -> None:
    async with desk.program("root") as client:
        found = await at_once(client, *[ACKNOWLEDGE, "/api/v1/incidents/12/resolve"] * 10)
    assert set(found) <= {200, 404, 409}
    incident = desk.monitor.histories[1].incident
    assert incident is None or not incident.is_open
    actions = [deed.action for deed in await desk.deeds()]
    assert (actions.count("incident.resolve"), actions.count("incident.acknowledge") <= 1) == (1, True)


async def test_another_person_takes_over(desk: Desk) -> None:
    async with desk.program("root") as root, desk.browser() as ben:
        await sign_in(ben, "ben")
        assert await at_once(root, ACKNOWLEDGE) == [200]
        assert (await ben.post(ACKNOWLEDGE, json={"why": "on it"})).json()["acknowledged_by"] == "ben"


# --- W21 --------------------------------------------------------------------------------------------------------------


async def test_no_answer_may_be_framed_guessed_or_kept(desk: Desk) -> None:
    """Every route, as somebody who may everything, as nobody, and where there is no such route."""
    async with desk.browser() as ann, desk.browser() as nobody:
        await sign_in(ann, "ann")
        wrong = [one for client in (ann, nobody) for one in [*await missing(client)]]
    assert not wrong


async def missing(client: httpx2.AsyncClient) -> list[str]:
    """Answers that lack a header, each with its name."""
    paths = {filled(route.path) for route in ROUTES if "GET" in (route.methods or ())} | {"/nothing", "/api/v1/nothing"}
    found = []
    for path in sorted(paths - {"/events", "/static/x", "/sign-in/oidc"}):
        answer = await client.get(path)
        found += [f"{path}: {name}" for name in HEADERS if not answer.headers.get(name, "").startswith(HEADERS[name])]
        found += [f"{path}: framed"] * ("frame-ancestors 'none'" not in answer.headers["content-security-policy"])
    return found


async def test_the_socket_has_them_too(site: Site) -> None:
    for path in ("/healthz", "/metrics", "/api/v1/status", "/api/v1/incidents/99", "/nothing"):
        headers = (await site.local.get(path)).headers
        assert all(headers[name].startswith(HEADERS[name]) for name in HEADERS), path
