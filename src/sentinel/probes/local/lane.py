"""Calls into the kernel that may hang: `statvfs` on a dead NFS server, `/proc` of a process that is stuck.

Nothing ends such a call. Each place has one thread at most, so that a hang costs one thread and not one per run; the thread
is a daemon, so that it does not hold up the end of the process.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


class Hanging(Exception):
    """The call did not come back in time, or an earlier one has not come back yet."""


class Lane:
    """Makes one blocking call at a time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._busy = False

    async def call(self, work: Callable[[], T], deadline: float) -> T:
        """What `work` answers or raises.

        Args:
            work: is run in a thread of its own.
            deadline: by when it has to be done, on the running loop's clock.

        Raises:
            Hanging: it was not, and the thread is left to itself.
        """
        if self._busy:
            raise Hanging
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._busy = True
        threading.Thread(target=self._run, args=(work, loop, answer), name=self._name, daemon=True).start()
        try:
            async with asyncio.timeout_at(deadline):
                return await answer
        except TimeoutError:
            raise Hanging from None

    def _run(self, work: Callable[[], T], loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[T]") -> None:
        settle: Callable[[], None]
        try:
            settle = partial(_answer, answer, work())
        except Exception as error:
            settle = partial(_fail, answer, error)
        self._busy = False  # before the answer arrives, after which the next call may come at once
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle)


def _answer(future: "asyncio.Future[T]", result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[T]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
