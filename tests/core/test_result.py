from __future__ import annotations

import math

import pytest

from sentinel.base.units import Unit
from sentinel.core.result import HINTS, OWN_SIDE, SECURITY, FailureClass, Outcome, Reading, failed, passed
from tests.core.made import REFUSED, result, took


@pytest.mark.parametrize("failure", list(FailureClass))
def test_a_fault_of_sentinels_own_side_accuses_no_target(failure: FailureClass) -> None:
    outcome = failed(failure, "it failed").outcome
    assert outcome is (Outcome.UNKNOWN if failure in OWN_SIDE else Outcome.FAIL)


def test_no_class_is_both_a_hole_in_security_and_our_own_fault() -> None:
    assert not SECURITY & OWN_SIDE


@pytest.mark.parametrize("failure", sorted(OWN_SIDE))
def test_every_fault_of_our_own_comes_with_a_hint(failure: FailureClass) -> None:
    assert HINTS[failure].endswith((".", "?"))


def test_a_hint_of_the_probe_goes_before_the_general_one() -> None:
    assert failed(FailureClass.REFUSED, "refused", hint="start nginx").hint == "start nginx"
    assert REFUSED.hint == HINTS[FailureClass.REFUSED]


def test_a_result_knows_its_readings_by_name() -> None:
    assert result(took(0.21)).reading("response_time") == Reading("response_time", 0.21, Unit.SECONDS)
    assert result(took(0.21)).reading("rows") is None


def test_a_reading_is_shown_with_its_unit() -> None:
    assert str(Reading("response_time", 0.21, Unit.SECONDS)) == "response_time 210 ms"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_reading_that_is_no_number_is_not_taken(value: float) -> None:
    """A target answered `1e999` where a number was asked for: no bound, histogram or page can hold that."""
    readings = (Reading("queue", value, Unit.COUNT), Reading("rows", 3, Unit.COUNT))
    assert passed(readings).readings == readings[1:]
    assert failed(FailureClass.STALE, "old", readings=readings).readings == readings[1:]
