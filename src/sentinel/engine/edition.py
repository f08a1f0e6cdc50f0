"""What people look at has an edition. A page that is open waits for the next one, instead of asking again and again."""

import asyncio

from sentinel.base.clock import Clock

#: Editions come no closer together than this, in seconds: in a storm hundreds of things change in one.
APART = 1.0

#: A sleep may end this much too early, in seconds, for how times are rounded.
_EARLY = 1e-3


class Edition:
    """Counts how often something changed that people should see at once. Used on the event loop only.

    A new edition is made when somebody asks for it or waits for it, so nothing runs while nobody does.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # There is at most one edition a second, so a later start goes on above where this one ends.
        self._number = int(clock.now().timestamp())
        self._due = clock.monotonic()  # from when on there may be another one
        self._news = asyncio.Event()  # something changed since the last one

    @property
    def number(self) -> int:
        """Of the present edition."""
        if self._news.is_set() and self._clock.monotonic() >= self._due - _EARLY:
            self._number += 1
            self._due = self._clock.monotonic() + APART
            self._news.clear()
        return self._number

    def outdate(self, *, at_once: bool = False) -> None:
        """Something changed.

        Args:
            at_once: it was done by a person, who looks at the page next.
        """
        self._news.set()
        if at_once:
            self._due = self._clock.monotonic()

    async def changed(self, number: int, within: float) -> int:
        """Wait until there is another edition than this one, or for so many seconds; answers the present one."""
        until = self._clock.monotonic() + within
        while self.number == number and (left := until - self._clock.monotonic()) > 0:
            if await self._clock.wait(self._news, left) and (rest := self._due - self._clock.monotonic()) > 0:
                await self._clock.sleep(min(rest, left))
        return self._number
