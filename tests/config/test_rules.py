"""What each type of rule of a file becomes."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sentinel.base.units import Unit
from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.config.json_schema import json_schema
from sentinel.config.schema.rules import RULES as TYPES
from sentinel.config.written_rules import written_rule
from sentinel.core.rule import (
    WORKBOOK,
    Absence,
    Against,
    Baseline,
    Bounds,
    Burn,
    BurnRate,
    Count,
    Direction,
    Growth,
    Rule,
    Severity,
    Threshold,
    Uptime,
)
from sentinel.probes.catalogue import CATALOGUE as PROBES
from tests.kit.config import CHECK, ConfigFolder

PAGE = (Path(__file__).parents[2] / "docs" / "alerting" / "rules.md").read_text()
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

RULES: list[tuple[dict[str, Any], Rule]] = [
    (
        {"type": "count", "bad": 3, "of": 5},
        Count(bad=3, of=5, severity=Severity.CRITICAL),
    ),
    (
        {"type": "count", "bad": 3, "of": 5, "severity": "warning", "reading": "response_time", "above": "2s"},
        Count(
            bad=3,
            of=5,
            severity=Severity.WARNING,
            reading="response_time",
            unit=Unit.SECONDS,
            bounds=Bounds(critical=2.0),
        ),
    ),
    (
        {"type": "uptime", "window": "30d", "warning": "99.9%", "critical": "99%"},
        Uptime(window=30 * DAY, bounds=Bounds(warning=0.999, critical=0.99, direction=Direction.BELOW)),
    ),
    ({"type": "burn_rate", "objective": "99.9%"}, BurnRate(objective=0.999, pairs=WORKBOOK)),
    (
        {
            "type": "burn_rate",
            "objective": 0.99,
            "min_failures": 5,
            "windows": [{"long": "2h", "short": "10m", "factor": 10, "severity": "warning"}],
        },
        BurnRate(
            objective=0.99,
            pairs=(Burn(long=2 * HOUR, short=HOUR / 6, factor=10, severity=Severity.WARNING),),
            min_failures=5,
        ),
    ),
    (
        {
            "type": "baseline",
            "reading": "response_time",
            "quantile": 0.95,
            "window": "1h",
            "warning": "20%",
            "floor": "50ms",
        },
        Baseline(
            window=HOUR,
            against=Against.BEFORE,
            bounds=Bounds(warning=0.2),
            min_samples=20,
            reading="response_time",
            unit=Unit.SECONDS,
            quantile=0.95,
            floor=0.05,
        ),
    ),
    (
        {"type": "baseline", "window": "1h", "against": "weeks", "critical": "300%", "min_samples": 40},
        Baseline(window=HOUR, against=Against.WEEKS, bounds=Bounds(critical=3.0), min_samples=40),
    ),
    (
        {"type": "growth", "reading": "size", "per": "week", "window": "3d", "warning": "1 GB"},
        Growth(reading="size", unit=Unit.BYTES, window=3 * DAY, per=7 * DAY, bounds=Bounds(warning=1e9)),
    ),
    (
        {"type": "growth", "reading": "size", "direction": "below", "critical": "1 GB"},
        Growth(reading="size", unit=Unit.BYTES, window=7 * DAY, per=DAY, bounds=Bounds(critical=1e9), falling=True),
    ),
    (
        {"type": "absence", "reading": "response_time", "warning": "30m"},
        Absence(reading="response_time", bounds=Bounds(warning=1800.0)),
    ),
]


def rules(config: ConfigFolder, *entries: dict[str, Any], **more: Any) -> tuple[Rule, ...]:
    check = {**CHECK, "interval": "30s", "usual_rules": False, "rules": list(entries)}
    return config.plan({"checks": [check], **more}).checks[0].rules


@pytest.mark.parametrize(("entry", "rule"), RULES)
def test_a_rule_becomes_a_value(config: ConfigFolder, entry: dict[str, Any], rule: Rule) -> None:
    assert rules(config, entry) == (rule,)


@pytest.mark.parametrize("rule", [rule for _, rule in RULES], ids=lambda rule: type(rule).__name__)
def test_a_rule_is_written_so_that_it_reads_the_same(config: ConfigFolder, rule: Rule) -> None:
    assert rules(config, written_rule(rule)) == (rule,)


@pytest.mark.parametrize("entry", EXAMPLES, ids=lambda entry: str(entry.get("type")))
def test_an_example_of_the_page_can_be_used(config: ConfigFolder, entry: dict[str, Any]) -> None:
    main = {"reading": "response_time", "critical": "9s"}
    assert len(rules(config, entry, main)) == 2


def test_the_schema_knows_every_example() -> None:
    schema = Draft202012Validator(json_schema(PROBES, CHANNELS))
    assert list(schema.iter_errors({"checks": [{**CHECK, "rules": EXAMPLES}]})) == []
    assert not schema.is_valid({"checks": [{**CHECK, "rules": [{"type": "count", "bad": 3}]}]})


def test_the_page_tells_of_every_type() -> None:
    assert all(f"| `{name}` |" in PAGE for name in TYPES)


def test_two_rules_of_one_reading_hold_at_different_hours(config: ConfigFolder) -> None:
    office = {"days": ["mon-fri"], "hours": ["08:00-18:00"], "zone": "Europe/Berlin"}
    by_day = {"reading": "response_time", "critical": "1s", "when": "office"}
    always = {"reading": "response_time", "critical": "5s"}
    first, second = rules(config, by_day, always, calendars={"office": office})
    assert first.when is not None
    assert (first.when.name, second.when) == ("office", None)
    assert isinstance(first, Threshold)
    assert written_rule(first)["when"] == "office"


def test_a_quantile_of_the_main_reading_may_look_further_back_than_results_are_kept(config: ConfigFolder) -> None:
    entry = {"reading": "response_time", "quantile": 0.95, "window": "30d", "critical": "1s"}
    assert len(rules(config, entry)) == 1
