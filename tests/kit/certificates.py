"""Certificates that trustme does not make: weak, ended, or sent in a chain that is not whole."""

from __future__ import annotations

import ssl
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import trustme


def server_context(key_pem: bytes, chain: Sequence[bytes]) -> ssl.SSLContext:
    """A server that shows these certificates (PEM) as they stand, weak ones too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "server.pem"
        file.write_bytes(b"\n".join([key_pem, *chain]))
        context.load_cert_chain(str(file))
    return context


def context_of(certificate: trustme.LeafCert, more: Sequence[bytes] | None = None) -> ssl.SSLContext:
    """A server with a certificate of trustme, and other certificates after it than trustme would send."""
    pems = [pem.bytes() for pem in certificate.cert_chain_pems]
    chain = pems if more is None else [pems[0], *more]
    return server_context(certificate.private_key_pem.bytes(), chain)


class WeakAuthority:
    """An authority whose certificates may have short keys, any days, and must-staple."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weak test authority")])
        self._certificate = (
            x509.CertificateBuilder(self._name, self._name, self._key.public_key(), 1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=300))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def server(self, name: str, *, bits: int = 2048, days: float = 100, staple: bool = False) -> ssl.SSLContext:
        """A server with a certificate of this authority for that name."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder(self._name, subject, key.public_key(), 2)
            .not_valid_before(self._now - timedelta(days=1))
            .not_valid_after(self._now + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        )
        if staple:
            builder = builder.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return server_context(private, [certificate.public_bytes(serialization.Encoding.PEM)])
