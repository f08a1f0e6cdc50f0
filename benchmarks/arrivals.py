"""What the target's log tells: how many checks came, how late, and when all had come once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from benchmarks.server import Entry
from benchmarks.workload import Watch
from sentinel.core.cadence import phase, steps

NANO = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """The checks that the target saw, in the order of time."""

    entries: Sequence[Entry]

    def between(self, begin: int, end: int) -> "Arrivals":
        """Those within a span of the monotonic clock, in nanoseconds."""
        return Arrivals(entries=[entry for entry in self.entries if begin <= entry[0] < end])

    def first_of_each(self) -> dict[str, int]:
        """When each check came first, by name."""
        seen: dict[str, int] = {}
        for at, path, _ in self.entries:
            seen.setdefault(_name(path), at)
        return seen

    def lateness(self, watches: Sequence[Watch]) -> list[float]:
        """Seconds from the slot on a check's grid to its arrival, the shortest first."""
        ahead = time.time_ns() - time.monotonic_ns()  # of the wall clock, by which slots are made
        grids = {watch.name: (watch.interval, _offset(watch)) for watch in watches}
        late = []
        for at, path, _ in self.entries:
            interval, offset = grids[_name(path)]
            since_slot = ((at + ahead) * NANO - offset) % interval
            # Both clocks are read one after the other, so an arrival may seem to be a little before its slot.
            late.append(since_slot if since_slot < interval * 0.95 else since_slot - interval)
        return sorted(late)


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The value of that rank among sorted ones; None when there are none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _offset(watch: Watch) -> float:
    interval = timedelta(seconds=watch.interval)
    return phase(watch.name, interval, steps(interval)).total_seconds()
