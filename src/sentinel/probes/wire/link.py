"""One connection to a target that does not speak HTTP: in the clear, and from a point on in TLS.

The caller owns the deadline: everything here is to be awaited within an `asyncio.timeout_at`.
"""

import socket
import ssl
from typing import Self

from sentinel.core.result import FailureClass
from sentinel.probes.wire.address import Address, literal_addresses
from sentinel.probes.wire.dial import dial, secure
from sentinel.probes.wire.failure import WireError, os_failure
from sentinel.probes.wire.readiness import readable, writable
from sentinel.probes.wire.resolver import Resolver


async def addresses_of(resolver: Resolver, host: str, port: int, deadline: float) -> tuple[Address, ...]:
    """Where a host can be reached, looked up unless it is an address; raises WireError."""
    return literal_addresses(host, port) or await resolver.resolve(host, port, deadline)


class Link:
    """A connected socket. Every method that waits raises WireError; leaving the block closes it."""

    def __init__(self, sock: socket.socket, peer: Address) -> None:
        self._sock = sock
        self.peer = peer

    @classmethod
    async def to(cls, addresses: tuple[Address, ...]) -> Self:
        """A connection to the first of these addresses that answers."""
        return cls(*await dial(addresses))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    async def secure(self, context: ssl.SSLContext, server_name: str) -> ssl.SSLSocket:
        """TLS from here on. The socket stays this link's."""
        try:
            secured = await secure(self._sock, context, server_name)
        except WireError as error:
            raise error.at(self.peer.place) from None
        self._sock = secured
        return secured

    async def send(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._sock.send(rest) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                await writable(self._sock)
            except ssl.SSLWantReadError:
                await readable(self._sock)
            except OSError as error:
                raise _broken(error) from None

    async def receive(self, most: int) -> bytes:
        """What came, at most that many bytes; empty when the other side has closed."""
        while True:
            # Before waiting: what TLS has decrypted already makes no socket readable.
            try:
                return self._sock.recv(most)
            except (BlockingIOError, ssl.SSLWantReadError):
                await readable(self._sock)
            except ssl.SSLWantWriteError:
                await writable(self._sock)
            except OSError as error:
                raise _broken(error) from None


def _broken(error: OSError) -> WireError:
    if isinstance(error, ssl.SSLError):
        return WireError(FailureClass.TLS_FAILED, f"TLS failed ({error.reason or 'no reason given'})")
    return os_failure(error.errno or 0)
