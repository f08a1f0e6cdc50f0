"""What runs of scenarios left behind in the systems that they watch, and taking it away."""

import asyncio
from collections.abc import Callable, Collection

from sentinel.core.ledger import LedgerEntry
from sentinel.probes.base import Cleans
from sentinel.probes.finding import Finding
from sentinel.reports.documents import LeftLine
from sentinel.store.database import Store, Transaction

#: Seconds that cleaning up after all checks together may take.
WITHIN = 25.0

#: Lines that are answered at most.
MOST = 1_000

#: The probe of a check, whatever it is; None when there is no such check.
ProbeOf = Callable[[str], object]


async def left_behind(store: Store) -> list[LeftLine]:
    """What is left, the oldest first. Raises StoreError."""
    entries = await store.read(lambda tx: tx.ledger.all())
    return [_line(entry, "") for entry in entries[:MOST]]


async def drop(store: Store, marks: Collection[str]) -> int:
    """Take lines out of the ledger: a person has seen to them. Answers how many. Raises StoreError."""
    entries = [entry for entry in await store.read(lambda tx: tx.ledger.all()) if entry.id in marks]

    def strike(tx: Transaction) -> None:
        for entry in entries:
            tx.ledger.strike(entry)

    await store.write(strike)
    return len(entries)


async def take_away(store: Store, probe_of: ProbeOf) -> list[LeftLine]:
    """Have every check clean up after its runs; answers what is left then, with why. Raises StoreError."""
    entries = await store.read(lambda tx: tx.ledger.all())
    checks = sorted({entry.check for entry in entries})
    deadline = asyncio.get_running_loop().time() + WITHIN
    said = dict(zip(checks, await asyncio.gather(*(_clean(probe_of(c), deadline) for c in checks)), strict=True))
    still = await store.read(lambda tx: tx.ledger.all())
    return [_line(entry, said.get(entry.check, "")) for entry in still[:MOST]]


async def _clean(probe: object, deadline: float) -> str:
    if not isinstance(probe, Cleans):
        return "no such scenario is in the configuration any more; see to it by hand, then `sentinel cleanup --drop`"
    try:
        await probe.clean_up(deadline)
    except Finding as finding:
        return finding.explanation
    return ""


def _line(entry: LedgerEntry, problem: str) -> LeftLine:
    return LeftLine(id=entry.id, check=entry.check, at=entry.at, values=entry.values, problem=problem)
