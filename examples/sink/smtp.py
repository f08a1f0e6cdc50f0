"""A small SMTP receiver (RFC 5321) for one purpose: taking mail on loopback. No TLS, no login, no relaying."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

SIZE_CAP = 8 * 1024 * 1024  # bytes of one mail
LINE_CAP = 16 * 1024  # bytes; RFC 5321 asks for 1,000 in a mail's text
LINE_DEADLINE = 60.0  # seconds to wait for a line
MOST_LINES = 20_000  # of one connection outside of mails, so that none goes on for ever
MOST_CONNECTIONS = 50
MOST_RECIPIENTS = 100


@dataclass(slots=True)
class Envelope:
    sender: str = ""
    recipients: list[str] = field(default_factory=list)


Deliver = Callable[[Envelope, bytes], Awaitable[None]]


class SmtpReceiver:
    """Listens until it is stopped; `deliver` is awaited before a mail is answered with 250."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        self._server = await asyncio.start_server(self._accept, sock=listener, limit=LINE_CAP)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, TimeoutError, asyncio.CancelledError):
                await Session(reader, writer, self._deliver).run(full=len(self._connections) > MOST_CONNECTIONS)
        finally:
            self._connections.discard(task)
            writer.close()


class Session:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deliver: Deliver) -> None:
        self._reader = reader
        self._writer = writer
        self._deliver = deliver
        self._greeted = False
        self._envelope = Envelope()
        self._commands: dict[str, Callable[[str], Awaitable[str]]] = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": self._noop,
        }

    async def run(self, *, full: bool) -> None:
        if full:
            await self._say("421 too many connections")
            return
        await self._say("220 sink.example.org ready")
        for _ in range(MOST_LINES):
            line = (await self._line()).decode(errors="replace").rstrip("\r\n")
            verb, _, argument = line.partition(" ")
            if verb.upper() == "QUIT":
                await self._say("221 goodbye")
                return
            command = self._commands.get(verb.upper(), self._unknown)
            await self._say(await command(argument.strip()))

    async def _ehlo(self, _name: str) -> str:
        self._reset()
        return f"250-sink.example.org\r\n250-SIZE {SIZE_CAP}\r\n250-8BITMIME\r\n250 SMTPUTF8"

    async def _helo(self, _name: str) -> str:
        self._reset()
        return "250 sink.example.org"

    async def _mail(self, argument: str) -> str:
        if not self._greeted or self._envelope.sender:
            return "503 EHLO first, and one mail at a time"
        if not argument.upper().startswith("FROM:"):
            return "501 MAIL FROM:<address> is expected"
        if declared_size(argument) > SIZE_CAP:
            return "552 the mail is too large"
        self._envelope.sender = address(argument[5:]) or "<>"
        return "250 ok"

    async def _rcpt(self, argument: str) -> str:
        if not self._envelope.sender:
            return "503 MAIL first"
        if not argument.upper().startswith("TO:") or not address(argument[3:]):
            return "501 RCPT TO:<address> is expected"
        if len(self._envelope.recipients) >= MOST_RECIPIENTS:
            return "452 too many recipients"
        self._envelope.recipients.append(address(argument[3:]))
        return "250 ok"

    async def _data(self, _argument: str) -> str:
        if not self._envelope.recipients:
            return "503 RCPT first"
        await self._say("354 end with a line of one dot")
        content = await self._content()
        envelope = self._envelope
        self._reset()
        if content is None:
            return "552 the mail is too large"
        await self._deliver(envelope, content)
        return "250 taken"

    async def _rset(self, _argument: str) -> str:
        self._envelope = Envelope()
        return "250 ok"

    async def _noop(self, _argument: str) -> str:
        return "250 ok"

    async def _unknown(self, _argument: str) -> str:
        return "502 this receiver knows EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP and QUIT"

    async def _content(self) -> bytes | None:
        """The mail up to the line of one dot; None when it was larger than the cap, of which no more is kept."""
        lines: list[bytes] = []
        size = 0
        while (line := await self._line()) not in (b".\r\n", b".\n"):
            size += len(line)
            if size <= SIZE_CAP:
                lines.append(line.removeprefix(b"."))
        return b"".join(lines) if size <= SIZE_CAP else None

    async def _line(self) -> bytes:
        """ConnectionError when the peer went away or its line is too long."""
        async with asyncio.timeout(LINE_DEADLINE):
            try:
                line = await self._reader.readline()
            except ValueError:
                raise ConnectionAbortedError("the line is too long") from None
        if not line.endswith(b"\n"):
            raise ConnectionResetError("the peer went away")
        return line

    async def _say(self, reply: str) -> None:
        self._writer.write(f"{reply}\r\n".encode())
        async with asyncio.timeout(LINE_DEADLINE):
            await self._writer.drain()

    def _reset(self) -> None:
        self._greeted = True
        self._envelope = Envelope()


def address(argument: str) -> str:
    """What stands between the angle brackets."""
    return argument.strip().partition("<")[2].partition(">")[0]


def declared_size(argument: str) -> int:
    """The SIZE parameter of MAIL FROM (RFC 1870), 0 without one."""
    for word in argument.upper().split()[1:]:
        name, _, number = word.partition("=")
        if name == "SIZE" and number.isascii() and number.isdigit():
            return int(number[:12])
    return 0
