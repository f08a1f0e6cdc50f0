"""Signs of life of the loops: the watchdog and the health page go by them."""

from collections.abc import Callable, Iterable
from typing import Protocol

from sentinel.base.clock import Clock


class LifeSign(Protocol):
    """What the watchdog looks at."""

    @property
    def name(self) -> str: ...

    @property
    def age(self) -> float: ...

    @property
    def alive(self) -> bool: ...


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


class Pulses:
    """Several pulses as one, which is as alive as the one that lags most. None at all means that there is nothing to do."""

    def __init__(self, name: str, pulses: Callable[[], Iterable[Pulse]]) -> None:
        self.name = name
        self._pulses = pulses

    @property
    def age(self) -> float:
        """Seconds since the last beat of the one that lags most."""
        return max((pulse.age for pulse in self._pulses()), default=0.0)

    @property
    def alive(self) -> bool:
        return all(pulse.alive for pulse in self._pulses())
