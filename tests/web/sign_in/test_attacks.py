"""What somebody tries who wants to come in, or wants to keep others out (W05, W12)."""

from __future__ import annotations

import asyncio
import re
from hashlib import sha256
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
import trustme
from sqlalchemy import update

from sentinel.app.sessions import Sessions
from sentinel.core.access import Access, OidcPlan, Role, Scope
from sentinel.store.tables import sessions
from sentinel.web.sign_in.csrf import FIELD
from sentinel.web.sign_in.id_token import Refused
from sentinel.web.sign_in.oidc import MOST_FROM_ONE, Provider
from sentinel.web.sign_in.tries import FREE, LONGEST_NAME, Tries
from tests.kit.clock import FakeClock
from tests.kit.oidc import OidcServer
from tests.kit.scene import NOW
from tests.web.sign_in.conftest import ACCESS, Desk, serving, sign_in
from tests.web.sign_in.test_edges import files

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

STATUS = "/api/v1/status"


async def test_passwords_that_are_tried_all_at_once_are_counted_one_by_one(desk: Desk) -> None:
    """All that arrived before the first one had failed were looked at: twenty for each pause."""
    async with desk.browser() as stranger:
        answers = await asyncio.gather(*(sign_in(stranger, "ann", f"wrong-{number}") for number in range(15)))
    assert sorted(answer.status_code for answer in answers) == [401] * FREE + [429] * (15 - FREE)


def test_nobody_keeps_somebody_out_of_where_they_were_before() -> None:
    tries = Tries(FakeClock())
    tries.succeeded("192.0.2.7", "ann")
    for number in range(20):
        tries.failed(f"198.51.100.{number}", "ann")
    assert tries.wait("198.51.100.99", "ann") > 0
    assert tries.wait("192.0.2.7", "ann") == 0


def test_where_somebody_was_before_failures_count_as_well() -> None:
    tries = Tries(FakeClock())
    tries.succeeded("192.0.2.7", "ann")
    for _ in range(FREE):
        tries.failed("192.0.2.7", "ann")
    assert tries.wait("192.0.2.7", "ann") > 0


def test_a_try_that_was_not_looked_at_is_no_failure() -> None:
    tries = Tries(FakeClock())
    for _ in range(50):
        tries.failed("192.0.2.7", "ann")
        tries.taken_back("192.0.2.7", "ann")
    assert tries.wait("192.0.2.7", "ann") == 0


def test_a_name_as_long_as_a_form_is_not_kept() -> None:
    tries = Tries(FakeClock())
    tries.failed("192.0.2.7", "a" * 60_000)
    assert max(len(part) for key in tries._counts for part in key) <= LONGEST_NAME


def test_addresses_of_version_four_are_not_one_network_however_they_are_written() -> None:
    tries = Tries(FakeClock())
    for _ in range(FREE):
        tries.failed("::ffff:192.0.2.7", "")
    assert (tries.wait("::ffff:192.0.2.8", ""), tries.wait("fe80::1%eth0", "")) == (0, 0)
    assert tries.wait("192.0.2.7", "") > 0


# --- Who has not signed in --------------------------------------------------------------------------------------------

#: What the configuration makes of a dashboard on loopback without users.
OPEN = Access(anonymous=frozenset({Scope.METRICS, Scope.STATUS, Scope.READ}))


@pytest.fixture
async def open_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with serving(tmp_path, OPEN) as made:
        yield made


async def test_on_this_host_everybody_may_look_where_nobody_can_sign_in(open_desk: Desk) -> None:
    async with open_desk.browser() as anybody:
        assert (await anybody.get("/incidents")).status_code == 200


async def test_a_name_that_a_foreign_page_invents_counts_for_nothing_beside_a_forwarded_one(open_desk: Desk) -> None:
    """DNS rebinding: a page of evil.example.org, which its own name server now says is 127.0.0.1, may set any X- header."""
    open_desk.set_access(proxies=(ip_network("127.0.0.1"),))
    async with open_desk.browser(host="evil.example.org", **{"x-forwarded-host": "localhost"}) as page:
        assert (await page.get(STATUS)).status_code == 421


async def test_through_a_proxy_nobody_looks_who_has_not_signed_in(open_desk: Desk) -> None:
    """Whoever asks through it is on no host of ours."""
    open_desk.set_access(proxies=(ip_network("127.0.0.1"),))
    async with open_desk.browser() as anybody:
        assert (await anybody.get("/incidents")).status_code == 401


async def test_a_reload_that_names_another_host_opens_nothing_where_sentinel_still_listens(tmp_path: Path) -> None:
    """The new file says 127.0.0.1, where everybody may look; until a restart the port is open to the network."""
    async with serving(tmp_path, host="0.0.0.0") as desk:
        desk.set_access(users={}, tokens=(), anonymous=OPEN.anonymous)
        async with desk.browser() as stranger:
            assert (await stranger.get("/incidents")).status_code == 401


# --- At a provider ----------------------------------------------------------------------------------------------------


def provider(issuer: str) -> Provider:
    plan = OidcPlan(
        issuer=issuer,
        client_id="sentinel",
        client_secret=None,
        title="",
        name_claim="sub",
        roles_claim="groups",
        roles={},
        scopes=("openid",),
    )
    return Provider(plan, FakeClock())


async def test_a_scheme_in_capitals_makes_no_certificate_good(tmp_path: Path) -> None:
    """`HTTPS://` was asked without looking at the certificate, so whoever stood between could let anybody in."""
    async with serving(tmp_path, tls=files(tmp_path, trustme.CA())) as desk:
        with pytest.raises(Refused, match="ConnectError"):
            await provider(desk.url.replace("https:", "HTTPS:")).begin("/back", "/", "192.0.2.7")


async def test_nobody_keeps_others_from_coming_back_by_beginning_often(desk: Desk) -> None:
    async with OidcServer(desk.clock.now).serving() as made:
        one = provider(made.url)
        _, key = await one.begin("/back", "/", "192.0.2.7")
        for _ in range(MOST_FROM_ONE * 3):
            await one.begin("/back", "/", "198.51.100.9")
    assert key in one._flows
    assert len(one._flows) == MOST_FROM_ONE + 1


async def test_over_https_no_other_host_plants_the_beginning_of_a_sign_in(desk: Desk) -> None:
    async with OidcServer(desk.clock.now).serving() as made:
        desk.set_access(oidc=provider(made.url).plan, proxies=(ip_network("127.0.0.1"),))
        async with desk.browser(**{"x-forwarded-proto": "https"}) as dora:
            [cookie] = (await dora.get("/sign-in/oidc")).headers.get_list("set-cookie")
    assert cookie.startswith("__Host-sentinel-flow=")
    assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}


# --- Forms ------------------------------------------------------------------------------------------------------------


async def test_each_page_has_a_token_of_its_own_and_every_one_is_good(desk: Desk) -> None:
    """A text that stands in every page could be found out by how well pages pack (BREACH)."""
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        tokens = [re.findall(rf'name="{FIELD}" value="([^"]+)"', (await ann.get("/incidents")).text)[0] for _ in "ab"]
        answers = [await ann.post("/channels/mail/test", data={FIELD: one}) for one in (*tokens, tokens[0][::-1])]
    assert tokens[0] != tokens[1]
    assert [answer.status_code == 403 for answer in answers] == [False, False, True]


async def test_a_program_with_a_wrong_token_keeps_nobody_at_its_address_from_signing_in(desk: Desk) -> None:
    """A scraper whose token has expired tries it for ever, and people share its proxy's address."""
    async with desk.program("expired-long-ago") as scraper:
        found = [(await scraper.get("/metrics")).status_code for _ in range(8)]
    async with desk.browser() as ann:
        assert (await sign_in(ann, "ann")).status_code == 303
    assert found == [401] * FREE + [429] * 3


async def test_a_provider_that_does_not_answer_is_not_asked_for_each_who_waits() -> None:
    """Each waited for its own ten seconds, one after the other: requests came faster than that."""
    async with OidcServer(lambda: NOW).serving() as made:
        made.discovery = {"issuer": "https://evil.example.org"}
        one = provider(made.url)
        found = await asyncio.gather(*(one.begin("/back", "/", "192.0.2.7") for _ in range(20)), return_exceptions=True)
    assert all(isinstance(each, Refused) for each in found)
    assert len(made.asked) == 1


async def test_a_cookie_of_another_program_on_this_host_signs_nobody_out(desk: Desk) -> None:
    """Python's own reader throws all cookies away when one of them has a quotation mark within."""
    async with desk.browser() as ann:
        await sign_in(ann, "ann")
        mine = ann.cookies["sentinel"]
    async with desk.browser(cookie=f'prefs={{"theme":"dark"}}; =; sentinel={mine}; other') as ann:
        assert (await ann.get(STATUS)).status_code == 200


async def test_a_stranger_is_not_told_where_the_store_is(desk: Desk, tmp_path: Path) -> None:
    """Its name has a host or a path in it. Who cannot be written down does not come in, and learns no more than that."""
    await desk.store.close()
    async with desk.browser() as stranger:
        answer = await sign_in(stranger, "ann", "wrong")
    assert answer.status_code == 503
    assert "sqlite" not in answer.text.lower()
    assert str(tmp_path) not in answer.text


# --- In the store -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"role": Role.ADMIN.value}, {"name": "ann"}, {"id": sha256(b"mine").hexdigest()}])
async def test_a_session_that_somebody_wrote_into_the_store_opens_nothing(
    desk: Desk, change: dict[str, object]
) -> None:
    """Whoever can only write there would come in as anybody after the next restart."""
    async with desk.browser() as cleo:
        await sign_in(cleo, "cleo")
        shown = "mine" if "id" in change else cleo.cookies["sentinel"]
    await desk.store.write(lambda tx: tx.states._connection.execute(update(sessions).values(**change)))
    after = Sessions(desk.store, desk.clock, lambda: ACCESS, desk.key)
    await after.recall()
    assert after.find(shown) is None
