"""One question to one name server, over UDP and, where the answer does not fit, over TCP."""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from dns import flags, message, rcode
from dns.exception import DNSException

from sentinel.core.result import FailureClass
from sentinel.probes.dns.options import normal
from sentinel.probes.wire.address import Address
from sentinel.probes.wire.failure import WireError, os_failure
from sentinel.probes.wire.link import Link
from sentinel.probes.wire.readiness import readable

RESEND: Final = 1.5  # seconds until a question is asked again over UDP, which may lose it
PAYLOAD: Final = 1232  # bytes of a UDP answer that pass every network (DNS flag day 2020)
_STRAY: Final = 64  # datagrams that are no answer to the question, before the server is given up
_LARGEST: Final = 32_768  # bytes of an answer over TCP; to read one takes up to 50 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked."""

    name: str
    record: str  # the type of record
    recursive: bool
    dnssec: bool

    def message(self) -> message.QueryMessage:
        """A fresh message, with a number of its own."""
        asked = message.make_query(self.name, self.record, use_edns=0, payload=PAYLOAD, want_dnssec=self.dnssec)
        if not self.recursive:
            asked.flags &= ~flags.RD
        if self.dnssec:
            asked.flags |= flags.AD
        return asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server said."""

    code: str  # such as NOERROR, NXDOMAIN, SERVFAIL
    values: frozenset[str]  # in their normal form; an SOA's is its serial number
    ttl: float | None  # seconds; the least on the way to the values, None where there are none
    authoritative: bool
    validated: bool  # by DNSSEC, as the server says
    seconds: float


async def ask(question: Question, server: Address, over: str) -> Answer:
    """The answer of a server. The caller owns the deadline. Raises WireError when there is none."""
    asked = question.message()
    began = perf_counter()
    answer = await _over_udp(asked, server) if over == "udp" else None
    if answer is None:
        answer = await _over_tcp(asked, server)
    return _read(answer, question.record, perf_counter() - began)


async def _over_udp(asked: message.QueryMessage, server: Address) -> message.Message | None:
    """The answer; None when it did not fit."""
    wire = asked.to_wire()
    with socket.socket(server.family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sock:
        try:
            # Connected: the kernel lets nobody else answer, and tells when nothing listens there.
            sock.connect(server.sockaddr)
            stray = 0
            while True:
                sock.send(wire)
                with suppress(TimeoutError):
                    async with asyncio.timeout(RESEND):
                        while stray < _STRAY:
                            await readable(sock)
                            answer = _parsed(asked, sock.recv(65_535))
                            if answer is not None:
                                return None if answer.flags & flags.TC else answer
                            stray += 1
                if stray >= _STRAY:
                    raise _not_dns()
        except BlockingIOError:
            raise WireError(FailureClass.OVERLOADED, "this host's network buffers are full") from None
        except OSError as error:
            raise os_failure(error.errno or 0) from None


async def _over_tcp(asked: message.QueryMessage, server: Address) -> message.Message:
    wire = asked.to_wire()
    with await Link.to((server,)) as link:
        await link.send(len(wire).to_bytes(2, "big") + wire)
        size = int.from_bytes(await _exactly(link, 2), "big")
        if size > _LARGEST:
            raise WireError(FailureClass.BODY_TOO_LARGE, f"the answer has {size} bytes; {_LARGEST} are the most")
        answer = _parsed(asked, await _exactly(link, size))
    if answer is None:
        raise _not_dns()
    return answer


async def _exactly(link: Link, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = await link.receive(size - len(data))
        if not more:
            raise WireError(FailureClass.INCOMPLETE, "the connection was closed within the answer")
        data += more
    return data


def _parsed(asked: message.QueryMessage, data: bytes) -> message.Message | None:
    """The message, if it is one and answers what was asked."""
    if data[:2] != asked.id.to_bytes(2, "big"):
        return None
    try:
        answer = message.from_wire(data, raise_on_truncation=False)
    except (DNSException, ValueError):
        return None
    return answer if asked.is_response(answer) else None


def _read(answer: message.Message, record: str, seconds: float) -> Answer:
    values, ttl = _values(answer, record)
    return Answer(
        code=rcode.to_text(answer.rcode()),
        values=values,
        ttl=ttl,
        authoritative=bool(answer.flags & flags.AA),
        validated=bool(answer.flags & flags.AD),
        seconds=seconds,
    )


def _values(answer: message.Message, record: str) -> tuple[frozenset[str], float | None]:
    if not isinstance(answer, message.QueryMessage) or answer.rcode() != rcode.NOERROR:
        return frozenset(), None
    try:
        chain = answer.resolve_chaining()
    except DNSException:
        raise WireError(FailureClass.PROTOCOL_ERROR, "the answer's aliases lead nowhere") from None
    if chain.answer is None:
        return frozenset(), None
    return frozenset(_text(data, record) for data in chain.answer), float(chain.minimum_ttl)


def _text(data: Any, record: str) -> str:
    if record == "SOA":
        return str(data.serial)
    if record == "TXT":
        return b"".join(data.strings).decode("utf-8", "replace")
    return normal(data.to_text(), record)


def _not_dns() -> WireError:
    return WireError(FailureClass.PROTOCOL_ERROR, "what comes back is no answer to the question")
