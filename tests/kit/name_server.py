"""A name server on a free port of 127.0.0.1, over UDP and TCP, that answers as a test says."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from tests.kit.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence


class NameServer(asyncio.DatagramProtocol):
    """Answers every question with the records of its type, or with a code."""

    def __init__(self) -> None:
        self.records: dict[str, Sequence[str]] = {}  # values by type of record
        self.code = dns.rcode.NOERROR
        self.flags = dns.flags.Flag(0)  # besides QR, such as AA or AD
        self.alias = ""  # the name is an alias for that one
        self.silent = 0  # questions that are left without an answer
        self.truncating = False  # over UDP the answer does not fit
        self.garbage: Sequence[bytes] = ()  # sent instead of an answer over UDP
        self.questions: list[dns.message.Message] = []
        self.port = 0

    @property
    def place(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._tcp = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.port = self._tcp.sockets[0].getsockname()[1]
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, (LOOPBACK, self.port))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._udp.close()
        self._tcp.close()
        await self._tcp.wait_closed()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._answer(data)
        if self.garbage:
            for piece in self.garbage:
                self._udp.sendto(piece, addr)
        elif answer is not None:
            if self.truncating:
                answer.flags |= dns.flags.TC
                answer.answer.clear()
            self._udp.sendto(answer.to_wire(), addr)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            size = int.from_bytes(await reader.readexactly(2), "big")
            answer = self._answer(await reader.readexactly(size))
            if answer is not None:
                wire = answer.to_wire()
                writer.write(len(wire).to_bytes(2, "big") + wire)
                await writer.drain()
        writer.close()

    def _answer(self, data: bytes) -> dns.message.Message | None:
        question = dns.message.from_wire(data)
        self.questions.append(question)
        if self.silent:
            self.silent -= 1
            return None
        answer = dns.message.make_response(question)
        answer.flags |= self.flags
        answer.set_rcode(self.code)
        [asked] = question.question
        name, record = asked.name, dns.rdatatype.to_text(asked.rdtype)
        if self.alias:
            answer.answer.append(dns.rrset.from_text(name, 30, "IN", "CNAME", self.alias))
            name = dns.name.from_text(self.alias)
        if values := self.records.get(record):
            answer.answer.append(dns.rrset.from_text(name, 300, "IN", record, *values))
        return answer
