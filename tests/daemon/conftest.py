"""A stage for each story."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kit.stage import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.kit.process import Children


@pytest.fixture
async def stage(children: Children, tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(children, tmp_path) as ready:
        yield ready


@pytest.fixture
async def postgres_stage(children: Children, tmp_path: Path, postgres_database: str) -> AsyncIterator[Stage]:
    """The same, with the store in PostgreSQL."""
    async with Stage(children, tmp_path, dsn=postgres_database) as ready:
        yield ready
