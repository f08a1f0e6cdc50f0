"""A running public listener with a page behind it, and a client of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
import pytest

from sentinel.web.public.listener import PublicListener
from tests.kit.clock import FakeClock
from tests.kit.public import PAGE, StillPage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The page, the clock that it goes by, what serves it, and somebody outside."""

    page: StillPage
    clock: FakeClock
    listener: PublicListener
    visitor: httpx2.AsyncClient


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    page, clock = StillPage(PAGE), FakeClock()
    listener = PublicListener(page, PAGE, clock)
    await listener.start()
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{listener.port}") as visitor:
        yield Outside(page=page, clock=clock, listener=listener, visitor=visitor)
    await listener.stop()
