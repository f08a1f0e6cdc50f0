"""The guide's deployment, as its script has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.guides.kit.deploying import deploying, steps
from tests.guides.kit.world import World, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.kit.process import Children

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running(
        "healthcare", tmp_path_factory.mktemp("healthcare") / "data", HEALTHCARE_BROWSER="false"
    ) as world:
        yield world


async def test_the_script_deploys_as_the_guide_says(world: World, children: Children, tmp_path: Path) -> None:
    async with deploying(world, children, tmp_path) as here:
        document = await here.deployed("2.1.0")
    assert steps(document) == ["started", "note", "verified", "watch"]
