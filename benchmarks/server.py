"""The raw servers that the daemon's checks, calls and mails reach: python -m benchmarks.server [CERTIFICATE]

They cost little, so that the daemon is what is measured, and keep an exact log in memory: when each answer was given, and to
what. They listen on loopback, on ports of the kernel's choice, and print them as the first line. A GET is answered with a
small JSON body and the connection left open, as servers do; a POST with 204; a mail is taken. Commands come as lines on
standard input, each answered by a line of JSON; when the input ends, so does the program.

    fail PATH       answer 500 on that path from now on, or on all for *
    count           how many answers were given, and on how many paths
    dump FILE       write the log, [nanoseconds of the monotonic clock, path, status or body] per answer, and begin a new one
"""

import asyncio
import json
import ssl
import sys
from collections.abc import Callable
from time import monotonic_ns
from typing import Any, cast

import orjson
import uvloop

#: One address and port has room for 28,000 connections that have just closed; 1,000 new ones a second need more.
PLAIN_PORTS = 4
BACKLOG = 4096

BODY = b'{"status":"up","database":"up","cache":"up","queue":"up","version":"4.2.0","uptime_seconds":86400}'
HEAD = b"HTTP/1.1 %s\r\nServer: bench\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: %d\r\n\r\n"
GOOD = HEAD % (b"200 OK", len(BODY)) + BODY
BAD = HEAD % (b"500 Internal Server Error", 2) + b"{}"
MAIL = b"mail"
TAKEN = HEAD % (b"204 No Content", 0)

#: Nanoseconds, path (of a mail: MAIL), and the status of a GET's answer, the body of a POST, or a mail with its headers.
Entry = tuple[int, str, int | str]


class Log:
    """What was answered, and what is to be answered badly."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, bytes, int | bytes]] = []
        self.failing: set[bytes] = set()

    def obey(self, line: str) -> object:
        """Carry out one command; answers what to say."""
        word, _, rest = line.strip().partition(" ")
        match word:
            case "fail":
                self.failing.add(rest.encode())
            case "count":
                return {"answers": len(self.entries), "paths": len({path for _, path, _ in self.entries})}
            case "dump":
                self._dump(rest)
            case _:
                raise ValueError(f"no such command: {word}")
        return {}

    def _dump(self, file: str) -> None:
        entries, self.entries = self.entries, []
        with open(file, "wb") as out:
            out.write(orjson.dumps([(at, path.decode(), _plain(what)) for at, path, what in entries]))


def _plain(what: int | bytes) -> int | str:
    return what.decode(errors="replace") if isinstance(what, bytes) else what


class Answering(asyncio.Protocol):
    """One connection. Understands what Sentinel sends, not what anybody could."""

    __slots__ = ("_log", "_pending", "_transport")

    def __init__(self, log: Log) -> None:
        self._log = log
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._pending += data
        head, blank, body = self._pending.partition(b"\r\n\r\n")
        if not blank or len(body) < _content_length(head):
            return
        self._pending = b""
        method, path, _ = head.split(b" ", 2)
        if method == b"POST":
            self._transport.write(TAKEN)
            self._log.entries.append((monotonic_ns(), path, body))
        else:
            bad = path in self._log.failing or b"*" in self._log.failing
            self._transport.write(BAD if bad else GOOD)
            self._log.entries.append((monotonic_ns(), path, 500 if bad else 200))


class Mailing(asyncio.Protocol):
    """One connection of a mail client, which asks for nothing but to have its mail taken (RFC 5321)."""

    __slots__ = ("_log", "_pending", "_takes", "_transport")

    def __init__(self, log: Log) -> None:
        self._log = log
        self._pending = b""
        self._takes = False  # the lines of a mail rather than commands

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(b"220 bench\r\n")

    def data_received(self, data: bytes) -> None:
        self._pending += data
        end = b"\r\n.\r\n" if self._takes else b"\r\n"
        while end in self._pending:
            what, _, self._pending = self._pending.partition(end)
            self._transport.write(self._take(what) if self._takes else self._answer(what))
            end = b"\r\n.\r\n" if self._takes else b"\r\n"

    def _take(self, mail: bytes) -> bytes:
        self._log.entries.append((monotonic_ns(), MAIL, mail.replace(b"\r\n..", b"\r\n.")))
        self._takes = False
        return b"250 taken\r\n"

    def _answer(self, command: bytes) -> bytes:
        match command[:4].upper():
            case b"DATA":
                self._takes = True
                return b"354 go on\r\n"
            case b"EHLO":
                return b"250-bench\r\n250 8BITMIME\r\n"
            case b"QUIT":
                return b"221 bye\r\n"
            case _:
                return b"250 fine\r\n"


def _content_length(head: bytes) -> int:
    if head.startswith(b"GET "):
        return 0
    fields = (line.partition(b":") for line in head.lower().split(b"\r\n"))
    return next((int(value) for name, _, value in fields if name == b"content-length"), 0)


async def _listen(protocol: Callable[[], asyncio.Protocol], tls: ssl.SSLContext | None = None) -> int:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, backlog=BACKLOG, ssl=tls)
    return cast(int, server.sockets[0].getsockname()[1])


def _tls(certificate: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def _commands() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def serve(certificate: str | None) -> None:
    """Answer until standard input ends."""
    log = Log()
    ports: dict[str, Any] = {
        "http": [await _listen(lambda: Answering(log)) for _ in range(PLAIN_PORTS)],
        "smtp": await _listen(lambda: Mailing(log)),
    }
    if certificate:
        ports["https"] = await _listen(lambda: Answering(log), _tls(certificate))
    print(json.dumps(ports), flush=True)
    commands = await _commands()
    while line := await commands.readline():
        print(json.dumps(log.obey(line.decode())), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(sys.argv[1] if len(sys.argv) > 1 else None))
