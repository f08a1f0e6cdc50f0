"""The published schema and reference are those of the code, and what the page shows as an example can be used."""

import json
import re
import tomllib
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.config.json_schema import json_schema
from sentinel.config.schema import CheckEntry, Configuration, GuideForm
from sentinel.config.shape import fields
from sentinel.core.plan import Plan
from sentinel.probes.catalogue import CATALOGUE as PROBES
from tests.config.write_docs import PAGE, SCHEMA, page_text, schema_text
from tests.kit.config import CHECK, ConfigFolder

EXAMPLES = re.findall(r"```(json|toml)\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_published_schema_is_up_to_date() -> None:
    """When it is not: `python -m tests.config.write_docs`."""
    assert SCHEMA.read_text() == schema_text()


def test_the_reference_is_up_to_date() -> None:
    """When it is not: `python -m tests.config.write_docs`."""
    assert PAGE.read_text() == page_text()


def test_every_key_is_in_the_reference_with_its_meaning() -> None:
    page = PAGE.read_text()
    for model in (Configuration, GuideForm, CheckEntry):
        for key in fields(model):
            assert re.search(rf"^\| `{re.escape(key)}` \|.*\| [^|]+ \|$", page, re.MULTILINE), key


def test_every_reading_is_in_the_reference() -> None:
    page = PAGE.read_text()
    for kind in PROBES.values():
        assert all(f"| `{name}`" in page for name in kind.readings)


@pytest.mark.parametrize(("suffix", "text"), EXAMPLES)
def test_an_example_of_the_page_can_be_used(config: ConfigFolder, suffix: str, text: str) -> None:
    token = "canary-4711-canary"
    plan = config.plan(text, {"API_TOKEN": token, "SLACK_BOT_TOKEN": token}, name=f"example.{suffix}")
    assert isinstance(plan, Plan)
    tree: Any = json.loads(text) if suffix == "json" else tomllib.loads(text)
    assert list(Draft202012Validator(json_schema(PROBES, CHANNELS)).iter_errors(tree)) == []


def test_the_schema_refuses_what_sentinel_refuses() -> None:
    schema = Draft202012Validator(json_schema(PROBES, CHANNELS))
    wrong: list[dict[str, Any]] = [
        {"chekcs": []},
        {"checks": [{"name": "a"}]},
        {"checks": [{**CHECK, "kind": "htpp"}]},
        {"checks": [{**CHECK, "options": {"url": "http://127.0.0.1/", "methd": "GET"}}]},
        {"checks": [{**CHECK, "rules": [{"reading": "response_time", "critcal": 5}]}]},
        {"channels": {"a": {"kind": "email", "hots": "127.0.0.1"}}},
        {"web": {"port": "many"}},
    ]
    assert all(not schema.is_valid(tree) for tree in wrong)


def test_the_schema_allows_a_reference_for_a_number() -> None:
    schema = Draft202012Validator(json_schema(PROBES, CHANNELS))
    assert schema.is_valid({"web": {"port": "${PORT:-8600}"}, "defaults": {"interval": "${EVERY}"}})
