"""A real SMTP server on port 0 that behaves as each connection's script says, and records what it got.

It speaks EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP, QUIT (RFC 5321), STARTTLS (RFC 3207) and AUTH (RFC 4954).
"""

from __future__ import annotations

import asyncio
import base64
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from sentinel.base.clock import SystemClock
from tests.kit.arrivals import Arrivals
from tests.kit.ports import LOOPBACK, reset

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from types import TracebackType

LINE_LIMIT = 1 << 16  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpScript:
    """How the server behaves towards one connection. A reply of 421 closes the connection after it."""

    greeting: str | None = "220 mail.example.org ESMTP"  # None: accepts the connection and says nothing
    size: int = 10_485_760  # bytes that it says it takes (RFC 1870)
    mail: str = "250 2.1.0 OK"
    refused: Mapping[str, str] = field(default_factory=dict)  # recipient -> the reply to its RCPT
    data: str = "354 End data with <CR><LF>.<CR><LF>"
    accepted: str = "250 2.0.0 OK queued"  # the reply to a complete message
    accept_after: asyncio.Event | None = None  # the complete message is recorded, then answered when this is set
    reset_after_message: bool = False  # the complete message is recorded, then the connection is reset unanswered
    hang_on_quit: bool = False  # QUIT gets no reply and the connection stays open
    injected: str = ""  # lines sent with the reply to STARTTLS, before TLS begins, as somebody on the way might
    credentials: tuple[str, str] | None = None  # user and password; offers AUTH and refuses mail without it


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpMessage:
    """A message of which every byte arrived, whatever the server answered."""

    connection: int  # counted from 1
    sender: str
    recipients: tuple[str, ...]  # those that were not refused
    content: bytes  # headers and body, dot-stuffing removed
    encrypted: bool
    user: str | None  # who logged in
    reply: str | None  # as scripted; None: reset without one
    at: float = 0.0  # when it had arrived; seconds since 1970


@dataclass(slots=True, kw_only=True)
class SmtpConnection:
    """What one client said."""

    number: int
    commands: list[str] = field(default_factory=list)  # in order; credentials are left out


class SmtpServer:
    """`script` serves every connection, save those that `next_scripts` has one for."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, implicit_tls: bool = False) -> None:
        """With `tls`, STARTTLS is offered, or TLS spoken from the first byte with `implicit_tls`."""
        self.script = SmtpScript()
        self.next_scripts: deque[SmtpScript] = deque()
        self.messages: Arrivals[SmtpMessage] = Arrivals()
        self.connections: Arrivals[SmtpConnection] = Arrivals()
        self.port = 0
        self.host = LOOPBACK
        self._tls = tls
        self._implicit_tls = implicit_tls
        self._sessions: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def starttls(self) -> ssl.SSLContext | None:
        return None if self._implicit_tls else self._tls

    async def __aenter__(self) -> Self:
        context = self._tls if self._implicit_tls else None
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0, ssl=context, limit=LINE_LIMIT)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            await self._session(reader, writer)
        finally:
            self._sessions.discard(task)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self.next_scripts.popleft() if self.next_scripts else self.script
        connection = SmtpConnection(number=len(self.connections) + 1)
        self.connections.add(connection)
        # A client may leave at any point, and the server stops by cancelling: neither is the session's error.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await _Session(self, script, connection, reader, writer).run()
        writer.transport.abort()


class _Session:
    def __init__(
        self,
        server: SmtpServer,
        script: SmtpScript,
        connection: SmtpConnection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._server = server
        self._script = script
        self._connection = connection
        self._reader = reader
        self._writer = writer
        self._open = True
        self._user: str | None = None
        self._sender = ""
        self._recipients: list[str] = []

    async def run(self) -> None:
        if self._script.greeting is None:
            await self._reader.read()  # until the client gives up
            return
        await self._reply(self._script.greeting)
        while self._open and (line := await self._line()) is not None:
            verb, _, argument = line.partition(" ")
            shown = verb if verb.upper() == "AUTH" else line
            self._connection.commands.append(shown)
            self._server.connections.stir()
            await self._answer(verb.upper(), argument)

    async def _answer(self, verb: str, argument: str) -> None:
        match verb:
            case "EHLO":
                await self._reply(*self._extensions())
            case "HELO" | "NOOP" | "RSET":
                self._forget()
                await self._reply("250 OK")
            case "STARTTLS" if self._server.starttls is not None:
                await self._encrypt(self._server.starttls)
            case "AUTH" if self._script.credentials is not None:
                await self._authenticate(argument)
            case "MAIL":
                await self._mail(argument)
            case "RCPT":
                await self._recipient(_address(argument))
            case "DATA":
                await self._data()
            case "QUIT":
                await self._quit()
            case _:
                await self._reply("502 5.5.1 Command not implemented")

    def _extensions(self) -> list[str]:
        names = ["mail.example.org", "8BITMIME", "SMTPUTF8", f"SIZE {self._script.size}"]
        if self._server.starttls is not None and not self._encrypted:
            names.append("STARTTLS")
        if self._script.credentials is not None:
            names.append("AUTH PLAIN LOGIN")
        return [*(f"250-{name}" for name in names[:-1]), f"250 {names[-1]}"]

    @property
    def _encrypted(self) -> bool:
        return self._writer.get_extra_info("ssl_object") is not None

    async def _encrypt(self, context: ssl.SSLContext) -> None:
        await self._reply("220 2.0.0 Ready to start TLS", *self._script.injected.splitlines())
        await self._writer.start_tls(context)
        self._forget()

    async def _authenticate(self, argument: str) -> None:
        mechanism, _, initial = argument.partition(" ")
        if mechanism.upper() == "PLAIN":
            _, user, password = ((initial and _decoded(initial)) or await self._ask("")).split("\0")
        else:
            user = (initial and _decoded(initial)) or await self._ask("Username:")
            password = await self._ask("Password:")
        if (user, password) == self._script.credentials:
            self._user = user
            await self._reply("235 2.7.0 Authentication successful")
        else:
            await self._reply("535 5.7.8 Authentication credentials invalid")

    async def _ask(self, prompt: str) -> str:
        await self._reply(f"334 {base64.b64encode(prompt.encode()).decode()}")
        return _decoded(await self._line() or "")

    async def _mail(self, argument: str) -> None:
        if self._script.credentials is not None and self._user is None:
            await self._reply("530 5.7.0 Authentication required")
            return
        self._forget()
        self._sender = _address(argument)
        await self._reply(self._script.mail)

    async def _recipient(self, address: str) -> None:
        refusal = self._script.refused.get(address)
        if refusal is None:
            self._recipients.append(address)
        await self._reply(refusal or "250 2.1.5 OK")

    async def _data(self) -> None:
        if not self._recipients:
            await self._reply("503 5.5.1 No valid recipients")
            return
        await self._reply(self._script.data)
        if self._script.data.startswith("354"):
            self._record(await self._content())
            await self._conclude()

    async def _content(self) -> bytes:
        lines = []
        while (line := await self._reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    def _record(self, content: bytes) -> None:
        message = SmtpMessage(
            connection=self._connection.number,
            sender=self._sender,
            recipients=tuple(self._recipients),
            content=content,
            encrypted=self._encrypted,
            user=self._user,
            reply=None if self._script.reset_after_message else self._script.accepted,
            at=SystemClock().now().timestamp(),
        )
        self._server.messages.add(message)

    async def _conclude(self) -> None:
        if self._script.accept_after is not None:
            await self._script.accept_after.wait()
        if self._script.reset_after_message:
            reset(self._writer.transport)
            self._open = False
            return
        self._forget()
        await self._reply(self._script.accepted)

    async def _quit(self) -> None:
        if self._script.hang_on_quit:
            await self._reader.read()
        else:
            await self._reply("221 2.0.0 Bye")
        self._open = False

    async def _reply(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()
        if lines[-1].startswith(("221", "421")):
            self._open = False
            self._writer.close()
            await self._writer.wait_closed()

    async def _line(self) -> str | None:
        line = await self._reader.readline()
        return line.decode(errors="replace").rstrip("\r\n") if line else None

    def _forget(self) -> None:
        self._sender, self._recipients = "", []


def _address(argument: str) -> str:
    """`FROM:<a@example.org> SIZE=10` -> `a@example.org`."""
    return argument.partition("<")[2].partition(">")[0]


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
