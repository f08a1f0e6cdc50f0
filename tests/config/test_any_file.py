"""Whatever a file holds, it becomes a Plan or a ConfigError with paths and expectations: never a traceback."""

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.base.errors import ConfigError
from sentinel.config.guide import KEYS
from sentinel.config.schema import Configuration
from sentinel.config.schema.checks import CheckEntry
from sentinel.config.shape import fields
from sentinel.core.plan import Plan
from tests.kit.config import ConfigFolder

WORDS = ["http", "sql", "email", "default", "api", "10s", "5%", "${A}", "${A:-b}", "http://127.0.0.1/", ""]
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.sampled_from(WORDS)
KEY = st.sampled_from(
    [*fields(Configuration), *KEYS, *fields(CheckEntry), "reading", "critical", "email", "url", "levels"]
)
TREES = st.dictionaries(
    KEY,
    st.recursive(SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEY, below, max_size=4)),
    max_size=6,
)


def outcome(config: ConfigFolder, tree: Any) -> Plan | ConfigError:
    try:
        return config.plan(json.dumps(tree))
    except ConfigError as error:
        return error


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES)
def test_any_tree_is_a_plan_or_a_list_of_problems(config: ConfigFolder, tree: dict[str, Any]) -> None:
    result = outcome(config, tree)
    assert isinstance(result, Plan) or all(problem.found and problem.expected for problem in result.problems)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60), suffix=st.sampled_from(["json", "toml"]))
def test_any_text_is_a_plan_or_a_list_of_problems(config: ConfigFolder, text: str, suffix: str) -> None:
    with pytest.raises(ConfigError):
        config.plan(text.encode("utf-8", "replace").decode(), name=f"any.{suffix}")


def many(count: int) -> dict[str, Any]:
    """Checks as a program may write them: each with an address, expectations, rules and a reference of its own."""
    rules = [
        {"reading": "response_time", "warning": "500ms", "critical": 2},
        {"type": "error_rate", "window": "30m", "min_samples": 50, "critical": "5%"},
    ]
    options = {"url": "http://127.0.0.1:8000/health?shop=${SHOP}", "expect": {"status": [200, "3xx"]}}
    check = {"kind": "http", "interval": "10s", "tags": ["shop"], "options": options, "rules": rules}
    return {"checks": [{"name": f"shop-{number}", **check} for number in range(count)]}


def test_twenty_thousand_checks_load_within_five_seconds_of_work(config: ConfigFolder) -> None:
    file = json.dumps(many(20_000))
    began = time.process_time()
    plan = config.plan(file, {"SHOP": "berlin"})
    assert time.process_time() - began < 5.0
    assert len(plan.checks) == 20_000


def test_a_check_of_many_costs_little_memory(config: ConfigFolder) -> None:
    file = json.dumps(many(2_000))
    tracemalloc.start()
    try:
        plan = config.plan(file, {"SHOP": "berlin"})
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(plan.checks) == 2_000
    assert kept / 2_000 < 8_000  # bytes of a check in the Plan
    assert peak / 2_000 < 30_000  # while it is read


def test_a_thousand_problems_are_counted_and_not_all_told(config: ConfigFolder) -> None:
    tree = many(1_000)
    for check in tree["checks"]:
        check["kind"] = "htpp"
    with pytest.raises(ConfigError) as raised:
        config.plan(tree, {"SHOP": "berlin"})
    assert len(raised.value.problems) == 101
    assert raised.value.problems[-1].found == "900 more problems"
