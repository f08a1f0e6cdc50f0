"""What every test of a probe may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.bench import Bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with Bench() as ready:
        yield ready
