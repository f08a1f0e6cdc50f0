"""The webhook's payload and its published schema."""

import json
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sentinel.channels.payload import MEANINGS, PAYLOAD_LIMIT, dump, payload, schema, schema_text
from sentinel.channels.wording import Wording
from sentinel.core.notification import AboutOther, Kind
from sentinel.core.rule import Severity
from tests.kit.messages import FINDING, OPENED, OTHERS, message, news, notification

PUBLISHED = Path(__file__).parents[2] / "docs" / "webhook.schema.json"


def sent(told: Any) -> dict[str, Any]:
    """What arrives, after JSON."""
    arrived: dict[str, Any] = json.loads(json.dumps(payload(notification(told, to="kim@example.org")), allow_nan=False))
    return arrived


def test_the_published_schema_is_the_one_that_is_kept() -> None:
    # When it is not: write `schema_text()` of sentinel.channels.payload into docs/webhook.schema.json.
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text()


MANY = 5_000
CROWD = tuple(
    AboutOther(check=f"till-{n}", title=f"Till {n}", incident=n, severity=Severity.CRITICAL) for n in range(MANY)
)


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


@pytest.mark.parametrize("letter", ["x", "é", "界", "🔥", '"', "\\", "\n", "\ud800", "\x00"])
def test_a_payload_stays_small_however_much_there_is_to_say(letter: str) -> None:
    much = letter * 9_000
    long = replace(FINDING, explanation=much, hint=much, reading=much)
    crowd = tuple(replace(other, title=much, check=much) for other in CROWD[:300])
    told = replace(
        OPENED, findings=(long,) * 50, explanation=much, hint=much, text=much, note=much, title=much, others=crowd
    )
    assert len(dump(payload(notification(told)))) <= PAYLOAD_LIMIT


def test_a_storm_is_listed_as_far_as_there_is_room_and_counted_to_the_end() -> None:
    body = sent(replace(OPENED, others=CROWD, others_count=MANY))
    assert body["others_count"] == MANY
    assert [other["check"] for other in body["others"][:2]] == ["till-0", "till-1"]
    assert 300 < len(body["others"]) < MANY
    assert len(dump(body)) <= PAYLOAD_LIMIT


def test_a_digest_of_a_storm_is_listed_as_far_as_there_is_room_and_counted_to_the_end() -> None:
    told = replace(message(Kind.DIGEST), news=tuple(map(news, range(MANY))), others_count=MANY + 7)
    body = sent(told)
    assert (body["news_count"], body["others_count"]) == (MANY, MANY + 7)
    assert 200 < len(body["news"]) < MANY
    assert len(dump(body)) <= PAYLOAD_LIMIT


def test_a_few_others_are_all_listed() -> None:
    assert [other["bond"] for other in sent(message(Kind.UPDATED))["others"]] == [other.bond for other in OTHERS]


def test_the_payload_of_a_storm_is_written_quickly() -> None:
    began = time.perf_counter()
    payload(notification(replace(OPENED, others=CROWD, others_count=MANY)))
    assert time.perf_counter() - began < 0.5


def test_the_summary_is_in_the_words_of_the_user() -> None:
    wording = Wording({"headline.txt": "{{ message.check.title }} ist gestört"})
    body = payload(notification(OPENED), wording.words)
    assert body["summary"] == "[CRITICAL] Payroll API ist gestört (incident 12, level 1 of 3)"
