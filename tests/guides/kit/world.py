"""A system of a guide, running on free ports with its servers, and its own configuration watching it."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx2

from examples.demo.__main__ import demo_environment
from examples.demo.ports import free_ports
from examples.demo.starting import child_environment, programs, start_system
from examples.demo.system import Stand, find
from sentinel.app.plans import load_plan
from tests.guides.kit.watch import Seen, Watch, red

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping
    from pathlib import Path

    from examples.demo.system import System
    from sentinel.core.plan import Plan
    from tests.guides.kit.story import Story
    from tests.kit.process import Child
    from tests.kit.process import Children as Programs

#: Checks with this tag are looked at only in stories of their own: they take long, and run rarely in earnest too.
RARE = "rare"
#: Looks until something counts as it is: on a busy machine, one answer is late by chance.
PATIENCE = 3


class World:
    """One running system."""

    def __init__(self, system: System, stand: Stand, environment: Mapping[str, str]) -> None:
        self.system = system
        self.stand = stand
        self.environment = environment
        self.plan: Plan = load_plan(system.config, environment)
        self._client = httpx2.AsyncClient(base_url=stand.url, timeout=20.0, trust_env=False)

    async def live(self, story: Story) -> None:
        """Healthy, broken, mended: each as the story says, and no other check goes red without cause."""
        names = self.usual() | {story.check}
        async with Watch(self.plan) as watch:
            before = await self._red(watch, names)
            assert before == {}, before
            await self.switch(story.fault, on=True, value=story.value)
            try:
                await self._told(watch, names, story)
            finally:
                await self.switch(story.fault, on=False)
            lasting = {story.check} if story.lasts else set()
            await watch.look(names)  # still has the time of the fault behind it
            left = await self._red(watch, names - lasting)
            assert left == {}, left

    async def _told(self, watch: Watch, names: set[str], story: Story) -> None:
        for _ in range(story.looks - 1):
            await watch.look(names)
        for _ in range(PATIENCE - 1):
            if not told_wrongly(story, await watch.look(names)):
                return
        wrong = told_wrongly(story, await watch.look(names))
        assert not wrong, wrong

    async def _red(self, watch: Watch, names: set[str]) -> dict[str, str]:
        """What is red, and stays so."""
        for _ in range(PATIENCE - 1):
            if not red(await watch.look(names)):
                return {}
        return red(await watch.look(names))

    def usual(self) -> set[str]:
        """The checks that every look takes in."""
        return {check.name for check in self.plan.checks if RARE not in check.tags}

    async def switch(self, fault: str, *, on: bool, value: float | None = None) -> None:
        order = {"on": on} if value is None else {"on": on, "value": value}
        answer = await self._client.post(f"/_faults/{fault}", json=order)
        assert answer.status_code == 200, answer.text

    @asynccontextmanager
    async def broken(self, *faults: str, value: float | None = None) -> AsyncIterator[None]:
        """With these faults, which are mended afterwards."""
        try:
            for fault in faults:
                await self.switch(fault, on=True, value=value)
            yield
        finally:
            for fault in faults:
                await self.switch(fault, on=False)

    async def look_twice(self) -> Mapping[str, Seen]:
        """What all checks say of a system at their second look, when rates have something to compare with."""
        async with Watch(self.plan) as watch:
            await watch.look()
            return await watch.look()

    async def telling(self, private: Iterable[str], *faults: str) -> list[str]:
        """The checks that tell of something private, while all is well or with these faults."""
        async with Watch(self.plan) as watch:
            seen = list((await watch.look()).values())
            async with self.broken(*faults):
                seen += (await watch.look()).values()
        return [str(one) for one in seen if one.tells_of(private)]

    async def check(self, children: Programs, *what: str, config: Path | None = None) -> Child:
        """`sentinel check`, as it is typed."""
        command = ("--config", str(config or self.system.config), "check", *what)
        state = {"STATE_DIRECTORY": str(self.stand.data / "state")}  # where the ledger of scenarios is
        return await children.sentinel(*command, env={**self.environment, **state})

    async def faults(self) -> set[str]:
        """The names on the switchboard."""
        return {line["name"] for line in (await self._client.get("/_faults")).json()["faults"]}

    async def close(self) -> None:
        await self._client.aclose()


def told_wrongly(story: Story, seen: Mapping[str, Seen]) -> str:
    """What is not said as the story has it, or red without cause; nothing when all is right."""
    told = seen[story.check]
    others = {name: text for name, text in red(seen).items() if name not in {story.check, *story.also}}
    right = (told.severity, told.failure) == (story.severity, story.failure) and story.says in told.text
    hinted = story.failure is None or any(finding.hint for finding in told.verdict.findings)
    return "" if right and hinted and not others else f"{told}; others: {others}"


@asynccontextmanager
async def running(name: str, folder: Path, **sooner: str) -> AsyncIterator[World]:
    """The system of that name, started as the demo starts it, and ended with all its servers.

    Args:
        name: of the system.
        folder: for all that is written.
        sooner: variables of the configuration that are shorter than the demo's, such as a window.
    """
    system = find(name)
    stand = Stand(ports=free_ports(), data=folder, given={})
    environment = child_environment(demo_environment(system, stand) | sooner, os.environ)
    async with programs(system, stand, environment) as children:
        await start_system(children, system, stand)
        world = World(system, stand, environment)
        try:
            yield world
        finally:
            await world.close()
