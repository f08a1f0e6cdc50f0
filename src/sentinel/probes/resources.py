"""What only one run at a time may use, whichever check it belongs to."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding


class Resources:
    """Locks by name. It outlives a plan, so that a run that has begun keeps what it uses through a reload."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = (
            WeakValueDictionary()
        )  # as long as somebody has or wants it

    @asynccontextmanager
    async def hold(self, names: Iterable[str], deadline: float) -> AsyncIterator[None]:
        """Have these to oneself. Raises Finding when another run has one of them until `deadline` (the loop's time).

        Two runs that name the same ones have to name them in the same order.
        """
        async with AsyncExitStack() as stack:
            for name in names:
                lock = self._locks.setdefault(name, asyncio.Lock())
                try:
                    async with asyncio.timeout_at(deadline):
                        await lock.acquire()
                except TimeoutError:
                    raise Finding(FailureClass.OVERLOADED, f"another run uses {name} all the time", _HINT) from None
                stack.callback(lock.release)
            yield


_HINT = "Raise `interval` of the checks that share this resource, or give them resources of their own."
