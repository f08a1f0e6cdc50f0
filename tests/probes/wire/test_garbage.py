"""At a thousand checks a second, nothing of an exchange may wait for the garbage collector: bodies would pile up."""

import gc
from collections.abc import Iterator

import pytest

from sentinel.probes.wire.body import Body
from sentinel.probes.wire.http1 import Answer
from tests.kit.raw_server import RawServer, answering
from tests.probes.wire.asker import Asker

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"


@pytest.fixture
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def left_over() -> list[object]:
    return [thing for thing in gc.get_objects() if isinstance(thing, Answer | Body)]


@pytest.mark.usefixtures("collector_off")
async def test_a_finished_exchange_is_freed_at_once(asker: Asker) -> None:
    async with RawServer(answering(HEAD + b"\r\nhello")) as server:
        await asker.get(server.url())
    assert left_over() == []


@pytest.mark.usefixtures("collector_off")
@pytest.mark.parametrize("answer", [HEAD + b"\r\nhel", HEAD + b"Content-Encoding: br\r\n\r\nhello", b"garbage\r\n\r\n"])
async def test_a_failed_exchange_is_freed_with_its_failure(asker: Asker, answer: bytes) -> None:
    async with RawServer(answering(answer)) as server:
        await asker.failure(server.url())
    assert left_over() == []
