"""HC-1: the guide's own file, byte for byte, and what may be added to it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.plan import Plan
from sentinel.core.rule import Bounds, ErrorRate, Severity, Threshold
from tests.kit.config import CHECK, ConfigFolder, plan_of

GUIDE = Path(__file__).parents[2] / "examples" / "healthcare" / "guide_config.json"
SHORT: dict[str, Any] = {"api_url": "http://127.0.0.1:8001"}
EMAIL = {"smtp_server": "mail.example.org:587", "sender": "a@example.org", "recipients": ["b@example.org"]}


def checks(plan: Plan) -> dict[str, Check]:
    return {check.name: check for check in plan.checks}


def url(check: Check) -> str:
    return str(getattr(check.options, "url", ""))


def test_the_guides_file_watches_health_and_authentication_status() -> None:
    plan = plan_of(GUIDE)
    assert {check.name: url(check) for check in plan.checks} == {
        "health": "https://api.healthcare-app.com/health",
        "auth-status": "https://api.healthcare-app.com/api/v1/auth/status",
    }


def test_the_guides_interval_and_failures_hold_for_its_checks() -> None:
    for check in plan_of(GUIDE).checks:
        assert (check.interval, check.timeout) == (timedelta(seconds=60), timedelta(seconds=10))
        assert (check.open_after, check.close_after) == (3, 2)


def test_the_guides_numbers_are_critical_and_its_targets_are_warnings() -> None:
    rules = checks(plan_of(GUIDE))["health"].rules
    assert rules == (
        Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(warning=2.0, critical=5.0)),
        ErrorRate(window=timedelta(hours=2), min_samples=100, bounds=Bounds(warning=0.01, critical=0.02)),
    )


def test_the_guides_mail_goes_to_its_recipients_on_every_level() -> None:
    plan = plan_of(GUIDE)
    assert [(c.name, c.kind, c.recipients) for c in plan.channels] == [
        ("email", "email", ("admin@healthcare-app.com",))
    ]
    levels = plan.policies["default"].levels
    assert [(level.after, level.severity) for level in levels] == [
        (timedelta(0), Severity.WARNING),
        (timedelta(minutes=15), Severity.CRITICAL),
        (timedelta(minutes=30), Severity.CRITICAL),
    ]
    assert {level.channels for level in levels} == {("email",)}


def test_the_guides_file_has_a_daily_report_by_mail() -> None:
    (report,) = plan_of(GUIDE).reports
    assert (report.every, report.at, report.zone, report.channels) == ("day", "06:00", "UTC", ("email",))


def test_an_address_alone_is_enough(config: ConfigFolder) -> None:
    plan = config.plan(SHORT)
    assert [check.name for check in plan.checks] == ["health", "auth-status"]
    assert plan.channels == ()
    assert plan.policies["default"].levels == ()


def test_a_slash_at_the_end_of_the_address_is_no_second_one(config: ConfigFolder) -> None:
    plan = config.plan({"api_url": "http://127.0.0.1:8001/"})
    assert url(plan.checks[0]) == "http://127.0.0.1:8001/health"


def test_a_critical_time_below_the_target_leaves_the_target_out(config: ConfigFolder) -> None:
    plan = config.plan({**SHORT, "alert_thresholds": {"api_response_time": 1.5, "error_rate": 0.005}})
    time, rate = plan.checks[0].rules
    assert isinstance(time, Threshold)
    assert isinstance(rate, ErrorRate)
    assert (time.bounds, rate.bounds) == (Bounds(critical=1.5), Bounds(critical=0.005))


@pytest.mark.parametrize(("interval", "window"), [(1, timedelta(minutes=30)), (60, timedelta(hours=2))])
def test_the_error_rate_looks_back_far_enough_for_its_samples(
    config: ConfigFolder, interval: int, window: timedelta
) -> None:
    rule = config.plan({**SHORT, "monitoring_interval": interval}).checks[0].rules[1]
    assert isinstance(rule, ErrorRate)
    assert rule.window == window


def test_a_short_interval_shortens_the_timeout(config: ConfigFolder) -> None:
    assert config.plan({**SHORT, "monitoring_interval": 5}).checks[0].timeout == timedelta(seconds=5)


def test_alerting_that_is_switched_off_tells_nobody(config: ConfigFolder) -> None:
    assert config.plan({**SHORT, "alerting": {"enabled": False, "email": EMAIL}}).channels == ()


def test_a_channel_that_is_switched_off_is_not_there(config: ConfigFolder) -> None:
    assert config.plan({**SHORT, "alerting": {"email": {"enabled": False, **EMAIL}}}).channels == ()


def test_a_mail_server_may_be_given_with_its_port(config: ConfigFolder) -> None:
    options = config.plan({**SHORT, "alerting": {"email": EMAIL}}).channels[0].options
    assert (getattr(options, "host", ""), getattr(options, "port", 0)) == ("mail.example.org", 587)


def test_slack_and_a_webhook_may_be_told_too(config: ConfigFolder) -> None:
    alerting = {"slack": {"webhook_url": "${CHAT}"}, "webhook": {"url": "${HOOK}", "secret": "${KEY}"}}
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    environment = {"CHAT": "https://chat.example.org/a", "HOOK": "https://hook.example.org/b", "KEY": key}
    plan = config.plan({**SHORT, "alerting": alerting}, environment)
    assert [channel.name for channel in plan.channels] == ["slack", "webhook"]
    assert {secret.reveal() for secret in plan.secrets} == set(environment.values())


def test_both_forms_may_stand_in_one_file(config: ConfigFolder) -> None:
    plan = config.plan({**SHORT, "monitoring_interval": 30, "checks": [CHECK]})
    assert [check.name for check in plan.checks] == ["api", "health", "auth-status"]
    assert {check.interval for check in plan.checks} == {timedelta(seconds=30)}


ROLE_CHECK = {
    "name": "roles",
    "kind": "roles",
    "options": {
        "roles": {"nurse": {"token": "${TOKEN}", "allow": ["list"]}},
        "requests": {"list": {"url": "http://127.0.0.1:8001/api/v1/patients"}},
    },
}


def role_bounds(config: ConfigFolder, **more: Any) -> list[Bounds]:
    check = {**ROLE_CHECK, **more}
    tree = {**SHORT, "alert_thresholds": {"role_check_time": 1.5}, "checks": [check]}
    rules = checks(config.plan(tree, {"TOKEN": "canary-4711"}))["roles"].rules
    return [rule.bounds for rule in rules if isinstance(rule, Threshold)]


def test_the_bound_for_role_checks_holds_for_every_role_check(config: ConfigFolder) -> None:
    assert role_bounds(config) == [Bounds(warning=0.5, critical=1.5)]


def test_a_role_check_with_a_bound_of_its_own_keeps_it(config: ConfigFolder) -> None:
    own = {"reading": "role_check_time", "critical": "3s"}
    assert role_bounds(config, rules=[own]) == [Bounds(critical=3.0)]
