"""A server that begins in the clear, as a test's script says, and goes on in TLS."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence


class StartTlsServer:
    """Says each `(waits for, says)` in turn; after the last one it shakes hands, and waits to be left."""

    def __init__(self, talk: Sequence[tuple[bytes, bytes]], tls: ssl.SSLContext | None) -> None:
        """Without `tls`, what follows the talk stays in the clear."""
        self._talk = talk
        self._tls = tls
        self._running: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            for waits_for, says in self._talk:
                if waits_for:
                    await reader.readuntil(waits_for)
                writer.write(says)
            await writer.drain()
            if self._tls is not None:
                await writer.start_tls(self._tls)
            await reader.read(100)
        # Not `close`: that would wait half a minute for a client that hung up without TLS's own goodbye.
        writer.transport.abort()
        self._running.discard(task)
