"""A clock whose time passes only when a test says so."""

import asyncio
from datetime import UTC, datetime, timedelta


class FakeClock:
    """A `Clock`. `advance` moves both times and wakes whoever waited, in the order in which they were due.

    `step` moves the wall clock alone, as an administrator or NTP does; `stall` moves both while nobody gets to run.
    """

    def __init__(self, start: datetime = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._monotonic = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._monotonic + seconds, woken))
        await woken

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        waiters: list[asyncio.Future[object]] = [asyncio.ensure_future(event.wait())]
        if seconds is not None:
            waiters.append(asyncio.ensure_future(self.sleep(seconds)))
        try:
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
            await asyncio.gather(*waiters, return_exceptions=True)
        return event.is_set()

    def step(self, **by: float) -> None:
        """Move the wall clock alone."""
        self._now += timedelta(**by)

    def stall(self, **by: float) -> None:
        """Let time pass in which nobody gets to run: whoever was due meanwhile is woken late, by the next `advance`."""
        self._move_to(self._monotonic + timedelta(**by).total_seconds())

    async def advance(self, **by: float) -> None:
        """Let time pass, and let everything that was due run."""
        target = self._monotonic + timedelta(**by).total_seconds()
        await self.settle()
        while due := [sleeper for sleeper in self._sleepers if sleeper[0] <= target and not sleeper[1].done()]:
            at = min(when for when, _ in due)
            self._move_to(max(at, self._monotonic))
            for when, woken in due:
                if when <= at:
                    woken.set_result(None)
            self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[1].done()]
            await self.settle()
        self._move_to(target)
        await self.settle()

    async def settle(self) -> None:
        """Let everything run that can run without time passing."""
        for _ in range(50):
            await asyncio.sleep(0)

    def _move_to(self, monotonic: float) -> None:
        self._now += timedelta(seconds=monotonic - self._monotonic)
        self._monotonic = monotonic
