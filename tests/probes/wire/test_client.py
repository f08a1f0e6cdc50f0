"""httpx2's client over the probe transport."""

import asyncio
import gzip

import httpx2
import pytest

from sentinel.core.result import FailureClass
from sentinel.probes.wire import Exchange, ExchangeFailed
from sentinel.probes.wire.client import ClientTransport
from tests.kit.ports import refusing_port
from tests.kit.raw_server import Connection, RawServer, answering
from tests.probes.wire.asker import Asker


def client(asker: Asker, follow_redirects: bool = False) -> httpx2.AsyncClient:
    deadline = asyncio.get_running_loop().time() + 5
    transport = ClientTransport(asker.transport, asker.contexts, deadline=deadline)
    return httpx2.AsyncClient(transport=transport, trust_env=False, follow_redirects=follow_redirects)


async def test_the_client_keeps_cookies_and_follows_redirects(asker: Asker) -> None:
    async def script(connection: Connection) -> None:
        head = await connection.request()
        if head.startswith(b"POST /login"):
            assert await connection.take(7) == b"user=me"
            answer = b"HTTP/1.1 303 See Other\r\nLocation: /home\r\nSet-Cookie: s=1\r\nContent-Length: 0\r\n\r\n"
        else:
            answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" if b"cookie: s=1" in head.lower() else b""
        await connection.send(answer)

    async with RawServer(script) as server, client(asker, follow_redirects=True) as flow:
        response = await flow.post(server.url("/login"), data={"user": "me"})
    assert (response.status_code, response.text) == (200, "ok")


async def test_a_compressed_body_is_decompressed_once(asker: Asker) -> None:
    body = gzip.compress(b'{"a": 1}')
    script = answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + body)
    async with RawServer(script) as server, client(asker) as flow:
        response = await flow.get(server.url())
    assert response.json() == {"a": 1}
    exchange = response.extensions["exchange"]
    assert isinstance(exchange, Exchange)
    assert exchange.phases.total > 0


async def test_a_failure_comes_through_with_its_class(asker: Asker) -> None:
    async with client(asker) as flow:
        with refusing_port() as port, pytest.raises(ExchangeFailed) as caught:
            await flow.get(f"http://127.0.0.1:{port}/")
    assert caught.value.failure is FailureClass.REFUSED


async def test_a_redirect_that_cannot_be_requested_is_an_error_of_the_protocol(asker: Asker) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://a:canary@127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with RawServer(answering(answer)) as server, client(asker, follow_redirects=True) as flow:
        with pytest.raises(httpx2.LocalProtocolError) as caught:
            await flow.get(server.url())
    assert "canary" not in str(caught.value)
