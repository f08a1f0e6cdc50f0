from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.deployment.samples import LEAST_TIME, Found, least_time, samples
from sentinel.core.result import FailureClass, Measurement, Reading, Result, failed, passed
from sentinel.core.rule import Bounds, Direction, Quantile, Threshold

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
API = Check(name="api", kind="http", interval=60 * SECOND, timeout=10 * SECOND, main="response_time")
LOGS = Check(name="app", kind="logs", interval=60 * SECOND, timeout=10 * SECOND, main="lines", main_unit=Unit.COUNT)
REFUSED = failed(FailureClass.REFUSED, "refused")


def took(seconds: float) -> Measurement:
    return passed([Reading("response_time", seconds, Unit.SECONDS)])


def result(after: float, measurement: Measurement, check: str = "api", *, extra: bool = False) -> Result:
    at = AT + after * SECOND
    return Result(check=check, scheduled_at=at, finished_at=at, measurement=measurement, extra=extra)


def found(after: float, matches: int) -> Result:
    """A look at a log that counts over five minutes."""
    readings = [
        Reading("patterns.errors", matches, Unit.COUNT),
        Reading("rates.errors", matches / 5, Unit.NONE),
    ]
    return result(after, passed(readings), "app")


def test_results_are_counted_and_unknown_ones_are_not() -> None:
    blind = failed(FailureClass.NETWORK_DOWN, "no network")
    made = samples(API, [result(0, took(0.2)), result(60, REFUSED), result(120, blind)])
    assert (made.results, made.failures, made.times) == (2, 1, (0.2,))


def test_a_recheck_does_not_count_a_failure_twice() -> None:
    rechecked = [result(0, REFUSED), result(20, REFUSED, extra=True), result(60, took(0.2))]
    assert samples(API, rechecked).failures == 1


def test_the_faster_looks_of_a_watch_count_and_a_recheck_among_them_does_not() -> None:
    """It comes twenty seconds after a failure, whether a look is due then or not."""
    looks = [result(n * 10, REFUSED if n == 3 else took(0.2)) for n in range(12)]
    made = samples(API, [*looks[:6], result(50.2, REFUSED, extra=True), *looks[6:]])
    assert (made.results, made.failures) == (12, 1)


def test_a_main_reading_that_is_no_time_is_none() -> None:
    assert samples(LOGS, [found(0, 3)]).times == ()


def test_an_age_is_no_time_that_the_target_took() -> None:
    """A container that was restarted by its release was 200 % slower: its main reading says for how long it has run."""
    container = Check(name="app", kind="service", interval=API.interval, timeout=API.timeout, main="up_for")
    grows = [result(n, passed([Reading("up_for", 30.0 + n, Unit.SECONDS)]), "app") for n in (0, 60, 120)]
    assert samples(container, grows).times == ()


def test_a_millisecond_is_the_least_that_is_told_apart() -> None:
    assert samples(API, [result(0, took(0.0002))]).times == (LEAST_TIME,)


@pytest.mark.parametrize(("target", "least"), [(2.0, 0.02), (0.1, LEAST_TIME)])
def test_a_hundredth_of_its_own_target_is_the_least_that_is_told_apart_of_a_check(target: float, least: float) -> None:
    """A release was rolled back because its median had grown from 1 to 9 ms, where 2 s were allowed."""
    rule = Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(warning=target, critical=5.0))
    made = samples(replace(API, rules=(rule,)), [result(0, took(0.0002)), result(60, took(0.5))])
    assert (made.times, made.least) == ((least, 0.5), least)


def test_only_a_target_of_the_time_itself_says_what_concerns_nobody() -> None:
    others = (
        Threshold(reading="size", unit=Unit.BYTES, bounds=Bounds(warning=1e6)),
        Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(critical=5.0)),
        Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(warning=2.0, direction=Direction.BELOW)),
    )
    assert least_time(replace(API, rules=others)) == LEAST_TIME
    p95 = Quantile(
        reading="response_time",
        unit=Unit.SECONDS,
        quantile=0.95,
        window=60 * SECOND,
        min_samples=20,
        bounds=Bounds(warning=0.5),
    )
    assert least_time(replace(API, rules=(*others, p95))) == 0.005


def test_lines_that_two_looks_have_seen_are_counted_once() -> None:
    """A match each minute: five in each stretch of five minutes, of which two lie apart within eleven."""
    looks = [found(minute * 60, 5) for minute in range(11)]
    assert samples(LOGS, looks).found == Found(10, 10)


def test_a_log_without_a_match_was_quiet_all_the_time() -> None:
    looks = [found(minute * 60, 0) for minute in range(11)]
    assert samples(LOGS, looks).found == Found(0, 10)


@pytest.mark.parametrize(("totals", "matches"), [((4, 4, 9), 5), ((9, 9, 4), 0)])
def test_of_a_short_time_the_rise_of_the_count_tells(totals: tuple[int, ...], matches: int) -> None:
    looks = [found(minute * 60, total) for minute, total in enumerate(totals)]
    assert samples(LOGS, looks).found == Found(matches, 2)
