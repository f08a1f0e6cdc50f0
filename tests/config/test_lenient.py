"""What a person's shell can read of a configuration whose secrets only the service has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.errors import ConfigError
from tests.kit.config import CHECK, ConfigFolder, plan_of

if TYPE_CHECKING:
    from sentinel.core.plan import Plan

#: As systemd/sentinel.service has it.
CREDENTIAL = "${file:${CREDENTIALS_DIRECTORY}/secret}"


def lenient(config: ConfigFolder, tree: dict[str, Any]) -> Plan:
    return plan_of(config.write(tree), lenient=True)


def names(plan: Plan) -> list[str]:
    return [check.name for check in plan.checks]


@pytest.mark.parametrize(
    "options",
    [
        {"url": CREDENTIAL},
        {"url": f"postgresql://reader:{CREDENTIAL}@127.0.0.1/app", "query": "SELECT 1"},
        {"url": "postgresql://127.0.0.1:${PORT}/app", "query": "SELECT 1"},
    ],
)
def test_a_check_whose_secret_is_not_there_is_still_known(config: ConfigFolder, options: dict[str, Any]) -> None:
    kind = "sql" if "query" in options else "http"
    rules = [{"reading": "connect_time", "critical": "1s"}]
    check = {"name": "db", "kind": kind, "options": options, "rules": rules}
    assert names(lenient(config, {"checks": [CHECK, check]})) == ["api", "db"]


def test_a_channel_whose_secret_is_not_there_stops_nothing(config: ConfigFolder) -> None:
    channels = {
        "hook": {"kind": "webhook", "url": CREDENTIAL, "secret": CREDENTIAL},
        "mail": {"kind": "email", "host": "${HOST}", "sender": "a@example.org", "recipients": ["${WHO}"]},
    }
    policies = {"default": {"levels": [{"after": 0, "channels": ["hook", "mail"]}]}}
    plan = lenient(config, {"checks": [CHECK], "channels": channels, "policies": policies})
    assert names(plan) == ["api"]
    assert plan.policies["default"].levels[0].channels == ("hook", "mail")


def test_the_short_form_is_known_too(config: ConfigFolder) -> None:
    mail = {"smtp_server": "${HOST}", "sender": "a@example.org", "recipients": ["${WHO}"]}
    alerting = {"slack": {"webhook_url": CREDENTIAL}, "email": mail}
    assert names(lenient(config, {"api_url": "${API_URL}", "alerting": alerting})) == ["health", "auth-status"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"store": {"url": CREDENTIAL}},
        {"web": {"socket": "${RUN}/s.sock"}},
        {"checks": [CHECK, {"name": "b", "kind": "http", "options": {"urll": "http://127.0.0.1/"}}]},
        {"checks": [{**CHECK, "options": {"url": CREDENTIAL}}, {**CHECK, "name": "b", "kind": "htp"}]},
    ],
)
def test_all_else_that_is_wrong_is_still_refused(config: ConfigFolder, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        lenient(config, {"checks": [CHECK], **wrong})


def test_whoever_probes_and_sends_gets_no_such_plan(config: ConfigFolder) -> None:
    with pytest.raises(ConfigError):
        config.plan_of_check(options={"url": CREDENTIAL})
