"""A TCP or TLS server on a free port of 127.0.0.1 that answers exactly as a test's script says, byte for byte."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Self

from tests.kit.ports import RESET_ON_CLOSE


class Connection:
    """One accepted connection, in the hands of a script."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def request(self) -> bytes:
        """The head of the request, to the empty line."""
        return await self._reader.readuntil(b"\r\n\r\n")

    async def take(self, count: int) -> bytes:
        """That many bytes of the request's body."""
        return await self._reader.readexactly(count)

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def reset(self) -> None:
        """Ends the connection by RST instead of FIN."""
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self._writer.transport.abort()

    async def hung_up(self) -> None:
        """Returns when the other side has closed."""
        with contextlib.suppress(OSError):
            while await self._reader.read(65_536):
                pass

    def close(self) -> None:
        self._writer.close()


Script = Callable[[Connection], Awaitable[None]]


class RawServer:
    """Runs the script for each connection; what the script leaves open is closed after it."""

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self._script = script
        self._tls = tls
        self._host = host
        self._running: set[asyncio.Task[None]] = set()
        self._failure: AssertionError | None = None  # of a script: told at the end of the test
        self.port = 0
        self.accepted = 0

    async def __aenter__(self) -> Self:
        # A short grace for TLS: what a test leaves half open must not hold up its end.
        grace = 0.2 if self._tls else None
        self._server = await asyncio.start_server(self._serve, self._host, 0, ssl=self._tls, ssl_shutdown_timeout=grace)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._server.wait_closed()
        if self._failure is not None:
            raise self._failure

    def url(self, path: str = "/") -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://{self._host}:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        connection = Connection(reader, writer)
        # The target under test hangs up when it has seen enough.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            try:
                await self._script(connection)
            except AssertionError as failure:
                self._failure = failure
        connection.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await writer.wait_closed()
        self._running.discard(task)


def answering(answer: bytes) -> Script:
    """A script that reads the request and gives this answer."""

    async def script(connection: Connection) -> None:
        await connection.request()
        await connection.send(answer)

    return script


class Blackhole:
    """A port that accepts no further connection: its queue is full, so the kernel drops each SYN."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self._listener = socket.create_server((host, port), backlog=0)
        self.port: int = self._listener.getsockname()[1]
        self._fillers = [self._fill((host, self.port)) for _ in range(4)]

    @staticmethod
    def _fill(address: tuple[str, int]) -> socket.socket:
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(address)
        return filler

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for sock in (*self._fillers, self._listener):
            sock.close()
