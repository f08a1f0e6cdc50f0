"""A proxy in front of PostgreSQL that loses the answer to a COMMIT, once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

COMMIT = b"COMMIT\0"  # the end of the simple query that psycopg sends


class CommitEater:
    """Forwards bytes. When armed, it passes the next COMMIT on, waits for the server's answer, and cuts both sides."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._tasks: set[asyncio.Task[None]] = set()
        self.armed = False
        self.eaten = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        cut = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forth(reader, up_writer, cut))
                group.create_task(self._back(up_reader, writer, cut))
        except* ConnectionError:
            pass
        finally:
            for each in (writer, up_writer):
                each.close()
                with suppress(ConnectionError):
                    await each.wait_closed()

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while data := await reader.read(65536):
            if self.armed and COMMIT in data:
                self.armed = False
                cut.set()
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while data := await reader.read(65536):
            if cut.is_set():
                self.eaten += 1
                break
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError
