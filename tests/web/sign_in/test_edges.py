"""TLS, proxies, and how often somebody may be wrong."""

from __future__ import annotations

import ssl
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import httpx2
import pytest
import trustme
from argon2 import extract_parameters

from sentinel.core.tls import TlsFiles
from sentinel.web.sign_in.certificates import Certificate
from sentinel.web.sign_in.passwords import Passwords
from sentinel.web.sign_in.proxies import client
from sentinel.web.sign_in.tries import LONGEST, MOST, Tries
from tests.kit.clock import FakeClock
from tests.web.sign_in.conftest import ACCESS, HASHES, PASSWORDS, Desk, serving, sign_in

if TYPE_CHECKING:
    from pathlib import Path

STATUS = "/api/v1/status"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def files(folder: Path, authority: trustme.CA) -> TlsFiles:
    made = authority.issue_cert("127.0.0.1")
    made.cert_chain_pems[0].write_to_path(folder / "port.pem")
    made.private_key_pem.write_to_path(folder / "port.key")
    return TlsFiles(certificate=folder / "port.pem", key=folder / "port.key")


def trusting(authority: trustme.CA, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.maximum_version = newest
    authority.configure_trust(context)
    return context


async def test_over_tls_the_cookie_is_for_this_host_alone(tmp_path: Path, authority: trustme.CA) -> None:
    async with serving(tmp_path, tls=files(tmp_path, authority)) as desk:
        headers = {"origin": desk.url, "sec-fetch-site": "same-origin"}
        async with httpx2.AsyncClient(base_url=desk.url, verify=trusting(authority), headers=headers) as ann:
            answer = await sign_in(ann, "ann")
            assert (await ann.get(STATUS)).status_code == 200
        [cookie] = answer.headers.get_list("set-cookie")
        assert cookie.startswith("__Host-sentinel=")
        assert "Secure" in cookie
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_old_versions_of_tls_are_refused(tmp_path: Path, authority: trustme.CA) -> None:
    certificate = Certificate(files(tmp_path, authority), FakeClock())
    assert certificate.context.minimum_version is ssl.TLSVersion.TLSv1_2


async def test_a_renewed_certificate_is_taken_into_use_without_a_restart(tmp_path: Path, authority: trustme.CA) -> None:
    other = trustme.CA()
    async with serving(tmp_path, tls=files(tmp_path, authority)) as desk:
        await desk.clock.advance(seconds=61)
        files(tmp_path, other)
        await desk.clock.advance(seconds=61)
        async with httpx2.AsyncClient(base_url=desk.url, verify=trusting(other)) as anybody:
            assert (await anybody.get("/healthz")).status_code == 200


async def test_a_certificate_that_does_not_fit_its_key_leaves_the_old_one_in_force(
    tmp_path: Path, authority: trustme.CA
) -> None:
    kept = Certificate(files(tmp_path, authority), FakeClock())
    (tmp_path / "port.pem").write_bytes(trustme.CA().issue_cert("127.0.0.1").cert_chain_pems[0].bytes())
    assert not kept.look()
    assert not kept.look()


# --- Proxies ----------------------------------------------------------------------------------------------------------

PROXIES = (ip_network("10.0.0.0/8"), ip_network("127.0.0.1"))


@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("1.2.3.4, 192.0.2.7", "192.0.2.7"),  # the left one was written by the client
        ("192.0.2.7, 10.1.1.1", "192.0.2.7"),
        ("garbage, 10.1.1.1", "10.1.1.1"),
        ("garbage", "127.0.0.1"),
        ("2001:db8::7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ],
)
def test_the_client_is_the_last_one_that_is_no_proxy(forwarded: str, found: str) -> None:
    assert str(client(forwarded, PROXIES, ip_address("127.0.0.1"))) == found


async def test_a_trusted_proxy_says_who_asks_and_by_which_scheme(desk: Desk) -> None:
    desk.set_access(proxies=PROXIES)
    forwarded = {"x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https"}
    async with desk.browser(**forwarded) as ann:
        answer = await sign_in(ann, "ann")
    assert answer.headers["set-cookie"].startswith("__Host-sentinel=")
    assert [deed.detail for deed in await desk.deeds()] == ["as admin, from 192.0.2.7"]


async def test_what_anybody_else_says_about_it_does_not_count(desk: Desk) -> None:
    async with desk.browser(**{"x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https"}) as ann:
        answer = await sign_in(ann, "ann")
    assert answer.headers["set-cookie"].startswith("sentinel=")
    assert [deed.detail for deed in await desk.deeds()] == ["as admin, from 127.0.0.1"]


async def test_a_proxy_may_call_this_host_by_no_other_name(desk: Desk) -> None:
    desk.set_access(proxies=PROXIES)
    async with desk.browser(**{"x-forwarded-host": "evil.example.org"}) as ann:
        assert (await ann.get("/sign-in")).status_code == 421


# --- Being wrong ------------------------------------------------------------------------------------------------------


async def test_pauses_double_and_end() -> None:
    clock = FakeClock()
    tries, waits = Tries(clock), []
    for _ in range(16):
        tries.failed("192.0.2.7", "ann")
        waits.append(tries.wait("192.0.2.7", ""))
    assert waits[:7] == [0, 0, 0, 0, 1, 2, 4]
    assert waits[-1] == LONGEST
    await clock.advance(seconds=LONGEST)
    assert tries.wait("192.0.2.7", "ann") == 0


def test_one_address_does_not_keep_another_out() -> None:
    tries = Tries(FakeClock())
    for _ in range(9):
        tries.failed("192.0.2.7", "")
    assert tries.wait("192.0.2.8", "ann") == 0


def test_a_network_of_version_six_is_one_address() -> None:
    tries = Tries(FakeClock())
    for number in range(9):
        tries.failed(f"2001:db8::{number}", "")
    assert tries.wait("2001:db8::ffff", "") > 0


def test_what_is_kept_in_mind_is_bounded() -> None:
    tries = Tries(FakeClock())
    for number in range(MOST + 50):
        tries.failed("", f"name-{number}")
    assert len(tries._counts) == MOST


def test_success_forgets_failures() -> None:
    tries = Tries(FakeClock())
    for _ in range(9):
        tries.failed("192.0.2.7", "ann")
    tries.succeeded("192.0.2.7", "ann")
    assert tries.wait("192.0.2.7", "ann") == 0


async def test_somebody_unknown_costs_as_much_as_somebody_known() -> None:
    """W12: names cannot be found out by the time. The look itself is argon2's, so its parameters say what it costs."""
    passwords = Passwords()
    assert await passwords.right(ACCESS.users, "nobody", "x") is None
    [nobodys] = passwords._nobodys.values()
    assert extract_parameters(nobodys) == extract_parameters(HASHES["ann"].reveal())
    assert await passwords.right(ACCESS.users, "ann", PASSWORDS["ann"]) == ACCESS.users["ann"]
    passwords.close()
