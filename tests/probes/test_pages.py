"""Every kind has a page whose example works and which names every reading and every class of failure."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.config.json_schema import json_schema
from sentinel.core.result import OWN_SIDE, FailureClass
from sentinel.probes.catalogue import CATALOGUE
from tests.probes.kinds import EVERY, subject

PAGES = Path(__file__).parents[2] / "docs/probes"

#: Classes that any way to a target can end in; the overview has them.
ON_THE_WAY = [kind for kind in FailureClass if kind.value.startswith(("dns_", "tls_"))] + [
    FailureClass.REFUSED,
    FailureClass.UNREACHABLE,
    FailureClass.CONNECT_TIMEOUT,
    FailureClass.RESET,
    FailureClass.READ_TIMEOUT,
    FailureClass.INCOMPLETE,
    FailureClass.PROTOCOL_ERROR,
]

#: Unknown results that only some kinds have.
SOME = {FailureClass.NOT_INSTALLED, FailureClass.COMMAND_UNKNOWN, FailureClass.UNHEARD}

every_kind = pytest.mark.parametrize("kind", EVERY)


def page(name: str) -> str:
    return (PAGES / f"{name}.md").read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """The part of a page under that heading."""
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> set[str]:
    """What the rows of its tables begin with, where that is code."""
    return set(re.findall(r"^\| `([^`]+)`", text, re.MULTILINE))


def example(kind: str) -> dict[str, Any]:
    """The check that the page shows."""
    [text] = re.findall(r"```json\n(.*?)```", page(kind), re.DOTALL)
    check: dict[str, Any] = json.loads(re.sub(r"\$\{\w+\}", "value-0123456789-abcdef", text))
    return check


@every_kind
def test_a_page_names_every_reading(kind: str) -> None:
    assert first_cells(section(page(kind), "Readings")) == set(CATALOGUE[kind].readings)


@every_kind
def test_a_page_names_every_class_of_its_own(kind: str) -> None:
    assert first_cells(section(page(kind), "Failures of its own")) == {failure.value for failure in subject(kind).own}


def test_the_overview_names_every_class_of_the_way() -> None:
    shared = {failure.value for failure in [*ON_THE_WAY, *(OWN_SIDE - SOME)]}
    assert shared <= first_cells(page("README"))


def test_the_overview_lists_every_kind_with_its_main_reading() -> None:
    listed = dict(re.findall(r"^\| \[`(\w+)`\]\(\1\.md\) \|.*\| `(\w+)` \|$", page("README"), re.MULTILINE))
    assert listed == {name: kind.main for name, kind in CATALOGUE.items()}


@every_kind
def test_the_example_of_a_page_works(kind: str) -> None:
    check = example(kind)
    known = CATALOGUE[kind]
    options = known.options.model_validate(check["options"])
    readings = {*known.readings, *known.more_readings(options)}
    assert check["kind"] == kind
    assert {rule["reading"] for rule in check["rules"]} <= readings


@every_kind
def test_editors_accept_the_example_of_a_page(kind: str) -> None:
    """Short forms, such as a text for `{"json": …}`, were marked as mistakes by every editor that knows the schema."""
    schema = Draft202012Validator(json_schema(CATALOGUE, CHANNELS))
    assert [f"{error.json_path}: {error.message}" for error in schema.iter_errors({"checks": [example(kind)]})] == []
