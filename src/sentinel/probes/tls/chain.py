"""What the certificates that a server sends say: until when, for which names, how strong, and whether they belong together."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding

_DAY: Final = 86_400.0  # seconds
_LEAST_RSA: Final = 2048  # bits; NIST SP 800-57 part 1, 5.6.1: less is no longer taken
_LEAST_CURVE: Final = 224  # bits; the same table
_BROKEN_HASHES: Final = frozenset({"md5", "sha1"})

_RENEW_HINT: Final = "Renew the certificate and reload the service; then see why that did not happen by itself."
FILE_HINT: Final = (
    "Give the server its own certificate followed by each intermediate in order, such as certbot's fullchain.pem."
)
_STRENGTH_HINT: Final = (
    "Have a new certificate issued, with an RSA key of 2048 bits or a P-256 key, signed with SHA-256."
)


@lru_cache(maxsize=4096)
def read_certificate(der: bytes) -> x509.Certificate:
    """The certificate; Finding when it is none."""
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        raise Finding(FailureClass.TLS_UNTRUSTED, "a certificate of the chain cannot be read", FILE_HINT) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What a server sent, and the way from its certificate to an authority that is trusted here."""

    sent: Sequence[x509.Certificate]  # as sent, the server's own first
    trusted: Sequence[x509.Certificate]  # to the authority; empty when there is no way, or none was asked for

    @property
    def own(self) -> x509.Certificate:
        return self.sent[0]

    @property
    def alone(self) -> bool:
        """Whether the server sent its own certificate, and none of the authority that issued it."""
        return len(self.sent) == 1 and self.own.subject != self.own.issuer

    def days_left(self, now: datetime) -> float:
        """Days until the first certificate ends that clients need; negative after that."""
        return min(days_left(one, now) for one in self.trusted or self.sent)

    def findings(self, now: datetime) -> Iterator[Finding]:
        """What is wrong with it, apart from trust and names, which the handshake tells."""
        yield from self._out_of_time(now)
        if self.trusted and not set(self.trusted[1:-1]) <= set(self.sent):
            what = "the server does not send every intermediate certificate; this host knows it, other clients may not"
            yield Finding(FailureClass.TLS_UNTRUSTED, what, FILE_HINT)
        if not all(above.subject == below.issuer for below, above in zip(self.sent, self.sent[1:], strict=False)):
            what = "the certificates are not sent in order, or one does not belong there; some clients refuse that"
            yield Finding(FailureClass.DEGRADED, what, FILE_HINT)
        for number, one in enumerate(self.sent, start=1):
            if weakness := _weakness(one):
                yield Finding(FailureClass.INSECURE, f"{_which(number)} {weakness}", _STRENGTH_HINT)

    def _out_of_time(self, now: datetime) -> Iterator[Finding]:
        """Certificates that have ended: one that clients need, or one that they do without, which old clients may not."""
        for number, one in enumerate(self.sent, start=1):
            if days_left(one, now) < 0:
                spare = bool(self.trusted) and one not in self.trusted
                failure = FailureClass.DEGRADED if spare else FailureClass.TLS_EXPIRED
                yield Finding(failure, f"{_which(number)} has expired", FILE_HINT if spare else _RENEW_HINT)


def days_left(certificate: x509.Certificate, now: datetime) -> float:
    return (certificate.not_valid_after_utc - now).total_seconds() / _DAY


def key_bits(certificate: x509.Certificate) -> int:
    """Bits of its key; 0 for a kind of key that is not known here."""
    match key := _key(certificate):
        case rsa.RSAPublicKey() | dsa.DSAPublicKey() | ec.EllipticCurvePublicKey():
            return key.key_size
        case ed25519.Ed25519PublicKey():
            return 256
        case ed448.Ed448PublicKey():
            return 456
        case _:
            return 0


def must_staple(certificate: x509.Certificate) -> bool:
    """Whether clients are told to insist on a stapled OCSP answer (RFC 7633)."""
    try:
        asked = certificate.extensions.get_extension_for_class(x509.TLSFeature).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return x509.TLSFeatureType.status_request in asked


def names_missing(certificate: x509.Certificate, names: Iterable[str]) -> list[str]:
    """Those of the names that the certificate is not for (RFC 6125, 6.4: a wildcard stands for one whole label)."""
    try:
        listed = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return list(names)
    hosts = {name.lower() for name in listed.get_values_for_type(x509.DNSName)}
    addresses = set(map(str, listed.get_values_for_type(x509.IPAddress)))
    return [name for name in names if not _covered(name.lower(), hosts, addresses)]


def _covered(name: str, hosts: set[str], addresses: set[str]) -> bool:
    try:
        return str(ip_address(name)) in addresses
    except ValueError:
        return name in hosts or f"*.{name.partition('.')[2]}" in hosts


def _which(number: int) -> str:
    return "the server's certificate" if number == 1 else f"certificate {number} of the chain"


def _weakness(certificate: x509.Certificate) -> str:
    """What makes it weak; empty when nothing does."""
    key = _key(certificate)
    bits = key_bits(certificate)
    if isinstance(key, rsa.RSAPublicKey) and bits < _LEAST_RSA:
        return f"has an RSA key of {bits} bits; {_LEAST_RSA} are the least"
    if isinstance(key, ec.EllipticCurvePublicKey) and bits < _LEAST_CURVE:
        return f"has a key of {bits} bits; {_LEAST_CURVE} are the least for that kind"
    if isinstance(key, dsa.DSAPublicKey):
        return "has a DSA key, which no client takes any more"
    # Nobody looks at the signature of a certificate that signed itself.
    if certificate.subject != certificate.issuer and (broken := _broken_hash(certificate)):
        return f"is signed with {broken}"
    return ""


def _broken_hash(certificate: x509.Certificate) -> str:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:  # newer than our library, so not one of the broken ones
        return ""
    return algorithm.name.upper() if algorithm is not None and algorithm.name in _BROKEN_HASHES else ""


def _key(certificate: x509.Certificate) -> object:
    """Its public key; None when it is of a kind that is not known here."""
    try:
        return certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return None
