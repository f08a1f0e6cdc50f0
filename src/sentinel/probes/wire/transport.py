"""Sends one prepared request over a connection of its own and reads the answer, within one deadline.

An exchange goes: resolve, connect, TLS, send, read. Each step raises WireError; the transport alone turns that, or the
deadline, into ExchangeFailed with the times so far. Nothing is shared between exchanges but the resolver, so a target
that hangs, or a run that is cancelled, takes nothing away from the others.
"""

import asyncio
import contextlib
import socket
import ssl
from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.wire.address import Address, place_of
from sentinel.probes.wire.dial import dial, secure
from sentinel.probes.wire.exchange import Exchange, ExchangeFailed, Progress
from sentinel.probes.wire.failure import CONNECTING, TIMEOUTS, WireError
from sentinel.probes.wire.http1 import Answer
from sentinel.probes.wire.readiness import readable, writable
from sentinel.probes.wire.request import PreparedRequest, TlsClient
from sentinel.probes.wire.resolver import Resolver
from sentinel.probes.wire.tls import CertificateRefused, unverified_context

CHUNK: Final = 65_536  # bytes read at once; more than a TLS record, so that none is read by halves
BODY_CAP: Final = 1_048_576  # bytes of body kept when the caller does not say
SECOND_LOOK: Final = 2.0  # seconds at most for the handshake that fetches a refused certificate


class Transport:
    """Makes exchanges. Holds no connection between them."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver  # probes that do not speak HTTP look names up by it, too
        self._unverified = unverified_context()

    async def exchange(
        self, request: PreparedRequest, *, deadline: float, body_cap: int = BODY_CAP, whole_body: bool = False
    ) -> Exchange:
        """The answer to that request; raises ExchangeFailed when there is none by `deadline` (the loop's time).

        A body past `body_cap` bytes is cut (`truncated`), or with `whole_body` a failure (BODY_TOO_LARGE).
        """
        progress = Progress()
        error: WireError
        try:
            addresses = request.addresses or await self.resolver.resolve(request.host, request.port, deadline)
            progress.resolved(looked_up=not request.addresses)
            async with asyncio.timeout_at(deadline):
                return await _attempt(request, addresses, progress, body_cap, whole_body)
        except TimeoutError:
            error = WireError(*TIMEOUTS[progress.phase])
        except WireError as caught:
            # A fresh one: its traceback would hold the answer, and this frame, until the garbage collector comes by.
            error = type(caught)(caught.failure, caught.bare)
        if progress.phase in CONNECTING:
            error = error.at(place_of(request.host, request.port))
        raise ExchangeFailed(
            error.failure,
            error.explanation,
            phase=progress.phase,
            phases=progress.read(),
            certificate=await self._refused_certificate(error, progress.peer, request.tls, deadline),
        )

    async def _refused_certificate(
        self, error: WireError, peer: Address | None, tls: TlsClient | None, deadline: float
    ) -> bytes | None:
        """The certificate that was refused, by a second handshake: the first one does not keep it."""
        if tls is None or peer is None or not isinstance(error, CertificateRefused):
            return None
        limit = min(deadline, asyncio.get_running_loop().time() + SECOND_LOOK)
        with contextlib.suppress(TimeoutError, WireError):
            async with asyncio.timeout_at(limit):
                return await _certificate_of(peer, TlsClient(context=self._unverified, server_name=tls.server_name))
        return None


async def _attempt(
    request: PreparedRequest, addresses: tuple[Address, ...], progress: Progress, body_cap: int, whole_body: bool
) -> Exchange:
    sock, peer = await dial(addresses)
    try:
        progress.connected(peer, tls=request.tls is not None)
        if request.tls is not None:
            sock = await secure(sock, request.tls.context, request.tls.server_name)
            progress.secured()
        answer = Answer(body_cap=body_cap, no_body=request.no_body)
        try:
            await _send(sock, request.payload)
            await _receive(sock, answer, progress)
        finally:
            answer.release()
        if answer.truncated and whole_body:
            raise WireError(FailureClass.BODY_TOO_LARGE, f"the body has more than {body_cap} bytes")
        return _exchange(answer, progress, peer, sock)
    finally:
        sock.close()


async def _send(sock: socket.socket, payload: bytes) -> None:
    rest = memoryview(payload)
    while rest:
        try:
            rest = rest[sock.send(rest) :]
        except (BlockingIOError, ssl.SSLWantWriteError):
            await writable(sock)
        except ssl.SSLWantReadError:
            await readable(sock)
        except OSError:
            return  # the peer wants no more of it, but may have answered: reading tells


async def _receive(sock: socket.socket, answer: Answer, progress: Progress) -> None:
    # Waiting before every read lets other checks run, and the deadline strike, while a peer sends without end.
    while not answer.done:
        await readable(sock)
        try:
            data = sock.recv(CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError):
            continue
        except ssl.SSLWantWriteError:
            await writable(sock)
            continue
        except OSError as error:
            raise _broken_off(error, answer) from None
        if data:
            progress.received()
            answer.feed(data)
        else:
            answer.eof()


def _broken_off(error: OSError, answer: Answer) -> WireError:
    if isinstance(error, ssl.SSLError):
        return WireError(FailureClass.TLS_FAILED, f"TLS failed ({error.reason or 'no reason given'})")
    if answer.begun:
        return WireError(FailureClass.INCOMPLETE, "the connection was reset within the answer")
    return WireError(FailureClass.RESET, "the connection was reset before an answer came")


def _exchange(answer: Answer, progress: Progress, peer: Address, sock: socket.socket) -> Exchange:
    secured = sock if isinstance(sock, ssl.SSLSocket) else None
    return Exchange(
        status=answer.status,
        http_version=answer.http_version,
        headers=tuple(answer.headers),
        body=answer.body(),
        truncated=answer.truncated,
        phases=progress.read(),
        peer=peer.ip,
        certificate=secured.getpeercert(binary_form=True) if secured else None,
        chain_ok=True if secured and secured.context.verify_mode is ssl.CERT_REQUIRED else None,
    )


async def _certificate_of(peer: Address, tls: TlsClient) -> bytes | None:
    sock, _ = await dial((peer,))
    try:
        sock = secured = await secure(sock, tls.context, tls.server_name)
        return secured.getpeercert(binary_form=True)
    finally:
        sock.close()
