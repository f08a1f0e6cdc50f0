"""What the store says of the last day and of the outbox, asked no more often than it changes."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from sentinel.app.counting import last_day
from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.core.plan import Plan
from sentinel.core.slo import Rollup
from sentinel.engine.dispatcher import Dispatcher
from sentinel.engine.pipeline import Pipeline
from sentinel.reports import status
from sentinel.reports.documents import OutboxLine
from sentinel.store.database import Store, Transaction

#: How long the figures of the last 24 hours are good for.
FRESH = timedelta(seconds=60)

#: Seconds that an answer waits for a slow store, and then does without it.
SLOW = 3.0


class Working(Protocol):
    """The parts of a running Sentinel that this is asked of."""

    plan: Plan
    clock: Clock
    store: Store
    pipeline: Pipeline
    dispatcher: Dispatcher


class Lately:
    """The last 24 hours of every check, and how telling goes."""

    def __init__(self, parts: Working) -> None:
        self._parts = parts
        self._day: Mapping[str, Rollup] = {}
        self._day_at: datetime | None = None
        self._asking = asyncio.Lock()

    async def day(self, now: datetime) -> tuple[Mapping[str, Rollup], str]:
        """The last 24 hours per check, outside of windows, at most a minute old; and why they could not be read."""
        async with self._asking:
            if self._day_at is None or not timedelta(0) <= now - self._day_at < FRESH:
                checks = self._parts.plan.checks
                try:
                    self._day = await self._parts.store.read(lambda tx: last_day(tx, checks, now), within=SLOW)
                    self._day_at = now
                except StoreError as error:
                    return self._day, str(error)
            return self._day, ""

    async def outbox(self, now: datetime) -> tuple[OutboxLine, str]:
        """How telling goes, and why the store could not be asked."""
        lines = self._parts.dispatcher.lines
        failing = {name: trouble for name, line in lines.items() if (trouble := line.trouble(now))}

        def look(tx: Transaction) -> OutboxLine:
            return status.outbox_line(tx.outbox.counts(), tx.outbox.oldest_queued(), failing, now)

        try:
            return await self._parts.store.read(look, within=SLOW), ""
        except StoreError as error:
            return OutboxLine(errors=failing), str(error)

    def failing(self, now: datetime) -> str:
        """For how long the store has not taken everything, and why; empty: it does."""
        since = self._parts.pipeline.failing_since
        why = self._parts.pipeline.failing_why
        return f"not everything could be written for {(now - since).total_seconds():.0f} s: {why}" if since else ""
