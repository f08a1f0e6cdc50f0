"""Who is signed in and what they did, kept in memory: fits what `sentinel.web.monitor` asks for."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sentinel.app.journal import Pen
from sentinel.core.access import Principal, Role, Via
from sentinel.core.journal import Break, Deed, Entry, Link

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from sentinel.base.errors import SentinelError


class StillJournal:
    """Fits `sentinel.web.monitor.Journal`."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self.failure: SentinelError | None = None  # raised by whoever wants to write

    async def note(self, deed: Deed) -> None:
        if self.failure is not None:
            raise self.failure
        self.deeds.append(deed)

    @asynccontextmanager
    async def doing(self, deed: Deed) -> AsyncIterator[Pen]:
        if self.failure is not None:
            raise self.failure
        pen = Pen(deed)
        yield pen
        if not pen.withdrawn:
            self.deeds.append(pen.deed)

    async def between(self, since: datetime, until: datetime, by: str = "") -> list[Entry]:
        numbered = enumerate(self.deeds, 1)
        return [Entry(number=number, deed=deed, mac="") for number, deed in numbered if by in ("", deed.by)]

    async def verify(self) -> Break | Link:
        return Link(number=len(self.deeds), mac="")


class StillSessions:
    """Fits `sentinel.web.monitor.Sessions`: none ends by itself."""

    def __init__(self) -> None:
        self.known: dict[str, Principal] = {}

    async def open(self, name: str, role: Role, via: Via, stamp: str) -> str:
        shown = f"session-{len(self.known)}-of-{name}"
        self.known[shown] = Principal(name=name, role=role, via=via)
        return shown

    def find(self, shown: str) -> Principal | None:
        return self.known.get(shown)

    async def close(self, shown: str) -> None:
        self.known.pop(shown, None)
