"""Work that blocks (files, the file system), done on a thread, one piece at a time, within a deadline.

A thread cannot be stopped from outside: the work asks `Halt` between two steps. Where a step itself hangs, as in a network
file system whose server is gone, nobody waits for it, and no second thread is given to the same check.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Any, TypeVar

from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding

T = TypeVar("T")

_RESERVE = 0.1  # seconds before the deadline in which work ends by itself


class Halt:
    """Asked by the work: whether it has to come to its end."""

    def __init__(self, limit: float) -> None:
        self._limit = limit  # of `monotonic()`
        self._told = threading.Event()

    def tell(self) -> None:
        self._told.set()

    @property
    def is_due(self) -> bool:
        return self._told.is_set() or monotonic() > self._limit


class Worker:
    """Does the blocking work of one check."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._last: Future[Any] | None = None

    @property
    def is_hanging(self) -> bool:
        """Whether work is under way, be it that nobody waits for it any more."""
        return self._last is not None and not self._last.done()

    async def do(self, work: Callable[[Halt], T], deadline: float, *, spare: float = _RESERVE) -> T:
        """What the work answers, or raises.

        Args:
            work: asks its Halt between two steps whether to come to its end.
            deadline: until when it is waited for, on the running loop's clock.
            spare: seconds before the deadline when Halt is due, at most half of the time left: longer than a step takes.

        Raises:
            Finding: no thread was free in time, or a step of the work hangs.
        """
        if self.is_hanging:
            raise Finding(FailureClass.READ_TIMEOUT, "the last run still hangs in the file system", _HINT)
        left = deadline - asyncio.get_running_loop().time()
        halt = Halt(monotonic() + left - min(spare, left / 2))
        future = self._threads.submit(work, halt)
        self._last = future
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if future.cancelled():
                raise Finding(FailureClass.OVERLOADED, "no thread became free to read files") from None
            raise Finding(FailureClass.READ_TIMEOUT, "the file system did not answer in time", _HINT) from None
        finally:
            halt.tell()


_HINT = "Try `ls` and `head` on the files by hand; on a network file system, see whether its server is up."
