"""The configuration that Sentinel comes with: every check of it passes on the service it is for, and serves its lines of
the guide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from examples.demo.__main__ import demo_environment
from examples.demo.ports import Ports
from examples.demo.system import NAMES, Stand, find
from examples.front import Authority
from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.config.advice import advice
from sentinel.config.json_schema import json_schema
from sentinel.core.rule import Bounds, ErrorRate, Quantile, Severity, Threshold
from sentinel.probes.catalogue import CATALOGUE as PROBES
from tests.kit.config import plan_of

if TYPE_CHECKING:
    from sentinel.core.plan import Plan

ROOT = Path(__file__).parents[2]
of_every_system = pytest.mark.parametrize("name", NAMES)


def test_it_watches_all_that_the_guide_asks_for(tmp_path: Path) -> None:
    plan = of_the_system("healthcare", tmp_path)
    assert {check.name: check.kind for check in plan.checks} == {
        "health": "http",
        "auth-status": "http",
        "page": "browser",
        "database": "sql",
        "integrity": "sql",
        "database-file": "sqlite",
        "migrations": "sql",
        "login": "auth",
        "roles": "roles",
        "audit": "audit",
        "audit-trail": "audit",
        "logs": "logs",
        "host": "host",
        "container": "service",
        "backup-hourly": "backup",
        "backup-daily": "backup",
        "certificate": "tls",
        "https": "hardening",
        "hardening": "hardening",
    }


@pytest.mark.parametrize(
    ("check", "rule", "target", "critical"),
    [
        ("health", Threshold, 2.0, 5.0),
        ("health", ErrorRate, 0.01, 0.05),
        ("database", Threshold, 0.1, 0.5),
        ("roles", Threshold, 0.5, 1.0),
        ("health", Quantile, 2.0, None),
        ("login", Quantile, 0.2, None),
        ("database", Quantile, 0.05, None),
        ("page", Quantile, 1.0, None),
    ],
)
def test_its_bounds_are_those_of_the_guide(
    check: str, rule: type[Threshold | ErrorRate | Quantile], target: float, critical: float | None, tmp_path: Path
) -> None:
    plan = of_the_system("healthcare", tmp_path)
    rules = next(one.rules for one in plan.checks if one.name == check)
    first = next(one for one in rules if isinstance(one, rule))
    assert first.bounds == Bounds(warning=target, critical=critical)


def test_three_failures_in_a_row_open(tmp_path: Path) -> None:
    opening = {check.name: check.open_after for check in of_the_system("healthcare", tmp_path).checks}
    assert {opening[name] for name in ("health", "auth-status", "database", "login", "roles", "audit")} == {3}


def test_it_escalates_as_the_guide_says(tmp_path: Path) -> None:
    plan = of_the_system("healthcare", tmp_path)
    assert escalation(plan) == [(0, Severity.WARNING), (15, Severity.CRITICAL), (30, Severity.CRITICAL)]
    assert {channel.kind for channel in plan.channels} == {"email", "slack", "webhook", "command"}


def test_the_last_level_runs_the_rollback(tmp_path: Path) -> None:
    assert "rollback" in of_the_system("healthcare", tmp_path).policies["default"].levels[-1].channels


def errors(tree: Any) -> list[str]:
    schema = Draft202012Validator(json_schema(PROBES, CHANNELS))
    return [f"{error.json_path}: {error.message}" for error in schema.iter_errors(tree)]


def test_the_schema_accepts_the_guides_file() -> None:
    assert errors(json.loads((ROOT / "examples/healthcare/guide_config.json").read_text())) == []


def of_the_system(name: str, data: Path) -> Plan:
    """The plan of a system of the guides, in the environment that its demo sets."""
    system = find(name)
    stand = Stand(ports=Ports(), data=data, given={})
    if system.https:
        Authority(stand.service_data / "tls")
    environment = demo_environment(system, stand)
    # The demo does not keep people waiting for a quarter of an hour.
    return plan_of(system.config, {key: value for key, value in environment.items() if "LEVEL" not in key})


def escalation(plan: Plan) -> list[tuple[float, Severity]]:
    """The levels of its policy: after how many minutes, and how bad it has to be."""
    return [(level.after.total_seconds() / 60, level.severity) for level in plan.policies["default"].levels]


@of_every_system
def test_the_schema_accepts_the_file_of_every_system(name: str) -> None:
    assert errors(json.loads(find(name).config.read_text())) == []


@of_every_system
def test_nothing_is_advised_but_what_a_host_lacks(name: str, tmp_path: Path) -> None:
    lines = [line for line in advice(of_the_system(name, tmp_path)) if "cannot be judged yet" not in line]
    assert lines == []


@of_every_system
def test_every_check_of_a_system_says_what_it_is_and_where_to_read(name: str, tmp_path: Path) -> None:
    plan = of_the_system(name, tmp_path)
    assert [check.name for check in plan.checks if not check.title or not check.runbook or not check.tags] == []


@of_every_system
def test_every_system_escalates_as_the_shipped_file_does(name: str, tmp_path: Path) -> None:
    plan = of_the_system(name, tmp_path)
    assert escalation(plan) == escalation(of_the_system("healthcare", tmp_path))
    assert {channel.kind for channel in plan.channels} >= {"email", "slack", "webhook"}


@of_every_system
def test_no_file_names_a_secret_itself(name: str, tmp_path: Path) -> None:
    assert of_the_system(name, tmp_path).secrets
    assert not any(word in find(name).config.read_text() for word in ("xoxb-", "whsec_", "demo-"))
