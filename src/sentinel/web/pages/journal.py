"""The journal on the dashboard: who had Sentinel do what, and whether the chain holds. For administrators."""

import asyncio
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sentinel.base.clock import Clock
from sentinel.base.errors import SentinelError
from sentinel.core.access import Role
from sentinel.core.journal import Break
from sentinel.reports.journal import entry_line
from sentinel.web.fields import Given, Shape, asked, asked_text, lasting
from sentinel.web.journal import LONGEST, USUAL
from sentinel.web.monitor import Monitor
from sentinel.web.pages.frame import Renderer
from sentinel.web.payload import LONGEST_NAME, BadRequest
from sentinel.web.sign_in.rules import Rule, rule

#: Entries on the page, the newest.
MOST: Final = 500

#: A chain that is longer than can be gone along in so many seconds is left to `sentinel journal verify`.
VERIFY_WITHIN: Final = 3.0

#: How far back people may choose to look.
PERIODS: Final = {"1d": "1 day", "7d": "7 days", "30d": "30 days", "90d": "90 days", "365d": "a year"}

LAST = asked(lasting("last"), USUAL)
OF = asked_text("by", LONGEST_NAME)
SHOWN = Shape(LAST, OF)


class JournalPage:
    """Lists what people and programs had Sentinel do."""

    def __init__(self, monitor: Monitor, clock: Clock, renderer: Renderer) -> None:
        self._monitor = monitor
        self._clock = clock
        self._renderer = renderer

    def routes(self) -> tuple[Rule, ...]:
        return (rule("/journal", self.show, least=Role.ADMIN),)

    async def show(self, request: Request) -> Response:
        try:
            given = SHOWN.among(request.query_params)
        except BadRequest as error:
            return await self._page(request, SHOWN.among({}), status=400, problem=str(error))
        return await self._page(request, given, last=request.query_params.get("last", "7d"))

    async def _page(
        self, request: Request, given: Given, *, last: str = "7d", status: int = 200, problem: str = ""
    ) -> Response:
        now = self._clock.now()
        # A clock that stepped back has entries of tomorrow.
        found = await self._monitor.journal.between(now - min(given[LAST], LONGEST), now + timedelta(days=1), given[OF])
        holds, chain = await self._chain()
        return await self._renderer.answer(
            request,
            "journal.html",
            title="Journal",
            here="journal",
            status=status,
            problem=problem,
            still=True,
            lines=[entry_line(entry) for entry in found[:MOST]],
            more=len(found) > MOST,
            by=given[OF],
            last=last,
            periods=PERIODS if last in PERIODS else PERIODS | {last: last},
            holds=holds,
            chain=chain,
        )

    async def _chain(self) -> tuple[bool | None, str]:
        """Whether the chain holds, None where that cannot be told, with a sentence about it."""
        try:
            async with asyncio.timeout(VERIFY_WITHIN):
                found = await self._monitor.journal.verify()
        except TimeoutError:
            return (
                None,
                "The journal is long, or the store is slow: “sentinel journal verify” goes along the whole chain",
            )
        except SentinelError as error:
            return None, f"Whether it is whole cannot be told: {error}"
        if isinstance(found, Break):
            return False, f"The journal breaks at entry {found.number}: {found.why}"
        return True, f"The journal is whole, up to entry {found.number}"
