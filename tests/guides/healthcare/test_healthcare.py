"""The healthcare service watched by the shipped configuration: well, with each fault, and mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.guides.healthcare.stories import STORIES
from tests.guides.kit.watch import red
from tests.guides.kit.world import World, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.guides.kit.story import Story
    from tests.kit.process import Children

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: What the service holds of people, and what opens its doors.
PRIVATE = (
    "synthetic patient",
    "syn-0",
    "cardiology",
    "paediatrics",
    "eyj",
    "demo-doctor",
    "demo-nurse",
    "demo-admin",
    "ward-nurse",
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("healthcare") / "data"
    soon = {"HEALTHCARE_ENDPOINTS_EVERY": "10ms", "HEALTHCARE_RESTORE_EVERY": "10ms", "HEALTHCARE_BROWSER": "true"}
    async with running("healthcare", folder, **soon) as world:
        yield world


async def test_a_healthy_system_is_ok(world: World) -> None:
    seen = await world.look_twice()
    assert red(seen) == {}
    mains = {(check.name, check.main) for check in world.plan.checks}
    assert mains <= {(name, reading.name) for name, one in seen.items() for reading in one.result.measurement.readings}


@pytest.mark.parametrize("story", STORIES, ids=str)
async def test_a_fault_shows_and_mending_ends_it(world: World, story: Story) -> None:
    await world.live(story)


async def test_every_fault_has_a_story(world: World) -> None:
    assert await world.faults() == {story.fault for story in STORIES}


async def test_a_deployment_is_verified_by_one_command(world: World, children: Children) -> None:
    """HC-17, HC-22: the checks of one tag, once; the exit status says it, for a pipeline that goes on or rolls back."""
    assert await (await world.check(children, "--tag", "critical")).exit(within=30) == 0
    async with world.broken("access_gained"):
        verified = await world.check(children, "--tag", "critical")
        assert await verified.exit(within=30) == 2
    assert "must be refused" in "\n".join(verified.lines)


async def test_nothing_private_is_told_of(world: World) -> None:
    assert (
        await world.telling(
            PRIVATE, "access_gained", "objects_open", "audit_incomplete", "orphans", "log_errors", "backup_empty"
        )
        == []
    )
