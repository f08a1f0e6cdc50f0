"""What has to be done from time to time, each duty on its own rhythm, none so long that it delays another for long."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.core.plan import StorePlan
from sentinel.core.slo import SPAN
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: How often the duties are looked at, in seconds.
TICK = 0.5

#: A step of the wall clock beyond this many seconds makes every next slot anew.
CLOCK_STEP = 1.0

#: Rows that one transaction deletes; a purge takes several, with everybody else's writes in between.
PURGE_ROWS = 2_000
PURGE_ROUNDS = 60  # a turn a minute keeps up with 2,000 results a second

#: How far it looks back for hours that were not condensed, such as those before a standstill.
CATCH_UP = timedelta(hours=72)

HOUR = timedelta(hours=1)


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
    """Forgets what is older than the plan keeps, in small bites, and condenses roll-ups into hours."""

    def __init__(self, clock: Clock, store: Store) -> None:
        self._clock = clock
        self._store = store

    async def purge(self, plan: StorePlan) -> None:
        """Delete what is too old."""
        now = self._clock.now()
        purges: Sequence[Callable[[Transaction], int]] = (
            lambda tx: tx.results.purge(now - plan.keep_results, PURGE_ROWS),
            lambda tx: tx.rollups.purge(SPAN, now - plan.keep_rollups, PURGE_ROWS),
            lambda tx: tx.rollups.purge(HOUR, now - plan.keep_hours, PURGE_ROWS),
            lambda tx: tx.incidents.purge(now - plan.keep_incidents, PURGE_ROWS),
            lambda tx: tx.silences.purge(now - plan.keep_incidents, PURGE_ROWS),
            lambda tx: tx.windows.purge(now - plan.keep_incidents, PURGE_ROWS),
            lambda tx: tx.posts.purge(now - plan.keep_incidents, PURGE_ROWS),
            lambda tx: tx.on_call.purge(now - plan.keep_incidents, PURGE_ROWS),
            lambda tx: tx.outbox.purge(now - plan.keep_rollups, PURGE_ROWS),
        )
        for purge in purges:
            for _ in range(PURGE_ROUNDS):
                if await self._store.write(purge) < PURGE_ROWS:
                    break

    async def condense(self) -> None:
        """Make hourly roll-ups of the hours that are over. Doing it again changes nothing."""
        # A span closes with the check's next result, so what comes late opens its hour again.
        until = self._clock.now() - SPAN * 2
        hours = await self._store.read(lambda tx: tx.rollups.uncondensed(until - CATCH_UP, until))
        for start in hours:
            await self._store.write(lambda tx, start=start: tx.rollups.condense(start))  # type: ignore[misc]
