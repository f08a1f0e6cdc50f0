"""Reads one HTTP/1.1 answer out of the bytes of a connection, within bounds."""

from typing import Final

import httptools

from sentinel.core.result import FailureClass
from sentinel.probes.wire.body import Body
from sentinel.probes.wire.failure import WireError

HEADER_BYTES: Final = 65_536  # of one header section; also of chunk extensions or trailers in a row
HEADER_COUNT: Final = 256
INTERIM_COUNT: Final = 8  # 1xx answers before the real one
_TLS: Final = (b"\x15\x03", b"\x16\x03")  # how an alert and a handshake begin (RFC 8446, 5.1)
_BODILESS: Final = frozenset({204, 304})


class Answer:
    """An answer being read. Feed it bytes until `done`; say `eof()` when the peer has closed.

    Callbacks of the parser must not raise (the parser would wrap the error), so they note it and `feed` raises it.
    """

    __slots__ = (
        "_body",
        "_broken",
        "_cap",
        "_headers_done",
        "_interim",
        "_no_body",
        "_overhead",
        "_parser",
        "_section",
        "done",
        "headers",
        "http_version",
        "status",
    )

    def __init__(self, *, body_cap: int, no_body: bool) -> None:
        self.status = 0
        self.http_version = ""
        self.headers: list[tuple[bytes, bytes]] = []
        self.done = False
        self._cap = body_cap
        self._no_body = no_body  # the answer to HEAD has none, whatever its headers say
        self._body: Body | None = None
        self._broken: WireError | None = None
        self._headers_done = False
        self._interim = 0
        self._overhead = 0  # bytes taken since the last piece of body
        self._section = 0  # bytes of this header section
        self._parser = httptools.HttpResponseParser(self)

    @property
    def begun(self) -> bool:
        """Whether the headers of the real answer are complete."""
        return self._headers_done

    @property
    def truncated(self) -> bool:
        return self._body is not None and self._body.truncated

    def feed(self, data: bytes) -> None:
        """Takes what arrived; raises WireError when it is not a sound answer or passes a bound."""
        self._overhead += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            # What follows a finished answer is not ours to judge.
            if not self.done and self._broken is None:
                said = "the server speaks TLS there" if data.startswith(_TLS) else "the answer is not valid HTTP"
                raise WireError(FailureClass.PROTOCOL_ERROR, said) from None
        if self._broken is not None:
            raise self._broken
        if self._overhead > HEADER_BYTES and not self.done:
            raise _too_much("bytes of headers")

    def eof(self) -> None:
        """The peer closed: the end of a body without a length, otherwise an answer that broke off."""
        if not self._headers_done:
            missing = "before the headers were complete" if self._overhead else "without an answer"
            raise WireError(FailureClass.INCOMPLETE, f"the connection was closed {missing}")
        if self._header(b"content-length") or self._header(b"transfer-encoding"):
            raise WireError(FailureClass.INCOMPLETE, "the connection was closed before the body was complete")
        self.done = True

    def body(self) -> bytes:
        return b"" if self._body is None else self._body.finish()

    def release(self) -> None:
        """Lets go of the parser, which knows us as we know it: else each answer would wait for the garbage collector."""
        del self._parser
        self._broken = None

    # What the parser calls

    def on_message_begin(self) -> None:
        if self.done:
            return
        self._section = 0
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.done:
            return
        self._section += len(name) + len(value) + 4
        if self._section > HEADER_BYTES:
            self._broken = _too_much("bytes of headers")
        elif self._headers_done:
            return  # a trailer
        elif len(self.headers) >= HEADER_COUNT:
            self._broken = _too_much("headers")
        else:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self.done:
            return
        status = self._parser.get_status_code()
        if status < 200:
            self._skip_interim(status)
            return
        self.status = status
        self.http_version = self._parser.get_http_version()
        self._headers_done = True
        self.done = self._no_body or status in _BODILESS

    def on_body(self, data: bytes) -> None:
        if self.done or self._broken is not None:
            return
        self._overhead = 0
        try:
            if self._body is None:
                self._body = Body(self._cap, self._content_encoding())
            self._body.feed(data)
        except WireError as error:
            self._broken = error
        else:
            self.done = self._body.truncated

    def on_message_complete(self) -> None:
        if self._headers_done:
            self.done = True

    # Within

    def _skip_interim(self, status: int) -> None:
        self._interim += 1
        if status == 101:
            self._broken = WireError(FailureClass.PROTOCOL_ERROR, "the server switches to a protocol nobody asked for")
        elif status < 100 or self._interim > INTERIM_COUNT:
            self._broken = _too_much("interim answers")

    def _content_encoding(self) -> bytes:
        return b",".join(value for name, value in self.headers if name.lower() == b"content-encoding")

    def _header(self, wanted: bytes) -> bool:
        return any(name.lower() == wanted for name, _ in self.headers)


def _too_much(what: str) -> WireError:
    return WireError(FailureClass.PROTOCOL_ERROR, f"the answer has too many {what}")
