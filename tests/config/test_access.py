"""Who may come in, as a file says it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.app.plans import expanded
from sentinel.core.access import EVERYTHING, Role, Scope, Via
from tests.kit.config import plan_of

if TYPE_CHECKING:
    from pathlib import Path

    from sentinel.core.plan import WebPlan
    from tests.kit.config import ConfigFolder

CHECKS = [{"name": "web", "kind": "tcp", "options": {"host": "127.0.0.1", "port": 80}}]
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b/dWWyVjIoQ4aBwKBCYFzRJ4Bg"
DIGEST = "sha256:" + "0" * 64
OIDC = {"issuer": "https://login.example.org/", "client_id": "sentinel", "roles": {"admin": ["it"], "viewer": ["all"]}}


def web(config: ConfigFolder, **entry: Any) -> WebPlan:
    file: Path = config.write({"checks": CHECKS, "web": {"port": 8420, **entry}}, mode=0o600)
    return plan_of(file, {"HASH": HASH}).web


def test_users_have_their_role_and_a_hash_that_does_not_print(config: ConfigFolder) -> None:
    access = web(config, users={"ann": {"role": "operator", "password": "${HASH}"}}).access
    assert (access.users["ann"].role, access.users["ann"].password.reveal()) == (Role.OPERATOR, HASH)
    assert "argon2" not in repr(access)


def test_a_token_may_everything_of_its_role_unless_it_says_less(config: ConfigFolder) -> None:
    tokens = {
        "ci": {"role": "operator", "hash": DIGEST, "scopes": ["deploy"]},
        "all": {"hash": DIGEST, "until": "2027-06-30"},
    }
    few, everything = web(config, tokens=tokens).access.tokens
    assert (few.role, set(few.scopes), few.until) == (Role.OPERATOR, {Scope.DEPLOY}, None)
    assert (everything.role, everything.scopes, everything.until) == (Role.VIEWER, EVERYTHING, date(2027, 6, 30))


@pytest.mark.parametrize(
    ("entry", "seen"),
    [
        ({}, {Scope.METRICS, Scope.STATUS}),
        ({"dashboard": True}, {Scope.METRICS, Scope.STATUS, Scope.READ}),
        ({"metrics": "signed_in"}, {Scope.STATUS}),
        ({"tokens": {"ci": {"hash": DIGEST}}}, {Scope.METRICS}),
        ({"dashboard": True, "oidc": OIDC, "metrics": "signed_in"}, set()),
    ],
)
def test_who_did_not_sign_in_sees_little(config: ConfigFolder, entry: dict[str, Any], seen: set[Scope]) -> None:
    visitor = web(config, **entry).access.visitor
    assert (set(visitor.scopes), visitor.role, visitor.via) == (seen, Role.VIEWER, Via.NOBODY)


def test_groups_of_a_provider_give_the_highest_role(config: ConfigFolder) -> None:
    oidc = web(config, oidc=OIDC).access.oidc
    assert oidc is not None
    assert oidc.issuer == "https://login.example.org"
    assert [oidc.role_of(frozenset(one)) for one in (["all", "it"], ["all"], ["guests"])] == [
        Role.ADMIN,
        Role.VIEWER,
        None,
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.4.5.6"])
def test_this_host_alone_may_look_without_signing_in(config: ConfigFolder, host: str) -> None:
    assert web(config, host=host, dashboard=True).dashboard


@pytest.mark.parametrize("more", [{"proxies": ["10.0.0.7"]}, {"insecure": True}])
def test_a_proxy_or_a_word_of_yours_lets_passwords_cross_the_network(
    config: ConfigFolder, more: dict[str, Any]
) -> None:
    users = {"ann": {"role": "admin", "password": "${HASH}"}}
    assert web(config, host="0.0.0.0", dashboard=True, users=users, **more).access.people


def test_metrics_alone_may_be_open_to_the_network(config: ConfigFolder) -> None:
    assert web(config, host="0.0.0.0").access.visitor.scopes == {Scope.METRICS, Scope.STATUS}


def test_sessions_last_as_long_as_the_file_says(config: ConfigFolder) -> None:
    access = web(config, session={"idle": "30m", "longest": "4h"}).access
    assert (access.idle, access.longest) == (timedelta(minutes=30), timedelta(hours=4))


def test_the_expanded_form_has_everything_and_no_secret(config: ConfigFolder) -> None:
    users = {"ann": {"role": "operator", "password": "${HASH}"}, "ben": {"role": "viewer", "password": HASH}}
    entry = {"port": 8420, "users": users, "oidc": {**OIDC, "client_secret": "canary-4711"}, "session": {"idle": "30m"}}
    file = config.write({"checks": CHECKS, "web": entry}, mode=0o600)
    shown = expanded(file, {"HASH": HASH})["web"]
    assert shown["users"]["ann"] == {"role": "operator", "password": "${HASH}"}
    assert (shown["session"], shown["oidc"]["issuer"]) == ({"idle": "30m"}, OIDC["issuer"])
    assert "argon2" not in str(shown)
    assert "4711" not in str(shown)


def test_a_stamp_changes_with_whatever_let_somebody_in(config: ConfigFolder) -> None:
    stamps = {
        web(config, users={"ann": {"role": role, "password": password}}).access.users["ann"].stamp
        for role in ("viewer", "admin")
        for password in ("${HASH}", HASH.replace("t=3", "t=2"))
    }
    assert len(stamps) == 4
    assert not [stamp for stamp in stamps if "argon2" in stamp]
