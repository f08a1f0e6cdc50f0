"""What the commands about silences and windows work with: a running Sentinel's memory, and the way into its store."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sentinel.app.holding import Around
from sentinel.base.errors import SentinelError, StoreUnavailable
from sentinel.core.check import Check
from sentinel.core.holding import Held
from sentinel.core.incident import Incident
from sentinel.core.silence import Silence, Silences
from sentinel.core.window import Window, Windows

#: Seconds that a change waits for its commit.
COMMIT_WITHIN = 8.0

#: Rows that one answer about the past holds at most.
MOST_ROWS = 1_000


class NotDone(SentinelError):
    """Something was asked that makes no sense as things are; nothing was changed."""

    exit_code = 1

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


class Keeper(Protocol):
    """Knows the silences and windows, and the checks that they are for."""

    @property
    def checks(self) -> Sequence[Check]:
        """Every check, Sentinel's own included."""
        ...

    @property
    def troubled(self) -> Sequence[tuple[Check, Incident]]:
        """The open incidents, each beside its check."""
        ...

    @property
    def channels(self) -> Sequence[str]:
        """The names of the channels that can be told."""
        ...

    @property
    def silences(self) -> Silences: ...

    @property
    def windows(self) -> Windows: ...

    @property
    def held(self) -> Mapping[str, Held]:
        """What came so far of the occurrences that are open or announced, by window."""
        ...

    async def keep_silence(self, silence: Silence) -> None:
        """Heed a silence from now on; answers once that is committed."""
        ...

    async def keep_window(self, window: Window) -> None:
        """Heed a window from now on; answers once that is committed."""
        ...

    async def last_silence(self) -> int:
        """The highest number that a silence has in the store."""
        ...

    async def last_window(self) -> int:
        """The highest number that a window has in the store."""
        ...

    async def past_silences(self, since: datetime, until: datetime) -> Sequence[Silence]:
        """Those that were active in a period, the newest first; bounded."""
        ...

    async def past_windows(self, since: datetime, until: datetime) -> Sequence[Held]:
        """Occurrences that were open in a period, the latest first; bounded."""
        ...


class RunningKeeper:
    """The keeper of a running Sentinel."""

    def __init__(self, parts: Around) -> None:
        self._parts = parts

    @property
    def checks(self) -> Sequence[Check]:
        return [history.check for history in self._parts.pipeline.histories.values()]

    @property
    def troubled(self) -> Sequence[tuple[Check, Incident]]:
        histories = self._parts.pipeline.open_histories()
        return [(history.check, history.incident) for history in histories if history.incident is not None]

    @property
    def channels(self) -> Sequence[str]:
        return self._parts.plan.tellers

    @property
    def silences(self) -> Silences:
        return self._parts.pipeline.desk.scene.silences

    @property
    def windows(self) -> Windows:
        return self._parts.pipeline.desk.scene.windows

    @property
    def held(self) -> Mapping[str, Held]:
        return self._parts.held

    async def keep_silence(self, silence: Silence) -> None:
        await _committed(self._parts.pipeline.heed_silence(silence))

    async def keep_window(self, window: Window) -> None:
        await _committed(self._parts.pipeline.heed_window(window))

    async def last_silence(self) -> int:
        return await self._parts.store.read(lambda tx: tx.silences.last_id())

    async def last_window(self) -> int:
        return await self._parts.store.read(lambda tx: tx.windows.last_number())

    async def past_silences(self, since: datetime, until: datetime) -> Sequence[Silence]:
        return await self._parts.store.read(lambda tx: tx.silences.between(since, until, MOST_ROWS))

    async def past_windows(self, since: datetime, until: datetime) -> Sequence[Held]:
        return await self._parts.store.read(lambda tx: tx.windows.between(since, until, MOST_ROWS))


async def _committed(change: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(COMMIT_WITHIN):
            await change
    except TimeoutError:
        raise StoreUnavailable("it is in force, but the store has not confirmed it yet") from None
