"""How the public status page is served: quickly, within bounds, and nothing else with it."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx2
import pytest
import trustme

from sentinel.base.clock import SystemClock
from sentinel.core.component import Condition
from sentinel.core.tls import TlsFiles
from sentinel.web.guard import Bounds
from sentinel.web.public.listener import PublicListener
from sentinel.web.server import WebServer
from sentinel.web.sockets import CannotListen
from tests.kit.clock import FakeClock
from tests.kit.eventually import eventually
from tests.kit.monitor import StillMonitor
from tests.kit.public import FINE, PAGE, StillPage
from tests.kit.scene import broken, check, history, plan

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.public.conftest import Outside

EVERY_PATH = (
    "/",
    "/index.html",
    "/history",
    "/history.html",
    "/status.json",
    "/feed.atom",
    "/feed.rss",
    "/icon.svg",
    "/badge/overall.svg",
    "/badge/payroll.svg",
    "/badge/patient-portal/uptime-7d.svg",
)


@pytest.mark.parametrize("path", EVERY_PATH)
async def test_everything_may_be_kept_for_a_moment_and_framed_by_nobody(outside: Outside, path: str) -> None:
    """W21."""
    answer = await outside.visitor.get(path)
    assert answer.status_code == 200
    assert answer.headers["cache-control"].startswith("public, max-age=15")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["date"].endswith("GMT")
    assert "server" not in answer.headers
    assert not any(name in str(answer.headers) for component in PAGE.components for name in component.checks)


async def test_who_has_the_newest_already_is_told_so(outside: Outside) -> None:
    first = await outside.visitor.get("/")
    tags = {"if-none-match": f'"other", W/{first.headers["etag"]}'}
    again = await outside.visitor.get("/", headers=tags)
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])


async def test_answers_are_packed_for_whom_can_read_that(outside: Outside) -> None:
    plain = await outside.visitor.get("/status.json", headers={"accept-encoding": "identity"})
    async with outside.visitor.stream("GET", "/status.json", headers={"accept-encoding": "br, gzip;q=0.5"}) as packed:
        body = b"".join([part async for part in packed.aiter_raw()])
    assert gzip.decompress(body) == plain.content
    refused = await outside.visitor.get("/status.json", headers={"accept-encoding": "gzip;q=0"})
    assert "content-encoding" not in refused.headers


async def test_head_has_no_body_and_other_methods_are_refused(outside: Outside) -> None:
    head = await outside.visitor.head("/")
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) > 1000
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert (await outside.visitor.request(method, "/")).status_code == 405


@pytest.mark.parametrize(
    "path",
    ["/api/v1/status", "/metrics", "/healthz", "/sign-in", "/badge/pay-api.svg", "/..%2f..%2fetc/passwd", "/%00"],
)
async def test_nothing_else_answers_there(outside: Outside, path: str) -> None:
    answer = await outside.visitor.get(path)
    assert (answer.status_code, answer.text) == (404, "nothing here\n")


async def test_a_thousand_visitors_cost_one_page(outside: Outside) -> None:
    answers = await asyncio.gather(*(outside.visitor.get("/") for _ in range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert outside.page.made == 1


async def test_after_five_seconds_it_is_made_anew_while_the_old_one_is_given(outside: Outside) -> None:
    before = (await outside.visitor.get("/")).text
    outside.page.known = replace(FINE, conditions=dict.fromkeys(FINE.conditions, Condition.MAJOR_OUTAGE))
    await outside.clock.advance(seconds=4)
    assert (await outside.visitor.get("/")).text == before
    await outside.clock.advance(seconds=2)
    assert (await outside.visitor.get("/")).text == before
    async with asyncio.timeout(5):
        while "A major outage" not in (await outside.visitor.get("/")).text:
            assert outside.page.made <= 2


async def test_after_a_quiet_hour_nobody_gets_the_page_of_an_hour_ago(outside: Outside) -> None:
    await outside.visitor.get("/")
    outside.page.known = replace(FINE, conditions=dict.fromkeys(FINE.conditions, Condition.MAJOR_OUTAGE))
    await outside.clock.advance(hours=1)
    assert "A major outage" in (await outside.visitor.get("/")).text


async def test_what_was_posted_is_there_at_once(outside: Outside) -> None:
    await outside.visitor.get("/")
    outside.page.known = replace(FINE, conditions=dict.fromkeys(FINE.conditions, Condition.MAJOR_OUTAGE))
    outside.page.edition += 1
    assert "A major outage" in (await outside.visitor.get("/")).text


async def test_while_a_page_cannot_be_made_the_one_before_is_given(outside: Outside) -> None:
    before = (await outside.visitor.get("/")).text
    outside.page.failure = RuntimeError("canary")
    await outside.clock.advance(seconds=6)
    assert (await outside.visitor.get("/")).text == before
    await eventually(lambda: outside.page.made == 2)
    assert (await outside.visitor.get("/")).text == before


async def test_before_anything_is_known_it_says_so(outside: Outside) -> None:
    outside.page.failure = RuntimeError("canary")
    answer = await outside.visitor.get("/")
    assert (answer.status_code, answer.text, answer.headers["retry-after"]) == (503, "not known yet\n", "5")


async def test_a_page_that_a_reload_took_away_is_gone(outside: Outside) -> None:
    outside.page.plan = None
    assert (await outside.visitor.get("/")).status_code == 503


async def _said_to(port: int, request: bytes) -> bytes:
    async with asyncio.timeout(5):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


async def test_a_visitor_who_is_slow_or_talks_too_much_is_cut_off() -> None:
    """W01."""
    listener = PublicListener(StillPage(PAGE), PAGE, SystemClock(), Bounds(request=0.2, body=0, connections=2))
    await listener.start()
    assert await _said_to(listener.port, b"GET / HTTP/1.1\r\nhost: a\r\n") == b""
    long = b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 20_000
    said = await _said_to(listener.port, long)
    assert not said or said.startswith(b"HTTP/1.1 431 ")
    await listener.stop()


async def test_the_daemon_serves_it_on_an_address_of_its_own(tmp_path: Path) -> None:
    pasts = [history(check("pay-api"), [broken("canary-explanation")] * 3)]
    whole = replace(plan(*(past.check for past in pasts), folder=tmp_path, port=0), status_page=PAGE)
    server = WebServer(StillMonitor(whole, pasts), whole, SystemClock())
    await server.start()
    assert server.public is not None
    answer = await _said_to(server.public.port, b"GET / HTTP/1.0\r\nhost: status.example.org\r\n\r\n")
    assert b"Example Health" in answer
    assert b"canary" not in answer
    assert b"nothing here" in await _said_to(server.public.port, b"GET /api/v1/status HTTP/1.0\r\nhost: a\r\n\r\n")
    await server.stop()


async def test_a_port_that_is_taken_is_said_with_its_key(tmp_path: Path) -> None:
    taken = PublicListener(StillPage(PAGE), PAGE, FakeClock())
    await taken.start()
    page = replace(PAGE, port=taken.port)
    whole = replace(plan(folder=tmp_path), status_page=page)
    with pytest.raises(CannotListen) as raised:
        await WebServer(StillMonitor(whole, []), whole, SystemClock()).start()
    assert "status_page.port" in raised.value.hint
    assert not whole.web.socket.exists()
    await taken.stop()


async def test_it_can_have_a_certificate_of_its_own(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    files = TlsFiles(certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem")
    issued.cert_chain_pems[0].write_to_path(files.certificate)
    issued.private_key_pem.write_to_path(files.key)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    listener = PublicListener(StillPage(PAGE), replace(PAGE, tls=files), SystemClock())
    await listener.start()
    async with httpx2.AsyncClient(verify=trusting) as visitor:
        assert "Example Health" in (await visitor.get(f"https://127.0.0.1:{listener.port}/")).text
    await listener.stop()
