"""What has to be done from time to time, each duty on its own rhythm, none so long that it delays another for long."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.core.plan import StorePlan
from sentinel.core.slo import SPAN, span_start
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: How often the duties are looked at, in seconds.
TICK = 0.5

#: A step of the wall clock beyond this many seconds makes every next slot anew.
CLOCK_STEP = 1.0

#: Rows that one transaction deletes; a purge takes several, with everybody else's writes in between.
PURGE_ROWS = 2_000
PURGE_ROUNDS = 60  # a turn a minute keeps up with 2,000 results a second
PURGE_INCIDENTS = 100  # each with a timeline of its own

#: Checks whose hour or day one transaction sums up: some tenths of a second, which results wait for.
CONDENSE_CHECKS = 500

#: Rows after which a turn is over, some 4 seconds of work, and days that one turn looks at.
CONDENSE_ROWS = 5_000
DAYS_AT_ONCE = 31

#: How far it looks back for hours that were not condensed, such as those before a standstill.
CATCH_UP = timedelta(hours=72)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(slots=True)
class Duty:
    """Something to do every so many seconds."""

    name: str
    every: float
    do: Callable[[], Awaitable[None]]
    due: float = field(default=0.0)
    postponed: bool = field(default=False)  # the store did not let it be done when it was last due


class Housekeeper:
    """Runs duties one after the other, and notices when the wall clock steps."""

    def __init__(
        self, clock: Clock, duties: Sequence[Duty], clock_stepped: Callable[[float], None] | None = None
    ) -> None:
        self._clock = clock
        self._duties = duties
        self._clock_stepped = clock_stepped

    async def run(self) -> None:
        """Work until cancelled. A duty that fails is logged and tried again on its next turn."""
        wall, steady = self._clock.now(), self._clock.monotonic()
        while True:
            await self._clock.sleep(TICK)
            now, mono = self._clock.now(), self._clock.monotonic()
            step = (now - wall).total_seconds() - (mono - steady)
            wall, steady = now, mono
            if self._clock_stepped is not None and abs(step) > CLOCK_STEP:
                log.warning("clock.stepped", seconds=round(step, 3))
                self._clock_stepped(step)
            for duty in self._duties:
                if mono >= duty.due:
                    duty.due = mono + duty.every
                    await self._perform(duty)

    async def _perform(self, duty: Duty) -> None:
        try:
            await duty.do()
            duty.postponed = False
        except StoreError as error:
            if not duty.postponed:
                log.warning("duty.postponed", duty=duty.name, why=str(error))
            duty.postponed = True
        except Exception:
            log.exception("duty.failed", duty=duty.name)


class Retention:
    """Forgets what is older than the plan keeps, in small bites, and condenses roll-ups into hours and days."""

    def __init__(self, clock: Clock, store: Store) -> None:
        self._clock = clock
        self._store = store

    async def prepare(self) -> None:
        """Make room for the results of the next days."""
        now = self._clock.now()
        await self._store.write(lambda tx: tx.results.prepare(now))

    async def purge(self, plan: StorePlan) -> None:
        """Delete what is too old, each class by its own age."""
        now = self._clock.now()
        for rows, purge in _purges(plan, now):
            for _ in range(PURGE_ROUNDS):
                if await self._store.write(lambda tx, purge=purge, rows=rows: purge(tx, rows)) < rows:  # type: ignore[misc]
                    break

    async def condense(self, plan: StorePlan) -> None:
        """Make roll-ups of the hours and days that are over and still kept. Doing it again changes nothing.

        Days that are missing from long ago, such as after an upgrade, are made, too, the latest first. What is left when
        `CONDENSE_ROWS` were written is for the next turn: other duties wait meanwhile.
        """
        rows = 0
        async for start, span in self._uncondensed(plan):
            written = CONDENSE_CHECKS
            while written == CONDENSE_CHECKS and rows < CONDENSE_ROWS:
                condense = partial(_condense, start=start, span=span)
                written = await self._store.write(condense)
                rows += written
            if rows >= CONDENSE_ROWS:
                return

    async def _uncondensed(self, plan: StorePlan) -> AsyncIterator[tuple[datetime, timedelta]]:
        """What has to be made, in this order: a day comes after its hours."""
        # A span closes with the check's next result, so what comes late opens its hour and its day again.
        now = self._clock.now()
        until = now - SPAN * 2
        # What a purge deletes at once again is not made: it would be made and deleted for ever.
        for hour in await self._missing(HOUR, max(until - CATCH_UP, now - plan.keep_hours), until):
            yield hour, HOUR
        earliest = await self._store.read(lambda tx: tx.rollups.earliest())
        if earliest is None:
            return
        days = await self._missing(DAY, max(span_start(earliest, DAY), now - plan.keep_days), until)
        for day in reversed(days[-DAYS_AT_ONCE:]):
            for hour in await self._missing(HOUR, day, day + DAY):
                yield hour, HOUR
            yield day, DAY

    async def _missing(self, span: timedelta, since: datetime, until: datetime) -> list[datetime]:
        return await self._store.read(lambda tx: tx.rollups.uncondensed(since, until, span))


def _condense(tx: Transaction, *, start: datetime, span: timedelta) -> int:
    return tx.rollups.condense(start, span, CONDENSE_CHECKS)


def _purges(plan: StorePlan, now: datetime) -> Iterator[tuple[int, Callable[[Transaction, int], int]]]:
    """What deletes the oldest of each class, with how many rows of it one transaction takes."""
    incidents = now - plan.keep_incidents
    yield PURGE_ROWS, lambda tx, rows: tx.results.purge(now - plan.keep_results, rows)
    yield PURGE_ROWS, lambda tx, rows: tx.rollups.purge(SPAN, now - plan.keep_rollups, rows)
    yield PURGE_ROWS, lambda tx, rows: tx.rollups.purge(HOUR, now - plan.keep_hours, rows)
    yield PURGE_ROWS, lambda tx, rows: tx.rollups.purge(DAY, now - plan.keep_days, rows)
    yield PURGE_INCIDENTS, lambda tx, rows: tx.incidents.purge(incidents, rows)
    yield PURGE_INCIDENTS, lambda tx, rows: tx.deployments.purge(incidents, rows)
    yield PURGE_ROWS, lambda tx, rows: tx.silences.purge(incidents, rows)
    yield PURGE_ROWS, lambda tx, rows: tx.windows.purge(incidents, rows)
    yield PURGE_ROWS, lambda tx, rows: tx.on_call.purge(incidents, rows)
    yield PURGE_ROWS, lambda tx, rows: tx.outbox.purge(now - plan.keep_deliveries, rows)
