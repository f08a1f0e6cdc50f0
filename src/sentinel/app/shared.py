"""One answer for all who ask the same at about the same time."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

from sentinel.base.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

#: Answers that are kept at once.
MOST: Final = 64


class Shared(Generic[K, V]):
    """Makes an answer once and gives it to everybody who asks until it is too old."""

    def __init__(self, clock: Clock, fresh: float, most: int = MOST) -> None:
        """
        Args:
            fresh: seconds that an answer is good for, from when it was asked for.
            most: answers that are kept.
        """
        self._clock = clock
        self._fresh = fresh
        self._most = most
        self._answers: OrderedDict[K, tuple[float, asyncio.Task[V]]] = OrderedDict()

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """The answer; `make` makes it where there is none that is fresh. One who stops waiting does not stop the others.

        An error is not kept, and neither is None: it means that the store could not be asked.
        """
        known = self._answers.get(key)
        now = self._clock.monotonic()
        if known is None or now - known[0] >= self._fresh or _failed(known[1]):
            known = now, asyncio.ensure_future(_made(make))
            self._answers[key] = known
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        self._answers.move_to_end(key)
        return await asyncio.shield(known[1])


async def _made(make: Callable[[], Awaitable[V]]) -> V:
    return await make()


def _failed(task: "asyncio.Task[V]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None or task.result() is None)
