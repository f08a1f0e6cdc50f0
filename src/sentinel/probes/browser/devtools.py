"""Chromium's DevTools protocol, over two pipes: a message is JSON with a zero byte behind it.

The protocol is described at chromedevtools.github.io/devtools-protocol. Pipes and not a port: nobody else on the host can
talk to this browser, and it ends when we do.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import orjson

#: What is done with an event: its method and parameters.
Take = Callable[[str, Mapping[str, Any]], None]

_LONGEST: Final = 1 << 20  # bytes of one message; a longer one is dropped
_MOST: Final = 50_000  # messages of one run; then nothing more is read, and the browser waits


class BrowserGone(Exception):
    """The browser ended, or closed its pipe."""


class Refused(Exception):
    """The browser answered a command with an error."""


class DevTools:
    """A conversation with one browser."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, take: Take) -> None:
        self._reader = reader
        self._writer = writer
        self._take = take
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Mapping[str, Any]]] = {}
        self._gone = False

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Answers and events come in during the block."""
        task = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def call(self, method: str, session: str = "", **parameters: Any) -> Mapping[str, Any]:
        """What the browser answers to a command.

        Raises:
            Refused: it answered with an error.
            BrowserGone: it will not answer.
        """
        if self._gone:
            raise BrowserGone
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        self.tell(method, session, number, **parameters)
        try:
            return await self._answers[number]
        finally:
            del self._answers[number]

    def tell(self, method: str, session: str = "", number: int = 0, **parameters: Any) -> None:
        """A command whose answer nobody waits for."""
        message: dict[str, Any] = {"id": number or next(self._numbers), "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        self._writer.write(orjson.dumps(message) + b"\0")

    async def _listen(self) -> None:
        buffer, seen = bytearray(), 0
        while seen < _MOST and (chunk := await self._reader.read(65_536)):
            *messages, rest = (bytes(buffer) + chunk).split(b"\0")
            buffer = bytearray(rest if len(rest) <= _LONGEST else b"{")  # no JSON any more: it is dropped at its end
            seen += len(messages)
            for message in messages:
                self._sort(message)
            await asyncio.sleep(0)  # a page that talks without end leaves room for others
        if seen < _MOST:
            self._fail_all()

    def _sort(self, text: bytes) -> None:
        try:
            message = orjson.loads(text)
        except ValueError:
            return
        answer = self._answers.get(message.get("id", 0))
        if answer is None:
            self._take(message.get("method", ""), message.get("params", {}))
        elif not answer.done():
            if "error" in message:
                answer.set_exception(Refused())
            else:
                answer.set_result(message.get("result", {}))

    def _fail_all(self) -> None:
        self._gone = True
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(BrowserGone())
        self._take("Sentinel.browserGone", {})
