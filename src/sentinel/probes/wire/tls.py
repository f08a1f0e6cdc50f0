"""TLS as a client: one context per setting, made when the configuration is loaded; and what a certificate says."""

import ssl
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.wire.failure import WireError


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSetting:
    """How to speak TLS with a target."""

    verify: bool = True
    ca_file: str | None = None  # PEM, instead of the system's authorities
    certificate_file: str | None = None  # PEM of our client certificate and its chain
    key_file: str | None = None  # PEM; None when the key is in the certificate's file
    server_name: str | None = None  # asked for and checked instead of the URL's host
    minimum_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    protocol: str | None = "http/1.1"  # offered by ALPN; a server of another protocol may refuse an offer of HTTP


class TlsContexts:
    """The contexts of one configuration. Making one costs some 20 ms (it reads the authorities), using it nothing."""

    def __init__(self) -> None:
        self._contexts: dict[TlsSetting, ssl.SSLContext] = {}

    def get(self, setting: TlsSetting) -> ssl.SSLContext:
        """The context of that setting. Raises OSError or ssl.SSLError when one of its files cannot be used."""
        context = self._contexts.get(setting)
        if context is None:
            context = self._contexts[setting] = _context(setting)
        return context


def _context(setting: TlsSetting) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=setting.ca_file) if setting.verify else unverified_context()
    context.minimum_version = setting.minimum_version
    if setting.protocol:
        context.set_alpn_protocols([setting.protocol])
    if setting.certificate_file:
        context.load_cert_chain(setting.certificate_file, setting.key_file)
    return context


def unverified_context() -> ssl.SSLContext:
    """A context that accepts any certificate: to look at it, or because the check says not to verify."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@lru_cache(maxsize=4096)
def expires_at(certificate: bytes) -> datetime | None:
    """When a certificate (DER) ends, in UTC; None when it cannot be read."""
    # Only here: it takes 10 MB, and whoever watches no https needs none of it.
    from cryptography import x509  # noqa: PLC0415

    try:
        return x509.load_der_x509_certificate(certificate).not_valid_after_utc
    except ValueError:
        return None


def days_left(certificate: bytes, now: datetime) -> float | None:
    """Days until a certificate (DER) ends, negative after it; None when it cannot be read."""
    end = expires_at(certificate)
    return None if end is None else (end - now).total_seconds() / 86_400


#: OpenSSL's verification codes (x509_vfy.h) that have a class of their own; all others mean an untrusted chain.
_BY_VERIFY_CODE: Final = {
    9: (FailureClass.TLS_UNTRUSTED, "the certificate is not valid yet"),
    10: (FailureClass.TLS_EXPIRED, "the certificate has expired"),
    18: (FailureClass.TLS_UNTRUSTED, "the certificate is self-signed"),
    19: (FailureClass.TLS_UNTRUSTED, "the chain ends in a self-signed certificate that is not trusted here"),
    20: (FailureClass.TLS_UNTRUSTED, "the certificate's issuer is not known here"),
    21: (FailureClass.TLS_UNTRUSTED, "the server did not send its whole chain"),
    23: (FailureClass.TLS_UNTRUSTED, "the certificate was revoked"),
    62: (FailureClass.TLS_WRONG_NAME, "the certificate is for another name"),
    64: (FailureClass.TLS_WRONG_NAME, "the certificate is for another address"),
    66: (FailureClass.TLS_UNTRUSTED, "the certificate's key is too weak"),
    67: (FailureClass.TLS_UNTRUSTED, "the key of an authority in the chain is too weak"),
    68: (FailureClass.TLS_UNTRUSTED, "a certificate of the chain is signed with a broken algorithm"),
}


class CertificateRefused(WireError):
    """The peer's certificate did not stand verification."""


#: What OpenSSL makes of a peer that answers in plain text, by its version (sslerr.h).
_PLAIN: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST", "BAD_RECORD_TYPE", "RECORD_LAYER_FAILURE"}
)


def handshake_failure(error: OSError) -> WireError:
    """What a failed handshake means. The texts are ours and OpenSSL's constant names, never the peer's."""
    if isinstance(error, ssl.SSLCertVerificationError):
        unknown = (
            FailureClass.TLS_UNTRUSTED,
            f"the certificate is not trusted (OpenSSL code {error.verify_code})",
        )
        return CertificateRefused(*_BY_VERIFY_CODE.get(error.verify_code, unknown))
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return WireError(FailureClass.TLS_FAILED, "the connection was closed during the TLS handshake")
    if isinstance(error, ssl.SSLError) and error.reason in _PLAIN:
        return WireError(FailureClass.TLS_FAILED, f"the server does not speak TLS there ({error.reason})")
    if isinstance(error, ssl.SSLError):
        return WireError(FailureClass.TLS_FAILED, f"TLS failed ({error.reason or 'no reason given'})")
    return WireError(FailureClass.RESET, "the connection was reset during the TLS handshake")
