"""Where scenarios write down what they are about to make, so that it is taken away again whatever happens."""

from typing import Protocol

from sentinel.core.ledger import LedgerEntry


class Ledger(Protocol):
    """Keeps entries through crashes. Its methods raise SentinelError when it cannot."""

    async def keep(self, entry: LedgerEntry) -> None:
        """Write an entry down, in place of one with the same id; on return it is on disk."""
        ...

    async def strike(self, entry: LedgerEntry) -> None:
        """What it stands for is cleaned up."""
        ...

    async def left(self, check: str) -> list[LedgerEntry]:
        """The entries of a check, the oldest first."""
        ...


class Unkept:
    """A ledger in memory, for where there is no store."""

    def __init__(self) -> None:
        self._entries: dict[str, LedgerEntry] = {}

    async def keep(self, entry: LedgerEntry) -> None:
        self._entries[entry.id] = entry

    async def strike(self, entry: LedgerEntry) -> None:
        self._entries.pop(entry.id, None)

    async def left(self, check: str) -> list[LedgerEntry]:
        return [entry for entry in self._entries.values() if entry.check == check]
