from __future__ import annotations

import asyncio
import socket
import stat
from typing import TYPE_CHECKING

import pytest

from sentinel.base.clock import SystemClock
from sentinel.base.errors import AlreadyRunning
from sentinel.web.guard import Bounds
from sentinel.web.headers import STRICT
from sentinel.web.server import WebServer
from sentinel.web.sockets import CannotListen

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.monitor import StillMonitor
    from tests.web.conftest import Site

REQUEST = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"


async def answer_to(path: Path, *parts: bytes, within: float = 5.0) -> bytes:
    """Everything that comes back until the other side closes."""
    async with asyncio.timeout(within):
        reader, writer = await asyncio.open_unix_connection(str(path))
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


async def test_the_socket_is_for_its_owner_alone(site: Site) -> None:
    assert stat.S_IMODE(site.socket.stat().st_mode) == 0o600


async def test_the_socket_is_gone_after_a_stop(site: Site) -> None:
    await site.server.stop()
    assert not site.socket.exists()


async def test_a_socket_left_by_a_killed_daemon_is_replaced(monitor: StillMonitor) -> None:
    path = monitor.plan.web.socket
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    server = WebServer(monitor, monitor.plan, SystemClock())
    await server.start()
    assert b"200 OK" in await answer_to(path, REQUEST.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
    await server.stop()


async def test_a_second_daemon_on_the_socket_is_refused_and_harms_nothing(site: Site) -> None:
    second = WebServer(site.monitor, site.monitor.plan, SystemClock())
    with pytest.raises(AlreadyRunning):
        await second.start()
    assert (await site.local.get("/healthz")).status_code == 200


async def test_a_file_in_the_way_is_not_removed(monitor: StillMonitor) -> None:
    monitor.plan.web.socket.write_text("a diary")
    with pytest.raises(CannotListen, match="is no socket"):
        await WebServer(monitor, monitor.plan, SystemClock()).start()
    assert monitor.plan.web.socket.read_text() == "a diary"


async def test_running_serves_until_it_is_cancelled(monitor: StillMonitor) -> None:
    server = WebServer(monitor, monitor.plan, SystemClock())
    task = asyncio.create_task(server.run())
    await server.started()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not monitor.plan.web.socket.exists()


@pytest.fixture
async def strict(monitor: StillMonitor) -> WebServer:
    """A server of little patience."""
    server = WebServer(monitor, monitor.plan, SystemClock(), Bounds(request=0.2, response=0.3, connections=2))
    await server.start()
    return server


async def test_headers_that_never_end_are_cut_in_time(strict: WebServer, monitor: StillMonitor) -> None:
    assert await answer_to(monitor.plan.web.socket, REQUEST[:-2]) == b""
    await strict.stop()


async def test_a_connection_that_says_nothing_is_cut_in_time(strict: WebServer, monitor: StillMonitor) -> None:
    assert await answer_to(monitor.plan.web.socket) == b""
    await strict.stop()


async def test_a_body_that_never_ends_is_cut_in_time(strict: WebServer, monitor: StillMonitor) -> None:
    head = b"POST /api/v1/reload HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{"
    assert await answer_to(monitor.plan.web.socket, head) == b""
    assert monitor.reloads == 0
    await strict.stop()


async def test_drips_of_many_connections_do_not_keep_others_out(monitor: StillMonitor) -> None:
    """W01: two hundred clients that send a header and wait; another client is served meanwhile."""
    server = WebServer(monitor, monitor.plan, SystemClock(), Bounds(request=0.2, connections=20))
    await server.start()
    path = monitor.plan.web.socket
    slow = [asyncio.create_task(answer_to(path, REQUEST[:-2])) for _ in range(200)]
    await asyncio.gather(*slow)
    assert b"200 OK" in await answer_to(path, REQUEST.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
    await server.stop()


async def test_one_connection_too_many_is_told_so(strict: WebServer, monitor: StillMonitor) -> None:
    path = monitor.plan.web.socket
    held = [await asyncio.open_unix_connection(str(path)) for _ in range(2)]
    assert (await answer_to(path)).startswith(b"HTTP/1.1 503 ")
    for _, writer in held:
        writer.close()
    await strict.stop()


async def test_one_address_does_not_take_every_connection(monitor: StillMonitor) -> None:
    server = WebServer(monitor, monitor.plan, SystemClock(), Bounds(connections=20, from_one=2))
    await server.start()
    held = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
    answers = []
    for other in ("127.0.0.1", "127.0.0.2"):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, local_addr=(other, 0))
        held.append((reader, writer))
        writer.write(REQUEST)
        answers.append((await reader.readline()).split()[1])
    assert answers == [b"503", b"200"]
    for _, writer in held:
        writer.close()
    await server.stop()


async def test_an_answer_that_takes_too_long_is_cut(strict: WebServer, monitor: StillMonitor) -> None:
    monitor.gate = asyncio.Event()
    assert await answer_to(monitor.plan.web.socket, REQUEST.replace(b"/healthz", b"/api/v1/status")) == b""
    monitor.gate.set()
    await strict.stop()


async def test_a_body_above_the_cap_is_413(site: Site) -> None:
    head = b"POST /api/v1/reload HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 50000000\r\n\r\n"
    said = await answer_to(site.socket, head, *[b" " * 10_000] * 20)
    assert said.startswith(b"HTTP/1.1 413 ") or not said  # reset by our bytes that nobody read any more
    assert site.monitor.reloads == 0


async def test_headers_above_the_cap_are_refused(site: Site) -> None:
    said = await answer_to(site.socket, b"GET /healthz HTTP/1.1\r\n", b"x: " + b"y" * 20_000)
    assert said.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("asked", [b"\x16\x03\x01 hello\r\n\r\n", b"GET / HTTP/1.1\r\nx: " + b"y" * 20_000])
async def test_answers_that_no_application_gives_are_as_strict(site: Site, asked: bytes) -> None:
    """W21: also where the request is not understood."""
    head = (await answer_to(site.socket, asked)).lower()
    assert all(b"%s: %s\r\n" % one in head for one in STRICT)


async def test_garbage_is_a_bad_request(site: Site) -> None:
    assert (await answer_to(site.socket, b"\x16\x03\x01 hello\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


async def test_requests_after_each_other_share_a_connection(site: Site) -> None:
    reader, writer = await asyncio.open_unix_connection(str(site.socket))
    for _ in range(3):
        writer.write(REQUEST)
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 OK")
        await reader.readuntil(b"}")
    writer.close()


async def test_a_client_that_leaves_early_harms_nothing(site: Site) -> None:
    head = b"POST /api/v1/reload HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{"
    _, writer = await asyncio.open_unix_connection(str(site.socket))
    writer.write(head)
    await writer.drain()
    writer.transport.abort()
    assert (await site.local.get("/healthz")).status_code == 200


async def test_a_second_request_before_the_first_answer_ends_the_connection(site: Site) -> None:
    site.monitor.gate = asyncio.Event()
    said = await answer_to(site.socket, REQUEST.replace(b"/healthz", b"/api/v1/status") + REQUEST)
    site.monitor.gate.set()
    assert said.startswith(b"HTTP/1.1 400 ")


async def test_an_early_refusal_does_not_wait_for_the_rest_of_the_body(
    strict: WebServer, monitor: StillMonitor
) -> None:
    head = b"POST /api/v1/reload HTTP/1.1\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n\r\n{"
    reader, writer = await asyncio.open_unix_connection(str(monitor.plan.web.socket))
    writer.write(head)
    assert (await reader.readline()).startswith(b"HTTP/1.1 415 ")
    writer.close()
    await strict.stop()
