"""The payroll service watched by its own configuration: well, with each fault, and mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest

from examples.auraconnect.faults import CATALOGUE, Fault
from examples.auraconnect.settings import OPERATOR_TOKEN, RATE_TOKEN
from examples.auraconnect.surroundings import GOOD, INSECURE
from examples.demo.system import ROOT
from tests.guides.auraconnect.stories import STORIES
from tests.guides.kit.watch import Watch, red

if TYPE_CHECKING:
    from tests.guides.kit.story import Story
    from tests.guides.kit.world import World
    from tests.kit.process import Children

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: What the service holds of people, and what opens its doors.
PRIVATE = ("mary", "canary", "4817.25", OPERATOR_TOKEN, RATE_TOKEN, GOOD["JWT_SECRET_KEY"], INSECURE["JWT_SECRET_KEY"])


async def test_a_healthy_system_is_ok(world: World) -> None:
    seen = await world.look_twice()
    assert red(seen) == {}
    assert set(seen) == {check.name for check in world.plan.checks}


@pytest.mark.parametrize("story", STORIES, ids=str)
async def test_a_fault_shows_and_mending_ends_it(world: World, story: Story) -> None:
    await world.live(story)


async def test_every_fault_has_a_story(world: World) -> None:
    assert await world.faults() == {story.fault for story in STORIES}


async def test_the_readme_describes_each_fault_as_the_catalogue_does() -> None:
    readme = (ROOT / "examples/auraconnect/README.md").read_text().replace("`/health`", "/health")
    assert [fault for fault in Fault if f"| `{fault}` | {CATALOGUE[fault].what} |" not in readme] == []


async def test_a_service_does_not_start_with_settings_that_are_insecure(world: World, children: Children) -> None:
    """AC-6: the exit status is what systemd's `ExecStartPre=` goes by."""
    assert await (await world.check(children, "settings")).exit(within=30) == 0
    async with world.broken("insecure_settings"):
        refused = await world.check(children, "settings")
        assert await refused.exit(within=30) == 2
    assert "DEBUG is on (and 3 more)" in refused.tail()


@pytest.mark.parametrize("tag", ["pre", "post"])
async def test_a_deployment_is_verified_by_one_command(world: World, children: Children, tag: str) -> None:
    assert await (await world.check(children, "--tag", tag)).exit(within=30) == 0


async def test_plain_http_leads_to_https(world: World) -> None:
    """AC-8: of what the hardening check says nothing while it is well."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{world.stand.ports.plain}/payrolls/rules")
    assert (answer.status_code, answer.headers["location"].partition(":")[0]) == (308, "https")


async def test_a_restored_backup_has_the_rows_of_the_job_table(world: World) -> None:
    """AC-10: it is restored and counted, and not only there."""
    async with Watch(world.plan) as watch:
        seen = await watch.look(["restore"])
    assert seen["restore"].value("rows.payroll_job_tracking") >= 1


async def test_the_pace_of_payroll_is_worked_out_by_the_database(world: World) -> None:
    """AC-14: 50 people in 40 s are 80 s for each hundred."""
    async with Watch(world.plan) as watch:
        seen = await watch.look(["payroll-jobs"])
    assert seen["payroll-jobs"].value("time_per.100") == pytest.approx(80.0)


async def test_nothing_private_is_told_of(world: World) -> None:
    assert (
        await world.telling(
            PRIVATE, "job_failed", "job_stuck", "insecure_settings", "config_broken", "database_down", "tokens_ignored"
        )
        == []
    )
