"""The HR platform watched by its own configuration: well, with each fault, and mended."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from examples.bhiv_hr.endpoints import count
from examples.bhiv_hr.service import FILE_NAME
from examples.bhiv_hr.system import SOONER
from sentinel.app.plans import load_plan
from sentinel.config.advice import advice
from sentinel.core.rule import Severity
from sentinel.reports.figures import active_reading
from tests.guides.bhiv_hr.stories import METRICS, STORIES
from tests.guides.kit.watch import Watch, red

if TYPE_CHECKING:
    from tests.guides.kit.story import Story
    from tests.guides.kit.world import World
    from tests.kit.process import Children

pytestmark = pytest.mark.asyncio(loop_scope="module")

PRIVATE = ("canary", "mary", "61500", "mailbox")  # in the answers and tables of the service


async def test_a_healthy_system_is_ok(world: World) -> None:
    seen = await world.look_twice()
    assert red(seen) == {}
    assert set(seen) == {check.name for check in world.plan.checks}


@pytest.mark.parametrize("story", STORIES, ids=str)
async def test_a_fault_shows_and_mending_ends_it(world: World, story: Story) -> None:
    await world.live(story)


async def test_every_fault_has_a_story(world: World) -> None:
    assert await world.faults() == {story.fault for story in STORIES}


async def test_ten_slow_answers_are_a_missed_target(world: World) -> None:
    """BH-6: one slow answer of Sentinel's own is chance, and ten in a row are not."""
    async with Watch(world.plan) as watch, world.broken("slow", value=0.12):
        for _ in range(10):
            seen = (await watch.look(["gateway"]))["gateway"]
    assert seen.severity is Severity.WARNING
    assert "above 100 ms" in seen.text


async def test_one_page_is_asked_for_once_by_three_checks(world: World) -> None:
    """BH-9: the time of the exchange is the same to the last digit, for it is one exchange."""
    async with Watch(world.plan) as watch:
        seen = await watch.look(METRICS)
    assert len({one.value("response_time") for one in seen.values()}) == 1


async def test_active_users_are_counted_for_the_dashboard(world: World) -> None:
    """BH-5: the reading goes by a name that makes it a figure."""
    async with Watch(world.plan) as watch:
        seen = (await watch.look(["api-metrics"]))["api-metrics"]
    assert active_reading(["values.requests", "values.active_users"]) == "values.active_users"
    assert 18 <= seen.value("values.active_users") <= 32


async def test_the_endpoints_are_counted_in_the_document(world: World) -> None:
    async with Watch(world.plan) as watch:
        seen = await watch.look(["endpoints"])
    assert seen["endpoints"].value("endpoints") == count() >= 180


async def test_a_deployment_is_verified_by_one_command(world: World, children: Children) -> None:
    """BH-8: the exit status says it, for a pipeline that then goes on or rolls back."""
    assert await (await world.check(children, "--tag", "post")).exit(within=30) == 0
    async with world.broken("module_missing"):
        verified = await world.check(children, "--tag", "post")
        assert await verified.exit(within=30) == 2
    assert "total_modules: expected 6, found 5" in verified.tail()


async def test_what_is_made_is_taken_away_again(world: World) -> None:
    before = made(world)
    async with Watch(world.plan) as watch:
        await watch.look(["workflow", "job-posting"])
    assert made(world) == before


async def test_in_earnest_it_looks_less_often(world: World) -> None:
    without = {name: text for name, text in world.environment.items() if name not in SOONER}
    plan = load_plan(world.system.config, without)
    assert {check.interval for check in plan.checks} == {timedelta(minutes=1), timedelta(minutes=5)}
    assert list(advice(plan)) == []


async def test_nothing_private_is_told_of(world: World) -> None:
    assert (
        await world.telling(
            PRIVATE, "jobs_broken", "task_failed", "task_stuck", "workflow_fails", "database_lost", "trigger_lost"
        )
        == []
    )


def made(world: World) -> list[int]:
    """How many jobs and workflows there are."""
    with closing(sqlite3.connect(world.stand.service_data / FILE_NAME)) as connection:
        return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("jobs", "workflows")]
