"""What the runner asks about every run: could Sentinel see at all while it took place?"""

from typing import NamedTuple

from sentinel.base.clock import Clock
from sentinel.core.result import Measurement
from sentinel.core.sight import Conditions, as_seen, hangs_on_network, without_network
from sentinel.engine.beacons import Beacons
from sentinel.engine.stillness import Mark, Stillness


class Glance(NamedTuple):
    """The beginning of a run."""

    began: float  # on the steady clock
    mark: Mark


class Sight:
    """Turns what says nothing about a target into an unknown result, before anybody judges it."""

    def __init__(self, clock: Clock, stillness: Stillness | None = None, beacons: Beacons | None = None) -> None:
        self._clock = clock
        self._stillness = stillness or Stillness(clock)
        self._beacons = beacons

    def begin(self) -> Glance:
        """A run begins."""
        return Glance(self._clock.monotonic(), self._stillness.mark())

    def stood_still(self, glance: Glance) -> bool:
        """Whether this host stood still since then."""
        return self._stillness.since(glance.mark).gap is not None

    async def settle(
        self, measurement: Measurement, glance: Glance, *, host: str, timeout: float, after_deadline: float
    ) -> Measurement:
        """What a run has really found out.

        Where nobody answered and beacons have to be asked first, this takes up to two rounds of questions.

        Args:
            measurement: what its probe says.
            glance: its beginning.
            host: that it asked, as configured.
            timeout: seconds that it might take.
            after_deadline: seconds that it ended after that.
        """
        lost = self._stillness.since(glance.mark)
        under = Conditions(
            timeout=timeout, after_deadline=after_deadline, lost=lost.seconds, longest=lost.longest, gap=lost.gap
        )
        measurement = as_seen(measurement, under)
        if self._beacons is None or not hangs_on_network(measurement, host):
            return measurement
        if await self._beacons.worked(glance.began, self._clock.monotonic()):
            return measurement
        return without_network(measurement, self._beacons.connectivity)
