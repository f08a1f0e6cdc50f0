"""A thread of its own for one connection, and the way from the event loop to it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from sentinel.base.errors import StoreUnavailable
from sentinel.store.session import Session

T = TypeVar("T")

#: So many callers may wait for one thread; more means that the store is not keeping up.
MOST_WAITING = 100

#: What was made to fail gets so many seconds to end.
ABORT_WITHIN = 1.0


class Lane:
    """Runs jobs one after the other on the thread of one session. An executor of its own: nobody else can hold it up."""

    def __init__(self, name: str, session: Session, where: str) -> None:
        self._session = session
        self._where = where
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._closed = False
        self.waiting = 0  # jobs that wait or run

    async def run(self, job: Callable[[Session], T], within: float) -> T:
        """Do a job on the thread. If the caller is cancelled, a job that runs already goes on to its end.

        Args:
            job: is given the session.
            within: seconds from now, waiting for earlier jobs included.

        Raises:
            StoreUnavailable: it did not end in time and was made to fail, or too many wait.
        """
        if self._closed:
            raise StoreUnavailable(f"{self._where} was closed")
        if self.waiting >= MOST_WAITING:
            raise StoreUnavailable(f"{self._where}: too much is waiting for it")
        future = self._submit(job)
        answer = asyncio.wrap_future(future)
        answer.add_done_callback(_read)
        try:
            async with asyncio.timeout(within) as deadline:
                return await asyncio.shield(answer)
        except TimeoutError:
            if not deadline.expired():
                raise
        except asyncio.CancelledError:
            future.cancel()
            raise
        return await self._give_up(future, answer, within)

    async def close(self, within: float) -> None:
        """Close the session and let the thread end. Doing so twice does no harm."""
        with suppress(StoreUnavailable):
            await self.run(Session.drop, within)
        self._closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _submit(self, job: Callable[[Session], T]) -> Future[T]:
        self.waiting += 1
        future = self._thread.submit(job, self._session)
        future.add_done_callback(self._done)
        return future

    def _done(self, _: object) -> None:
        self.waiting -= 1

    async def _give_up(self, future: Future[T], answer: asyncio.Future[T], within: float) -> T:
        """End a job that is late. What it answers at the last moment counts: it may have been committed."""
        if not future.cancel():
            self._session.abort()
            with suppress(TimeoutError, asyncio.CancelledError):
                async with asyncio.timeout(ABORT_WITHIN):
                    return await asyncio.shield(answer)
        raise StoreUnavailable(f"{self._where}: no answer within {within:g} s")


def _read(answer: asyncio.Future[Any]) -> None:
    """Read how a job ended: of an error that nobody waits for any more asyncio would log that it was never retrieved."""
    if not answer.cancelled():
        answer.exception()
