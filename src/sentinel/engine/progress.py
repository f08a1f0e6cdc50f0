"""Signs of life of the loops: the watchdog and the health page go by them."""

from sentinel.base.clock import Clock


class Pulse:
    """When a loop last got somewhere. A loop that waits for work beats while it waits; one that hangs does not."""

    def __init__(self, name: str, clock: Clock, patience: float) -> None:
        self.name = name
        self.patience = patience  # seconds without a beat after which the loop counts as stuck
        self._clock = clock
        self._last = clock.monotonic()

    def beat(self) -> None:
        self._last = self._clock.monotonic()

    @property
    def age(self) -> float:
        """Seconds since the last beat."""
        return self._clock.monotonic() - self._last

    @property
    def alive(self) -> bool:
        return self.age <= self.patience
