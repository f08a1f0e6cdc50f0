"""Signs of life for systemd: sent from the event loop, and only while the loops get somewhere."""

from collections.abc import Sequence

import structlog

from sentinel.base.clock import Clock
from sentinel.base.systemd import Notifier
from sentinel.engine.progress import LifeSign

log = structlog.get_logger()

#: How often the loops are looked at, in seconds.
TICK = 0.5


class Watchdog:
    """Tells systemd that Sentinel is alive as long as it really is."""

    def __init__(self, clock: Clock, notifier: Notifier, pulses: Sequence[LifeSign]) -> None:
        self._clock = clock
        self._notifier = notifier
        self._pulses = pulses
        self._every = notifier.watchdog_every
        self._stuck: tuple[str, ...] = ()

    async def run(self) -> None:
        """Tick until cancelled."""
        last_sign = float("-inf")
        while True:
            await self._clock.sleep(TICK)
            now = self._clock.monotonic()
            alive = self._look()
            if alive and self._every is not None and now - last_sign >= min(self._every, 5.0):
                self._notifier.tell(WATCHDOG=1)
                last_sign = now

    @property
    def stuck(self) -> tuple[str, ...]:
        """The loops that have not got anywhere for too long."""
        return tuple(pulse.name for pulse in self._pulses if not pulse.alive)

    def _look(self) -> bool:
        stuck = self.stuck
        if stuck and stuck != self._stuck:
            log.error("loop.stuck", loops=stuck)
        self._stuck = stuck
        return not stuck
