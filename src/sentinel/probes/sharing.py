"""Answers that several checks look at: a target is asked once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

T = TypeVar("T")


@dataclass(slots=True)
class _Answer:
    task: "asyncio.Task[Any]"
    asked_at: float  # of the loop's clock
    kept_until: float  # likewise: until then it may serve the one of those who asked that takes the oldest
    waiting: int = 0  # runs that wait for it
    takers: set[Hashable] = field(default_factory=set)  # who has been given it

    def serves(self, taker: Hashable, since: float) -> bool:
        return self.asked_at >= since and taker not in self.takers and not self.task.cancelled()


class Shared:
    """Answers by what was asked, kept for as long as one may serve another check."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, _Answer] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[T]], *, max_age: float, taker: Hashable = None) -> T:
        """The answer to a question: one that is on its way, one of the last `max_age` seconds, or that of `ask`.

        A `taker` is given no answer twice: who looks again, however soon, wants to know how it is now.
        Whatever `ask` raises, it raises for everybody who waits for it. It is cancelled when nobody waits any more, and
        has to keep to a deadline by itself.
        """
        now = asyncio.get_running_loop().time()
        answer = self._answers.get(key)
        if answer is None or not answer.serves(taker, now - max_age):
            self._forget_old(now)
            answer = _Answer(asyncio.create_task(cast("Coroutine[Any, Any, T]", ask())), now, now)
            self._answers[key] = answer
        answer.kept_until = max(answer.kept_until, answer.asked_at + max_age)
        if taker is not None:
            answer.takers.add(taker)
        return cast("T", await self._wait(key, answer))

    async def _wait(self, key: Hashable, answer: _Answer) -> Any:
        answer.waiting += 1
        try:
            return await asyncio.shield(answer.task)
        finally:
            answer.waiting -= 1
            if not answer.waiting and not answer.task.done():
                answer.task.cancel()
                self._drop(key, answer)

    def _drop(self, key: Hashable, answer: _Answer) -> None:
        if self._answers.get(key) is answer:
            del self._answers[key]

    def _forget_old(self, now: float) -> None:
        for key in [key for key, answer in self._answers.items() if answer.kept_until < now and answer.task.done()]:
            del self._answers[key]
