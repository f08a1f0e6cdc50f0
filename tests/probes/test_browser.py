"""The `browser` probe: a real Chromium loads pages of a real server, good ones and bad ones."""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.browser.errors import finding_of
from sentinel.probes.catalogue import CATALOGUE
from tests.kit.bench import Bench, problem, readings, run, words
from tests.kit.eventually import eventually
from tests.kit.memory import peak_growth
from tests.kit.ports import refusing_port
from tests.kit.raw_server import Connection, RawServer, Script
from tests.probes.kinds import CANARIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import trustme

    from sentinel.core.result import Measurement

HASTE = 4.0  # seconds in which a run comes to the page, on a machine that is not all too busy
SLOW_START = 15.0  # seconds that a run may take on a machine that is busy with other tests


class Site:
    """Pages by path; what is asked for otherwise is not found. Keeps the heads of the requests."""

    def __init__(self, pages: Mapping[str, str], *, status: str = "200 OK", more: bytes = b"") -> None:
        self.heads: list[bytes] = []
        self._pages = pages
        self._status = status
        self._more = more

    async def __call__(self, connection: Connection) -> None:
        head = await connection.request()
        self.heads.append(head)
        page = self._pages.get(head.split(b" ")[1].partition(b"?")[0].decode())
        status = b"404 Not Found" if page is None else self._status.encode()
        body = (page or "").encode()
        kind = b"text/html" if page is None or page.startswith("<") else b"text/javascript"
        answer = b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n"
        await connection.send(answer % (status, kind, len(body), self._more) + body)

    @property
    def paths(self) -> set[str]:
        return {head.split(b" ")[1].decode() for head in self.heads}


def page(body: str) -> dict[str, str]:
    return {"/": f"<!doctype html><html><head><title>x</title></head><body>{body}</body></html>"}


async def load(bench: Bench, script: Script, *, tls: ssl.SSLContext | None = None, **options: Any) -> Measurement:
    """One look at the page that a server gives."""
    within = options.pop("within", SLOW_START)
    async with RawServer(script, tls=tls) as server:
        return await bench.measure("browser", url=server.url("/?q=query-canary"), within=within, **options)


@pytest.fixture(autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where profiles are made: for this test alone, and short enough for the names of Chromium's sockets."""
    tmp_path_factory.getbasetemp()  # is made when first asked for, and not below ours
    usual = tempfile.gettempdir()
    with tempfile.TemporaryDirectory(prefix="b-", ignore_cleanup_errors=True) as own:
        tempfile.tempdir = own
        yield Path(own)
        tempfile.tempdir = usual


def left_in(folder: Path) -> list[Path | psutil.Process]:
    """Profiles, and processes of Chromium that still run with one of them."""
    found: list[Path | psutil.Process] = list(folder.iterdir())
    for process in psutil.process_iter(["cmdline", "status"]):
        command = " ".join(process.info["cmdline"] or ())
        if f"{folder}/" in command and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


async def test_a_good_page_passes_with_its_times(bench: Bench) -> None:
    site = Site(page("<h1>Welcome</h1><script src=/app.js></script>") | {"/app.js": "document.title = 'y'"})
    found = await load(bench, site, text=["Welcome"], selector=["h1"])
    seen = readings(found)
    assert found.outcome is Outcome.PASS
    assert seen["response_time"] <= seen["dom_content_loaded"] <= seen["load_time"] < 5
    assert seen["first_contentful_paint"] > 0
    assert {"/?q=query-canary", "/app.js"} <= site.paths
    assert [seen[name] for name in ("failed_requests", "blocked_requests", "console_errors")] == [0, 0, 0]


async def test_what_a_script_draws_later_is_waited_for(bench: Bench) -> None:
    found = await load(
        bench, Site(page("<script>setTimeout(() => document.body.append('Ready'), 300)</script>")), text=["Ready"]
    )
    assert found.outcome is Outcome.PASS
    assert readings(found)["shown_time"] > 0.3


@pytest.mark.parametrize("options", [{"text": ["Sign in"]}, {"selector": ["#login"]}])
async def test_what_is_not_on_the_page_is_named(bench: Bench, options: Any) -> None:
    hidden = "<p style='display: none'>Sign in</p>"
    found = await load(bench, Site(page(hidden)), wait="300ms", **options)
    assert found.failure is FailureClass.WRONG_BODY
    [[wanted]] = options.values()
    assert f"{wanted!r} is not on the page 0.3 s after loading" in found.explanation


async def test_errors_are_counted_and_their_texts_dropped(bench: Bench) -> None:
    body = "<script>console.error('Mary Canary'); console.log('x'); throw Error('Mary Canary')</script><img src=/gone>"
    found = await load(
        bench, Site(page(body), more=b"X-Secret: header-canary\r\n"), cookies={"session": "token-canary"}
    )
    assert [readings(found)[name] for name in ("console_errors", "failed_requests")] == [2, 1]
    assert found.hints is not None
    assert "Network" in found.hints["failed_requests"]
    assert not [canary for canary in CANARIES if canary in words(found)]


async def test_a_status_that_is_not_good_is_told(bench: Bench) -> None:
    found = await load(bench, Site(page("Mary Canary"), status="503 Service Unavailable"))
    assert (found.failure, found.explanation) == (FailureClass.WRONG_STATUS, "status 503, expected 2xx")
    assert "load_time" in readings(found)


async def test_a_cookie_is_sent_to_the_page_alone(bench: Bench) -> None:
    other = Site({"/x.js": "1"})
    async with RawServer(other) as elsewhere:
        site = Site(page(f"<script src=http://localhost:{elsewhere.port}/x.js></script>"))
        await load(bench, site, cookies={"session": "token-canary"})
    assert b"session=token-canary" in site.heads[0]
    assert other.heads
    assert not any(b"token-canary" in head for head in other.heads)


async def test_other_hosts_can_be_left_out(bench: Bench) -> None:
    other = Site({"/x.js": "1"})
    async with RawServer(other) as elsewhere:
        site = Site(page(f"<script src=http://localhost:{elsewhere.port}/x.js></script>"))
        found = await load(bench, site, only_hosts=[])
        allowed = await load(bench, site, only_hosts=["localhost"])
    assert (found.outcome, len(other.heads)) == (Outcome.PASS, 1)
    assert [readings(found)[name] for name in ("blocked_requests", "failed_requests")] == [1, 0]
    assert readings(allowed)["blocked_requests"] == 0


async def hang(connection: Connection) -> None:
    await connection.hung_up()


async def answer_half(connection: Connection) -> None:
    await connection.request()
    await connection.send(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n<html>Mary Canary"
    )
    await connection.hung_up()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (hang, "there was no answer in time"),
        (answer_half, "the page was not loaded in time; 1 of 1 requests are under way"),
    ],
)
async def test_a_page_that_hangs_does_not_hold_the_deadline(bench: Bench, script: Script, said: str) -> None:
    found = await load(bench, script, within=HASTE)
    assert (found.failure, found.explanation) == (FailureClass.READ_TIMEOUT, said)


async def reset(connection: Connection) -> None:
    await connection.request()
    connection.reset()


async def hang_up(connection: Connection) -> None:
    await connection.request()


async def garbage(connection: Connection) -> None:
    await connection.request()
    await connection.send(b"\x15Mary Canary\x00\xff\xfe" * 20)


async def nothing(connection: Connection) -> None:
    await connection.request()
    await connection.send(b"HTTP/1.1 204 No Content\r\n\r\n")


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        (reset, FailureClass.RESET),
        (hang_up, FailureClass.INCOMPLETE),
        (garbage, FailureClass.PROTOCOL_ERROR),
        (nothing, FailureClass.WRONG_STATUS),
    ],
)
async def test_there_is_no_page(bench: Bench, script: Script, failure: FailureClass) -> None:
    found = await load(bench, script)
    assert found.failure is failure
    assert found.explanation.startswith("no page: ERR_")
    assert found.hint


async def test_a_closed_port_is_refused(bench: Bench) -> None:
    with refusing_port() as port:
        found = await bench.measure("browser", url=f"http://127.0.0.1:{port}/", within=SLOW_START)
    assert (found.failure, found.explanation) == (FailureClass.REFUSED, "no page: ERR_CONNECTION_REFUSED")


async def test_a_name_that_does_not_exist_is_told(bench: Bench) -> None:
    found = await bench.measure("browser", url="http://nowhere.invalid/", within=SLOW_START)
    assert found.failure is FailureClass.DNS_NOT_FOUND


async def test_a_certificate_that_is_not_trusted_is_told(bench: Bench, authority: trustme.CA) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    found = await load(bench, Site(page("x")), tls=tls)
    trusting = await load(bench, Site(page("x")), tls=tls, verify_tls=False)
    assert found.failure is FailureClass.TLS_UNTRUSTED
    assert trusting.outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ("net::ERR_CERT_DATE_INVALID", FailureClass.TLS_EXPIRED),
        ("net::ERR_CERT_REVOKED", FailureClass.TLS_UNTRUSTED),
        ("net::ERR_SSL_PROTOCOL_ERROR", FailureClass.TLS_FAILED),
        ("net::ERR_INTERNET_DISCONNECTED", FailureClass.NETWORK_DOWN),
        ("Mary Canary", FailureClass.PROTOCOL_ERROR),
    ],
)
def test_errors_of_chromium_have_our_classes(error: str, failure: FailureClass) -> None:
    found = finding_of(error)
    assert found.failure is failure
    assert "Canary" not in found.explanation


async def test_a_page_that_takes_all_memory_crashes_alone(bench: Bench) -> None:
    hungry = "<script>const all = []; for (;;) all.push(new Array(5e6).fill(0.5))</script>"
    found = await load(bench, Site(page(hungry)), within=20.0)
    assert found.failure is FailureClass.UNHEALTHY
    assert "256 MB" in found.hint


async def test_a_page_that_never_stops_talking_is_bounded(bench: Bench) -> None:
    talk = "for (let n = 0; n < 50; n++) console.error('Mary Canary'.repeat(200000))"
    loud = f"<script>setInterval(() => {{ {talk} }}, 1)</script>"
    with peak_growth() as growth:
        found = await load(bench, Site(page(loud)), text=["never"], within=HASTE)
    assert growth.bytes < 16 << 20
    assert found.outcome is Outcome.FAIL
    assert "Canary" not in words(found)


async def test_a_dialogue_does_not_stop_a_page(bench: Bench) -> None:
    script = "<script>alert('Mary Canary'); if (confirm('?')) document.write('welcome')</script>"
    found = await load(bench, Site(page(script)), text=["welcome"])
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")


async def test_a_page_in_an_endless_loop_does_not_hold_the_deadline(bench: Bench) -> None:
    found = await load(bench, Site(page("<script>for (;;);</script>")), within=HASTE)
    assert found.failure is FailureClass.READ_TIMEOUT


async def test_a_page_cannot_forge_what_is_looked_at(bench: Bench) -> None:
    forged = "<script>document.querySelector = String.prototype.includes = () => true</script>"
    found = await load(bench, Site(page(forged)), text=["Sign in"], selector=["#login"], wait="0s")
    assert found.failure is FailureClass.WRONG_BODY


async def test_a_cancelled_run_leaves_nothing_behind(bench: Bench, folder: Path) -> None:
    async with RawServer(hang) as server:
        kind = CATALOGUE["browser"]
        probe = kind.build(kind.options.model_validate({"url": server.url()}), bench.tools)
        before = len(os.listdir("/proc/self/fd"))
        running = asyncio.create_task(run(probe, within=30))
        await eventually(lambda: server.accepted)
        assert len(left_in(folder)) > 1
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await eventually(lambda: not left_in(folder))
        await eventually(lambda: len(os.listdir("/proc/self/fd")) <= before + 1)  # the server's end


async def test_a_run_leaves_nothing_behind_nor_what_a_killed_one_left(bench: Bench, folder: Path) -> None:
    os.utime(tempfile.mkdtemp(prefix="sentinel-browser-"), (1, 1))
    await load(bench, Site(page("x")))
    await eventually(lambda: not left_in(folder))


async def test_no_more_than_two_run_at_once(bench: Bench) -> None:
    async with RawServer(hang) as server:
        found = await asyncio.gather(*(bench.measure("browser", url=server.url(), within=HASTE) for _ in range(3)))
    assert sorted(one.failure or "" for one in found) == ["overloaded", "read_timeout", "read_timeout"]


def program(folder: Path, script: str) -> str:
    file = folder / "chromium"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        ("sleep 30", FailureClass.OVERLOADED),
        (
            "echo 'No usable sandbox! You probably need to enable user namespaces' >&2; exit 1",
            FailureClass.NOT_PERMITTED,
        ),
        ("exit 1", FailureClass.NOT_INSTALLED),
    ],
)
async def test_a_browser_that_does_not_start_is_sentinels_own_trouble(
    bench: Bench, tmp_path: Path, script: str, failure: FailureClass
) -> None:
    found = await bench.measure("browser", url="http://127.0.0.1/", program=program(tmp_path, script), within=1.5)
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, failure)
    assert found.hint


async def test_a_browser_that_ends_is_named_as_the_check_has_it(bench: Bench, tmp_path: Path) -> None:
    path = program(tmp_path, "exit 1")
    found = await bench.measure("browser", url="http://127.0.0.1/", program=path, within=1.5)
    assert found.explanation == f"{path} ended by itself"
    assert f"`{path} --headless" in found.hint


async def test_a_missing_browser_is_named_before_the_first_run(bench: Bench) -> None:
    options: dict[str, Any] = {"url": "http://127.0.0.1/", "program": "no-such-program"}
    kind = CATALOGUE["browser"]
    found = await bench.measure("browser", **options)
    assert found.failure is FailureClass.NOT_INSTALLED
    assert "apt-get install chromium" in kind.lacks(kind.options.model_validate(options))


async def test_a_selector_that_is_none_is_a_wrong_configuration(bench: Bench) -> None:
    found = await load(bench, Site(page("x")), selector=["##"])
    assert (found.outcome, found.failure) == (Outcome.UNKNOWN, FailureClass.MISCONFIGURED)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "javascript:1", "http://", "https://me:secret@example.org/", "http://x:99999/"]
)
def test_other_addresses_are_refused(url: str) -> None:
    said = problem("browser", url=url)
    assert "URL" in said
    assert "secret" not in said
