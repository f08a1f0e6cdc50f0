"""Runs an ASGI application on a loopback port until SIGINT or SIGTERM."""

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator

import uvicorn
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp
from uvicorn.server import HANDLED_SIGNALS

BODY_CAP = 256 * 1024  # bytes of one request
BODY_DEADLINE = 10.0  # seconds for a whole request body to arrive; uvicorn itself sets none
STOP_GRACE = 3  # seconds for open requests to end on stop


class LoopbackServer(uvicorn.Server):
    """uvicorn that announces its address once it accepts, and returns on a signal instead of dying of it."""

    def __init__(self, app: ASGIApp, listener: socket.socket, announcement: str) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                limit_concurrency=200,
                timeout_graceful_shutdown=STOP_GRACE,
            )
        )
        self.listener = listener
        self.announcement = announcement

    async def run_until_signal(self) -> None:
        await self.serve(sockets=[self.listener])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self.announcement, flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in HANDLED_SIGNALS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in HANDLED_SIGNALS:
                loop.remove_signal_handler(number)


def listen(port: int) -> tuple[socket.socket, int]:
    """A listening loopback socket and its port; 0 lets the kernel choose. OSError when the port is taken."""
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    # The event loop sets this only on sockets that name their protocol; without it an answer of two parts on a
    # connection kept alive waits 40 ms for the client's delayed acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener, int(listener.getsockname()[1])


async def read_body(request: Request) -> bytes:
    """The request's body, bounded in size (413) and in time (408)."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_DEADLINE):
            async for part in request.stream():
                size += len(part)
                if size > BODY_CAP:
                    raise HTTPException(413, "the request body is too large")
                parts.append(part)
    except TimeoutError:
        raise HTTPException(408, "the request body did not arrive in time") from None
    return b"".join(parts)


async def read_json_object(request: Request) -> dict[str, object]:
    """The request's body as a JSON object; 400 when it is something else."""
    try:
        content = json.loads(await read_body(request))
    except ValueError:
        raise HTTPException(400, "the request body is not JSON") from None
    if not isinstance(content, dict):
        raise HTTPException(400, "the request body is not a JSON object")
    return content
