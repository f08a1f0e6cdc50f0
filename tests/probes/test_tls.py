"""The `tls` probe against real servers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import warnings
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from cryptography.x509 import load_pem_x509_certificate

from sentinel.base.clock import SystemClock
from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.catalogue import CATALOGUE
from sentinel.probes.tls.chain import Chain
from tests.kit.bench import Bench, problem, readings, words
from tests.kit.certificates import WeakAuthority, context_of
from tests.kit.eventually import eventually
from tests.kit.ports import LOOPBACK
from tests.kit.raw_server import Connection, RawServer
from tests.kit.smtp import SmtpServer
from tests.kit.starttls import StartTlsServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.postgres import PostgresServer

NAME = "api.example.org"
NOW = SystemClock().now()
POSTGRES = [(b"\x04\xd2\x16\x2f", b"S")]
SMTP = [
    (b"", b"220-mail.example.org\r\n220 ready\r\n"),
    (b"EHLO", b"250-mail\r\n250-STARTTLS\r\n250 SIZE\r\n"),
    (b"STARTTLS\r\n", b"220 go\r\n"),
]


#: Of an authority whose key is gone; our library makes no such signature any more.
SIGNED_WITH_SHA1 = b"""
-----BEGIN CERTIFICATE-----
MIIBGTCBwQIBATAJBgcqhkjOPQQBMBgxFjAUBgNVBAMMDW9sZCBhdXRob3JpdHkw
IBcNMjYxMTIyMTAwNzQ1WhgPMjEyNjEwMjkxMDA3NDVaMBoxGDAWBgNVBAMMD3d3
dy5leGFtcGxlLm9yZzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDXfv6DL+LKY
PbS6NvnBTnCDq4GAQ/YmttpBbahbgzYv+8Zkzxy8WIBmq4Mdy8QbWKwdaOqHL7gt
vZV8o8wPu/AwCQYHKoZIzj0EAQNIADBFAiEAtQs6KBDjgnaWd+OhuwfV6Nlv9NEI
3uLeZSHgp0d2f1QCIErQenZlY8q22uPJylN+st9Rj7ou7gLs6nUSixOPZA7i
-----END CERTIFICATE-----
"""


@pytest.fixture(scope="session")
def weak() -> WeakAuthority:
    return WeakAuthority(NOW)


def trusting(pem: bytes, folder: Path) -> dict[str, Any]:
    """Options that trust an authority and ask for the name."""
    file = folder / "ca.pem"
    file.write_bytes(pem)
    return {"host": LOOPBACK, "tls": {"ca_file": str(file), "server_name": NAME}}


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> dict[str, Any]:
    return trusting(authority.cert_pem.bytes(), tmp_path)


@pytest.fixture
def weakly(weak: WeakAuthority, tmp_path: Path) -> dict[str, Any]:
    return trusting(weak.pem, tmp_path)


def serving(context: ssl.SSLContext) -> RawServer:
    return RawServer(Connection.hung_up, tls=context)


async def test_a_good_server_passes_with_one_handshake(
    bench: Bench, authority: trustme.CA, trusted: dict[str, Any]
) -> None:
    async with serving(context_of(authority.issue_cert(NAME))) as server:
        found = await bench.measure("tls", **trusted, port=server.port)
        await eventually(lambda: server.accepted)
    numbers = readings(found)
    assert (found.outcome, server.accepted) == (Outcome.PASS, 1)
    assert (numbers["tls_version"], numbers["key_bits"], numbers["chain_length"]) == (1.3, 256, 1)
    assert {"resolve", "connect", "tls", "response_time"} <= numbers.keys()
    assert numbers["days_left"] == numbers["certificate_days"] > 300


async def test_the_days_are_those_of_the_certificate_that_ends_first(
    bench: Bench, authority: trustme.CA, trusted: dict[str, Any]
) -> None:
    end = NOW.replace(tzinfo=None) + timedelta(days=9)
    between = authority.create_child_ca()
    context = context_of(between.issue_cert(NAME, not_after=end))
    async with serving(context) as server:
        found = await bench.measure("tls", **trusted, port=server.port)
    assert found.outcome is Outcome.PASS
    assert readings(found)["days_left"] == pytest.approx(9, abs=0.01)
    assert readings(found)["chain_length"] == 2
    assert "renews" in (found.hints or {})["days_left"]


async def test_an_expired_certificate_is_told_with_its_days(bench: Bench, weak: WeakAuthority, weakly: Any) -> None:
    async with serving(weak.server(NAME, days=-0.5)) as server:
        found = await bench.measure("tls", **weakly, port=server.port)
    assert found.failure is FailureClass.TLS_EXPIRED
    assert found.explanation == "the certificate has expired"
    assert readings(found)["days_left"] == pytest.approx(-0.5, abs=0.01)


async def test_an_expired_certificate_is_told_without_trust_as_well(bench: Bench, weak: WeakAuthority) -> None:
    async with serving(weak.server(NAME, days=-0.5)) as server:
        found = await bench.measure("tls", host=LOOPBACK, port=server.port, tls={"verify": False})
    assert found.failure is FailureClass.TLS_EXPIRED


async def test_another_name_is_told(bench: Bench, authority: trustme.CA, trusted: dict[str, Any]) -> None:
    async with serving(context_of(authority.issue_cert("other.example.org"))) as server:
        found = await bench.measure("tls", **trusted, port=server.port)
    assert found.failure is FailureClass.TLS_WRONG_NAME
    assert found.explanation == "the certificate is for another name than api.example.org"


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (["www.example.org", "127.0.0.1"], ""),
        (["a.b.example.org"], "a.b.example.org"),
        (["example.org"], "example.org"),
        (["10.0.0.1"], "10.0.0.1"),
    ],
)
async def test_more_names_are_looked_for(
    bench: Bench, authority: trustme.CA, trusted: dict[str, Any], names: list[str], missing: str
) -> None:
    async with serving(context_of(authority.issue_cert("*.example.org", LOOPBACK))) as server:
        found = await bench.measure("tls", **trusted, port=server.port, names=names)
    assert found.failure is (FailureClass.TLS_WRONG_NAME if missing else None)
    assert found.explanation == (f"the certificate is not for {missing}" if missing else "")


async def test_an_unknown_authority_is_untrusted(bench: Bench, authority: trustme.CA) -> None:
    context = context_of(authority.create_child_ca().issue_cert(LOOPBACK))
    async with serving(context) as server:
        found = await bench.measure("tls", host=LOOPBACK, port=server.port)
    assert found.failure is FailureClass.TLS_UNTRUSTED
    assert readings(found)["chain_length"] == 2


async def test_a_missing_intermediate_is_explained(
    bench: Bench, authority: trustme.CA, trusted: dict[str, Any]
) -> None:
    leaf = authority.create_child_ca().issue_cert(NAME)
    async with serving(context_of(leaf, [])) as server:
        found = await bench.measure("tls", **trusted, port=server.port)
    assert found.failure is FailureClass.TLS_UNTRUSTED
    assert found.explanation.endswith("and the server sends none but its own")
    assert "fullchain" in found.hint


async def test_an_intermediate_that_only_this_host_knows_is_missing(
    bench: Bench, authority: trustme.CA, tmp_path: Path
) -> None:
    between = authority.create_child_ca()
    options = trusting(authority.cert_pem.bytes() + between.cert_pem.bytes(), tmp_path)
    async with serving(context_of(between.issue_cert(NAME), [])) as server:
        found = await bench.measure("tls", **options, port=server.port)
    assert found.failure is FailureClass.TLS_UNTRUSTED
    assert "every intermediate" in found.explanation


async def test_certificates_out_of_order_are_a_warning(
    bench: Bench, authority: trustme.CA, trusted: dict[str, Any]
) -> None:
    first = authority.create_child_ca()
    leaf = first.issue_cert(NAME)
    stranger = trustme.CA().cert_pem.bytes()
    async with serving(context_of(leaf, [stranger, first.cert_pem.bytes()])) as server:
        found = await bench.measure("tls", **trusted, port=server.port)
    assert found.failure is FailureClass.DEGRADED
    assert "order" in found.explanation


async def test_a_short_key_is_refused_and_named(bench: Bench, weak: WeakAuthority, weakly: dict[str, Any]) -> None:
    async with serving(weak.server(NAME, bits=1024)) as server:
        found = await bench.measure("tls", **weakly, port=server.port)
    assert found.failure is FailureClass.TLS_UNTRUSTED
    assert found.explanation == "the certificate's key is too weak, and the server sends none but its own (and 1 more)"
    assert readings(found)["key_bits"] == 1024


async def test_a_short_key_is_insecure_without_trust_too(bench: Bench, weak: WeakAuthority) -> None:
    async with serving(weak.server(NAME, bits=1024)) as server:
        found = await bench.measure("tls", host=LOOPBACK, port=server.port, tls={"verify": False})
    assert found.failure is FailureClass.INSECURE
    assert found.explanation == "the server's certificate has an RSA key of 1024 bits; 2048 are the least"


def test_a_broken_signature_is_insecure() -> None:
    [found] = Chain(sent=[load_pem_x509_certificate(SIGNED_WITH_SHA1)], trusted=()).findings(NOW)
    assert (found.failure, found.explanation) == (
        FailureClass.INSECURE,
        "the server's certificate is signed with SHA1",
    )


async def test_must_staple_is_noted(bench: Bench, weak: WeakAuthority, weakly: dict[str, Any]) -> None:
    async with serving(weak.server(NAME, staple=True)) as server:
        found = await bench.measure("tls", **weakly, port=server.port)
    assert readings(found)["must_staple"] == 1


async def test_old_versions_are_found(bench: Bench, weak: WeakAuthority, weakly: dict[str, Any]) -> None:
    context = weak.server(NAME)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    async with serving(context) as server:
        found = await bench.measure("tls", **weakly, port=server.port, try_old_versions=True)
    assert (found.failure, found.explanation) == (FailureClass.INSECURE, "the server takes TLSv1.1")


async def test_old_versions_that_are_refused_are_good(
    bench: Bench, authority: trustme.CA, trusted: dict[str, Any]
) -> None:
    context = context_of(authority.issue_cert(NAME))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    async with serving(context) as server:
        found = await bench.measure("tls", **trusted, port=server.port, try_old_versions=True)
    assert found.outcome is Outcome.PASS


@pytest.mark.parametrize("tried", ["try_old_versions", "requires_client_certificate"])
async def test_a_server_that_is_silent_to_whom_it_must_refuse_lets_nobody_in(
    bench: Bench, authority: trustme.CA, trusted: dict[str, Any], tried: str
) -> None:
    context = context_of(authority.issue_cert(NAME))
    with socket.create_server((LOOPBACK, 0)) as listener:
        port = listener.getsockname()[1]
        serving = asyncio.get_running_loop().run_in_executor(None, _serve_one, listener, context)
        found = await bench.measure("tls", **trusted, port=port, **{tried: True}, within=1.0)
        await serving
    names = [reading.name for reading in found.readings]
    assert (found.outcome, found.explanation) == (Outcome.PASS, "")
    assert sorted(names) == sorted(set(names) & CATALOGUE["tls"].readings.keys())


def _serve_one(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Who comes later is connected by the kernel, and hears nothing: as from a firewall that drops what it does not want."""
    listener.settimeout(5)
    accepted, _ = listener.accept()
    with contextlib.suppress(OSError), context.wrap_socket(accepted, server_side=True) as secured:
        secured.recv(1)


async def test_a_version_below_the_lowest_is_insecure(
    bench: Bench, authority: trustme.CA, trusted: dict[str, Any]
) -> None:
    context = context_of(authority.issue_cert(NAME))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_server((LOOPBACK, 0)) as listener:
        serving = asyncio.get_running_loop().run_in_executor(None, _refuse_one, listener, context)
        found = await bench.measure("tls", **trusted, port=listener.getsockname()[1], lowest="1.3")
        await serving
    assert found.failure is FailureClass.INSECURE
    assert found.explanation == "the server speaks no TLS of version 1.3 or above"


def _refuse_one(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Like most servers and unlike asyncio's, says goodbye with an alert when a handshake fails."""
    listener.settimeout(5)
    accepted, _ = listener.accept()
    with accepted, contextlib.suppress(OSError):
        context.wrap_socket(accepted, server_side=True).close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("required", [True, False])
async def test_clients_without_a_certificate_are_let_in_or_not(
    bench: Bench,
    authority: trustme.CA,
    trusted: dict[str, Any],
    tmp_path: Path,
    version: ssl.TLSVersion,
    required: bool,
) -> None:
    context = context_of(authority.issue_cert(NAME))
    context.maximum_version = version
    context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    authority.configure_trust(context)
    ours = tmp_path / "ours.pem"
    authority.issue_cert("monitor@example.org").private_key_and_cert_chain_pem.write_to_path(str(ours))
    options = {**trusted, "tls": {**trusted["tls"], "certificate_file": str(ours)}}
    async with serving(context) as server:
        found = await bench.measure(
            "tls", **options, port=server.port, requires_client_certificate=True, within=2.0 if required else 0.8
        )
    assert found.failure is (None if required else FailureClass.INSECURE)


@pytest.mark.parametrize(
    ("protocol", "talk"),
    [
        ("smtp", SMTP),
        ("postgres", POSTGRES),
        ("imap", [(b"", b"* OK ready\r\n"), (b"STARTTLS\r\n", b"* BYTE\r\na1 OK begin\r\n")]),
        ("pop3", [(b"", b"+OK ready\r\n"), (b"STLS\r\n", b"+OK begin\r\n")]),
        ("ftp", [(b"", b"220 ready\r\n"), (b"AUTH TLS\r\n", b"234 begin\r\n")]),
        ("ldap", [(b"20037", b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00")]),
    ],
)
async def test_protocols_go_over_to_tls(
    bench: Bench, authority: trustme.CA, trusted: dict[str, Any], protocol: str, talk: list[tuple[bytes, bytes]]
) -> None:
    async with StartTlsServer(talk, context_of(authority.issue_cert(NAME))) as server:
        found = await bench.measure("tls", **trusted, port=server.port, starttls=protocol)
    assert found.outcome is Outcome.PASS
    assert "starttls" in readings(found)


async def test_a_mail_server_is_looked_at(bench: Bench, authority: trustme.CA, trusted: dict[str, Any]) -> None:
    async with SmtpServer(tls=context_of(authority.issue_cert(NAME))) as server:
        found = await bench.measure("tls", **trusted, port=server.port, starttls="smtp")
    assert found.outcome is Outcome.PASS


async def test_a_real_postgresql_without_tls_is_insecure(bench: Bench, postgres: PostgresServer) -> None:
    found = await bench.measure("tls", host=LOOPBACK, port=postgres.port, starttls="postgres")
    assert (found.failure, found.explanation) == (FailureClass.INSECURE, "the server offers no TLS there")


@pytest.mark.parametrize(
    ("protocol", "talk"),
    [
        ("smtp", [SMTP[0], (b"EHLO", b"250-mail\r\n250 SIZE\r\n")]),
        ("smtp", [*SMTP[:2], (b"STARTTLS\r\n", b"454 not now Mary Canary\r\n")]),
        ("postgres", [(b"\x04\xd2\x16\x2f", b"N")]),
        ("imap", [(b"", b"* OK ready\r\n"), (b"STARTTLS\r\n", b"a1 BAD no\r\n")]),
        ("pop3", [(b"", b"+OK ready\r\n"), (b"STLS\r\n", b"-ERR\r\n")]),
        ("ftp", [(b"", b"220 ready\r\n"), (b"AUTH TLS\r\n", b"500 what\r\n")]),
        ("ldap", [(b"20037", b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00")]),
    ],
)
async def test_a_server_without_tls_is_insecure(bench: Bench, protocol: str, talk: list[tuple[bytes, bytes]]) -> None:
    async with StartTlsServer(talk, None) as server:
        found = await bench.measure("tls", host=LOOPBACK, port=server.port, starttls=protocol)
    assert (found.failure, found.explanation) == (FailureClass.INSECURE, "the server offers no TLS there")
    assert "Canary" not in words(found)


@pytest.mark.parametrize("talk", [[(b"\x04\xd2\x16\x2f", b"Sinjected")], [(b"\x04\xd2\x16\x2f", b"E")]])
async def test_more_than_the_word_to_begin_is_a_protocol_error(bench: Bench, talk: list[tuple[bytes, bytes]]) -> None:
    async with StartTlsServer(talk, None) as server:
        found = await bench.measure("tls", host=LOOPBACK, port=server.port, starttls="postgres")
    assert found.failure is FailureClass.PROTOCOL_ERROR


async def test_a_server_that_talks_without_end_before_tls_is_cut(bench: Bench) -> None:
    async with RawServer(_flooding) as server:
        found = await bench.measure("tls", host=LOOPBACK, port=server.port, starttls="imap")
    assert found.failure is FailureClass.PROTOCOL_ERROR
    assert "16384 bytes" in found.explanation


async def test_a_server_that_never_shakes_hands_is_a_tls_timeout(bench: Bench) -> None:
    async with RawServer(Connection.hung_up) as server:
        found = await bench.measure("tls", host=LOOPBACK, port=server.port, within=0.3)
    assert found.failure is FailureClass.TLS_TIMEOUT
    assert found.explanation.endswith(f"({LOOPBACK} port {server.port})")


async def test_a_server_without_tls_fails_the_handshake(bench: Bench) -> None:
    async with RawServer(_plain) as server:
        found = await bench.measure("tls", host=LOOPBACK, port=server.port)
    assert found.failure is FailureClass.TLS_FAILED
    assert found.explanation.endswith(f"({LOOPBACK} port {server.port})")


def test_the_usual_rule_is_about_the_days() -> None:
    kind = CATALOGUE["tls"]
    options = kind.options.model_validate({"host": "x"})
    assert kind.usual_rules(options) == [{"reading": "days_left", "direction": "below", "warning": 21, "critical": 7}]
    assert kind.lacks(options) == ""


def test_wrong_options_are_told() -> None:
    assert "without a scheme" in problem("tls", host="https://x")
    assert "starttls" in problem("tls", host="x", starttls="gopher")


async def _flooding(connection: Connection) -> None:
    while True:
        await connection.send(b"* OK" * 1000)


async def _plain(connection: Connection) -> None:
    await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
