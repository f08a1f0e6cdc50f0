"""Where the charts of messages get their readings from: the results in the store."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Final

from sentinel.app.reader import Pace, Readable, Reader
from sentinel.base.clock import Clock
from sentinel.core.cadence import slots
from sentinel.core.check import Check
from sentinel.core.result import Result
from sentinel.core.rule import Severity
from sentinel.core.series import Series, series
from sentinel.store.database import Transaction

WITHIN: Final = 2.0  # seconds that one question may take
MOST_SLOTS: Final = 2_000  # slots that one chart is made of; of a check that runs more often, the last ones

#: Before the last so much only what the schedule brought is looked for, slot by slot: a table that holds thousands of results a
#: second is not read through. What was asked for between two slots, because the one before was bad, is shown of this time.
TAIL: Final = timedelta(minutes=2)
MOST_IN_TAIL: Final = 1_000

#: A question that took so many seconds is followed by a rest of so many times as long: a full store answers slowly, and
#: in a storm every message asks. What people wait for, such as `sentinel --status`, is read by the same threads.
SLOW: Final = 0.2
REST: Final = 20.0


class Charts:
    """Asks the store for readings, one question at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._reader: Reader | None = None
        self._checks: Mapping[str, Check] = MappingProxyType({})
        self._one = asyncio.Lock()

    def use(self, store: Readable) -> None:
        """Ask this store from now on."""
        self._reader = Reader(self._clock, store, Pace(within=WITHIN, slow=SLOW, rest=REST))

    def plan(self, checks: Iterable[Check]) -> None:
        """Know these checks from now on."""
        self._checks = {check.name: check for check in checks}

    async def series(self, name: str, reading: str, since: datetime, until: datetime) -> Series | None:
        """A reading of a check over a time, thinned; None when there is none, or when it takes too long to find out.

        Args:
            name: of the check.
            reading: its name; empty for the check's main one.
        """
        check, reader = self._checks.get(name), self._reader
        if check is None or reader is None or reader.rests:
            return None
        async with self._one:
            return await reader.ask(partial(_read, check, reading or check.main, since, until))


def _read(check: Check, reading: str, since: datetime, until: datetime, tx: Transaction) -> Series | None:
    """On a thread of the store."""
    return series(results_of(check, since, until, tx), reading)


def results_of(check: Check, since: datetime, until: datetime, tx: Transaction) -> list[tuple[Result, Severity]]:
    """What is kept of a check from one moment to another with the severity of its verdicts, the oldest first.

    On a thread of the store. What was asked for between two slots is among it for the last `TAIL` only.
    """
    tail = max(since, until - TAIL)
    before = [slot for slot in slots(check, since, until, MOST_SLOTS) if slot < tail]
    recent = tx.results.since(tail, check=check.name, limit=MOST_IN_TAIL)
    return [*tx.results.at(check.name, before), *(one for one in recent if one[0].scheduled_at <= until)]
