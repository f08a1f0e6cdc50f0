"""Releases of the real platform, good and bad ones, each watched as by default. Requests are real; minutes are not."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sentinel.base.redact import Secret
from sentinel.core.deployment.deployment import Ending, Judged
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.plan import Limits, StorePlan
from sentinel.store.database import Store
from tests.kit.bench import Bench
from tests.kit.clock import FakeClock
from tests.kit.deploying import Release
from tests.kit.scene import MINUTE, check, plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import timedelta
    from pathlib import Path

    from sentinel.core.deployment.deployment import Deployment
    from tests.guides.kit.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = ("/health", "/system/modules", "/system/architecture", "/v1/jobs", "/health/detailed", "/metrics")
SYSTEM = "bhiv-hr"

#: Seconds that one look at everything may really take.
WITHIN = 20.0

#: What every answer takes at least, so that the machine's own haste does not matter, and 60 % more of all that.
USUAL, SLOWER = 0.1, 0.17


class Platform(Release):
    """A Sentinel that looks at the platform."""

    async def begin(self, minutes: int = 30) -> None:
        """The past of the release before, a look each minute."""
        for _ in range(minutes):
            await self.fake.advance(minutes=1)
            self.runner.submit(self.plan.checks, self.fake.now())
            await self._settled()

    async def deployed(self, lasts: timedelta | None = None) -> Deployment:
        """Put a release in place; what came of it."""
        await self.start(system=SYSTEM)
        await self.watch(lasts=lasts)
        while not (one := await self.now()).is_over:
            await self.follow(seconds=10)
            await self._settled()
        return one

    async def _settled(self) -> None:
        await self.runner.finish(WITHIN)
        await self.pipeline.flush()


@asynccontextmanager
async def platform(world: World, folder: Path, paths: Sequence[str] = PATHS) -> AsyncIterator[Platform]:
    checks = [check(path.strip("/").replace("/", "-"), system=SYSTEM, rules=()) for path in paths]
    whole = replace(plan(*checks, folder=folder), deployments={SYSTEM: DeploymentPlan(system=SYSTEM)})
    clock = FakeClock()
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{folder}/sentinel.db")), clock)
    async with Bench() as bench, Platform(whole, store, clock) as here:
        urls = {one.name: f"{world.stand.url}{path}" for one, path in zip(checks, paths, strict=True)}
        here.runner.equip({name: bench.build("http", url=url) for name, url in urls.items()}, Limits())
        yield here
    await store.close()


def told(one: Deployment) -> list[tuple[int, Judged]]:
    """What the points of its watch said: minutes since it began, and the verdict."""
    assert one.watch is not None
    return [(round(judgement.after / MINUTE), judgement.judged) for judgement in one.watch.judgements]


async def test_a_good_release_passes_at_every_point(world: World, tmp_path: Path) -> None:
    async with platform(world, tmp_path) as here, world.broken("slow", value=USUAL):
        await here.begin()
        one = await here.deployed(10 * MINUTE)
    assert told(one) == [(5, Judged.PASS), (10, Judged.PASS)]
    assert one.ending is Ending.PASSED


async def test_one_that_is_60_per_cent_slower_fails_at_its_first_judged_point(world: World, tmp_path: Path) -> None:
    async with platform(world, tmp_path) as here:
        async with world.broken("slow", value=USUAL):
            await here.begin()
        async with world.broken("slow", value=SLOWER):
            one = await here.deployed()
    assert told(one) == [(5, Judged.FAIL)]
    assert "% slower (bound 50 %), p < 0.001" in one.ended_why


async def test_one_that_fails_three_of_a_hundred_requests_fails(world: World, tmp_path: Path) -> None:
    async with platform(world, tmp_path) as here:
        await here.begin(minutes=90)
        async with world.broken("errors", value=0.03):
            one = await here.deployed()
        kinds = await here.kinds()
    assert told(one)[-1][1] is Judged.FAIL
    assert one.ended_why.startswith("failures of all checks together")
    assert kinds == ["started", "watch", *["judged"] * len(told(one)), "failed", "ended"]


async def test_too_little_traffic_is_inconclusive(world: World, tmp_path: Path) -> None:
    async with platform(world, tmp_path, PATHS[:1]) as here:
        await here.begin()
        one = await here.deployed(2 * MINUTE)
    assert (told(one), one.ending) == ([(2, Judged.INCONCLUSIVE)], Ending.INCONCLUSIVE)
