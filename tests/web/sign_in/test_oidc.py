"""Signing in at a provider, and every token that is not to be believed (W14)."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from sentinel.base.redact import Secret
from sentinel.core.access import OidcPlan, Role, Via
from tests.kit.oidc import KEYS, OidcServer
from tests.kit.scene import NOW
from tests.web.sign_in.conftest import Desk, sign_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import httpx2

STATUS = "/api/v1/status"
AT = int(NOW.timestamp())


@pytest.fixture
async def provider(desk: Desk) -> AsyncIterator[OidcServer]:
    async with OidcServer(desk.clock.now).serving() as made:
        desk.set_access(
            oidc=OidcPlan(
                issuer=made.url,
                client_id=made.client,
                client_secret=Secret(made.secret),
                title="Sign in with the house's account",
                name_claim="preferred_username",
                roles_claim="groups",
                roles={Role.ADMIN: ("it",), Role.VIEWER: ("staff",)},
                scopes=("openid",),
            )
        )
        yield made


async def come_in(client: httpx2.AsyncClient, provider: OidcServer, to: str = "/incidents") -> httpx2.Response:
    """The whole way, as a browser goes it."""
    away = await client.get("/sign-in/oidc", params={"to": to})
    assert away.status_code == 303, away.text
    back = provider.let_in(away.headers["location"])
    return await client.get(back, headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"})


async def test_who_is_in_a_group_comes_in_with_its_role(desk: Desk, provider: OidcServer) -> None:
    async with desk.browser() as dora:
        answer = await come_in(dora, provider)
        assert (answer.status_code, answer.headers["location"]) == (303, "/incidents")
        found = desk.sessions.find(dora.cookies["sentinel"])
    assert found is not None
    assert (found.name, found.role, found.via) == ("dora", Role.ADMIN, Via.OIDC)
    assert [(deed.action, deed.by) for deed in await desk.deeds()] == [("session.begin", "dora")]


async def test_the_door_has_both_ways_in(desk: Desk, provider: OidcServer) -> None:
    async with desk.browser() as dora:
        page = await dora.get("/sign-in?to=/incidents")
    assert 'href="/sign-in/oidc?to=%2Fincidents"' in page.text
    assert "house&#39;s account" in page.text


@pytest.mark.parametrize(
    ("groups", "status"), [(["staff"], 303), (["guests"], 401), ([], 401), ("it", 303), (None, 401), (7, 401)]
)
async def test_who_is_in_no_group_stays_outside(desk: Desk, provider: OidcServer, groups: object, status: int) -> None:
    provider.person["groups"] = groups
    async with desk.browser() as dora:
        assert (await come_in(dora, provider)).status_code == status


async def test_a_group_may_stand_deep_in_the_token(desk: Desk, provider: OidcServer) -> None:
    plan = desk.monitor.plan.web.access.oidc
    assert plan is not None
    desk.set_access(oidc=replace(plan, roles_claim="realm_access.roles"))
    provider.person["realm_access"] = {"roles": ["it"]}
    async with desk.browser() as dora:
        assert (await come_in(dora, provider)).status_code == 303


async def test_a_session_ends_when_the_groups_of_the_configuration_change(desk: Desk, provider: OidcServer) -> None:
    async with desk.browser() as dora:
        await come_in(dora, provider)
        assert (await dora.get(STATUS)).status_code == 200
        plan = desk.monitor.plan.web.access.oidc
        assert plan is not None
        desk.set_access(oidc=replace(plan, roles={Role.ADMIN: ("bosses",)}))
        assert (await dora.get(STATUS)).status_code == 401


def _part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(provider: OidcServer, nonce: str) -> str:
    return f"{_part({'alg': 'none'})}.{_part(right(provider, nonce))}."


def with_the_public_key_as_a_secret(provider: OidcServer, nonce: str) -> str:
    """HS256 under what everybody may see: a library that lets the token choose takes it."""
    signed = f"{_part({'alg': 'HS256', 'kid': KEYS[0].kid})}.{_part(right(provider, nonce))}"
    mac = hmac.new(KEYS[0].as_pem(private=False), signed.encode(), sha256).digest()
    return f"{signed}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def with_a_key_of_its_own(provider: OidcServer, nonce: str) -> str:
    """The key stands in the header, or behind an address there."""
    own = RSAKey.generate_key(2048, {"kid": "evil"})
    header = {"alg": "RS256", "jku": f"{provider.url}/evil-keys", "jwk": own.as_dict(private=False)}
    return jwt.encode(header, right(provider, nonce), own)


def with_another_key_by_the_same_name(provider: OidcServer, nonce: str) -> str:
    return jwt.encode({"alg": "RS256", "kid": KEYS[0].kid}, right(provider, nonce), RSAKey.generate_key(2048))


def right(provider: OidcServer, nonce: str) -> dict[str, Any]:
    claims = {"iss": provider.url, "aud": provider.client, "iat": AT, "exp": AT + 300, "nonce": nonce}
    return claims | provider.person


@pytest.mark.parametrize(
    "forge", [unsigned, with_the_public_key_as_a_secret, with_a_key_of_its_own, with_another_key_by_the_same_name]
)
async def test_a_forged_token_lets_nobody_in(
    desk: Desk, provider: OidcServer, forge: Callable[[OidcServer, str], str]
) -> None:
    async with desk.browser() as dora:
        away = await dora.get("/sign-in/oidc")
        back, asked = provider.let_in(away.headers["location"]), dict(provider._codes)
        (one,) = asked.values()
        provider.token = forge(provider, one["nonce"])
        assert (await dora.get(back)).status_code == 401
        assert (await dora.get(STATUS)).status_code == 401
    assert "/evil-keys" not in provider.asked
    assert [deed.action for deed in await desk.deeds()] == ["session.refused"]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": AT - 61}, {"exp": None}, {"exp": "tomorrow"}, {"iat": AT + 120}, {"iat": None}, {"nbf": AT + 120},
        {"aud": "another"}, {"aud": ["another"]}, {"aud": None}, {"aud": ["sentinel", "another"]}, {"azp": "another"},
        {"iss": "https://evil.example.org"}, {"iss": None}, {"nonce": "another"}, {"nonce": None}, {"nonce": 7},
        {"sub": ""}, {"sub": None},
    ],
)  # fmt: skip
async def test_a_token_that_says_something_else_lets_nobody_in(
    desk: Desk, provider: OidcServer, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    async with desk.browser() as dora:
        assert (await come_in(dora, provider)).status_code == 401


@pytest.mark.parametrize("claims", [{"exp": AT - 50}, {"iat": AT + 50}, {"aud": ["sentinel", "b"], "azp": "sentinel"}])
async def test_clocks_may_differ_by_a_minute(desk: Desk, provider: OidcServer, claims: dict[str, Any]) -> None:
    provider.claims = claims
    async with desk.browser() as dora:
        assert (await come_in(dora, provider)).status_code == 303


async def test_new_keys_are_asked_for_once(desk: Desk, provider: OidcServer) -> None:
    async with desk.browser() as dora:
        await come_in(dora, provider)
        provider.shown, provider.signing = KEYS, KEYS[1]
        await desk.clock.advance(minutes=5)
        assert (await come_in(dora, provider)).status_code == 303
        provider.signing = RSAKey.generate_key(2048, {"kid": "never-shown"})
        for _ in range(3):
            assert (await come_in(dora, provider)).status_code == 401
    assert provider.asked.count("/keys") == 2


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.example.org"}, {"token_endpoint": "ftp://x"}, {"jwks_uri": None},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
    ],
)  # fmt: skip
async def test_a_provider_that_says_odd_things_is_not_asked_further(
    desk: Desk, provider: OidcServer, discovery: dict[str, Any]
) -> None:
    provider.discovery = discovery
    async with desk.browser() as dora:
        answer = await dora.get("/sign-in/oidc")
    assert (answer.status_code, provider.asked) == (503, ["/.well-known/openid-configuration"])


async def test_an_answer_without_end_is_cut_off(desk: Desk, provider: OidcServer) -> None:
    provider.padding = 1_000_000
    async with desk.browser() as dora:
        assert (await dora.get("/sign-in/oidc")).status_code == 503


@pytest.mark.parametrize("change", ["state", "code", "cookie", "iss", "late"])
async def test_an_answer_that_belongs_to_another_sign_in_is_refused(
    desk: Desk, provider: OidcServer, change: str
) -> None:
    async with desk.browser() as dora:
        away = await dora.get("/sign-in/oidc")
        back = provider.let_in(away.headers["location"])
        match change:
            case "state":
                back = back[:-4] + "evil"
            case "code":
                back = back.replace("code-canary-0", "code-of-another")
            case "cookie":
                dora.cookies.clear()
            case "iss":
                back += "&iss=https%3A%2F%2Fevil.example.org"
            case _:
                await desk.clock.advance(minutes=11)
        assert (await dora.get(back)).status_code == 401


async def test_an_answer_is_good_once(desk: Desk, provider: OidcServer) -> None:
    async with desk.browser() as dora:
        away = await dora.get("/sign-in/oidc")
        back = provider.let_in(away.headers["location"])
        assert (await dora.get(back)).status_code == 303
        assert (await dora.get(back)).status_code == 401


async def test_no_code_token_or_secret_is_kept(
    desk: Desk, provider: OidcServer, capfd: pytest.CaptureFixture[str]
) -> None:
    async with desk.browser() as dora:
        await come_in(dora, provider)
        provider.claims = {"aud": "another"}
        await come_in(dora, provider)
        page = (await dora.get("/api/v1/journal")).text
    everything = "\n".join([page, str(await desk.deeds()), *capfd.readouterr()])
    assert "canary" not in everything


async def test_passwords_work_beside_it(desk: Desk, provider: OidcServer) -> None:
    async with desk.browser() as ann:
        assert (await sign_in(ann, "ann")).status_code == 303
    assert provider.asked == []
