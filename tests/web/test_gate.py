"""A port that speaks TLS: who opens connections and says nothing costs little, and keeps nobody out."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING

import httpx2
import pytest
import trustme

from sentinel.base.clock import SystemClock
from sentinel.web.gate import Gate
from sentinel.web.guard import Bounds
from sentinel.web.sign_in.certificates import Certificate
from tests.kit.eventually import eventually
from tests.web.sign_in.conftest import serving
from tests.web.sign_in.test_edges import files, trusting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WITHIN = 10.0  # seconds


class Echo(asyncio.Protocol):
    """Says what it hears."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert isinstance(self._transport, asyncio.Transport)
        self._transport.write(data)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def gate(tmp_path: Path, authority: trustme.CA) -> AsyncIterator[tuple[Gate, int]]:
    """A gate for three handshakes, two of them from one address, and its port."""
    context = Certificate(files(tmp_path, authority), SystemClock()).context
    made = Gate(Echo, context, Bounds(connections=3, from_one=2), within=5.0)
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    yield made, server.sockets[0].getsockname()[1]
    server.close()
    await made.close()


async def silent(port: int, address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))


async def closed(*connections: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    for _, writer in connections:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def test_what_is_said_after_the_handshake_is_heard(gate: tuple[Gate, int], authority: trustme.CA) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gate[1], ssl=trusting(authority))
    writer.write(b"hello")
    async with asyncio.timeout(WITHIN):
        assert await reader.readexactly(5) == b"hello"
    await closed((reader, writer))


async def test_what_comes_with_the_end_of_the_handshake_is_heard_too(
    gate: tuple[Gate, int], authority: trustme.CA
) -> None:
    """A client need not wait before it sends: asyncio tells of its words before it tells that there is a connection."""
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting(authority).wrap_bio(into, out, server_hostname="127.0.0.1")
    reader, writer = await asyncio.open_connection("127.0.0.1", gate[1])
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    writer.write(out.read())
    async with asyncio.timeout(WITHIN):
        into.write(await reader.read(65_536))
        client.do_handshake()
        client.write(b"hello")
        writer.write(out.read())  # the end of the handshake and the first words, in one packet
        heard = b""
        while not heard:
            into.write(await reader.read(65_536))
            try:
                heard = client.read(5)
            except ssl.SSLWantReadError:
                continue
    assert heard == b"hello"
    await closed((reader, writer))


async def test_who_says_nothing_takes_two_places_and_no_more(gate: tuple[Gate, int]) -> None:
    here, port = gate
    held = [await silent(port, "127.0.0.1") for _ in range(2)]
    await eventually(lambda: here.shaking == 2)
    third, other = await silent(port, "127.0.0.1"), await silent(port, "127.0.0.2")
    async with asyncio.timeout(WITHIN):
        await asyncio.gather(third[0].read(), return_exceptions=True)  # the end, or a reset
    await eventually(lambda: here.shaking == 3)
    await closed(*held, third, other)


async def test_who_never_shakes_hands_is_cut(tmp_path: Path, authority: trustme.CA) -> None:
    context = Certificate(files(tmp_path, authority), SystemClock()).context
    hasty = Gate(Echo, context, Bounds(), within=0.1)
    server = await asyncio.get_running_loop().create_server(hasty, "127.0.0.1", 0)
    one = await silent(server.sockets[0].getsockname()[1], "127.0.0.1")
    async with asyncio.timeout(WITHIN):
        await asyncio.gather(one[0].read(), return_exceptions=True)
    await eventually(lambda: hasty.shaking == 0)
    await closed(one)
    server.close()


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b""])
async def test_who_speaks_no_tls_is_cut(gate: tuple[Gate, int], said: bytes) -> None:
    here, port = gate
    reader, writer = await silent(port, "127.0.0.1")
    writer.write(said)
    writer.write_eof()
    async with asyncio.timeout(WITHIN):
        await asyncio.gather(reader.read(), return_exceptions=True)
    await eventually(lambda: here.shaking == 0)
    await closed((reader, writer))


async def test_a_stop_does_not_wait_for_who_says_nothing(tmp_path: Path, authority: trustme.CA) -> None:
    async with serving(tmp_path, tls=files(tmp_path, authority)) as desk:
        assert desk.server.port
        one = await silent(desk.server.port, "127.0.0.1")
        async with httpx2.AsyncClient(base_url=desk.url, verify=trusting(authority)) as anybody:
            assert (await anybody.get("/healthz")).status_code == 200
    async with asyncio.timeout(WITHIN):
        await asyncio.gather(one[0].read(), return_exceptions=True)
    await closed(one)
