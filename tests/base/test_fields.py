from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from sentinel.base.fields import Duration, Options, PositiveDuration, SecretField
from sentinel.base.redact import MASK, Secret

CANARY = "canary-7f3a"


class Given(Options):
    wait: Duration = timedelta(0)
    every: PositiveDuration = timedelta(seconds=1)
    bound: float = 0.0
    token: SecretField | None = None


def message(**values: object) -> str:
    """What is wrong with these values, in the words of the first error."""
    with pytest.raises(ValidationError) as caught:
        Given.model_validate(values)
    return str(caught.value.errors()[0]["msg"])


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("wait", "soon", "a duration such as 30, '30s', '5m' or '1h30m'"),
        ("wait", True, "a duration such as"),
        ("wait", None, "a duration such as"),
        ("wait", -1, "a duration such as"),
        ("wait", 10**400, "a duration such as"),
        ("every", 0, "a duration above zero"),
        ("bound", float("inf"), "finite"),
        ("token", "", "a secret that is not empty"),
        ("token", 12345678, "a secret that is not empty"),
        ("tokn", "x", "Extra inputs are not permitted"),
    ],
)
def test_what_is_wrong_is_said_in_words(key: str, value: object, words: str) -> None:
    assert words in message(**{key: value})


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("wait", 0, timedelta(0)),
        ("wait", "1m30s", timedelta(seconds=90)),
        ("every", timedelta(hours=1), timedelta(hours=1)),
        ("token", CANARY, Secret(CANARY)),
    ],
)
def test_what_is_right_becomes_a_value(key: str, value: object, read: object) -> None:
    assert getattr(Given.model_validate({key: value}), key) == read


def test_what_was_read_is_frozen() -> None:
    with pytest.raises(ValidationError):
        Given().bound = 0.1


def test_a_secret_leaves_no_model() -> None:
    given = Given(token=Secret(CANARY))
    shown = f"{given!r} {given} {given.model_dump()} {given.model_dump_json()}"
    assert CANARY not in shown
    assert MASK in shown


@pytest.mark.parametrize("wrong", [{"token": CANARY, "wait": CANARY}, {"token": [CANARY]}, {"tokn": CANARY}])
def test_an_error_does_not_repeat_what_was_given(wrong: dict[str, object]) -> None:
    """A secret under a misspelt key stood in the text of the error."""
    with pytest.raises(ValidationError) as caught:
        Given.model_validate(wrong)
    assert CANARY not in str(caught.value)


def test_a_duration_is_written_as_it_is_read() -> None:
    assert Given(wait=timedelta(seconds=90)).model_dump()["wait"] == "1m30s"
