"""The guide's deployment, as its script has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.guides.kit.deploying import Deploying, deploying, steps
from tests.kit.process import Children

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.guides.kit.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def here(world: World, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deploying]:
    async with Children() as children, deploying(world, children, tmp_path_factory.mktemp("sentinel")) as found:
        yield found


async def test_the_script_deploys_as_the_guide_says(here: Deploying) -> None:
    document = await here.deployed("1.0.0")
    assert steps(document) == ["started", "note", "note", "note", "note", "verified", "verified", "watch"]
    up = {n.strip(",") for one in document["timeline"] if one["kind"] == "never_down" for n in one["text"].split()}
    assert up.isdisjoint({"postgres", "integrity", "frontend", "scheduler"})  # they go on while the backend is stopped


async def test_a_deployment_of_a_system_in_trouble_is_not_begun(here: Deploying) -> None:
    async with here.world.broken("migration_failed"):
        ended = await here.deploy("1.1.0")
    listed = await here.daemon.say("deploy", "list", "--json")
    assert (ended.code, "1.1.0" in listed.text) == (1, False)
    assert "FAILED    migrations" in ended.out
