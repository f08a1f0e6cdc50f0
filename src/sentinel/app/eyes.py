"""What Sentinel sees with: its turn on the processor, its host's network, its resolver. And what it says when one fails."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sentinel.base.clock import Clock
from sentinel.core.sight import Connectivity, Gap
from sentinel.core.vitals import Vitals
from sentinel.engine.beacons import Beacons
from sentinel.engine.sight import Sight
from sentinel.engine.stillness import Stillness
from sentinel.probes.wire import Resolver, Transport
from sentinel.probes.wire.beacon import Messenger

#: A standstill of so long is told of, and for so long after it ended: two looks of the own check confirm it.
TOLD_FROM = timedelta(seconds=10)
TOLD_FOR = timedelta(seconds=60)


Absent = Callable[[datetime, datetime], None]


class Eyes:
    """Made once; a reload only changes whom it asks."""

    def __init__(self, clock: Clock, resolver: Resolver, absent: Absent = lambda _since, _until: None) -> None:
        """`absent` is given each time in which nobody could reach Sentinel, as soon as that is known."""
        self._clock = clock
        self._resolver = resolver
        self.stillness = Stillness(clock, lambda gap: absent(gap.since, gap.until))
        self.beacons = Beacons(clock, Messenger(Transport(resolver)).ask, absent)
        self.sight = Sight(clock, self.stillness, self.beacons)

    def plan(self, connectivity: Connectivity) -> None:
        """Ask these beacons from now on. Names that failed may be gone from the plan."""
        self.beacons.plan(connectivity)
        self._resolver.record.pardon()

    def watched_since(self, started_at: datetime) -> datetime:
        """Since when nothing has kept Sentinel from looking: what was due before that is not overdue."""
        gap = self.stillness.gap
        return started_at if gap is None else max(started_at, gap.until)

    def described(self, vitals: Vitals) -> Vitals:
        """The vitals with what is wrong with the eyes. A resolver that failed is asked again, for the next time."""
        connectivity = self.beacons.connectivity
        described = replace(
            vitals,
            loop_lag=self.stillness.take_worst_lag(),
            stood_still=self._recent_gap(vitals.at),
            dark_since=self.beacons.dark_since,
            beacons=connectivity if self.beacons.dark_since is not None else None,
            nameless_since=self._nameless_since(vitals.at),
            nameless=tuple(self._resolver.record.failed()),
        )
        self._resolver.look_again()
        return described

    def _recent_gap(self, now: datetime) -> Gap | None:
        gap = self.stillness.gap
        worth_it = gap is not None and gap.until - gap.since >= TOLD_FROM and now - gap.until <= TOLD_FOR
        return gap if worth_it else None

    def _nameless_since(self, now: datetime) -> datetime | None:
        since = self._resolver.record.failing_since
        return None if since is None else now - timedelta(seconds=self._clock.monotonic() - since)
