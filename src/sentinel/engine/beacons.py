"""Asks the beacons: from time to time, and at once when a check failed as it would without a network."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog

from sentinel.base.clock import Clock
from sentinel.core.sight import Beacon, Connectivity, Sightings, Trust, trust

log = structlog.get_logger()

#: A beacon that is still being asked so many seconds after its time is given up.
GRACE = 0.2

#: Asks one beacon, until a deadline on the running loop's clock; answers whether it answered.
Ask = Callable[[Beacon, float], Awaitable[bool]]


class Beacons:
    """Knows whether this host's network works. One round of questions at a time; whoever wants to know shares it."""

    def __init__(
        self, clock: Clock, ask: Ask, noticed: Callable[[datetime, datetime], None] = lambda _since, _until: None
    ) -> None:
        self._clock = clock
        self._ask = ask
        self._noticed = noticed  # is given the time without a network so far, after each round, and at its end
        self._round: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._sightings = Sightings()
        self.connectivity = Connectivity()
        self.dark_since: datetime | None = None  # since when too few of them answer

    def plan(self, connectivity: Connectivity) -> None:
        """Ask these from now on."""
        if connectivity != self.connectivity:
            self.connectivity = connectivity
            self._sightings, self.dark_since = Sightings(), None
            self._changed.set()

    async def worked(self, began: float, ended: float) -> bool:
        """Whether the network worked during a run, as far as can be told; within two rounds of questions.

        Args:
            began: when the run began, on the steady clock.
            ended: when it ended.
        """
        for _ in range(2):  # the round that is under way may have begun before the run did
            if not self.connectivity.beacons:
                return True
            trusted = trust(self._sightings, began, ended)
            if trusted is not Trust.ASK:
                return trusted is Trust.SEEN
            await self.look()
        return trust(self._sightings, began, ended) is not Trust.BLIND

    async def look(self) -> None:
        """Wait for the answers of the round that is under way, or of a new one."""
        if self._round is None or self._round.done():
            self._round = asyncio.get_running_loop().create_task(self._ask_all(self.connectivity))
        await asyncio.shield(self._round)

    async def run(self) -> None:
        """Ask from time to time, so that people hear of a dead network before a check fails; until cancelled."""
        while True:
            self._changed.clear()
            if self.connectivity.beacons:
                await self.look()
            every = self.connectivity.every.total_seconds() if self.connectivity.beacons else None
            await self._clock.wait(self._changed, every)

    async def close(self) -> None:
        """End the round that is under way."""
        if self._round is not None:
            self._round.cancel()
            await asyncio.gather(self._round, return_exceptions=True)

    async def _ask_all(self, connectivity: Connectivity) -> None:
        deadline = asyncio.get_running_loop().time() + connectivity.timeout.total_seconds()
        asking = {asyncio.create_task(self._answers(beacon, deadline)) for beacon in connectivity.beacons}
        answered = 0
        try:
            while asking and answered < connectivity.need:
                done, asking = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
                answered += sum(task.result() for task in done)
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        if connectivity == self.connectivity:
            self._note(well=answered >= connectivity.need)

    async def _answers(self, beacon: Beacon, deadline: float) -> bool:
        try:
            async with asyncio.timeout_at(deadline + GRACE):
                return await self._ask(beacon, deadline)
        except TimeoutError:
            return False
        except Exception:
            log.exception("beacon.not_asked", beacon=beacon.name)
            return False

    def _note(self, *, well: bool) -> None:
        now = self._clock.monotonic()
        if well:
            self._sightings = Sightings(well_at=now, dark_at=self._sightings.dark_at)
            if self.dark_since is not None:
                log.info("network.up", down_s=(self._clock.now() - self.dark_since).total_seconds())
                self._noticed(self.dark_since, self._clock.now())
            self.dark_since = None
            return
        self._sightings = Sightings(well_at=self._sightings.well_at, dark_at=now)
        if self.dark_since is None:
            self.dark_since = self._clock.now()
            log.warning("network.down", beacons=self.connectivity.names)
        self._noticed(self.dark_since, self._clock.now())
