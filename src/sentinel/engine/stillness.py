"""Notices when this process does not get to run, and when this host stood still.

A loop that asks to be woken ten times a second is woken late when the event loop is busy, when the processor is, and
when the process is stopped (SIGSTOP, a frozen container). A suspended host stops the steady clock as well: there the wall
clock has leapt meanwhile.
"""

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from itertools import takewhile
from typing import NamedTuple

import structlog

from sentinel.base.clock import Clock
from sentinel.core.sight import STANDSTILL, Gap

log = structlog.get_logger()

#: How often the time is looked at, in seconds.
TICK = 0.1

#: A tick that comes so many seconds late comes in time.
USUAL = 0.01

#: Late ticks that are remembered; older ones do not count for the longest wait of a run any more.
MOST_WAITS = 1200


class Mark(NamedTuple):
    """A moment to count from."""

    at: float  # on the steady clock
    lost: float
    gaps: int


class Lost(NamedTuple):
    """What a time had too little of."""

    seconds: float = 0.0  # that this process waited for a turn, altogether
    longest: float = 0.0  # of these waits
    gap: Gap | None = None  # the last standstill


class Stillness:
    """Adds up the time that was lost. Until `run` it only sees the wall clock leap."""

    def __init__(self, clock: Clock, noticed: Callable[[Gap], None] = lambda _gap: None) -> None:
        self._clock = clock
        self._noticed = noticed  # is given each standstill, before any run that it concerns is judged
        self._wall, self._steady = clock.now(), clock.monotonic()
        self._due: float | None = None  # when the next tick should be, on the steady clock
        self._lost = 0.0  # seconds, since the start
        self._waits: deque[tuple[float, float]] = deque(maxlen=MOST_WAITS)  # when they ended, and how long they were
        self._gaps = 0
        self._lag = 0.0  # of the tick that is to come
        self._worst = 0.0
        self.gap: Gap | None = None  # the last one
        self.lag = 0.0  # seconds that the last tick was late

    async def run(self) -> None:
        """Look at the time again and again, until cancelled."""
        while True:
            self._due = self._clock.monotonic() + TICK
            await self._clock.sleep(TICK)
            self._look()
            self.lag, self._lag = self._lag, 0.0

    def mark(self) -> Mark:
        """Now, to count from."""
        self._look()
        return Mark(self._steady, self._lost, self._gaps)

    def since(self, mark: Mark) -> Lost:
        """What was lost since then."""
        self._look()
        if self._lost == mark.lost and self._gaps == mark.gaps:
            return Lost()
        waits = takewhile(lambda wait: wait[0] > mark.at, reversed(self._waits))
        longest = max((seconds for _, seconds in waits), default=0.0)
        return Lost(self._lost - mark.lost, longest, self.gap if self._gaps > mark.gaps else None)

    def take_worst_lag(self) -> float:
        """The worst delay in seconds since this was last asked. A standstill is none: it is told of by itself."""
        worst, self._worst = self._worst, 0.0
        return worst

    def _look(self) -> None:
        """Whoever comes first after a standstill accounts for it: the ticks, or a run that has just failed."""
        wall, steady = self._clock.now(), self._clock.monotonic()
        late = 0.0 if self._due is None else max(0.0, steady - self._due)
        leapt = (wall - self._wall).total_seconds() - (steady - self._steady)
        self._wall, self._steady = wall, steady
        if late > USUAL:
            self._due = steady
            self._lost += late
            self._waits.append((steady, late))
        self._lag += late
        if leapt >= STANDSTILL or late >= STANDSTILL:
            stood = max(leapt, 0.0) + (late if late >= STANDSTILL else 0.0)
            self._note(Gap(wall - timedelta(seconds=stood), wall, stopped=late >= STANDSTILL))
        else:
            self._worst = max(self._worst, self._lag)

    def _note(self, gap: Gap) -> None:
        self.gap = gap
        self._gaps += 1
        self._noticed(gap)
        log.warning("host.stood_still", seconds=round((gap.until - gap.since).total_seconds(), 1), stopped=gap.stopped)
