"""The employee management system watched by its own configuration: well, with each fault, and mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from examples.employee_system.settings import DATABASE
from sentinel.core.rule import Severity
from tests.guides.employee_system.stories import STORIES
from tests.guides.kit.watch import Watch, red

if TYPE_CHECKING:
    from tests.guides.kit.story import Story
    from tests.guides.kit.world import World
    from tests.kit.process import Child, Children

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRIVATE = ("canary", "mary", "demo-ems", "demo-6b1d", "demo-0c4f", "eyj")  # people, secrets, tokens
SPEEDS = {"list": "100 ms", "search": "150 ms", "create": "50 ms", "update": "50 ms"}


async def test_a_healthy_system_is_ok(world: World) -> None:
    seen = await world.look_twice()
    assert red(seen) == {}
    assert set(seen) == {check.name for check in world.plan.checks}


@pytest.mark.parametrize("story", STORIES, ids=str)
async def test_a_fault_shows_and_mending_ends_it(world: World, story: Story) -> None:
    await world.live(story)


async def test_every_fault_has_a_story(world: World) -> None:
    assert await world.faults() == {story.fault for story in STORIES}


async def test_every_missed_benchmark_of_the_guide_is_told(world: World) -> None:
    """EM-2: the median of six runs and more counts, so that one slow run of a busy host is no missed benchmark."""
    async with Watch(world.plan) as watch:
        for step in SPEEDS:
            await world.switch(f"{step}_slow", on=True, value=0.16)
        try:
            for _ in range(6):
                seen = (await watch.look(["smoke"]))["smoke"]
        finally:
            for step in SPEEDS:
                await world.switch(f"{step}_slow", on=False)
    assert seen.severity is Severity.WARNING
    told = {finding.explanation for finding in seen.verdict.findings}
    assert {step for step, bound in SPEEDS.items() if any(step in text and bound in text for text in told)} == set(
        SPEEDS
    )


@pytest.mark.parametrize("fault", ["search_blind", "update_lost", "clerks_may_hire", "errors", "delete_broken"])
async def test_what_the_scenario_makes_is_taken_away_though_a_step_fails(world: World, fault: str) -> None:
    """EM-1: after the run that fails, or, where deleting itself is broken, by the next run."""
    async with Watch(world.plan) as watch:
        await world.switch(fault, on=True)
        try:
            assert red(await watch.look(["smoke"])).keys() == {"smoke"}
        finally:
            await world.switch(fault, on=False)
        await watch.look(["smoke"])
    assert left_behind(world) == 0


async def test_a_deployment_is_verified_by_one_command(world: World, children: Children) -> None:
    """EM-5: the exit status says whether it is good, for whoever then decides to roll back."""
    assert await (await world.check(children, "--tag", "post")).exit(within=60) == 0
    async with world.broken("migration_failed"):
        verified = await world.check(children, "--tag", "post")
        assert await verified.exit(within=60) == 2
    assert "alembic" in verified.tail()


async def test_a_stopped_service_is_seen_to_be_down(world: World, children: Children) -> None:
    """EM-13: a refused connection is the answer that is wanted while the database is being migrated."""
    async with world.broken("stopped"):
        assert await (await seen_to_be_down(world, children)).exit(within=60) == 0
    running = await seen_to_be_down(world, children)
    assert await running.exit(within=60) == 2
    assert "port-refuses" in running.tail()


async def test_a_stopped_service_wakes_people_by_few_checks(world: World) -> None:
    """Nine critical incidents for one cause had nobody see which of them was the cause."""
    async with Watch(world.plan) as watch, world.broken("stopped"):
        seen = await watch.look()
    critical = {name for name, one in seen.items() if one.severity is Severity.CRITICAL}
    assert critical == {"backend", "health", "health-db", "smoke"}


async def test_nothing_private_is_told_of(world: World) -> None:
    assert (
        await world.telling(
            PRIVATE, "update_lost", "department_lost", "open_to_all", "table_missing", "debug_on", "log_errors"
        )
        == []
    )


async def seen_to_be_down(world: World, children: Children) -> Child:
    return await world.check(children, config=world.system.config.with_name("stopped_config.json"))


def left_behind(world: World) -> int:
    """Employees that a check has hired."""
    with psycopg.connect(f"{world.environment['EMS_POSTGRES']}/{DATABASE}") as connection:
        row = connection.execute("SELECT count(*) FROM employees WHERE last_name LIKE 'sentinel-%'").fetchone()
    assert row is not None
    return int(row[0])
