"""The published schema and reference are those of the code, and what the page shows as an example can be used."""

import base64
import json
import re
import tomllib
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.config.advice import advice
from sentinel.config.json_schema import json_schema
from sentinel.config.schema import Configuration
from sentinel.config.schema.checks import CheckEntry
from sentinel.config.schema.guide import GuideForm
from sentinel.config.shape import fields
from sentinel.probes.catalogue import CATALOGUE as PROBES
from tests.config.write_docs import DOCS, PAGE, SCHEMA, page_text, schema_text
from tests.kit.config import CHECK, ConfigFolder


def examples(page: str) -> list[tuple[str, str]]:
    """The blocks of JSON and TOML of a page."""
    return re.findall(r"```(json|toml)\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def variables(page: str) -> list[str]:
    """The variables that its examples refer to."""
    return [name for _, text in examples(page) for name in re.findall(r"\$\{([A-Z_]+)\}", text)]


EXAMPLES = [*examples("configuration.md"), *examples("../README.md")]
CHANNEL_EXAMPLES = [json.loads(text) for _, text in examples("channels.md")]

TOKEN = "canary-4711-canary"
NAMED = {name for page in ("configuration.md", "../README.md", "channels.md") for name in variables(page)}
ENVIRONMENT = {
    **dict.fromkeys(NAMED, TOKEN),
    "WEBHOOK_URL": "https://hooks.example.org/canary-4711",
    "TEAMS_URL": "https://teams.example.org/workflows/canary-4711",
    "DISCORD_URL": "https://discord.example.org/api/webhooks/1/canary-4711",
    "PHONES_URL": "ntfys://example.org/canary-4711",
    "PAGERDUTY_KEY": "0123456789abcdef" * 2,
    "WEBHOOK_SECRET": f"whsec_{base64.b64encode(TOKEN.encode() * 2).decode()}",
}


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
    plan = config.plan(text, ENVIRONMENT, name=f"example.{suffix}")
    assert list(advice(plan)) == []
    tree: Any = json.loads(text) if suffix == "json" else tomllib.loads(text)
    assert list(Draft202012Validator(json_schema(PROBES, CHANNELS)).iter_errors(tree)) == []


@pytest.mark.parametrize("channel", CHANNEL_EXAMPLES, ids=lambda channel: channel["kind"])
def test_an_example_of_a_channel_can_be_used(config: ConfigFolder, channel: dict[str, Any]) -> None:
    """In a file that everybody may read: no secret stands in an example."""
    assert config.plan({"checks": [CHECK], "channels": {"oncall": channel}}, ENVIRONMENT).channels


def test_the_file_that_getting_started_writes_can_be_used(config: ConfigFolder) -> None:
    text = "\n".join(text for _, text in examples("getting-started.md"))
    plan = config.plan(text, ENVIRONMENT, name="monitor.toml")
    assert [channel.name for channel in plan.channels] == ["mail", "chat"]
    assert list(advice(plan)) == []


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
