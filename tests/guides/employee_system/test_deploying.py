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
        document = await here.deployed("1.0.0")
    assert steps(document) == ["started", "note", "note", "note", "note", "verified", "verified", "watch"]


async def test_a_deployment_of_a_system_in_trouble_is_not_begun(
    world: World, children: Children, tmp_path: Path
) -> None:
    async with deploying(world, children, tmp_path) as here, world.broken("migration_failed"):
        ended = await here.deploy("1.1.0")
        listed = await here.daemon.say("deploy", "list", "--json")
    assert (ended.code, '"deployments": []' in listed.text) == (1, True)
    assert "FAILED    migrations" in ended.out
