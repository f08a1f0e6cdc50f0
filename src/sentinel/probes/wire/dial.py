"""From addresses to a connected socket, and from there to TLS."""

import asyncio
import errno
import socket
import ssl
from typing import Final

from sentinel.probes.wire.address import Address
from sentinel.probes.wire.failure import WireError, most_telling, os_failure
from sentinel.probes.wire.readiness import readable, writable
from sentinel.probes.wire.tls import handshake_failure

ATTEMPT_DELAY: Final = 0.25  # seconds before the next address is tried beside the first (RFC 8305, 5)
EPHEMERAL: Final = 1024  # lowest port the kernel may pick for our end (ip_local_port_range can be set so low)
ATTEMPTS: Final = 8  # addresses tried at most; a name may have hundreds


async def dial(addresses: tuple[Address, ...]) -> tuple[socket.socket, Address]:
    """A socket connected to the first address that answers, and that address ("happy eyeballs", RFC 8305).

    Raises WireError when none does. The caller owns the deadline and, on return, the socket.
    """
    race = _Race(asyncio.get_running_loop(), addresses[:ATTEMPTS])
    try:
        race.start_next()
        await race.over
        return race.take_winner()
    finally:
        race.close()


class _Race:
    """Attempts to connect, each started when the one before failed or took too long. Leaves nothing open behind."""

    __slots__ = ("_failures", "_loop", "_open", "_timer", "_waiting", "_winner", "over")

    def __init__(self, loop: asyncio.AbstractEventLoop, addresses: tuple[Address, ...]) -> None:
        self.over: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._waiting = list(reversed(addresses))
        self._open: set[socket.socket] = set()
        self._failures: list[WireError] = []
        self._timer: asyncio.TimerHandle | None = None
        self._winner: tuple[socket.socket, Address] | None = None

    def start_next(self) -> None:
        address = self._waiting.pop()
        if self._waiting:
            self._timer = self._loop.call_later(ATTEMPT_DELAY, self.start_next)
        try:
            attempt = _begin(address)
        except OSError as error:
            self._lost(os_failure(error.errno or 0).at(address.place))
            return
        self._open.add(attempt)
        self._loop.add_writer(attempt.fileno(), self._settled, attempt, address)

    def take_winner(self) -> tuple[socket.socket, Address]:
        """The connected socket, which is the caller's from now on; raises WireError when all attempts failed."""
        if self._winner is None:
            raise most_telling(self._failures)
        self._open.discard(self._winner[0])
        return self._winner

    def close(self) -> None:
        """Closes what nobody took, the winner too when the caller was cancelled before it could take it."""
        self._cancel_timer()
        for attempt in self._open:
            self._loop.remove_writer(attempt.fileno())
            attempt.close()

    def _settled(self, attempt: socket.socket, address: Address) -> None:
        self._loop.remove_writer(attempt.fileno())
        number = attempt.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or _self_connected(attempt, address)
        if number:
            self._open.discard(attempt)
            attempt.close()
            self._lost(os_failure(number).at(address.place))
        elif not self.over.done():
            self._winner = (attempt, address)
            self._cancel_timer()
            self.over.set_result(None)

    def _lost(self, failure: WireError) -> None:
        self._failures.append(failure)
        self._cancel_timer()
        if self.over.done():
            return
        if self._waiting:
            self.start_next()
        elif not self._open:
            self.over.set_result(None)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _begin(address: Address) -> socket.socket:
    """A socket on its way to that address; raises OSError."""
    attempt = socket.socket(address.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        # The request follows the TLS handshake at once; Nagle's algorithm would hold it back.
        attempt.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = attempt.connect_ex(address.sockaddr)
        if number not in {0, errno.EINPROGRESS}:
            raise OSError(number, "connect")
    except BaseException:
        attempt.close()
        raise
    return attempt


def _self_connected(attempt: socket.socket, address: Address) -> int:
    """ECONNREFUSED when the kernel connected the socket to itself, else 0.

    That happens when nothing listens on a local port and the kernel picks just that one for our end (TCP's simultaneous
    open): one refusal in some 28,000 would look like a service that speaks no HTTP.
    """
    if address.sockaddr[1] < EPHEMERAL:
        return 0
    try:
        return errno.ECONNREFUSED if attempt.getsockname() == attempt.getpeername() else 0
    except OSError:
        return 0  # reset already; reading will tell


async def secure(sock: socket.socket, context: ssl.SSLContext, server_name: str) -> ssl.SSLSocket:
    """TLS over a connected socket, which is taken over; raises WireError, and then nothing is left open."""
    wrapped = context.wrap_socket(sock, do_handshake_on_connect=False, server_hostname=server_name)
    try:
        await _shake_hands(wrapped)
    except BaseException as error:
        wrapped.close()
        if isinstance(error, OSError):
            raise handshake_failure(error) from None
        raise
    return wrapped


async def _shake_hands(sock: ssl.SSLSocket) -> None:
    while True:
        try:
            sock.do_handshake()
        except ssl.SSLWantReadError:
            await readable(sock)
        except ssl.SSLWantWriteError:
            await writable(sock)
        else:
            return
