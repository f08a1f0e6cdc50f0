"""Would a broken promise be noticed? Five bugs, each in a copy of the source, and the history that has to find it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Self

import pytest
import pytest_asyncio

from tests.kit.process import Child, Children
from tests.seeded.bugs import BUGS, NONE, SOURCE, Bug, sow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HISTORY = "tests/daemon/test_histories.py::test_a_history_with_every_trap_keeps_every_promise"
AT_ONCE = 3  # they wait more than they compute
WITHIN = 120.0  # seconds for one


class Trials:
    """The history, played with each bug; begun when it is entered."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._free = asyncio.Semaphore(AT_ONCE)
        self._children = Children()
        self._played: dict[str, asyncio.Task[Child]] = {}

    async def __aenter__(self) -> Self:
        for bug in (*BUGS, NONE):
            self._played[bug.name] = asyncio.create_task(self._play(bug))
        return self

    async def __aexit__(self, *error: object) -> None:
        for task in self._played.values():
            task.cancel()
        await asyncio.gather(*self._played.values(), return_exceptions=True)
        await self._children.__aexit__(None, None, None)

    async def of(self, bug: Bug) -> Child:
        """The run with that bug, at its end."""
        return await self._played[bug.name]

    async def _play(self, bug: Bug) -> Child:
        async with self._free:
            copy = await asyncio.to_thread(sow, bug, self._folder)
            run = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", HISTORY)
            where = {"PYTHONPATH": str(copy), "PYTEST_ADDOPTS": "", "PYTHONDONTWRITEBYTECODE": "1"}
            base = self._folder / str(len(bug.name))  # short: there will be sockets in it
            child = await self._children.start(*run, "--basetemp", base, env=where, cwd=SOURCE.parents[1])
            await child.exit(within=WITHIN)
            return child


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trials(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trials]:
    async with Trials(tmp_path_factory.mktemp("seeded")) as begun:
        yield begun


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
async def test_a_seeded_bug_is_caught(trials: Trials, bug: Bug) -> None:
    run = await trials.of(bug)
    output = "\n".join(run.lines)
    assert run.returncode == 1, output
    assert bug.fault in output, output


@pytest.mark.asyncio(loop_scope="module")
async def test_a_copy_without_a_bug_keeps_every_promise(trials: Trials) -> None:
    run = await trials.of(NONE)
    assert run.returncode == 0, run.tail()
