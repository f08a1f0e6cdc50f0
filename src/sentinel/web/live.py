"""Tells open pages that something has changed, so that they fetch themselves anew: server-sent events.

The stream carries no data, only the number of the latest change. Whatever a page shows comes by the page itself, with all that
decides who may see it.
"""

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sentinel.core.access import Role
from sentinel.web.monitor import Monitor
from sentinel.web.sign_in.rules import Rule, rule

#: Listeners at once; one more is asked to come back later.
MOST: Final = 100

#: Something is sent at least so often, in seconds: proxies close what is silent for a minute.
BEAT: Final = 15.0

#: What is sent then: an event, since scripts do not hear comments and are to notice when nothing comes any more.
BEATS: Final = b"event: beat\ndata: still here\n\n"

#: A stream ends after so many seconds, and the browser opens another one: whoever may not look any more is found out then.
LONGEST: Final = 300.0

#: Milliseconds after which a browser opens another stream.
_RETRY: Final = 3_000


class Live:
    """The streams of one listener."""

    def __init__(self, monitor: Monitor, *, most: int = MOST, beat: float = BEAT, longest: float = LONGEST) -> None:
        self._monitor = monitor
        self._most = most
        self._beat = beat
        self._longest = longest
        self._listening = 0
        self._closing = asyncio.Event()

    @property
    def listening(self) -> int:
        """Streams that are open."""
        return self._listening

    @property
    def is_full(self) -> bool:
        """Whether no more can listen."""
        return self._listening >= self._most

    def close(self) -> None:
        """End every stream."""
        self._closing.set()

    def routes(self) -> tuple[Rule, ...]:
        return (rule("/events", self.events, least=Role.VIEWER),)

    async def events(self, request: Request) -> Response:
        """A stream of changes; raises HTTPException 503 where too many listen. The guard keeps foreign pages out."""
        if self.is_full:
            raise HTTPException(503, "too many pages listen", {"retry-after": "60"})
        if (outlast := getattr(request.state, "outlast", None)) is not None:
            outlast(self._longest + self._beat)
        return StreamingResponse(self.stream(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """What one listener hears, until the stream ends."""
        self._listening += 1
        try:
            async for piece in self._pieces():
                yield piece
        finally:
            self._listening -= 1

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        ends_at = asyncio.get_running_loop().time() + self._longest
        version = self._monitor.faces.version
        yield f"retry: {_RETRY}\n\n".encode() + _event(version)
        while not self._closing.is_set() and asyncio.get_running_loop().time() < ends_at:
            now = await self._change(version)
            if self._closing.is_set():
                return
            yield BEATS if now == version else _event(now)
            version = now

    async def _change(self, version: int) -> int:
        """The version after the next change, the next beat, or the end."""
        changed = asyncio.ensure_future(self._monitor.faces.changed(version, self._beat))
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait((changed, closing), return_when=asyncio.FIRST_COMPLETED)
            return changed.result() if changed.done() else version
        finally:
            changed.cancel()
            closing.cancel()


def _event(version: int) -> bytes:
    return f"event: changed\ndata: {version}\n\n".encode()
