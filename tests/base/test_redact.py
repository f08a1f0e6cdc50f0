from __future__ import annotations

import copy
import json
import pickle
from dataclasses import asdict, dataclass

import pytest

from sentinel.base.redact import MASK, Redactor, Secret

CANARY = "canary-7f3a"


@dataclass(frozen=True)
class Holder:
    password: Secret


@pytest.mark.parametrize(
    "shown",
    [
        repr(Secret(CANARY)),
        str(Secret(CANARY)),
        f"{Secret(CANARY)} {Secret(CANARY):>20} {Secret(CANARY)!r}",
        "{} {!s} {!r}".format(Secret(CANARY), Secret(CANARY), Secret(CANARY)),  # noqa: UP032 - each way of formatting
        "%s %r" % (Secret(CANARY), Secret(CANARY)),  # noqa: UP031 - each way of formatting
        repr([Secret(CANARY)]),
        repr(Holder(Secret(CANARY))),
        str(asdict(Holder(Secret(CANARY)))),
        str(ValueError(Secret(CANARY))),
        json.dumps({"password": Secret(CANARY)}, default=str, ensure_ascii=False),
    ],
)
def test_a_secret_never_prints(shown: str) -> None:
    assert CANARY not in shown
    assert MASK in shown


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not written down"):
        pickle.dumps(Secret(CANARY), protocol)


def test_a_secret_is_not_json() -> None:
    with pytest.raises(TypeError):
        json.dumps({"password": Secret(CANARY)})


def test_a_copy_of_a_secret_is_the_secret() -> None:
    secret = Secret(CANARY)
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_secrets_are_equal_when_their_values_are() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert (bool(Secret("")), bool(Secret("a"))) == (False, True)
    assert Secret(CANARY).reveal() == CANARY


def test_the_longest_secret_is_masked_first_so_that_no_tail_is_left() -> None:
    redactor = Redactor([Secret("hunter2"), Secret("hunter2-and-more")])
    assert redactor.clean("hunter2-and-more, hunter2") == f"{MASK}, {MASK}"


def test_what_is_learnt_later_is_masked_and_nothing_is_forgotten() -> None:
    redactor = Redactor([Secret("first-secret")])
    redactor.learn([Secret("second-secret"), Secret("42")])
    assert redactor.clean("first-secret second-secret 42") == f"{MASK} {MASK} 42"


def test_short_values_are_left_or_no_log_could_be_read() -> None:
    assert Redactor([Secret("42"), Secret("")]).clean("took 42 ms") == "took 42 ms"


@pytest.mark.parametrize(
    "text", ["{value}", "to {value}!", "{json}", "{ascii}", "{repr}", "postgresql://ada:{quoted}@127.0.0.1/db"]
)
def test_a_secret_is_found_however_it_is_escaped(text: str) -> None:
    """A password with quotes and umlauts stood in a list of a JSON line: escaped, and so not found."""
    value = "pä\"ss\\wörd\n'1/2"
    forms = {
        "value": value,
        "json": json.dumps([value], ensure_ascii=False),
        "ascii": json.dumps([value]),
        "repr": repr([value]),
        "quoted": "p%C3%A4%22ss%5Cw%C3%B6rd%0A%271%2F2",
    }
    cleaned = Redactor([Secret(value)]).clean(text.format(**forms))
    assert MASK in cleaned
    assert "rd" not in cleaned
