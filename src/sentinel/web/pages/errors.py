"""Pages for what goes wrong: not there, not allowed, the store away, a fault of ours."""

from secrets import token_hex
from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sentinel.base.errors import SentinelError, StoreError
from sentinel.core.access import Via
from sentinel.web.access import principal
from sentinel.web.pages.frame import Renderer
from sentinel.web.payload import BadRequest

log = structlog.get_logger()

#: What a status means, in a few words.
TITLES: Final = {
    400: "That cannot be read",
    401: "Please sign in",
    403: "You may not do that",
    404: "There is no such page",
    405: "That cannot be done here",
    409: "That was not done",
    415: "That cannot be read",
    503: "Sentinel cannot answer this now",
}


class ErrorPages:
    """Shows what went wrong, and what can be done."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer

    async def refused(self, request: Request, error: Exception) -> Response:
        """What was asked for is not to be had."""
        assert isinstance(error, HTTPException)
        answer = await self._page(request, error.status_code, error.detail)
        answer.headers.update(error.headers or {})
        return answer

    async def away(self, request: Request, error: Exception) -> Response:
        """Sentinel cannot answer now, mostly since its store does not."""
        assert isinstance(error, SentinelError)
        if isinstance(error, BadRequest):
            return await self._page(request, 400, str(error))
        if isinstance(error, StoreError) and principal(request).via is Via.NOBODY:
            return await self._page(request, 503, "the store does not answer")  # where it is, is no stranger's business
        return await self._page(request, 503, str(error), hint=error.hint)

    async def fault(self, request: Request, error: Exception) -> Response:
        """A fault of ours: the page has a number that stands in the log, and nothing else of it."""
        number = token_hex(4)
        log.error("web.page_failed", path=request.url.path, number=number, exc_info=error)
        return await self._page(request, 500, "a fault in Sentinel", number=number)

    async def _page(self, request: Request, status: int, text: str, *, hint: str = "", number: str = "") -> Response:
        return await self._renderer.answer(
            request,
            "error.html",
            title=TITLES.get(status, "Something went wrong"),
            status=status,
            code=status,
            text=text,
            advice=hint,
            number=number,
        )
