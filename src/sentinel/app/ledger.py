"""The ledger of scenarios, in the store."""

from sentinel.core.ledger import LedgerEntry
from sentinel.store.database import Store


class StoredLedger:
    """Keeps entries where Sentinel keeps everything that it must not forget. Raises StoreError when it cannot."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, entry: LedgerEntry) -> None:
        """Write an entry down, in place of one with the same id; on return it is on disk."""
        await self._store.write(lambda tx: tx.ledger.keep(entry))

    async def strike(self, entry: LedgerEntry) -> None:
        """What it stands for is cleaned up."""
        await self._store.write(lambda tx: tx.ledger.strike(entry))

    async def left(self, check: str) -> list[LedgerEntry]:
        """The entries of a check, the oldest first."""
        entries = await self._store.read(lambda tx: tx.ledger.all())
        return [entry for entry in entries if entry.check == check]
