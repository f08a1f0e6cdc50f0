"""Signs of life for systemd: sent from the event loop, and only while the loops get somewhere."""

from collections.abc import Sequence

import structlog

from sentinel.base.clock import Clock
from sentinel.base.systemd import Notifier
from sentinel.engine.progress import LifeSign

log = structlog.get_logger()

#: How often the loop's lag is measured, in seconds.
TICK = 0.5


class Watchdog:
    """Measures how late the event loop is, and tells systemd that Sentinel is alive as long as it really is."""

    def __init__(self, clock: Clock, notifier: Notifier, pulses: Sequence[LifeSign]) -> None:
        self._clock = clock
        self._notifier = notifier
        self._pulses = pulses
        self._every = notifier.watchdog_every
        self._stuck: tuple[str, ...] = ()
        self._worst_lag = 0.0
        self.lag = 0.0  # seconds, the latest

    async def run(self) -> None:
        """Tick until cancelled."""
        last_sign = float("-inf")
        while True:
            before = self._clock.monotonic()
            await self._clock.sleep(TICK)
            now = self._clock.monotonic()
            self.lag = max(0.0, now - before - TICK)
            self._worst_lag = max(self._worst_lag, self.lag)
            alive = self._look()
            if alive and self._every is not None and now - last_sign >= min(self._every, 5.0):
                self._notifier.tell(WATCHDOG=1)
                last_sign = now

    @property
    def stuck(self) -> tuple[str, ...]:
        """The loops that have not got anywhere for too long."""
        return tuple(pulse.name for pulse in self._pulses if not pulse.alive)

    def take_worst_lag(self) -> float:
        """The worst lag in seconds since this was last asked."""
        worst, self._worst_lag = self._worst_lag, 0.0
        return worst

    def _look(self) -> bool:
        stuck = self.stuck
        if stuck and stuck != self._stuck:
            log.error("loop.stuck", loops=stuck)
        self._stuck = stuck
        return not stuck
