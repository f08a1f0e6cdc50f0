"""Looks between two slots: at a check that failed and is not confirmed yet, and at a parent whose child fails."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from heapq import heappop, heappush

from sentinel.base.clock import Clock
from sentinel.core.cadence import recheck_due
from sentinel.core.check import Check

#: The same check is not looked at again sooner than so many seconds after the last such look.
APART = 1.0


class Rechecks:
    """Keeps at most one look for each check, and a bound on all of them; beyond it the next slot has to do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._checks: dict[str, Check] = {}
        self._most = 0
        self._due: dict[str, float] = {}  # by check, on the steady clock
        self._order: list[tuple[float, str]] = []  # a heap; an entry that `_due` does not agree with is out of date
        self._last: dict[str, float] = {}  # when a check was last looked at, on the steady clock
        self._news = asyncio.Event()
        self.begun = 0
        self.skipped: Counter[str] = Counter()  # looks that were asked for and had no room, by that word

    @property
    def waiting(self) -> int:
        """Looks that are to come."""
        return len(self._due)

    def plan(self, checks: Iterable[Check], most: int) -> None:
        """Look at these checks from now on, at most so many waiting at once. What waits for others is forgotten."""
        self._checks = {check.name: check for check in checks}
        self._most = most
        self._due = {name: due for name, due in self._due.items() if name in self._checks}
        self._last = {name: at for name, at in self._last.items() if name in self._checks}

    def ask(self, check: Check, after: float | None = None) -> None:
        """Look at a check before its next slot. Never waits.

        Args:
            check: one that is not in the plan (Sentinel's own, one that was removed) is left alone.
            after: seconds from now; None: after the check's own `recheck`, unless its next slot comes about as soon.
        """
        wait = _usual_wait(check, self._clock) if after is None else after
        if wait is None or check.name not in self._checks:
            return
        now = self._clock.monotonic()
        due = max(now + wait, self._last.get(check.name, float("-inf")) + APART)
        known = self._due.get(check.name)
        if known is not None and known <= due:
            return
        if known is None and len(self._due) >= self._most:
            self.skipped["recheck"] += 1
            return
        self._due[check.name] = due
        heappush(self._order, (due, check.name))
        self._news.set()

    async def run(self, start: Callable[[Check], None]) -> None:
        """Begin each look when it is due, until cancelled. `start` runs a check now, unless it is running already."""
        while True:
            self._news.clear()
            wait = self._begin_due(start)
            await self._clock.wait(self._news, wait)

    def _begin_due(self, start: Callable[[Check], None]) -> float | None:
        """Begin what is due; answers the seconds until the next one."""
        now = self._clock.monotonic()
        while self._order:
            due, name = self._order[0]
            if self._due.get(name) == due and due > now:
                return due - now
            heappop(self._order)
            if self._due.get(name) == due:
                del self._due[name]
                self._last[name] = now
                self.begun += 1
                start(self._checks[name])
        return None


def _usual_wait(check: Check, clock: Clock) -> float | None:
    wait = recheck_due(check, clock.now())
    return None if wait is None else wait.total_seconds()
