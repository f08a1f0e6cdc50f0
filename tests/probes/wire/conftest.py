"""Every test of the wire runs on both event loops."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
import uvloop

from sentinel.probes.wire import Resolver
from tests.probes.wire.asker import Asker


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def asker() -> Iterator[Asker]:
    resolver = Resolver()
    yield Asker(resolver)
    resolver.close()
