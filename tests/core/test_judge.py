from __future__ import annotations

from datetime import timedelta

import pytest

from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.judge import GOOD, Reason, Verdict, judge, standing
from sentinel.core.memories import memories_of
from sentinel.core.result import FailureClass, Measurement, Reading, failed, passed
from sentinel.core.rule import Bounds, Direction, ErrorRate, Quantile, Rule, Severity, Threshold
from sentinel.core.slo import Standing
from tests.core.made import BLIND, BREACH, HOUR, MINUTE, NOW, REFUSED, check, result, sample, took

OK, WARNING, CRITICAL, UNKNOWN = Severity

SLOW = Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(warning=2.0, critical=5.0))
STOCK = Threshold(reading="rows", unit=Unit.COUNT, bounds=Bounds(warning=10, critical=3, direction=Direction.BELOW))
ERRORS = ErrorRate(window=HOUR, min_samples=10, bounds=Bounds(warning=0.01, critical=0.05))
P95 = Quantile(
    reading="response_time",
    unit=Unit.SECONDS,
    quantile=0.95,
    window=timedelta(minutes=5),
    min_samples=10,
    bounds=Bounds(warning=2.0, critical=5.0),
)


def seen(watched: Check, measurement: Measurement, *, runs: int = 0, failures: int = 0, value: float = 0.2) -> Verdict:
    """The verdict after so many runs within a minute, so many of them failed, with that reading."""
    memories = memories_of(watched).values()
    for number in range(runs):
        run = failed(FailureClass.REFUSED, "", readings=took(value).readings) if number < failures else took(value)
        for memory in memories:
            memory.add(sample(run, NOW + number * MINUTE / 100))
    return judge(watched, result(measurement, NOW + MINUTE), memories)


@pytest.mark.parametrize(
    ("seconds", "severity"),
    [(0.0, OK), (2.0, OK), (2.001, WARNING), (5.0, WARNING), (5.001, CRITICAL), (1e9, CRITICAL)],
)
def test_a_value_equal_to_its_bound_is_still_good(seconds: float, severity: Severity) -> None:
    assert seen(check(SLOW), took(seconds)).severity is severity


@pytest.mark.parametrize(("rows", "severity"), [(11, OK), (10, OK), (9, WARNING), (3, WARNING), (2, CRITICAL)])
def test_a_bound_can_lie_below(rows: int, severity: Severity) -> None:
    measurement = passed((Reading("rows", rows, Unit.COUNT),))
    assert seen(check(STOCK), measurement).severity is severity


def test_a_reading_beyond_its_bound_brings_the_probes_hint_for_it() -> None:
    reading = Reading("response_time", 3.0, Unit.SECONDS)
    verdict = seen(check(SLOW), passed([reading], hints={"response_time": "look at the cache", "other": "no"}))
    assert (verdict.severity, verdict.hint) == (WARNING, "look at the cache")


@pytest.mark.parametrize(
    ("bounds", "severity"),
    [(Bounds(warning=2.0), WARNING), (Bounds(critical=2.0), CRITICAL), (Bounds(warning=9.0), OK)],
)
def test_one_bound_is_enough(bounds: Bounds, severity: Severity) -> None:
    rule = Threshold(reading="response_time", unit=Unit.SECONDS, bounds=bounds)
    assert seen(check(rule), took(3.0)).severity is severity


def test_a_reading_that_this_run_did_not_take_is_not_judged() -> None:
    assert seen(check(STOCK), took(0.2)) is GOOD


@pytest.mark.parametrize("severity", [WARNING, CRITICAL])
def test_a_failure_is_as_bad_as_the_check_says(severity: Severity) -> None:
    verdict = seen(check(failure_severity=severity), REFUSED)
    assert (verdict.severity, verdict.point, verdict.at_once, verdict.reason) == (severity, severity, OK, Reason.FAILED)


def test_a_failure_keeps_the_words_and_the_hint_of_the_probe() -> None:
    verdict = seen(check(), failed(FailureClass.REFUSED, "port 80 refused", hint="start it"))
    assert (verdict.explanation, verdict.hint) == ("port 80 refused", "start it")


@pytest.mark.parametrize("failure", [FailureClass.ACCESS_GAINED, FailureClass.TOKEN_ACCEPTED])
def test_a_hole_in_security_is_critical_at_once_whatever_the_check_says(failure: FailureClass) -> None:
    verdict = seen(check(failure_severity=WARNING), failed(failure, "it is open"))
    assert (verdict.severity, verdict.at_once, verdict.reason) == (CRITICAL, CRITICAL, Reason.SECURITY)


def test_an_unknown_result_is_judged_by_no_rule() -> None:
    late = failed(FailureClass.OVERLOADED, "no file descriptors", readings=took(9.0).readings)
    verdict = seen(check(SLOW, ERRORS), late, runs=100, failures=100)
    assert [(f.severity, f.reason) for f in verdict.findings] == [(UNKNOWN, Reason.NOT_JUDGED)]
    assert (verdict.point, verdict.at_once) == (OK, OK)
    assert verdict.explanation == "no file descriptors"


def test_what_was_seen_counts_though_a_part_may_not_be_seen() -> None:
    blind = failed(FailureClass.NOT_PERMITTED, "process app may not be looked at", readings=took(9.0).readings)
    verdict = seen(check(SLOW, ERRORS), blind, runs=100, failures=100)
    assert [(f.severity, f.reason) for f in verdict.findings] == [
        (CRITICAL, Reason.BEYOND_BOUND),
        (UNKNOWN, Reason.NOT_JUDGED),
    ]
    assert (verdict.severity, verdict.point, verdict.at_once) == (CRITICAL, CRITICAL, OK)
    assert seen(check(SLOW), failed(FailureClass.NOT_PERMITTED, "", readings=took(0.1).readings)).severity is UNKNOWN


@pytest.mark.parametrize(
    ("runs", "failures", "severity"),
    [
        (0, 0, OK),
        (9, 9, OK),
        (10, 0, OK),
        (10, 1, CRITICAL),
        (100, 1, OK),
        (100, 2, WARNING),
        (100, 5, WARNING),
        (100, 6, CRITICAL),
    ],
)
def test_an_error_rate_is_judged_once_there_are_enough_samples(runs: int, failures: int, severity: Severity) -> None:
    assert seen(check(ERRORS), took(0.2), runs=runs, failures=failures).severity is severity


@pytest.mark.parametrize(
    ("runs", "value", "severity"), [(9, 9.0, OK), (10, 1.9, OK), (10, 2.2, WARNING), (10, 9.0, CRITICAL)]
)
def test_a_quantile_is_judged_once_there_are_enough_readings(runs: int, value: float, severity: Severity) -> None:
    assert seen(check(P95), took(0.2), runs=runs, value=value).severity is severity


def test_a_window_needs_no_confirmation_and_is_no_point() -> None:
    verdict = seen(check(ERRORS), took(0.2), runs=100, failures=3)
    assert (verdict.point, verdict.at_once) == (OK, WARNING)


def test_the_worst_finding_comes_first() -> None:
    verdict = seen(check(SLOW, ERRORS, P95), took(3.0), runs=100, failures=50, value=3.0)
    assert [f.severity for f in verdict.findings] == [CRITICAL, WARNING, WARNING]
    assert verdict.reason is Reason.ERROR_RATE


def test_among_equals_the_failure_itself_comes_first() -> None:
    verdict = seen(check(ERRORS, SLOW), BREACH, runs=100, failures=50)
    assert [f.reason for f in verdict.findings] == [Reason.SECURITY, Reason.ERROR_RATE]


def test_what_is_good_has_no_findings_and_says_so() -> None:
    assert (GOOD.reason, GOOD.explanation, GOOD.hint) == (Reason.WITHIN_BOUNDS, "within all bounds", "")


@pytest.mark.parametrize(
    ("rule", "measurement", "text"),
    [
        (SLOW, took(6.0), "response_time is 6 s, above 5 s"),
        (SLOW, took(2.5), "response_time is 2.5 s, above 2 s"),
        (STOCK, passed((Reading("rows", 2, Unit.COUNT),)), "rows is 2, below 3"),
        (ERRORS, took(0.2), "error rate over 1 h (2 of 100 runs failed) is 2 %, above 1 %"),
        (P95, took(0.2), "p95 of response_time over 5 min is 3.06 s, above 2 s"),
    ],
)
def test_an_explanation_shows_the_value_beside_its_bound(rule: Rule, measurement: Measurement, text: str) -> None:
    assert seen(check(rule), measurement, runs=100, failures=2, value=3.0).explanation == text


def test_a_finding_keeps_the_numbers_behind_its_words() -> None:
    finding = seen(check(SLOW), took(6.0)).worst
    assert (finding.reading, finding.value, finding.bound, finding.unit) == ("response_time", 6.0, 5.0, Unit.SECONDS)


@pytest.mark.parametrize(
    ("measurement", "expected"),
    [
        (took(0.2), Standing.UP),
        (took(3.0), Standing.DEGRADED),
        (failed(FailureClass.DEGRADED, "external services are degraded"), Standing.DEGRADED),
        (REFUSED, Standing.DOWN),
        (BREACH, Standing.DOWN),
        (BLIND, Standing.UNKNOWN),
    ],
)
def test_time_counts_as_what_the_result_alone_says(measurement: Measurement, expected: Standing) -> None:
    verdict = seen(check(SLOW, ERRORS), measurement, runs=100, failures=50)
    assert standing(result(measurement), verdict) is expected


def test_severities_are_sorted_by_what_deserves_attention_first() -> None:
    assert sorted(Severity, key=lambda s: -s.urgency) == [CRITICAL, WARNING, UNKNOWN, OK]
    assert [s.label for s in Severity] == ["OK", "WARNING", "CRITICAL", "UNKNOWN"]
