"""Each way a target can fail ends in its own class, at the deadline at the latest, and in bounded memory."""

import asyncio
import gzip
import resource
import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sentinel.core.result import FailureClass
from sentinel.probes.wire import Phase
from tests.kit.memory import peak_growth
from tests.kit.ports import refusing_port
from tests.kit.raw_server import Blackhole, Connection, RawServer, answering
from tests.probes.wire.asker import Asker

SOON = 0.3  # seconds until the deadline of a target that never finishes


async def test_a_closed_port_is_refused(asker: Asker) -> None:
    with refusing_port() as port:
        failed = await asker.failure(f"http://127.0.0.1:{port}/")
    assert (failed.failure, failed.phase) == (FailureClass.REFUSED, Phase.CONNECT)
    assert failed.explanation == f"connection refused by 127.0.0.1 port {port}"
    assert failed.phases.connect is not None
    assert failed.phases.first_byte is None


async def test_where_nobody_listens_is_told_as_it_is_configured_without_what_may_be_secret(asker: Asker) -> None:
    with refusing_port() as port:
        named = await asker.failure(f"http://localhost:{port}/hunter22?token=hunter22")
        bracketed = await asker.failure(f"http://[::1]:{port}/")
    assert named.explanation == f"connection refused by localhost port {port}"
    assert bracketed.explanation == f"connection refused by [::1] port {port}"


async def test_a_host_that_drops_packets_is_a_connect_timeout_at_the_deadline(asker: Asker) -> None:
    with Blackhole() as hole:
        failed = await asker.failure(f"http://127.0.0.1:{hole.port}/", seconds=SOON)
    assert (failed.failure, failed.phase) == (FailureClass.CONNECT_TIMEOUT, Phase.CONNECT)
    assert failed.explanation == f"the connection was not accepted in time (127.0.0.1 port {hole.port})"
    assert SOON - 0.05 < failed.phases.total < SOON + 1


async def silent(connection: Connection) -> None:
    await connection.hung_up()


async def drip_headers(connection: Connection) -> None:
    await connection.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await connection.send(b"X-Drip: 1\r\n")
        await asyncio.sleep(0.05)


async def drip_body(connection: Connection) -> None:
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        await connection.send(b".")
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("script", "phase"),
    [(silent, Phase.FIRST_BYTE), (drip_headers, Phase.TRANSFER), (drip_body, Phase.TRANSFER)],
    ids=["silent", "drip-headers", "drip-body"],
)
async def test_an_answer_that_does_not_end_is_a_read_timeout_at_the_deadline(
    asker: Asker, script: object, phase: Phase
) -> None:
    assert callable(script)
    async with RawServer(script) as server:
        failed = await asker.failure(server.url(), seconds=SOON)
    assert (failed.failure, failed.phase) == (FailureClass.READ_TIMEOUT, phase)
    assert SOON - 0.05 < failed.phases.total < SOON + 1


HEAD = b"HTTP/1.1 200 OK\r\n"
PADDING = b"x" * 70_000


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (b"", FailureClass.INCOMPLETE),
        (HEAD + b"Content-Le", FailureClass.INCOMPLETE),
        (HEAD + b"Content-Length: 10\r\n\r\nshort", FailureClass.INCOMPLETE),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", FailureClass.INCOMPLETE),
        (b"SSH-2.0-OpenSSH_9.2\r\n", FailureClass.PROTOCOL_ERROR),
        (b"\x00\xff\x00\xff" * 50, FailureClass.PROTOCOL_ERROR),
        (HEAD + b"Content-Length: ten\r\n\r\n", FailureClass.PROTOCOL_ERROR),
        (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", FailureClass.PROTOCOL_ERROR),
        (HEAD + b"X: " + PADDING + b"\r\n\r\n", FailureClass.PROTOCOL_ERROR),
        (HEAD + b"X: 1\r\n" * 300 + b"\r\n", FailureClass.PROTOCOL_ERROR),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;" + PADDING, FailureClass.PROTOCOL_ERROR),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nT: " + PADDING, FailureClass.PROTOCOL_ERROR),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 20, FailureClass.PROTOCOL_ERROR),
        (b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", FailureClass.PROTOCOL_ERROR),
        (HEAD + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx", FailureClass.PROTOCOL_ERROR),
        (HEAD + b"Content-Encoding: gzip, gzip\r\nContent-Length: 1\r\n\r\nx", FailureClass.PROTOCOL_ERROR),
        (HEAD + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello", FailureClass.PROTOCOL_ERROR),
        (HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello")[:-9], FailureClass.INCOMPLETE),
    ],
    ids=[
        "early-close",
        "close-in-headers",
        "short-length",
        "close-in-chunk",
        "other-protocol",
        "garbage",
        "bad-length",
        "two-lengths",
        "header-bomb",
        "too-many-headers",
        "chunk-extension-bomb",
        "trailer-bomb",
        "endless-interim",
        "upgrade",
        "unknown-encoding",
        "nested-encoding",
        "not-gzip",
        "gzip-broken-off",
    ],
)
async def test_an_unsound_answer_has_its_class(asker: Asker, answer: bytes, failure: FailureClass) -> None:
    async with RawServer(answering(answer)) as server:
        assert (await asker.failure(server.url())).failure is failure


async def test_a_reset_before_the_answer_is_a_reset(asker: Asker) -> None:
    async def script(connection: Connection) -> None:
        await connection.request()
        connection.reset()

    async with RawServer(script) as server:
        assert (await asker.failure(server.url())).failure is FailureClass.RESET


async def test_a_reset_within_the_body_is_incomplete(asker: Asker) -> None:
    async def script(connection: Connection) -> None:
        await connection.request()
        # More than the kernel's buffers hold, so that the headers have been read when the reset comes.
        await connection.send(HEAD + b"Content-Length: 99000000\r\n\r\n" + bytes(32_000_000))
        connection.reset()

    async with RawServer(script) as server:
        failed = await asker.failure(server.url(), body_cap=99_000_000)
    assert (failed.failure, failed.phase) == (FailureClass.INCOMPLETE, Phase.TRANSFER)


async def endless_body(connection: Connection) -> None:
    await connection.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await connection.send(b"10000\r\n" + bytes(65_536) + b"\r\n")


async def test_an_endless_body_is_cut_at_the_cap(asker: Asker) -> None:
    async with RawServer(endless_body) as server:
        exchange = await asker.get(server.url(), body_cap=100_000)
    assert (len(exchange.body), exchange.truncated) == (100_000, True)


async def test_a_body_past_the_cap_is_too_large_where_it_must_be_whole(asker: Asker) -> None:
    async with RawServer(endless_body) as server:
        failed = await asker.failure(server.url(), body_cap=100_000, whole_body=True)
    assert failed.failure is FailureClass.BODY_TOO_LARGE


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """300 MB of zeroes, made in pieces so that this process does not grow by them."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(squeeze.compress(bytes(1_000_000)) for _ in range(300)) + squeeze.flush()


async def test_a_gzip_bomb_costs_no_more_than_the_cap(asker: Asker, bomb: bytes) -> None:
    async with RawServer(answering(HEAD + b"Content-Encoding: gzip\r\n\r\n" + bomb)) as server:
        await asker.get(server.url())
        with peak_growth() as growth:
            exchange = await asker.get(server.url(), body_cap=1_048_576)
    assert (len(exchange.body), exchange.truncated) == (1_048_576, True)
    assert growth.bytes < 5_000_000


async def test_a_name_that_does_not_exist_is_not_found(asker: Asker) -> None:
    failed = await asker.failure("http://nobody.invalid/")
    assert (failed.failure, failed.phase) == (FailureClass.DNS_NOT_FOUND, Phase.RESOLVE)
    assert failed.phases.connect is None


async def test_running_out_of_descriptors_accuses_no_target(asker: Asker) -> None:
    with no_more_descriptors():
        failed = await asker.failure("http://127.0.0.1:9/")
    assert failed.failure is FailureClass.OVERLOADED


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """Lowers this process's limit to what is open, so that the next socket fails with EMFILE."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket.socket() as lowest_free:
        limit = lowest_free.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_no_failure_tells_what_the_url_or_the_answer_hold(asker: Asker) -> None:
    async with RawServer(answering(HEAD + b"Content-Length: 99\r\nX: canary-h\r\n\r\ncanary-b")) as server:
        failed = await asker.failure(server.url("/canary-p?token=canary-q"))
    assert "canary" not in f"{failed!r} {failed} {failed.explanation}"
