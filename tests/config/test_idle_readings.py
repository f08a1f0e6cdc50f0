"""Rules about readings that a check's options do not switch on: they would never speak, so they are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.errors import ConfigError
from sentinel.core.rule import Threshold

if TYPE_CHECKING:
    from tests.kit.config import ConfigFolder

POSTGRES = {"url": "postgresql://monitor@127.0.0.1/app"}
JOBS = {**POSTGRES, "table": "jobs", "states": {"running": ["running"]}}
HTTP = {"url": "http://127.0.0.1:8001/"}
HEALTH = {"url": "http://127.0.0.1:8001/health"}


def plan(config: ConfigFolder, kind: str, options: dict[str, Any], reading: str, **more: Any) -> Any:
    rules = [{"reading": reading, "warning": 1}]
    return config.plan({"checks": [{"name": "it", "kind": kind, "options": options, "rules": rules}], **more})


@pytest.mark.parametrize(
    ("kind", "options", "reading", "switch"),
    [
        ("redis", {"url": "redis://127.0.0.1"}, "queue.nosuch", "`queues`"),
        ("postgres", POSTGRES, "replication_lag", "`replication`"),
        ("postgres", POSTGRES, "table_growth_week.employees", "`tables`"),
        ("postgres", {**POSTGRES, "tables": {}}, "table_growth_week.employees", "`tables.watch`"),
        ("postgres", {**POSTGRES, "statements": {}}, "statement.report", "`statements.labels`"),
        ("postgres", {**POSTGRES, "locks": False}, "deadlocks", "`locks`"),
        ("host", {}, "process_cpu.api", "`processes`"),
        ("host", {}, "clock_offset", "`ntp_server`"),
        ("host", {"disks": []}, "disk_used", "`disks`"),
        ("http", HTTP, "certificate_days", "an address with https://"),
        ("service", {"port": {"port": 80}}, "memory", "`systemd` or `pm2` or `container`"),
        ("jobs", JOBS, "failed", "`states.failed`"),
        ("jobs", JOBS, "time_per.100", "`per`"),
        ("jobs", JOBS, "stalled", "`columns.progress`"),
        ("backup", {"places": ["/srv/*.dump"]}, "rows.patients", "`restore.tables`"),
        ("logs", {"files": ["/var/log/app.log"]}, "rates.errors", "`patterns`"),
        ("health", HEALTH, "values.queue", "`values`"),
        ("tcp", {"host": "127.0.0.1", "port": 22}, "first_byte", "`expect`"),
        ("tls", {"host": "127.0.0.1"}, "starttls", "`starttls`"),
        ("browser", {"url": "http://127.0.0.1:8001/"}, "shown_time", "`text` or `selector`"),
        ("sql", {**POSTGRES, "query": "SELECT 1"}, "integrity.orphans", "`integrity`"),
    ],
)
def test_a_rule_about_a_reading_that_is_off_is_refused(
    config: ConfigFolder, kind: str, options: dict[str, Any], reading: str, switch: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        plan(config, kind, options, reading)
    [problem] = raised.value.problems
    assert (problem.key, problem.hint) == ("checks[0].rules[0].reading", f"{switch} switches {reading} on")
    assert reading not in problem.expected


@pytest.mark.parametrize(
    ("kind", "options", "reading"),
    [
        ("postgres", {**POSTGRES, "replication": {}}, "replication_lag"),
        ("postgres", {**POSTGRES, "tables": {"watch": ["employees"]}}, "table_growth_week.employees"),
        ("http", {**HTTP, "follow_redirects": True}, "certificate_days"),
        ("service", {"systemd": {"unit": "nginx.service"}}, "memory"),
        ("command", {"command": ["/bin/true"]}, "perf.anything"),
        ("jobs", {**POSTGRES, "query": "SELECT 1 AS failed"}, "failed"),
    ],
)
def test_a_rule_about_a_reading_that_is_on_is_taken(
    config: ConfigFolder, kind: str, options: dict[str, Any], reading: str
) -> None:
    assert reading in [rule.reading for rule in plan(config, kind, options, reading).checks[0].rules]


@pytest.mark.parametrize(
    ("kind", "options", "reading", "known"),
    [
        (
            "redis",
            {"url": "redis://127.0.0.1", "queues": [{"name": "mail", "key": "mail"}]},
            "queue.nosuch",
            "queue.mail",
        ),
        ("command", {"command": ["/bin/true"], "values": {"used": "%"}}, "perf.nosuch", "perf.used"),
    ],
)
def test_a_member_that_the_options_do_not_name_is_refused(
    config: ConfigFolder, kind: str, options: dict[str, Any], reading: str, known: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        plan(config, kind, options, reading)
    assert known in raised.value.problems[0].expected


def test_a_default_rule_holds_for_the_checks_that_have_its_reading(config: ConfigFolder) -> None:
    checks = [
        {"name": scheme, "kind": "http", "options": {"url": f"{scheme}://127.0.0.1/"}} for scheme in ("http", "https")
    ]
    defaults = {"rules": {"http": [{"reading": "certificate_days", "critical": 7}]}}
    plain, encrypted = config.plan({"defaults": defaults, "checks": checks}).checks
    assert plain.rules == ()
    assert [rule.reading for rule in encrypted.rules if isinstance(rule, Threshold)] == ["certificate_days"]
