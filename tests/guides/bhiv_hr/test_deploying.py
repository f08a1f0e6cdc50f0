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
    document = await here.deployed("3.3.0")
    assert steps(document) == ["started", "note", "verified", "watch"]


async def test_a_release_that_is_broken_is_reverted_at_once(here: Deploying) -> None:
    before = await here.release()
    ended = await here.deploy("3.4.0-broken")
    document = await here.ended()
    assert await here.release() == before
    assert (ended.code, document["line"]["ending"]) == (1, "rolled_back")
    assert document["rollback"]["verification"]["ended_at"] is not None
