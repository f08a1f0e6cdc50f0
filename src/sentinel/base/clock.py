"""Time comes from here and from nowhere else.

Whoever waits is handed a Clock, so that a test can move time forward. Two times exist: the wall clock says *when* something
happened (aware, UTC) and may step; the monotonic clock says *how long* something took and never goes back.
"""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is, and waiting for it to pass."""

    def now(self) -> datetime:
        """The wall clock: aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never steps back and ignores changes of the wall clock."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds by the monotonic clock."""
        ...

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Wait for the event, at most that many seconds (None: for as long as it takes); answer whether it is set."""
        ...


class SystemClock:
    """The clock of the machine that Sentinel runs on."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return event.is_set()
        return True
