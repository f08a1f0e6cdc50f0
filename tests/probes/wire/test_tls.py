"""TLS: what a certificate that does not stand verification is called, and that it is shown all the same."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from sentinel.core.result import FailureClass
from sentinel.probes.wire import Phase, TlsSetting, days_left
from tests.kit.raw_server import Connection, RawServer, answering
from tests.probes.wire.asker import Asker

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> TlsSetting:
    """Trusts the tests' own authority."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return TlsSetting(ca_file=str(tmp_path / "ca.pem"))


@pytest.fixture
def good(authority: trustme.CA) -> ssl.SSLContext:
    return context_of(authority.issue_cert("127.0.0.1"))


def expired_certificate(authority: trustme.CA) -> trustme.LeafCert:
    return authority.issue_cert("127.0.0.1", not_before=datetime(2020, 1, 1), not_after=datetime(2020, 2, 1))  # noqa: DTZ001 - trustme takes naive UTC


async def test_tls_is_a_phase_of_its_own_and_the_certificate_is_kept(
    asker: Asker, good: ssl.SSLContext, trusted: TlsSetting
) -> None:
    async with RawServer(answering(HELLO), tls=good) as server:
        exchange = await asker.get(server.url(), tls=trusted)
    phases = exchange.phases
    parts = [phases.resolve, phases.connect, phases.tls, phases.first_byte, phases.transfer]
    assert sum(part for part in parts if part is not None) == pytest.approx(phases.total, abs=1e-9)
    assert phases.tls is not None
    assert phases.tls > 0
    assert (exchange.body, exchange.chain_ok) == (b"hello", True)
    assert exchange.certificate is not None


async def test_a_large_body_comes_whole_over_tls(asker: Asker, good: ssl.SSLContext, trusted: TlsSetting) -> None:
    body = bytes(range(256)) * 3000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with RawServer(answering(answer), tls=good) as server:
        assert (await asker.get(server.url(), tls=trusted)).body == body


async def test_the_days_left_are_those_of_the_certificate(
    asker: Asker, authority: trustme.CA, trusted: TlsSetting
) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the certificate is made for the real day
    end = now.replace(tzinfo=None, microsecond=0) + timedelta(days=9)
    async with RawServer(answering(HELLO), tls=context_of(authority.issue_cert("127.0.0.1", not_after=end))) as server:
        exchange = await asker.get(server.url(), tls=trusted)
    assert exchange.certificate is not None
    assert days_left(exchange.certificate, now) == pytest.approx(9, abs=0.001)


async def test_an_expired_certificate_is_named_and_shown(
    asker: Asker, authority: trustme.CA, trusted: TlsSetting
) -> None:
    async with RawServer(answering(HELLO), tls=context_of(expired_certificate(authority))) as server:
        failed = await asker.failure(server.url(), tls=trusted)
    assert (failed.failure, failed.phase) == (FailureClass.TLS_EXPIRED, Phase.TLS)
    assert failed.certificate is not None
    assert (days_left(failed.certificate, datetime(2020, 2, 11, tzinfo=UTC)) or 0) == pytest.approx(-10)


async def test_a_certificate_for_another_name_is_named(
    asker: Asker, authority: trustme.CA, trusted: TlsSetting
) -> None:
    async with RawServer(answering(HELLO), tls=context_of(authority.issue_cert("other.example.org"))) as server:
        failed = await asker.failure(server.url(), tls=trusted)
    assert failed.failure is FailureClass.TLS_WRONG_NAME


async def test_an_unknown_authority_is_untrusted(asker: Asker, good: ssl.SSLContext) -> None:
    async with RawServer(answering(HELLO), tls=good) as server:
        failed = await asker.failure(server.url())
    assert failed.failure is FailureClass.TLS_UNTRUSTED
    assert failed.certificate is not None


async def test_a_healthy_target_sees_one_handshake(asker: Asker, good: ssl.SSLContext, trusted: TlsSetting) -> None:
    async with RawServer(answering(HELLO), tls=good) as server:
        await asker.get(server.url(), tls=trusted)
    assert server.accepted == 1


async def test_without_verification_any_certificate_will_do(asker: Asker, authority: trustme.CA) -> None:
    async with RawServer(answering(HELLO), tls=context_of(expired_certificate(authority))) as server:
        exchange = await asker.get(server.url(), tls=TlsSetting(verify=False))
    assert (exchange.status, exchange.chain_ok) == (200, None)
    assert exchange.certificate is not None


async def test_the_server_name_of_the_setting_is_the_one_that_is_checked(
    asker: Asker, authority: trustme.CA, trusted: TlsSetting
) -> None:
    setting = TlsSetting(ca_file=trusted.ca_file, server_name="api.example.org")
    async with RawServer(answering(HELLO), tls=context_of(authority.issue_cert("api.example.org"))) as server:
        assert (await asker.get(server.url(), tls=setting)).status == 200


async def test_a_server_without_tls_fails_the_handshake(asker: Asker) -> None:
    async def plain(connection: Connection) -> None:
        await connection.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with RawServer(plain) as server:
        failed = await asker.failure(server.url().replace("http:", "https:"))
    assert (failed.failure, failed.phase) == (FailureClass.TLS_FAILED, Phase.TLS)
    assert failed.explanation.startswith("the server does not speak TLS there")


@pytest.mark.parametrize("record", [b"\x15\x03\x01\x00\x02\x02\x46", b"\x16\x03\x03\x00\x00"])
async def test_a_server_that_speaks_tls_is_told_to_who_asks_without(asker: Asker, record: bytes) -> None:
    async def alert(connection: Connection) -> None:
        await connection.request()
        await connection.send(record)

    async with RawServer(alert) as server:
        failed = await asker.failure(server.url())
    assert (failed.failure, failed.explanation) == (FailureClass.PROTOCOL_ERROR, "the server speaks TLS there")


async def test_a_silent_server_is_a_tls_timeout(asker: Asker) -> None:
    async with RawServer(Connection.hung_up) as server:
        failed = await asker.failure(server.url().replace("http:", "https:"), seconds=0.3)
    assert (failed.failure, failed.phase) == (FailureClass.TLS_TIMEOUT, Phase.TLS)


async def test_a_client_certificate_is_shown_when_asked_for(
    asker: Asker, authority: trustme.CA, good: ssl.SSLContext, trusted: TlsSetting, tmp_path: Path
) -> None:
    good.verify_mode = ssl.CERT_REQUIRED
    good.maximum_version = ssl.TLSVersion.TLSv1_2  # there the server refuses within the handshake
    authority.configure_trust(good)
    ours = tmp_path / "client.pem"
    authority.issue_cert("monitor@example.org").private_key_and_cert_chain_pem.write_to_path(str(ours))
    setting = TlsSetting(ca_file=trusted.ca_file, certificate_file=str(ours))
    async with RawServer(answering(HELLO), tls=good) as server:
        assert (await asker.get(server.url(), tls=setting)).status == 200
        assert (await asker.failure(server.url(), tls=trusted)).failure is FailureClass.TLS_FAILED


async def test_one_setting_has_one_context(asker: Asker, trusted: TlsSetting) -> None:
    assert asker.contexts.get(trusted) is asker.contexts.get(TlsSetting(ca_file=trusted.ca_file))
    assert asker.contexts.get(trusted) is not asker.contexts.get(TlsSetting(verify=False))
