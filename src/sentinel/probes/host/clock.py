"""Whether the host's clock is right: what the kernel says of it, and how far it is from a time server."""

import asyncio
import ctypes
import os
import secrets
import struct
from datetime import datetime
from typing import Any, Final

from sentinel.base.clock import Clock
from sentinel.probes.wire.address import Address, literal_addresses
from sentinel.probes.wire.failure import WireError, os_failure
from sentinel.probes.wire.resolver import Resolver

PORT: Final = 123

_PACKET: Final = 48  # bytes, of request and answer (RFC 5905, 7.3)
_CLIENT: Final = 0x23  # no leap second, version 4, mode 3
_EPOCH: Final = 2_208_988_800  # seconds from 1900, where NTP counts from, to 1970
_ERA: Final = 1 << 32  # seconds after which NTP counts from 0 again, in 2036
_UNSYNCHRONISED: Final = 0x40  # STA_UNSYNC (adjtimex(2))
_TIMEX: Final = 208  # bytes of `struct timex` on 64-bit Linux; the status stands at 40
_STATUS_AT: Final = 40


class NoTime(Exception):
    """The time server gave no time that can be used. The text says why."""


def is_synchronised() -> bool:
    """Whether something keeps the clock in time, as the kernel knows it.

    Raises:
        OSError: the kernel does not say so.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    timex = ctypes.create_string_buffer(2 * _TIMEX)  # all zero: nothing is to be set
    if libc.adjtimex(timex) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    status: int = struct.unpack_from("i", timex, _STATUS_AT)[0]
    return not status & _UNSYNCHRONISED


async def offset(server: str, port: int, clock: Clock, resolver: Resolver, deadline: float) -> float:
    """How many seconds this clock is behind the server's (negative: ahead), by one packet of SNTP (RFC 5905, 14).

    Raises:
        NoTime: there was no answer, or none with a time in it.
    """
    try:
        async with asyncio.timeout_at(deadline):
            addresses = literal_addresses(server, port) or await resolver.resolve(server, port, deadline)
            return await _ask(addresses[0], clock)
    except TimeoutError:
        raise NoTime(f"no answer from {server}") from None
    except WireError as error:
        raise NoTime(f"{server}: {error.explanation}") from None
    except OSError as error:
        raise NoTime(f"{server}: {os_failure(error.errno or 0).explanation}") from None


async def _ask(address: Address, clock: Clock) -> float:
    loop = asyncio.get_running_loop()
    # A number by chance stands in for our time: the server gives it back, and nobody else knows it.
    cookie = secrets.token_bytes(8)
    conversation = _Conversation(loop.create_future(), cookie)
    transport, _ = await loop.create_datagram_endpoint(lambda: conversation, remote_addr=address.sockaddr[:2])
    try:
        asked, began = clock.now(), clock.monotonic()
        transport.sendto(bytes([_CLIENT]) + bytes(39) + cookie)
        answer = await conversation.answer
        return _offset(answer, asked, clock.monotonic() - began)
    finally:
        transport.close()


class _Conversation(asyncio.DatagramProtocol):
    """Waits for the answer to one request."""

    def __init__(self, answer: "asyncio.Future[bytes]", cookie: bytes) -> None:
        self.answer = answer
        self._cookie = cookie

    def datagram_received(self, data: bytes, _address: Any) -> None:
        if len(data) >= _PACKET and data[24:32] == self._cookie and not self.answer.done():
            self.answer.set_result(data)

    def error_received(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


def _offset(answer: bytes, asked: datetime, took: float) -> float:
    leap, mode, stratum = answer[0] >> 6, answer[0] & 7, answer[1]
    if mode != 4 or not 1 <= stratum <= 15 or leap == 3:
        raise NoTime("the time server has no time to give")  # it is not in time itself, or refuses (RFC 5905, 7.4)
    received, sent = _moment(answer[32:40]), _moment(answer[40:48])
    left = asked.timestamp()
    return ((received - left) + (sent - (left + took))) / 2


def _moment(raw: bytes) -> float:
    """Seconds since 1970. The high bit tells the era: without it the time is after 2036."""
    seconds, fraction = struct.unpack(">II", raw)
    whole: int = seconds if seconds & 0x8000_0000 else seconds + _ERA
    part: float = fraction / _ERA
    return whole - _EPOCH + part
