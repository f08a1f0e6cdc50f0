"""The running employee system, with its PostgreSQL, for all tests of the folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.guides.kit.world import World, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running("employee-system", tmp_path_factory.mktemp("employee-system") / "data") as world:
        yield world
