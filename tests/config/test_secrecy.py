"""Secrets stand outside of a file that others may read, and show nowhere."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from examples.demo.__main__ import demo_environment
from examples.demo.ports import Ports
from examples.demo.system import Stand
from examples.front import Authority
from examples.healthcare.system import SYSTEM
from sentinel.base.errors import ConfigError
from sentinel.base.redact import MASK
from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.config.expand import expanded
from sentinel.config.load import load
from sentinel.core.check import Check
from sentinel.core.plan import Plan
from sentinel.probes.catalogue import CATALOGUE as PROBES
from tests.config.test_guide import GUIDE
from tests.kit.config import CHECK, ConfigFolder, plan_of

CANARY = "canary-4711"


def with_token(token: str) -> dict[str, Any]:
    return {"checks": [CHECK], "channels": {"chat": {"kind": "slack", "token": token, "channel": "#alerts"}}}


def with_store(url: str) -> dict[str, Any]:
    return {"checks": [CHECK], "store": {"url": url}}


def show(
    config: ConfigFolder, tree: dict[str, Any], environment: dict[str, str] | None = None, mode: int = 0o644
) -> Any:
    return expanded(load(config.write(tree, mode=mode), environment or {}), PROBES, CHANNELS)


def without_fingerprints(plan: Plan) -> list[Check]:
    """The checks; a fingerprint is of what the file says, and the expanded form says more."""
    return [replace(check, fingerprint="") for check in plan.checks]


def test_a_file_of_its_owner_alone_may_hold_a_secret(config: ConfigFolder) -> None:
    plan = config.plan(with_token(f"xoxb-{CANARY}"), mode=0o600)
    assert [secret.reveal() for secret in plan.secrets] == [f"xoxb-{CANARY}"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_may_read_may_not(config: ConfigFolder, mode: int) -> None:
    with pytest.raises(ConfigError, match="a secret written into a file that others may read"):
        config.plan(with_token(f"xoxb-{CANARY}"), mode=mode)


@pytest.mark.parametrize(
    "url", ["sqlite:///a.db", "postgresql://127.0.0.1/sentinel", "postgresql://u:${P}@127.0.0.1/s"]
)
def test_an_address_without_a_password_in_it_is_no_secret(config: ConfigFolder, url: str) -> None:
    assert isinstance(config.plan(with_store(url), {"P": CANARY}), Plan)


@pytest.mark.parametrize("url", [f"postgresql://u:{CANARY}@127.0.0.1/s", f"postgresql://127.0.0.1/s?password={CANARY}"])
def test_an_address_with_a_password_in_it_is_one(config: ConfigFolder, url: str) -> None:
    with pytest.raises(ConfigError, match="others may read"):
        config.plan(with_store(url))


def with_database(url: str) -> dict[str, Any]:
    return {"checks": [{"name": "db", "kind": "sql", "options": {"url": url, "query": "SELECT 1"}}]}


def test_the_address_of_a_libsql_server_is_a_secret_with_a_token_in_it_only(config: ConfigFolder) -> None:
    assert isinstance(config.plan(with_database("sqlite+libsql://127.0.0.1:8080")), Plan)
    for place in ("127.0.0.1:8080", "/replica.db"):
        with pytest.raises(ConfigError, match="others may read"):
            config.plan(with_database(f"sqlite+libsql://{place}?authToken={CANARY}"))


def test_the_token_within_an_address_is_kept_out_of_texts_too(config: ConfigFolder) -> None:
    plan = config.plan(with_database("libsql://db.example.org?authToken=${T}"), {"T": CANARY})
    assert CANARY in {secret.reveal() for secret in plan.secrets}


def test_the_password_within_an_address_is_kept_out_of_texts_too(config: ConfigFolder) -> None:
    plan = config.plan(with_store("postgresql://u:${P}@127.0.0.1/s"), {"P": f"{CANARY}%2F"})
    assert {f"{CANARY}%2F", f"{CANARY}/"} <= {secret.reveal() for secret in plan.secrets}


def test_a_plan_does_not_print_its_secrets(config: ConfigFolder) -> None:
    assert CANARY not in repr(config.plan(with_token("${TOKEN}"), {"TOKEN": CANARY}))


def test_the_expanded_form_shows_references_as_they_are_written(config: ConfigFolder) -> None:
    options = {"url": "${API:-http://127.0.0.1}/health", "auth": {"bearer": "${file:token}"}}
    config.secret("token", CANARY)
    tree = show(config, {"checks": [{**CHECK, "options": options}], "web": {"port": "${PORT}"}}, {"PORT": "8600"})
    assert {key: tree["checks"][0]["options"][key] for key in options} == options
    assert tree["web"]["port"] == "${PORT}"


def test_the_expanded_form_masks_secrets_and_their_defaults(config: ConfigFolder) -> None:
    assert show(config, with_token(f"xoxb-{CANARY}"), mode=0o600)["channels"]["chat"]["token"] == MASK
    tree = show(config, with_token(f"${{TOKEN:-xoxb-{CANARY}}}"), mode=0o600)
    assert tree["channels"]["chat"]["token"] == f"${{TOKEN:-{MASK}}}"


def test_the_expanded_form_masks_the_password_of_the_store(config: ConfigFolder) -> None:
    tree = show(config, with_store(f"postgresql://u:{CANARY}@127.0.0.1/s"), mode=0o600)
    assert tree["store"]["url"] == MASK


def test_a_secret_in_the_short_form_is_masked_as_well(config: ConfigFolder) -> None:
    guide = {"api_url": "http://127.0.0.1", "alerting": {"webhook": {"url": "${HOOK}", "secret": None}}}
    tree = show(config, guide, {"HOOK": f"https://hooks.example.org/{CANARY}"})
    assert tree["channels"]["webhook"]["url"] == "${HOOK}"


def test_a_secret_that_came_from_a_file_shows_nowhere(config: ConfigFolder) -> None:
    config.secret("secret", CANARY)
    tree = show(config, {"checks": [{**CHECK, "title": "the ${file:secret}", "tags": ["${file:secret}"]}]})
    assert CANARY not in str(tree)


def test_the_expanded_form_of_the_guides_file_loads_to_the_same_checks(config: ConfigFolder) -> None:
    tree = expanded(load(GUIDE, {}), PROBES, CHANNELS)
    again, first = config.plan(tree), plan_of(GUIDE)
    assert without_fingerprints(again) == without_fingerprints(first)
    assert (again.channels, again.policies, again.reports) == (first.channels, first.policies, first.reports)
    assert (again.store, again.web, again.limits) == (first.store, first.web, first.limits)


def test_the_expanded_form_writes_the_defaults_of_every_kind_out(config: ConfigFolder) -> None:
    mail = {"kind": "email", "host": "127.0.0.1", "sender": "a@example.org", "recipients": ["b@example.org"]}
    tree = show(config, {"checks": [CHECK], "channels": {"mail": mail}})
    budget = {"messages": 30, "per": "10m"}
    assert tree["channels"]["mail"] == {**mail, "budget": budget, "security": "auto", "charts": True}
    assert tree["checks"][0]["options"] == {
        **CHECK["options"],
        "method": "GET",
        "tls": {"verify": True},
        "expect": {"status": ["2xx"]},
        "follow_redirects": False,
        "body_limit": 262144,
    }


def test_the_expanded_form_of_the_shipped_file_loads_to_the_same_checks(config: ConfigFolder, tmp_path: Path) -> None:
    stand = Stand(ports=Ports(), data=tmp_path, given={})
    Authority(stand.service_data / "tls")
    environment = demo_environment(SYSTEM, stand)
    tree = expanded(load(SYSTEM.config, environment), PROBES, CHANNELS)
    again, first = config.plan(tree, environment), plan_of(SYSTEM.config, environment)
    assert [check.options for check in again.checks] == [check.options for check in first.checks]
    assert [check.rules for check in again.checks] == [check.rules for check in first.checks]
    assert again.channels == first.channels
