"""From the full form to the Plan: defaults, policies, reports, fingerprints."""

from datetime import timedelta
from typing import Any

import pytest

from sentinel.base.errors import ConfigError
from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.plan import Limits, LogPlan
from sentinel.core.rule import Bounds, Direction, ErrorRate, Quantile, Severity, Threshold
from tests.kit.config import CHECK, ConfigFolder

MAIL = {"kind": "email", "host": "127.0.0.1", "sender": "a@example.org", "recipients": ["b@example.org"]}
CHAT = {"kind": "slack", "token": "${TOKEN}", "channel": "#alerts"}
ENVIRONMENT = {"TOKEN": "xoxb-canary-4711"}


def check(config: ConfigFolder, **more: Any) -> Check:
    return config.plan_of_check(**more).checks[0]


def told(config: ConfigFolder, **more: Any) -> Any:
    tree = {"checks": [CHECK], "channels": {"mail": MAIL, "chat": CHAT}, **more}
    return config.plan(tree, ENVIRONMENT)


def test_a_check_that_says_nothing_gets_the_designs_defaults(config: ConfigFolder) -> None:
    one = check(config)
    assert (one.interval, one.timeout) == (timedelta(seconds=60), timedelta(seconds=10))
    assert (one.open_after, one.close_after, one.failure_severity) == (3, 2, Severity.CRITICAL)
    assert (one.policy, one.rules, one.tags) == ("default", (), frozenset())


def test_the_files_defaults_hold_for_checks_that_say_nothing(config: ConfigFolder) -> None:
    defaults = {"interval": "20s", "timeout": "4s", "open_after": 5, "close_after": 1, "tags": ["shop"]}
    one, other = config.plan(
        {"defaults": defaults, "checks": [CHECK, {**CHECK, "name": "b", "open_after": 1, "tags": ["smoke"]}]}
    ).checks
    assert (one.interval, one.timeout, one.open_after, one.close_after) == (
        timedelta(seconds=20),
        timedelta(seconds=4),
        5,
        1,
    )
    assert (other.open_after, other.tags) == (1, frozenset({"shop", "smoke"}))


def test_a_check_more_often_than_the_default_timeout_has_a_shorter_one(config: ConfigFolder) -> None:
    assert check(config, interval="3s").timeout == timedelta(seconds=3)


def test_rules_get_the_unit_of_their_reading(config: ConfigFolder) -> None:
    rules = [
        {"reading": "response_time", "warning": "500ms", "critical": 2},
        {"reading": "certificate_days", "warning": "2w", "critical": 3, "direction": "below"},
        {"reading": "response_time", "quantile": 0.95, "window": "30m", "critical": "1s"},
        {"type": "error_rate", "window": "1h", "min_samples": 30, "warning": "1%", "critical": 0.05},
    ]
    half_hour, hour = timedelta(minutes=30), timedelta(hours=1)
    assert check(config, options={"url": "https://127.0.0.1:8001/health"}, rules=rules).rules == (
        Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(warning=0.5, critical=2.0)),
        Threshold(
            reading="certificate_days",
            unit=Unit.DAYS,
            bounds=Bounds(warning=14.0, critical=3.0, direction=Direction.BELOW),
        ),
        Quantile(
            reading="response_time",
            unit=Unit.SECONDS,
            quantile=0.95,
            window=half_hour,
            min_samples=20,
            bounds=Bounds(critical=1.0),
        ),
        ErrorRate(window=hour, min_samples=30, bounds=Bounds(warning=0.01, critical=0.05)),
    )


def test_a_rule_bounds_from_below_what_is_worse_when_it_is_less(config: ConfigFolder) -> None:
    rules = [
        {"reading": "disk_free./var", "critical": "1GB"},
        {"reading": "disk_used./var", "critical": "90%"},
        {"reading": "memory_free", "quantile": 0.05, "window": "1h", "warning": "2GB", "critical": "1GB"},
        {"reading": "uptime", "warning": "52w", "direction": "above"},
    ]
    options = {"disks": ["/var"]}
    compiled = check(config, kind="host", options=options, rules=rules, usual_rules=False).rules
    sides = [rule.bounds.direction for rule in compiled if isinstance(rule, Threshold | Quantile)]
    assert sides == [Direction.BELOW, Direction.ABOVE, Direction.BELOW, Direction.ABOVE]


def test_default_rules_hold_where_a_check_has_none_for_that_reading(config: ConfigFolder) -> None:
    usual = [{"reading": "response_time", "critical": "5s"}, {"reading": "first_byte", "critical": "4s"}]
    own = [{"reading": "response_time", "critical": "1s"}]
    plan = config.plan({"defaults": {"rules": {"http": usual}}, "checks": [{**CHECK, "rules": own}]})
    assert [(rule.reading, rule.bounds.critical) for rule in plan.checks[0].rules if isinstance(rule, Threshold)] == [
        ("response_time", 1.0),
        ("first_byte", 4.0),
    ]


def test_a_family_of_readings_has_the_members_that_the_options_name(config: ConfigFolder) -> None:
    options = {"url": "sqlite:///a.db", "integrity": [{"name": "orphans", "query": "SELECT 0"}]}
    sql = {"name": "db", "kind": "sql", "options": options}
    plan = config.plan({"checks": [{**sql, "rules": [{"reading": "integrity.orphans", "critical": 5}]}]})
    assert isinstance(plan.checks[0].rules[0], Threshold)
    with pytest.raises(ConfigError, match=r"did you mean integrity\.orphans"):
        config.plan({"checks": [{**sql, "rules": [{"reading": "integrity.orphan", "critical": 5}]}]})


def test_a_check_that_is_not_enabled_is_read_and_left_out(config: ConfigFolder) -> None:
    plan = config.plan({"checks": [CHECK, {**CHECK, "name": "b", "enabled": False}]})
    assert [one.name for one in plan.checks] == ["api"]
    with pytest.raises(ConfigError, match="unknown key"):
        config.plan_of_check(enabled=False, intervall=1)


def test_without_policies_every_channel_is_told_on_three_levels(config: ConfigFolder) -> None:
    levels = told(config).policies["default"].levels
    assert [level.after for level in levels] == [timedelta(0), timedelta(minutes=15), timedelta(minutes=30)]
    assert {level.channels for level in levels} == {("mail", "chat")}


def test_a_policy_says_who_is_told_when(config: ConfigFolder) -> None:
    levels = [{"after": 0, "channels": ["chat"]}, {"after": "10m", "channels": ["mail"], "severity": "critical"}]
    policy = {"levels": levels, "remind": {"warning": 0}, "acknowledge": {"critical": "2h"}}
    night = told(config, policies={"night": policy}).policies["night"]
    assert [(level.after, level.channels, level.severity) for level in night.levels] == [
        (timedelta(0), ("chat",), Severity.WARNING),
        (timedelta(minutes=10), ("mail",), Severity.CRITICAL),
    ]
    assert (night.remind_warning, night.remind_critical) == (timedelta(0), timedelta(minutes=30))
    assert (night.acknowledge_warning, night.acknowledge_critical) == (timedelta(hours=4), timedelta(hours=2))


def test_a_report_goes_to_the_mail_channels_of_the_first_level(config: ConfigFolder) -> None:
    assert told(config).reports[0].channels == ("mail",)
    only_chat = {"default": {"levels": [{"after": 0, "channels": ["chat"]}]}}
    assert told(config, policies=only_chat).reports[0].channels == ()


def test_a_report_may_name_its_channels_or_none(config: ConfigFolder) -> None:
    schedule = [
        {"name": "a", "every": "week", "at": "07:30", "channels": ["chat"]},
        {"name": "b", "every": "month", "channels": []},
    ]
    reports = told(config, reports={"zone": "Europe/Berlin", "schedule": schedule}).reports
    assert [(one.every, one.at, one.zone, one.channels) for one in reports] == [
        ("week", "07:30", "Europe/Berlin", ("chat",)),
        ("month", "06:00", "Europe/Berlin", ()),
    ]


def test_a_mail_brings_along_the_forms_for_people(config: ConfigFolder) -> None:
    schedule = [
        {"name": "a", "every": "day"},
        {"name": "b", "every": "day", "forms": ["csv", "html"]},
        {"name": "c", "every": "day", "attach": []},
    ]
    reports = told(config, reports={"schedule": schedule}).reports
    assert [one.attach for one in reports] == [("html", "pdf"), ("html",), ()]


def test_a_report_says_what_it_is_about(config: ConfigFolder) -> None:
    chosen = {"name": "a", "every": "quarter", "content": ["audit", "hipaa"], "checks": ["*"], "tags": ["x"]}
    checks = [{**CHECK, "tags": ["x"]}]
    reports = config.plan({"checks": checks, "reports": {"schedule": [chosen, {"name": "b", "every": "day"}]}}).reports
    assert [(one.contents, str(one.selection)) for one in reports] == [
        (("audit", "hipaa"), "checks *; tag x"),
        (("operations",), "all checks"),
    ]


def test_the_checklist_and_the_reviews_are_part_of_the_reports(config: ConfigFolder) -> None:
    reports = {"hipaa": {"access_control": [CHECK["name"]]}, "reviews": ["7d", "1h", "1h"]}
    plan = config.plan({"checks": [CHECK], "reports": reports})
    assert plan.hipaa == {"access_control": (CHECK["name"],)}
    assert plan.reviews == (timedelta(hours=1), timedelta(days=7))


def test_the_sections_about_sentinel_itself(config: ConfigFolder) -> None:
    plan = config.plan(
        {
            "checks": [CHECK],
            "name": "night watch",
            "link": "https://monitor.example.org/",
            "store": {"url": "postgresql://monitor@127.0.0.1/sentinel", "keep": {"results": "3d"}},
            "web": {"host": "::1", "port": 8600},
            "logs": {"level": "debug", "format": "json"},
            "limits": {"concurrency": 7, "unknown_after": "1m"},
        }
    )
    assert (plan.name, plan.link) == ("night watch", "https://monitor.example.org/")
    assert (plan.store.url.reveal(), plan.store.keep_results) == (
        "postgresql://monitor@127.0.0.1/sentinel",
        timedelta(days=3),
    )
    assert (plan.web.host, plan.web.port) == ("::1", 8600)
    assert plan.logs == LogPlan(level="debug", format="json")
    assert plan.limits == Limits(concurrency=7, unknown_after=timedelta(minutes=1))


@pytest.mark.parametrize(
    "change",
    [
        {"interval": "30s"},
        {"timeout": "5s"},
        {"open_after": 1},
        {"close_after": 1},
        {"severity": "warning"},
        {"options": {"url": "http://127.0.0.1:8001/other"}},
        {"rules": [{"reading": "response_time", "critical": 1}]},
        {"options": {**CHECK["options"], "auth": {"bearer": "${TOKEN}"}}},
    ],
)
def test_what_is_measured_or_judged_decides_the_fingerprint(config: ConfigFolder, change: dict[str, Any]) -> None:
    plan = config.plan({"checks": [{**CHECK, **change}]}, ENVIRONMENT)
    assert plan.checks[0].fingerprint != check(config).fingerprint


def test_who_is_told_and_how_it_is_called_does_not(config: ConfigFolder) -> None:
    assert (
        check(config, title="The API", runbook="https://example.org/", tags=["a"]).fingerprint
        == check(config).fingerprint
    )


def fingerprints(config: ConfigFolder, token: str) -> tuple[str, str]:
    options = {**CHECK["options"], "auth": {"bearer": "${TOKEN}"}}
    plan = config.plan({"checks": [{**CHECK, "options": options}]}, {"TOKEN": token})
    return plan.checks[0].fingerprint, plan.fingerprint


def test_another_secret_is_another_check_and_the_same_plan(config: ConfigFolder) -> None:
    (one, plan_of_one), (other, plan_of_other) = fingerprints(config, "one-token"), fingerprints(config, "other-token")
    assert one != other
    assert one.split("-")[0] == other.split("-")[0]
    assert plan_of_one == plan_of_other


def test_another_word_is_another_plan(config: ConfigFolder) -> None:
    assert config.plan_of_check(title="a").fingerprint != config.plan_of_check(title="b").fingerprint


def test_a_check_is_shown_by_the_reading_that_its_own_rules_look_at(config: ConfigFolder) -> None:
    expiry = {"reading": "size", "direction": "below", "critical": 7}
    slow: dict[str, object] = {"reading": "response_time", "critical": "5s"}
    rules: list[list[dict[str, object]]] = [[], [expiry], [expiry, slow]]
    checks = [{**CHECK, "name": f"c{number}", "rules": own} for number, own in enumerate(rules)]
    plan = config.plan({"checks": checks})
    assert [check.main for check in plan.checks] == ["response_time", "size", "response_time"]
    assert [check.main_unit for check in plan.checks] == [Unit.SECONDS, Unit.BYTES, Unit.SECONDS]


def test_a_channel_that_runs_a_command_is_none_that_tells_people(config: ConfigFolder) -> None:
    channels = {
        "rollback": {"kind": "command", "command": ["/bin/true"]},
        "hook": {"kind": "webhook", "url": "${HOOK}"},
    }
    plan = config.plan({"checks": [CHECK], "channels": channels}, {"HOOK": "http://127.0.0.1:9/"})
    assert (plan.tellers, list(plan.commands)) == (("hook",), ["rollback"])
