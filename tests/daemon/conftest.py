"""A stage for each story."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.kit.stage import Stage
from tests.kit.theatre import Theatre, stories

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.kit.process import Children


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def theatre(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Theatre]:
    """Plays the stories of this file."""
    plays = stories(request.session.items, request.module)
    async with Theatre(plays, tmp_path_factory.mktemp("stage")) as begun:
        yield begun


@pytest.fixture
async def stage(children: Children, tmp_path: Path) -> AsyncIterator[Stage]:
    """For a story that plays alone."""
    async with Stage(children, tmp_path) as ready:
        yield ready


@pytest.fixture
async def postgres_stage(children: Children, tmp_path: Path, postgres_database: str) -> AsyncIterator[Stage]:
    """The same, with the store in PostgreSQL."""
    async with Stage(children, tmp_path, dsn=postgres_database) as ready:
        yield ready
