"""The webhook's payload and its published schema."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sentinel.channels.payload import MEANINGS, payload, schema, schema_text
from sentinel.channels.wording import Wording
from sentinel.core.notification import Kind
from tests.kit.messages import FINDING, OPENED, message, notification

PUBLISHED = Path(__file__).parents[2] / "docs" / "webhook.schema.json"


def sent(told: Any) -> dict[str, Any]:
    """What arrives, after JSON."""
    arrived: dict[str, Any] = json.loads(json.dumps(payload(notification(told, to="kim@example.org")), allow_nan=False))
    return arrived


def test_the_published_schema_is_the_one_that_is_kept() -> None:
    # When it is not: write `schema_text()` of sentinel.channels.payload into docs/webhook.schema.json.
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_message_fits_the_schema(kind: Kind) -> None:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema(), format_checker=checker).validate(sent(message(kind)))


def test_every_field_has_a_meaning() -> None:
    assert {kind: set(meanings) for kind, meanings in MEANINGS.items()} == {
        kind: {field.name for field in fields(kind)} for kind in MEANINGS
    }


def test_words_and_times_are_what_receivers_expect() -> None:
    body = sent(OPENED)
    assert (body["version"], body["kind"], body["severity"], body["key"]) == (1, "opened", "critical", "m-12-1-mail")
    assert body["at"] == "2026-03-02T03:18:05.000Z"
    assert body["findings"][0] == {
        "severity": "critical",
        "reason": "beyond_bound",
        "explanation": FINDING.explanation,
        "hint": FINDING.hint,
        "reading": "response_time",
        "value": 6.2,
        "bound": 5.0,
        "unit": "s",
    }


def test_the_recipient_is_left_out() -> None:
    assert "kim@example.org" not in json.dumps(sent(OPENED))


def test_of_files_only_the_names_are_told() -> None:
    assert sent(replace(message(Kind.REPORT), files=("/var/lib/reports/day.html",)))["files"] == ["day.html"]


def test_a_number_that_json_cannot_hold_is_null() -> None:
    odd = replace(FINDING, value=float("nan"), bound=float("inf"))
    assert sent(replace(OPENED, findings=(odd,)))["findings"][0]["value"] is None


def test_a_payload_stays_small_however_much_there_is_to_say() -> None:
    long = replace(FINDING, explanation="x" * 5_000, hint="y\ud800" * 5_000)
    told = replace(OPENED, findings=(long,) * 50, explanation="x" * 9_000, text="é\n" * 90_000)
    body = payload(notification(told))
    assert len(json.dumps(body, ensure_ascii=False).encode()) < 50_000


def test_the_summary_is_in_the_words_of_the_user() -> None:
    wording = Wording({"headline.txt": "{{ message.check.title }} ist gestört"})
    body = payload(notification(OPENED), wording.words)
    assert body["summary"] == "[CRITICAL] Payroll API ist gestört (incident 12, level 1 of 3)"
