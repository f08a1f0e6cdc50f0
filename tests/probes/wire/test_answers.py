"""What a healthy or a merely odd target answers."""

import pytest

from sentinel.probes.wire import prepare
from tests.kit.raw_server import Connection, RawServer, answering
from tests.probes.wire.asker import Asker

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two: a\r\n\r\nhello"


async def test_an_answer_has_status_headers_and_body(asker: Asker) -> None:
    async with RawServer(answering(HELLO)) as server:
        exchange = await asker.get(server.url())
    assert (exchange.status, exchange.body, exchange.truncated) == (200, b"hello", False)
    assert exchange.header("x-two") == "a"
    assert exchange.header("x-three") is None
    assert (exchange.http_version, exchange.peer, exchange.certificate) == ("1.1", "127.0.0.1", None)


async def test_the_phases_follow_each_other_and_add_up(asker: Asker) -> None:
    async with RawServer(answering(HELLO)) as server:
        phases = (await asker.get(server.url())).phases
    assert (phases.resolve, phases.tls) == (0.0, None)
    assert phases.connect is not None
    assert phases.first_byte is not None
    assert phases.transfer is not None
    assert phases.connect + phases.first_byte + phases.transfer == pytest.approx(phases.total, abs=1e-9)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: r\r\n\r\n",
            b"abcde",
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", b""),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok and more", b"ok"),
    ],
    ids=["chunked", "until-close", "no-content", "not-modified", "interim", "surplus"],
)
async def test_the_body_ends_where_the_answer_says(asker: Asker, answer: bytes, body: bytes) -> None:
    async with RawServer(answering(answer)) as server:
        assert (await asker.get(server.url())).body == body


async def test_the_headers_of_an_interim_answer_are_not_those_of_the_answer(asker: Asker) -> None:
    answer = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    async with RawServer(answering(answer)) as server:
        assert (await asker.get(server.url())).headers == ((b"Content-Length", b"0"),)


async def test_the_answer_to_head_has_no_body(asker: Asker) -> None:
    async with RawServer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")) as server:
        exchange = await asker.get(server.url(), method="HEAD")
    assert (exchange.status, exchange.body) == (200, b"")


async def test_a_redirect_is_an_answer_and_not_followed(asker: Asker) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    async with RawServer(answering(answer)) as server:
        assert (await asker.get(server.url())).status == 302


async def test_a_body_past_the_cap_is_cut(asker: Asker) -> None:
    async with RawServer(answering(HELLO)) as server:
        exchange = await asker.get(server.url(), body_cap=3)
    assert (exchange.body, exchange.truncated) == (b"hel", True)


async def test_a_body_of_exactly_the_cap_is_whole(asker: Asker) -> None:
    async with RawServer(answering(HELLO)) as server:
        exchange = await asker.get(server.url(), body_cap=5, whole_body=True)
    assert (exchange.body, exchange.truncated) == (b"hello", False)


async def test_the_request_arrives_as_prepared(asker: Asker) -> None:
    seen: list[bytes] = []

    async def script(connection: Connection) -> None:
        seen.append(await connection.request())
        await connection.send(HELLO)

    async with RawServer(script) as server:
        await asker.send(prepare("GET", server.url("/a?q=1"), headers=[("X-Key", "k")], contexts=asker.contexts))
    head = seen[0].decode()
    assert head.startswith(f"GET /a?q=1 HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n")
    assert "\r\nX-Key: k\r\n" in head
    assert head.endswith("Connection: close\r\n\r\n")


async def test_a_large_request_body_is_sent_whole(asker: Asker) -> None:
    body = bytes(8_000_000)

    async def script(connection: Connection) -> None:
        head = await connection.request()
        assert f"Content-Length: {len(body)}".encode() in head
        assert await connection.take(len(body)) == body
        await connection.send(HELLO)

    async with RawServer(script) as server:
        assert (await asker.send(prepare("POST", server.url(), body=body, contexts=asker.contexts))).status == 200


async def test_an_answer_that_comes_before_the_whole_request_was_taken_counts(asker: Asker) -> None:
    async with RawServer(answering(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")) as server:
        request = prepare("POST", server.url(), body=bytes(200_000), contexts=asker.contexts)
        assert (await asker.send(request)).status == 413
