"""Placeholders of commands: what is put in stays one argument, and cannot become an option."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.base.fields import Refused
from sentinel.channels.placeholders import checked, facts_of, filled
from tests.kit.rollbacks import deployment_order

FACTS = facts_of(deployment_order().message.deployment)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("--to={from}", "--to=2.4.0"),
        ("{version}", "2.4.1"),
        ("{backup_id}{ref}", "nightly-7c0ffee"),
        ("{system}/{deployment} {mode}", "payroll/7 quick"),
        ("{{print $1}", "{print $1}"),
        ("{{version}", "{version}"),
        ("}", "}"),
    ],
)
def test_values_are_put_in(argument: str, expected: str) -> None:
    assert filled(checked(argument), FACTS) == expected


def test_without_a_deployment_they_are_empty() -> None:
    assert filled("--to={from}", facts_of(None)) == "--to="


@pytest.mark.parametrize("argument", ["{verzion}", "{", "{}", "a{ b", "{0}", "{VERSION}", "{from", "{{{"])
def test_an_unknown_placeholder_is_refused(argument: str) -> None:
    with pytest.raises(Refused, match="no placeholders but"):
        checked(argument)


def test_a_slip_of_a_placeholder_is_known_as_one() -> None:
    with pytest.raises(Refused) as refused:
        checked("--to={verzion}")
    assert refused.value.hint == "{verzion} is none of them; did you mean {version}?"


@pytest.mark.parametrize("argument", ["{from}{reason}", "{from}-{reason}", "{from} {reason}"])
def test_nor_does_what_follows_an_empty_value_become_an_option(argument: str) -> None:
    facts = facts_of(None) | {"reason": "--force"}
    assert filled(checked(argument), facts) == "force"


@given(st.text())
def test_no_reason_breaks_out_of_its_argument(reason: str) -> None:
    facts = facts_of(deployment_order(reason=reason).message.deployment)
    argument = filled("{reason}", facts)
    assert not argument.startswith("-")
    assert not set(argument) & {"\0", "\n", "\r", "\u2028"}
    argument.encode()
