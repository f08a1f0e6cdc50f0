"""HTTPS in front of a service, as a proxy would have it: a certificate of an own authority, and plain HTTP that redirects."""

import ipaddress
import os
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp, Receive, Scope, Send

from examples.serving import LoopbackServer, listen

LONG: Final = timedelta(days=300)


class Authority:
    """Makes certificates for 127.0.0.1 and localhost. Its own, which clients trust, lies in `ca_file`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.ca_file = folder / "ca.pem"
        self._served = folder / "served.pem"  # certificate and key
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "demo authority")])
        certificate = self._certificate(self._name, self._key.public_key(), LONG, authority=True)
        self.ca_file.write_bytes(certificate.public_bytes(Encoding.PEM))
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.serve_one_that_is_good_for(LONG)

    def serve_one_that_is_good_for(self, left: timedelta) -> None:
        """Present a new certificate, to connections from now on."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        certificate = self._certificate(name, key.public_key(), left, authority=False)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._served.unlink(missing_ok=True)
        with open(os.open(self._served, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(private + certificate.public_bytes(Encoding.PEM))
        self.context.load_cert_chain(self._served)

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, left: timedelta, *, authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        usage = {"digital_signature": not authority, "key_cert_sign": authority, "crl_sign": authority}
        no_usage = dict.fromkeys(
            (
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ),
            False,
        )
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + left)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage, **no_usage), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if not authority:
            built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return built.sign(self._key, SHA256())


class Redirect:
    """Plain HTTP beside HTTPS: redirects there, or serves everything in the open while `open_door` says so."""

    def __init__(self, app: ASGIApp, to: str, open_door: Callable[[], bool]) -> None:
        self._app = app
        self._to = to
        self._open = open_door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._open():
            await self._app(scope, receive, send)
            return
        headers = [(b"location", f"{self._to}{scope['path']}".encode()), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 308, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def front(
    app: ASGIApp, tls: int, plain: int, authority: Authority, open_door: Callable[[], bool]
) -> list[LoopbackServer]:
    """The servers of an application for HTTPS and for plain HTTP beside it. OSError when a port is taken."""
    secure, port = listen(tls)
    unsafe, _ = listen(plain)
    return [
        LoopbackServer(app, secure, context=authority.context, beside=True),
        LoopbackServer(Redirect(app, f"https://127.0.0.1:{port}", open_door), unsafe, beside=True),
    ]
