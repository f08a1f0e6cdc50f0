"""A time server on a loopback port, whose clock is as wrong as a test wants."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any, Self

from sentinel.base.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = 2_208_988_800  # seconds from 1900 to 1970


class NtpServer(asyncio.DatagramProtocol):
    """Answers every request at once, unless it is told to be silent."""

    def __init__(self) -> None:
        self.ahead = 0.0  # seconds that it is ahead of this host's clock
        self.stratum = 2
        self.silent = False
        self.change: Callable[[bytes], bytes] = lambda answer: answer
        self.requests: list[bytes] = []
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def port(self) -> int:
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._transport is not None
        self._transport.close()

    def datagram_received(self, data: bytes, address: Any) -> None:
        self.requests.append(data)
        if self.silent:
            return
        now = SystemClock().now().timestamp() + self.ahead + _EPOCH
        stamp = struct.pack(">II", int(now) % (1 << 32), int(now % 1 * (1 << 32)))
        answer = bytes([0x24, self.stratum]) + bytes(22) + data[40:48] + stamp + stamp
        assert self._transport is not None
        self._transport.sendto(self.change(answer), address)
