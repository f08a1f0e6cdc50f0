"""Probes whose behaviour a test decides: what the runner is given in place of a real kind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sentinel.core.result import Measurement, passed

if TYPE_CHECKING:
    from collections.abc import Callable


class HeldProbe:
    """A probe that stays in its run until it is let go. Counts its runs, and those at the same time."""

    def __init__(self, host: str = "", answer: Measurement | None = None) -> None:
        self.host = host
        self.begun = 0
        self.now = 0
        self.most = 0
        self.closed = False
        self._answer = answer or passed()
        self._go = asyncio.Event()

    async def measure(self, deadline: float) -> Measurement:
        self.begun += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self._go.wait()
        finally:
            self.now -= 1
        return self._answer

    def let_go(self) -> None:
        self._go.set()

    async def close(self) -> None:
        self.closed = True


class QuickProbe:
    """A probe that answers at once with what a function says, or raises what it raises."""

    host = ""

    def __init__(self, answer: Callable[[], Measurement] = passed) -> None:
        self._answer = answer

    async def measure(self, deadline: float) -> Measurement:
        return self._answer()

    async def close(self) -> None:
        return
