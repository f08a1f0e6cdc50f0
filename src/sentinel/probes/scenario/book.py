"""The ledger as one run uses it: bounded in time, and its failures told as findings."""

import asyncio
from collections.abc import Awaitable
from typing import Final, TypeVar

from sentinel.base.errors import SentinelError
from sentinel.core.ledger import LedgerEntry
from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.ledger import Ledger

T = TypeVar("T")

_WITHIN: Final = 2.0  # seconds for one entry; a store that takes longer is as good as none while a deadline runs


class Book:
    """What one check writes down of its runs. Its methods raise Finding when the store does not take it."""

    def __init__(self, ledger: Ledger, check: str) -> None:
        self._ledger = ledger
        self._check = check

    async def keep(self, entry: LedgerEntry) -> None:
        """Write an entry down, in place of one of the same run; on return it is on disk."""
        await _done(
            self._ledger.keep(entry), "nothing more is made, as what is to be cleaned up cannot be written down"
        )

    async def strike(self, entry: LedgerEntry) -> None:
        """What it stands for is cleaned up."""
        await _done(self._ledger.strike(entry), "what is cleaned up cannot be struck out; the next run cleans up again")

    async def left(self) -> list[LedgerEntry]:
        """What earlier runs have not cleaned up, the oldest first."""
        return await _done(self._ledger.left(self._check), "nothing is made, as the ledger cannot be read")


async def _done(work: Awaitable[T], otherwise: str) -> T:
    try:
        async with asyncio.timeout(_WITHIN):
            return await work
    except (SentinelError, TimeoutError) as error:
        explanation = f"{otherwise} ({type(error).__name__})"
        raise Finding(FailureClass.INTERNAL_ERROR, explanation, _HINT) from None


_HINT: Final = "Look at Sentinel's own check and its log: its store takes nothing at the moment."
