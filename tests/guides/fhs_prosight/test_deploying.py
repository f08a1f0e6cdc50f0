"""The guide's deployment, as its script has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.guides.kit.deploying import deploying, steps

if TYPE_CHECKING:
    from pathlib import Path

    from tests.guides.kit.world import World
    from tests.kit.process import Children

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_script_deploys_as_the_guide_says(world: World, children: Children, tmp_path: Path) -> None:
    async with deploying(world, children, tmp_path) as here:
        document = await here.deployed("1.5.0")
    assert steps(document) == ["started", "note", "verified", "verified", "watch"]
