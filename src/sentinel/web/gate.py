"""What stands before a port that speaks TLS: so many connections may shake hands at once, and no more.

asyncio counts a connection, and tells a protocol of it, when its handshake is over. Until then each holds 256 KiB, so that
whoever opens thousands and says nothing could take the memory of the host.
"""

import asyncio
import ssl
from collections.abc import Callable

from sentinel.web.guard import Bounds
from sentinel.web.sign_in.tries import network_of


class Gate:
    """Makes the protocols of one listener: each shakes hands, and then has another one in its place."""

    def __init__(
        self, make: Callable[[], asyncio.Protocol], context: ssl.SSLContext, bounds: Bounds, within: float
    ) -> None:
        """A gate.

        Args:
            make: the protocol that goes on when a handshake is over.
            context: of the certificate.
            bounds: what may shake hands at once, in all and from one address.
            within: seconds for a handshake.
        """
        self._make = make
        self._context = context
        self._bounds = bounds
        self._within = within
        self._shaking: dict[asyncio.Task[None], str] = {}  # with the address of each

    def __call__(self) -> asyncio.Protocol:
        return _Arriving(self)

    @property
    def shaking(self) -> int:
        """Handshakes that are under way."""
        return len(self._shaking)

    async def close(self) -> None:
        """End what is under way."""
        tasks = list(self._shaking)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def arrive(self, transport: asyncio.Transport) -> None:
        """Shake hands, or cut the connection where there is no room: who is cut hears nothing, as TLS cannot tell it yet."""
        address = network_of(str((transport.get_extra_info("peername") or ("",))[0]))
        same = sum(one == address for one in self._shaking.values())
        if len(self._shaking) >= self._bounds.connections or same >= self._bounds.from_one:
            transport.abort()
            return
        transport.pause_reading()  # until there is somebody to read
        task = asyncio.create_task(self._shake(transport), name="handshake")
        self._shaking[task] = address
        task.add_done_callback(lambda done: self._shaking.pop(done, None))

    async def _shake(self, transport: asyncio.Transport) -> None:
        early = _Early()
        loop = asyncio.get_running_loop()
        try:
            secure = await loop.start_tls(
                transport, early, self._context, server_side=True, ssl_handshake_timeout=self._within
            )
        except OSError:  # of TLS, too: whoever asks speaks something else, or has gone
            transport.abort()
        except BaseException:
            transport.abort()
            raise
        else:
            if secure is not None:
                early.hand_over(secure, self._make())


class _Arriving(asyncio.Protocol):
    """A connection that has just been made."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._gate.arrive(transport)


class _Early(asyncio.Protocol):
    """Keeps what arrives with the end of a handshake: it is told before whoever waits for the handshake goes on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._has_ended = False
        self._is_lost = False

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)

    def eof_received(self) -> None:
        self._has_ended = True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # why does not matter
        self._is_lost = True

    def hand_over(self, transport: asyncio.Transport, protocol: asyncio.Protocol) -> None:
        """Let another protocol go on."""
        if self._is_lost or self._has_ended or transport.is_closing():
            transport.abort()
            return
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        for part in self._parts:
            protocol.data_received(part)
