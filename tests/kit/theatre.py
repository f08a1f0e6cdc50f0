"""Stories that spend seconds waiting play at the same time, a few at once, while each stays a test of its own.

Decorate the test with `story`. All of a file begin with the first of them that is run; each test waits for its own.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

import pytest

from tests.kit.process import Children
from tests.kit.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path
    from types import TracebackType

    Story = Callable[[Stage], Awaitable[None]]

AT_ONCE = 4


def story(play: Story) -> Callable[..., Any]:
    """Make a test of a story, whose one argument is its stage."""

    @pytest.mark.asyncio(loop_scope="module")
    async def test(theatre: Theatre) -> None:
        await theatre.end_of(play)

    test.__doc__ = play.__doc__
    test.__dict__["play"] = play
    return test


def stories(items: Iterable[pytest.Item], module: object) -> list[Story]:
    """The stories of a module among the tests that were chosen to run, in their order."""
    functions = (item.function for item in items if isinstance(item, pytest.Function) and item.module is module)
    return [function.play for function in functions if hasattr(function, "play")]


class Theatre:
    """Plays the stories it is given, each on a stage of its own. Enter it to begin."""

    def __init__(self, plays: Iterable[Story], folder: Path) -> None:
        self._plays = list(plays)
        self._folder = folder
        self._free = asyncio.Semaphore(AT_ONCE)
        self._tasks: dict[Story, asyncio.Task[None]] = {}

    async def end_of(self, play: Story) -> None:
        """Wait until a story has been played; raises what it raised."""
        await self._tasks[play]

    async def __aenter__(self) -> Self:
        for number, play in enumerate(self._plays):
            self._tasks[play] = asyncio.create_task(self._perform(play, self._folder / str(number)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        for task in self._tasks.values():
            with suppress(asyncio.CancelledError, Exception):  # its own test has told of it
                await task

    async def _perform(self, play: Story, folder: Path) -> None:
        async with self._free:
            await asyncio.to_thread(folder.mkdir)
            async with Children() as children, Stage(children, folder) as stage:
                await play(stage)
