"""A real HTTP server on port 0: it records requests in order and answers each as scripted."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from sentinel.base.clock import SystemClock
from tests.kit.arrivals import Arrivals
from tests.kit.ports import LOOPBACK, reset

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from types import TracebackType


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One response."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: asyncio.Event | None = None  # the request is recorded, then answered when this is set


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """No response: the request is read and recorded, then the connection ends."""

    reset: bool = False  # by RST instead of FIN
    after: asyncio.Event | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as it arrived."""

    method: str
    target: str  # path and query
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    status: int | None  # of the answer, as scripted; None: none was given
    at: float = 0.0  # when it had arrived; seconds since 1970

    def json(self) -> Any:
        return json.loads(self.body)


class HttpReceiver:
    """Answers with the front of `next_answers`, or with `answer` while that is empty."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        """`port` is for a server that comes back where it was before."""
        self.answer: Answer | Drop = Answer()
        self.next_answers: deque[Answer | Drop] = deque()
        self.requests: Arrivals[Received] = Arrivals()
        self.port = port
        self._tls = tls
        self._held: set[asyncio.Task[object]] = set()  # the loop itself would let go of who waits for an event for ever
        self._server = web.Server(self._respond)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=0.1)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{LOOPBACK}:{self.port}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self.port, ssl_context=self._tls).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._held:
            task.cancel()
        await asyncio.gather(*self._held, return_exceptions=True)
        await self._runner.cleanup()
        # A connection that was being accepted when the site stopped is made after it, and nobody else would close it.
        for _ in range(3):
            await asyncio.sleep(0)
            await self._server.shutdown(0)

    async def _respond(self, request: web.BaseRequest) -> web.StreamResponse:
        body = b"".join([chunk async for chunk in request.content.iter_any()])  # `read` would refuse a megabyte
        script = self.next_answers.popleft() if self.next_answers else self.answer
        self.requests.add(_received(request, body, script))
        if script.after is not None:
            await self._hold(script.after)
        if isinstance(script, Answer):
            return web.Response(status=script.status, headers=script.headers, body=script.body)
        _end(request, by_reset=script.reset)
        return web.Response()  # reaches nobody

    async def _hold(self, until: asyncio.Event) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._held.add(task)
        task.add_done_callback(self._held.discard)
        await until.wait()


def _received(request: web.BaseRequest, body: bytes, script: Answer | Drop) -> Received:
    return Received(
        method=request.method,
        target=request.path_qs,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        status=script.status if isinstance(script, Answer) else None,
        at=SystemClock().now().timestamp(),
    )


def _end(request: web.BaseRequest, *, by_reset: bool) -> None:
    transport = request.transport
    if transport is None:  # the client left first
        return
    if by_reset:
        reset(transport)
    else:
        transport.close()
