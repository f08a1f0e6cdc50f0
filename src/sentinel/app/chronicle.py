"""The journal for commands: read from the store, whether a Sentinel has it or not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from sentinel.app.journal import MOST_ROWS, key_file, verify
from sentinel.base.clock import SystemClock
from sentinel.core.journal import Break, Link
from sentinel.core.plan import Plan
from sentinel.reports.journal import JournalLine, entry_line
from sentinel.store.database import Store

#: Nothing is kept for longer.
LONGEST = timedelta(days=36_500)


async def entries(plan: Plan, last: timedelta, by: str) -> list[JournalLine]:
    """The entries of the last so long, the oldest first; bounded. Raises StoreError."""
    now = SystemClock().now()
    async with _store(plan) as store:
        found = await store.read(
            lambda tx: tx.journal.between(now - min(last, LONGEST), now + timedelta(days=1), by, MOST_ROWS)
        )
    return [entry_line(entry) for entry in reversed(found)]


async def verified(plan: Plan) -> Break | Link:
    """The first entry that is not as it was written, or the end of the chain; raises StoreError, NoKey."""
    async with _store(plan) as store:
        return await verify(store, key_file(plan))


@asynccontextmanager
async def _store(plan: Plan) -> AsyncIterator[Store]:
    store = await Store.open_readonly(plan.store)
    try:
        yield store
    finally:
        await store.close()
