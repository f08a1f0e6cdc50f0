"""One answer for all who ask the same at about the same time."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import structlog

from sentinel.base.clock import Clock

log = structlog.get_logger()

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: Answers that are kept at once.
MOST: Final = 64


@dataclass(slots=True)
class _Answer(Generic[V]):
    """An answer that is made or was."""

    asked_at: float  # on the steady clock
    task: "asyncio.Task[V]"
    before: V | None  # the answer that this one is to replace

    @property
    def value(self) -> V | None:
        """The newest that there is; None where there was none yet."""
        return self.task.result() if self.task.done() and not _failed(self.task) else self.before


class Shared(Generic[K, V]):
    """Makes an answer once and gives it to everybody who asks until it is too old.

    An error is not kept, and neither is an answer of None: it means that the store could not be asked.
    """

    def __init__(self, clock: Clock, fresh: float, most: int = MOST) -> None:
        """
        Args:
            fresh: seconds that an answer is good for, from when it was asked for.
            most: answers that are kept.
        """
        self._clock = clock
        self._fresh = fresh
        self._most = most
        self._answers: OrderedDict[K, _Answer[V]] = OrderedDict()

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """The answer; `make` makes it where there is none that is fresh. One who stops waiting does not stop the others."""
        return await asyncio.shield(self._answer(key, make).task)

    async def soon(self, key: K, make: Callable[[], Awaitable[V]], within: float) -> V | None:
        """The answer; the one before, at once, while another is made. None when there is none within so many seconds."""
        answer = self._answer(key, make)
        if answer.value is None:
            await asyncio.wait([answer.task], timeout=within)
        return answer.value

    def _answer(self, key: K, make: Callable[[], Awaitable[V]]) -> _Answer[V]:
        known, now = self._answers.get(key), self._clock.monotonic()
        if known is None or now - known.asked_at >= self._fresh or _failed(known.task):
            before = known.value if known is not None else None
            known = _Answer(now, asyncio.ensure_future(_made(make)), before)
            known.task.add_done_callback(_say)
            self._answers[key] = known
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        self._answers.move_to_end(key)
        return known


async def _made(make: Callable[[], Awaitable[V]]) -> V:
    return await make()


def _say(task: "asyncio.Task[V]") -> None:
    """Log an error: who was in a hurry has gone."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("answer.failed", exc_info=error)


def _failed(task: "asyncio.Task[V]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None or task.result() is None)
