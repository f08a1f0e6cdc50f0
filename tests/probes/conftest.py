"""What every test of a probe may ask for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import uvloop

from tests.kit.bench import Bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

Loops = dict[str, "Callable[[], asyncio.AbstractEventLoop]"]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as ready:
        yield ready


#: The loop that the program runs on; where no module is named, tests take the standard one.
_UVLOOP: Loops = {"uvloop": uvloop.new_event_loop}
_STANDARD: Loops = {"asyncio": asyncio.new_event_loop}
_LOOPS: dict[str, Loops] = {
    "test_every_kind.py": {**_STANDARD, **_UVLOOP},
    "test_scenario.py": _UVLOOP,
    "test_sql.py": _UVLOOP,
    "test_command.py": {**_STANDARD, **_UVLOOP},
    "test_dns.py": {**_STANDARD, **_UVLOOP},
    "test_tcp.py": {**_STANDARD, **_UVLOOP},
    "test_tls.py": {**_STANDARD, **_UVLOOP},
    "test_host.py": _UVLOOP,
    "test_service.py": _UVLOOP,
}


def pytest_asyncio_loop_factories(item: pytest.Item) -> Loops:
    return _LOOPS.get(item.path.name, _STANDARD)
