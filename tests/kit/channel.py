"""A channel whose answers a test decides: what the dispatcher is given in place of a real kind."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from sentinel.core.notification import Sent
from tests.kit.arrivals import Arrivals

if TYPE_CHECKING:
    from collections.abc import Callable

    from sentinel.core.notification import Notification, Outcome, Receipt


class ScriptedChannel:
    """Each attempt ends as the front of `next_outcomes` says (or raises), and is a success while that is empty."""

    def __init__(self) -> None:
        self.next_outcomes: deque[Outcome | Exception] = deque()
        self.gate = asyncio.Event()  # attempts wait for it; it is open at first
        self.gate.set()
        self.attempts: Arrivals[Notification] = Arrivals()
        self.firsts: list[Receipt | None] = []  # the receipt that each attempt was given to continue from
        self.on_attempt: Callable[[], object] = lambda: None
        self.closed = False

    @property
    def keys(self) -> list[str]:
        return [attempt.key for attempt in self.attempts]

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:
        self.firsts.append(first)
        self.attempts.add(notification)
        self.on_attempt()
        await self.gate.wait()
        outcome = self.next_outcomes.popleft() if self.next_outcomes else Sent(receipt={"id": notification.key})
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def close(self) -> None:
        self.closed = True
