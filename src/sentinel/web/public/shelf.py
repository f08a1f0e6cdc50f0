"""The answers of the public status page, ready to be sent: made at most once in five seconds, however many ask."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import structlog

from sentinel.core.component import StatusPagePlan
from sentinel.reports.public import PublicDocument
from sentinel.web.public.faces import File, files

log = structlog.get_logger()

#: Seconds for which answers are good.
FRESH = 5.0

#: Seconds beyond that for which they are still given while new ones are made. Whoever comes after a quiet hour waits instead.
LATE = 10.0

#: Seconds to wait after an answer could not be made.
AGAIN = 1.0


class Public(Protocol):
    """What the status page asks of the application."""

    @property
    def plan(self) -> StatusPagePlan | None:
        """What it is to show; None: there is no such page."""
        ...

    @property
    def edition(self) -> int:
        """Grows when something was posted that people should see at once."""
        ...

    async def document(self) -> PublicDocument | None:
        """The page as it is now."""
        ...


class Shelf:
    """Holds the newest answers. While new ones are made, and when that fails, the ones before are given."""

    def __init__(self, page: Public, now: Callable[[], float]) -> None:
        self._page = page
        self._now = now  # steady seconds
        self._files: Mapping[str, File] = {}
        self._good_until = 0.0
        self._edition = -1
        self._making: asyncio.Task[None] | None = None
        self._failing = False

    async def get(self) -> Mapping[str, File]:
        """Every answer by its path; none where there is no page, or nothing could be made yet."""
        if self._edition != self._page.edition or not self._files or self._now() >= self._good_until + LATE:
            await self._ask()
        if self._edition != self._page.edition:
            await self._ask()  # what was being made did not know yet what was posted
        elif self._now() >= self._good_until:
            self._begin()
        return self._files

    async def _ask(self) -> None:
        if self._now() >= self._good_until or self._edition != self._page.edition:
            await asyncio.shield(self._begin())

    def _begin(self) -> "asyncio.Task[None]":
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._make(), name="status_page")
        return self._making

    async def close(self) -> None:
        """Make nothing more."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)

    async def _make(self) -> None:
        edition = self._page.edition
        try:
            made = await self._made()
        except Exception:
            # The public sees the page before, with its time; the log is told once.
            if not self._failing:
                log.exception("status_page.failed")
            self._failing, self._good_until = True, self._now() + AGAIN
        else:
            self._files, self._failing = made, False
            self._good_until = self._now() + FRESH
        self._edition = edition

    async def _made(self) -> Mapping[str, File]:
        plan, document = self._page.plan, await self._page.document()
        if plan is None or document is None:
            return {}
        # Drawing and packing takes some milliseconds: not on the loop that starts probes.
        return await asyncio.get_running_loop().run_in_executor(None, partial(files, document, plan.words))
