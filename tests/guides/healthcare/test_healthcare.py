"""The healthcare service watched by the shipped configuration: well, with each fault, and mended."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.guides.healthcare.stories import STORIES
from tests.guides.kit.watch import Seen, Watch, red
from tests.guides.kit.world import World, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from tests.guides.kit.story import Story
    from tests.kit.process import Child, Children

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
    async with Watch(world.plan) as watch:
        await watch.look()
        seen = await watch.look()
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
    assert await (await verification(world, children)).exit(within=30) == 0
    await world.switch("access_gained", on=True)
    try:
        verified = await verification(world, children)
        assert await verified.exit(within=30) == 2
    finally:
        await world.switch("access_gained", on=False)
    assert "must be refused" in "\n".join(verified.lines)


async def test_nothing_private_is_told_of(world: World) -> None:
    telling = ("access_gained", "objects_open", "audit_incomplete", "orphans", "log_errors", "backup_empty")
    async with Watch(world.plan) as watch:
        well = list((await watch.look()).values())
        for fault in telling:
            await world.switch(fault, on=True)
        try:
            ill = list((await watch.look()).values())
        finally:
            for fault in telling:
                await world.switch(fault, on=False)
    assert list(leaks([*well, *ill])) == []


def leaks(seen: Iterable[Seen]) -> Iterator[str]:
    """Checks whose results or verdicts have something of people or a credential in them."""
    for one in seen:
        told = f"{one.text} {one.result.measurement} {json.dumps(one.result.measurement.note)}".lower()
        if any(word in told for word in PRIVATE):
            yield str(one)


async def verification(world: World, children: Children) -> Child:
    command = ("-m", "sentinel", "--config", str(world.system.config), "check", "--tag", "critical")
    return await children.start(sys.executable, *command, env=world.environment)
