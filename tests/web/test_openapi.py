"""The document of the interface, and what it is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping  # the schema looks for it at run time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from sentinel.base.units import Unit
from sentinel.core.rule import Severity
from sentinel.reports.documents import Document
from sentinel.web.fields import Shape, asked_number, flag, number, optional, text
from sentinel.web.payload import BadRequest
from sentinel.web.reference import reference
from sentinel.web.schemas import Schemas

if TYPE_CHECKING:
    from tests.web.conftest import Site

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"
DOCUMENT: dict[str, Any] = json.loads(reference())
OPERATIONS = [(path, method, one) for path, methods in DOCUMENT["paths"].items() for method, one in methods.items()]


def test_the_document_in_the_repository_is_the_one_of_the_code() -> None:
    """`python -m sentinel.web.reference > docs/openapi.json` writes it anew."""
    assert FILE.read_bytes() == reference()


async def test_a_running_sentinel_hands_it_out(site: Site) -> None:
    assert (await site.local.get("/api/v1/openapi.json")).json() == DOCUMENT


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does() -> None:
    assert len({one["operationId"] for _, _, one in OPERATIONS}) == len(OPERATIONS) > 40
    assert not [path for path, _, one in OPERATIONS if not one["summary"].endswith(".")]


def test_whatever_changes_something_asks_for_a_role_and_takes_json() -> None:
    posts = [one for _, method, one in OPERATIONS if method == "post"]
    assert all(one["x-role"] in ("operator", "admin") for one in posts)
    assert all(list(one["requestBody"]["content"]) == ["application/json"] for one in posts)


@pytest.mark.parametrize("name", sorted(DOCUMENT["components"]["schemas"]))
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(DOCUMENT["components"]["schemas"][name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample(Document):
    """Has a field of every type."""

    at: datetime
    lasts: timedelta
    bad: Severity
    unit: Unit | None
    named: Mapping[str, int]
    every: tuple[float, ...]
    chosen: frozenset[Severity]


SAMPLE = Sample(
    at=datetime(2026, 11, 22, tzinfo=UTC),
    lasts=timedelta(seconds=1.5),
    bad=Severity.CRITICAL,
    unit=None,
    named={"a": 1},
    every=(0.5, 2.0),
    chosen=frozenset({Severity.OK}),
)


def schema_of(kind: Any) -> dict[str, Any]:
    schemas = Schemas()
    return {**schemas.of(kind), "components": {"schemas": schemas.found}}


def test_a_document_is_as_its_schema_says() -> None:
    Draft202012Validator(schema_of(Sample)).validate(SAMPLE.to_json())


@pytest.mark.parametrize(
    "wrong", [{"lasts": "1s"}, {"bad": 2}, {"named": {"a": "b"}}, {"every": 1}, {"chosen": ["bad"]}]
)
def test_anything_else_is_not(wrong: dict[str, Any]) -> None:
    assert not Draft202012Validator(schema_of(Sample)).is_valid(SAMPLE.to_json() | wrong)


def test_what_no_document_has_has_no_schema() -> None:
    with pytest.raises(TypeError, match="nothing that a document has"):
        Schemas().of(bytes)


# --- Fields -----------------------------------------------------------------------------------------------------------

NAME, MANY, SURE = text("name", 5), optional(number("many", most=9), 0), flag("sure")
SHAPE = Shape(NAME, MANY, SURE)


def test_a_shape_reads_what_it_names() -> None:
    given = SHAPE.read(b'{"name": " a  b ", "sure": true}')
    assert (given[NAME], given[MANY], given[SURE]) == ("a b", 0, True)


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "abcdef"}', b'{"name": "\\u0000"}', b'{"name": 1}', b'{"name": "a", "many": 10}', b"{}", b"[]",
        b'{"name": "a", "many": true}', b'{"name": "a", "sure": "yes"}', b'{"name": "a", "else": 1}',
        b'{"name": "a", "many": 1e400}', b'{"name": "a", "many": NaN}',
    ],
)  # fmt: skip
def test_a_shape_reads_nothing_else(body: bytes) -> None:
    with pytest.raises(BadRequest):
        SHAPE.read(body)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "9" * 5_000, "²", ""])
def test_a_number_in_an_address_is_one(text: str) -> None:
    with pytest.raises(BadRequest):
        Shape(asked_number("page", 1)).among({"page": text})
