"""Runs an ASGI application on a loopback port until SIGINT or SIGTERM."""

import argparse
import asyncio
import contextlib
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

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

    def __init__(
        self,
        app: ASGIApp,
        listener: socket.socket,
        announcement: str = "",
        *,
        context: ssl.SSLContext | None = None,
        beside: bool = False,
    ) -> None:
        """For an application on a listener; over TLS with a context; `beside` another server of the same application."""
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off" if beside else "auto",
                ssl_context_factory=None if context is None else lambda _config, _usual: context,
                log_level="warning",
                access_log=False,
                limit_concurrency=200,
                timeout_graceful_shutdown=STOP_GRACE,
            )
        )
        self.listener = listener
        self.announcement = announcement

    async def run_until_signal(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._port = int(self.listener.getsockname()[1]) if self.listener.family == socket.AF_INET else 0
        await self.serve(sockets=[self.listener])

    def stop_listening(self) -> None:
        """Refuse connections, as a service that is stopped; for other threads than the server's."""
        asyncio.run_coroutine_threadsafe(self._stop_listening(), self._loop).result(STOP_GRACE)

    def listen_again(self) -> None:
        """Undo `stop_listening`; OSError when another program has taken the port meanwhile."""
        listener, _ = listen(self._port)
        asyncio.run_coroutine_threadsafe(self.startup([listener]), self._loop).result(STOP_GRACE)

    async def _stop_listening(self) -> None:
        for server in self.servers:
            server.close()
        self.servers.clear()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.announcement:
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


def parse_service(description: str, arguments: list[str] | None) -> argparse.Namespace:
    """The options that every service of the examples takes: `port` and `data`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one (default: 8001)")
    parser.add_argument("--data", type=Path, required=True, help="folder for everything that it writes")
    return parser.parse_args(arguments)


async def serve_all(*servers: LoopbackServer) -> None:
    """Run servers side by side until a signal; when one ends, all do."""
    serving = [asyncio.create_task(server.run_until_signal()) for server in servers]
    await asyncio.wait(serving, return_when=asyncio.FIRST_COMPLETED)
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*serving)


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
