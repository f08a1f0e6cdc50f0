"""Handshakes: one as a careful client makes it, and those that a server must refuse."""

import asyncio
import ssl
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.tls.chain import Chain, read_certificate
from sentinel.probes.wire.failure import WireError
from sentinel.probes.wire.tls import unverified_context

_DER: Final = 2  # _ssl.ENCODING_DER, the form in which CPython's own module gives a certificate's bytes

#: What OpenSSL says when the two sides have no version of TLS in common.
_NO_COMMON_VERSION: Final = ("UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a server showed in a handshake."""

    chain: Chain
    version: float  # of TLS, such as 1.3


def shown_by(sock: ssl.SSLSocket) -> Shown:
    """What the server of a finished handshake showed. Raises Finding when it cannot be read."""
    verified = sock.context.verify_mode is ssl.CERT_REQUIRED
    chain = Chain(
        sent=_chain(sock, "get_unverified_chain"),
        trusted=_chain(sock, "get_verified_chain") if verified else (),
    )
    if not chain.sent:
        raise Finding(FailureClass.TLS_FAILED, "the server sent no certificate")
    return Shown(chain=chain, version=float((sock.version() or "TLSv0").removeprefix("TLSv")))


def _chain(sock: Any, method: str) -> Sequence[Any]:
    """One of the chains of a connection. Public since Python 3.13; before that, the object behind the socket has it."""
    if hasattr(sock, method):
        return [read_certificate(der) for der in getattr(sock, method)()]
    found = getattr(sock._sslobj, method)() or ()
    return [read_certificate(certificate.public_bytes(_DER)) for certificate in found]


def any_certificate() -> ssl.SSLContext:
    """A context that takes every certificate, weak ones too, to look at it."""
    context = unverified_context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def old_versions() -> ssl.SSLContext | None:
    """A context that speaks TLS 1.0 and 1.1 only; None where this host's OpenSSL was built without them."""
    if not (ssl.HAS_TLSv1 or ssl.HAS_TLSv1_1):
        return None
    context = unverified_context()
    context.set_ciphers("ALL:@SECLEVEL=0")  # their signatures use SHA-1, which higher levels forbid
    with warnings.catch_warnings():
        # Python warns of anybody who wants them; here they are wanted in order to be refused.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def no_common_version(error: WireError) -> bool:
    """Whether a handshake failed because the server speaks no version that is taken."""
    return error.failure is FailureClass.TLS_FAILED and any(word in error.explanation for word in _NO_COMMON_VERSION)


def not_ours(error: WireError) -> bool:
    """Whether this host's own policy forbade the handshake, so that it says nothing about the server."""
    return "NO_PROTOCOLS_AVAILABLE" in error.explanation or "NO_CIPHERS_AVAILABLE" in error.explanation


def half_of_the_rest(deadline: float) -> float:
    """The moment when half of what is left of a run is over; of the loop's clock."""
    return (asyncio.get_running_loop().time() + deadline) / 2
