"""Bounds on what a client may cost: connections, bytes and time, from the first byte on.

uvicorn bounds none of these while a request arrives, so the protocol under it does: a request that is not whole in time, or
that is larger than any of ours has to be, ends its connection before the application sees it.
"""

import asyncio
from dataclasses import dataclass

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from sentinel.web.access import PEER
from sentinel.web.headers import STRICT
from sentinel.web.sign_in.tries import network_of
from sentinel.web.sockets import user_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What one client may cost."""

    request: float = 10.0  # seconds from the connection, or the first byte, to the end of a request
    response: float = 30.0  # seconds for an answer to be made and taken
    body: int = 64 * 1024  # bytes
    head: int = 16 * 1024  # bytes of the request line and the headers; llhttp itself sets no bound
    connections: int = 300  # at once per listener; one more is answered 503
    from_one: int = 150  # of them from one address over TCP; pages that listen hold up to 100 of them


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol within bounds; one request at a time per connection."""

    def __init__(self, config: Config, state: ServerState, bounds: Bounds) -> None:
        super().__init__(config, state, {"outlast": self.outlast}, asyncio.get_running_loop())
        self._bounds = bounds
        self._timer: asyncio.TimerHandle | None = None
        self._received = 0  # bytes of the request that arrives
        self._in_head = True
        self._peer = ""  # the user at the other end of a local socket
        self._address = ""  # over TCP; of version 6 its network

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._peer = user_at(transport)
        self._address = network_of(self.client[0]) if self.client and not self._peer else ""
        if len(self.connections) > self._bounds.connections or self._from_here() > self._bounds.from_one:
            self._refuse(b"503 Service Unavailable", b"too many connections")
        else:
            self._expect(self._bounds.request)

    def _from_here(self) -> int:
        """Connections from the address of this one; one address must not keep all others out."""
        every = (one for one in self.connections if isinstance(one, GuardedProtocol))
        return sum(one._address == self._address for one in every) if self._address else 0

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._timer is None:  # the first bytes after an answer
            self._expect(self._bounds.request)
        self._received += len(data)
        super().data_received(data)
        if self._in_head and self._received > self._bounds.head:
            self._refuse(b"431 Request Header Fields Too Large", b"headers too large")
        elif self._received > self._bounds.head + self._bounds.body:
            self._refuse(b"413 Content Too Large", b"body too large")

    def on_message_begin(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and not cycle.response_complete:
            raise ValueError("a second request before the answer to the first")  # httptools makes it a 400
        self._in_head = True
        super().on_message_begin()
        self.scope[PEER] = self._peer  # type: ignore[typeddict-unknown-key]  # a key of ours

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._received = 0
        if not self.cycle.response_complete:
            self._expect(self._bounds.response)

    def on_response_complete(self) -> None:
        self._relax()
        super().on_response_complete()

    def outlast(self, within: float) -> None:
        """Leave the answer that is being given so many seconds, instead of what any other has: it is a stream."""
        self._expect(within)

    def connection_lost(self, exc: Exception | None) -> None:
        self._relax()
        super().connection_lost(exc)

    def _expect(self, within: float) -> None:
        self._relax()
        self._timer = self.loop.call_later(within, self._expire)

    def _relax(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        """Cut the connection. Closing would wait for a client that does not read, so it is aborted."""
        self._timer = None
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP."""
        self._refuse(b"400 Bad Request", msg.encode("ascii"))

    def _refuse(self, status: bytes, text: bytes) -> None:
        if self.transport.is_closing():
            return
        self.transport.write(b"HTTP/1.1 %s\r\n%s" % (status, _lines(content_length=b"%d" % len(text))) + text)
        self.transport.close()


def _lines(content_length: bytes) -> bytes:
    """The headers of an answer that no application gives; the same as of all others (`headers.STRICT`)."""
    own = (
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", content_length),
        (b"connection", b"close"),
    )
    return b"".join(b"%s: %s\r\n" % one for one in (*own, *STRICT)) + b"\r\n"
