"""Rules over time: each story feeds a memory and reads what it says."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.base.units import Unit
from sentinel.core.hours import Calendar, Span
from sentinel.core.judge import judge
from sentinel.core.memories import memories_of, memory_of
from sentinel.core.memories.baseline import BaselineMemory
from sentinel.core.memories.growth import slope
from sentinel.core.memories.uptime import UptimeMemory
from sentinel.core.reason import OVER_TIME, Reason
from sentinel.core.result import FailureClass, failed, passed
from sentinel.core.rule import (
    Absence,
    Against,
    Baseline,
    Bounds,
    Burn,
    BurnRate,
    Count,
    Direction,
    ErrorRate,
    Growth,
    OverTime,
    Severity,
    Threshold,
    Uptime,
)
from sentinel.core.slo import PATIENCE, Rollup
from tests.core.made import BLIND, HOUR, MINUTE, NOW, PROPERTY, REFUSED, check, result, sample, took

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentinel.core.memories import Memory
    from sentinel.core.result import Measurement

OK, WARNING, CRITICAL, UNKNOWN = Severity
DAY = timedelta(days=1)
GOOD, NOTHING = took(0.2), passed()

COUNT = Count(bad=3, of=5, severity=WARNING)
UPTIME = Uptime(window=DAY, bounds=Bounds(warning=0.99, critical=0.9, direction=Direction.BELOW))
BURN = BurnRate(objective=0.999)
SLOWER = Baseline(
    window=HOUR,
    against=Against.BEFORE,
    bounds=Bounds(warning=0.2, critical=0.5),
    min_samples=20,
    reading="response_time",
    unit=Unit.SECONDS,
    quantile=0.95,
)
GROWS = Growth(
    reading="response_time", unit=Unit.SECONDS, window=DAY, per=DAY, bounds=Bounds(warning=1.0, critical=5.0)
)
ABSENT = Absence(reading="response_time", bounds=Bounds(warning=600.0, critical=1800.0))


def fed(rule: OverTime, *measurements: Measurement, every: timedelta = MINUTE, memory: Memory | None = None) -> Memory:
    """The memory of a rule after these results, the first of them at NOW."""
    memory = memory or memory_of(rule, check(rule))
    for number, measurement in enumerate(measurements):
        memory.add(sample(measurement, NOW + number * every, interval=every))
    return memory


def said(memory: Memory) -> tuple[Severity, str]:
    look = memory.look()
    return look.severity, memory.explain(look) if look.severity else memory.lacks()


# --- Counts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "severity"),
    [("xx", OK), ("xxx", WARNING), ("x.x.x", WARNING), ("xx...x", OK), ("x.x..x.", OK), ("x?x?x", WARNING)],
)
def test_three_bad_ones_of_the_last_five_are_too_many(outcomes: str, severity: Severity) -> None:
    memory = fed(COUNT, *({"x": REFUSED, ".": GOOD, "?": BLIND}[letter] for letter in outcomes))
    assert memory.look().severity is severity


def test_a_count_says_its_numbers() -> None:
    assert said(fed(COUNT, REFUSED, GOOD, REFUSED, REFUSED)) == (
        WARNING,
        "3 of the last 4 results failed; 3 of 5 are too many",
    )


def test_a_count_may_look_at_a_reading() -> None:
    rule = Count(
        bad=2, of=3, severity=CRITICAL, reading="response_time", unit=Unit.SECONDS, bounds=Bounds(critical=2.0)
    )
    assert said(fed(rule, took(3.0), REFUSED, took(2.0), took(2.5))) == (
        CRITICAL,
        "2 of the last 3 results had response_time above 2 s; 2 of 3 are too many",
    )


@PROPERTY
@given(st.lists(st.booleans(), max_size=130), st.integers(1, 100))
def test_a_count_holds_what_a_list_would_hold(bad: list[bool], of: int) -> None:
    memory = fed(Count(bad=1, of=of, severity=WARNING), *(REFUSED if one else GOOD for one in bad))
    assert memory.look().value == sum(bad[-of:])


def test_a_faster_recheck_is_no_sample() -> None:
    """Rechecks come more often while something fails: counted, one failed minute in an hour would look like four."""
    rule = ErrorRate(window=HOUR, min_samples=1, bounds=Bounds(warning=0.1))
    memory = fed(rule, REFUSED, GOOD)
    memory.add(sample(REFUSED, NOW + MINUTE * 1.3, extra=True))
    assert memory.look().value == 0.5


def test_a_failure_that_is_never_worse_than_a_warning_is_none_in_shares() -> None:
    """Roll-ups do not count it either: after a restart the rate would be another."""
    rule = ErrorRate(window=HOUR, min_samples=1, bounds=Bounds(warning=0.1))
    assert fed(rule, failed(FailureClass.DEGRADED, "a cache is cold"), GOOD).look().value == 0.0


# --- Uptime ---------------------------------------------------------------------------------------------------------


def uptime(rule: Uptime, *measurements: Measurement, every: timedelta = MINUTE) -> UptimeMemory:
    memory = fed(rule, *measurements, every=every)
    assert isinstance(memory, UptimeMemory)
    return memory


def test_uptime_is_a_share_of_the_judged_time() -> None:
    memory = uptime(UPTIME, *[GOOD] * 300, *[REFUSED] * 30, *[BLIND] * 60, GOOD)
    assert (memory.up, memory.down, memory.unknown) == (300 * 60, 30 * 60, 86400 - 330 * 60)
    assert said(memory) == (
        WARNING,
        "uptime over 1 d (30 min down, 18 h 30 min unknown) is 90.9 %, below 99 %",
    )


def test_a_short_outage_on_the_first_day_is_not_taken_for_a_bad_day() -> None:
    memory = uptime(UPTIME, *[GOOD] * 20, *[REFUSED] * 10, GOOD)
    assert memory.uptime == pytest.approx(1 - 600 / 86400)
    assert memory.look().severity is OK


def test_an_outage_that_is_too_long_for_the_whole_day_is_told_though_little_is_known() -> None:
    assert uptime(UPTIME, *[REFUSED] * 20, GOOD).look().severity is WARNING


def test_what_was_never_judged_has_no_uptime() -> None:
    assert said(uptime(UPTIME, BLIND, BLIND, BLIND)) == (OK, "no judged time yet")


def test_uptime_is_forgotten_with_its_window() -> None:
    memory = uptime(UPTIME, *[REFUSED] * 60, *[GOOD] * 60 * 24)
    assert memory.uptime == 1.0


moments = st.lists(st.tuples(st.integers(1, 600), st.sampled_from([GOOD, REFUSED, BLIND])), min_size=1, max_size=60)


@PROPERTY
@given(moments)
def test_uptime_comes_from_time_with_the_unknown_apart(course: list[tuple[int, Measurement]]) -> None:
    """Each result speaks until the next, or for one interval when that is long overdue; nothing is counted twice."""
    memory, at, times = memory_of(UPTIME, check(UPTIME)), NOW, []
    for wait, measurement in course:
        at += timedelta(seconds=wait)
        memory.add(sample(measurement, at))
        times.append((at, measurement))
    spoken = {id(GOOD): 0.0, id(REFUSED): 0.0, id(BLIND): 0.0}
    for (begin, measurement), (end, _) in itertools.pairwise(times):
        seconds = (end - begin).total_seconds()
        spoken[id(measurement)] += seconds if seconds < 60 * PATIENCE else 60
    assert isinstance(memory, UptimeMemory)
    assert (memory.up, memory.down) == pytest.approx((spoken[id(GOOD)], spoken[id(REFUSED)]))
    assert memory.up + memory.down + memory.unknown == pytest.approx(86400)


# --- Burn rates -----------------------------------------------------------------------------------------------------


def test_a_fast_burn_is_critical_and_says_when_the_budget_is_gone() -> None:
    speeds = "burning 33.3 times the error budget over 1 h and 400 times over 5 min, 14.4 times are allowed"
    rule = replace(BURN, min_failures=2)
    assert said(fed(rule, *[GOOD] * 57, *[REFUSED] * 2)) == (
        CRITICAL,
        f"{speeds}; at this rate the month's budget is gone in 21 h 36 min",
    )


def test_a_single_failed_run_is_no_trend() -> None:
    """One failure among the 60 runs of an hour burns a budget of 0.1 % 16 times too fast."""
    assert fed(BURN, *[GOOD] * 59, REFUSED).look().severity is OK


def test_what_has_stopped_burning_is_over_when_the_short_window_is_past_it() -> None:
    burning = fed(BURN, *[GOOD] * 50, *[REFUSED] * 4)
    assert burning.look().severity is CRITICAL
    assert fed(BURN, *[GOOD] * 50, *[REFUSED] * 4, *[GOOD] * 31).look().severity is OK


def test_an_outage_on_the_first_day_is_no_slow_burn() -> None:
    assert fed(BURN, *[GOOD] * 50, *[REFUSED] * 4, *[GOOD] * 120).look().severity is OK


def test_a_slow_burn_is_a_warning() -> None:
    rule = BurnRate(objective=0.99, pairs=(Burn(long=3 * DAY, short=6 * HOUR, factor=1.0, severity=WARNING),))
    course = [REFUSED if number % 50 == 0 else GOOD for number in range(12 * 24 * 3)]
    severity, text = said(fed(rule, *course, every=5 * MINUTE))
    assert (severity, text.startswith("burning 1.9")) == (WARNING, True)
    assert "over 3 d" in text


def test_what_an_incident_told_of_stays_burnt_but_has_to_burn_again_to_be_told_of() -> None:
    memory = fed(BURN, *[GOOD] * 50, *[REFUSED] * 4)
    memory.forget()
    memory.add(sample(GOOD, NOW + 54 * MINUTE))
    assert memory.look().severity is OK
    memory.add(sample(REFUSED, NOW + 55 * MINUTE))
    assert memory.look().severity is OK, "one failed run after an outage is no fire"
    memory.add(sample(REFUSED, NOW + 56 * MINUTE))
    memory.add(sample(REFUSED, NOW + 57 * MINUTE))
    assert memory.look().severity is CRITICAL


# --- Baselines ------------------------------------------------------------------------------------------------------


def test_a_quantile_that_is_half_as_long_again_as_before_is_worse() -> None:
    memory = fed(SLOWER, *[took(0.2)] * 60, *[took(0.28)] * 59)
    severity, text = said(memory)
    assert severity is WARNING
    assert text.startswith("p95 of response_time over 1 h is 28")
    assert text.endswith("before: 42.3 % worse, 20 % is allowed")


def test_a_baseline_says_nothing_before_both_sides_have_enough() -> None:
    assert said(fed(SLOWER, *[took(0.2)] * 70)) == (OK, "10 of 20 samples that it needs before")
    assert said(fed(SLOWER, took(0.2)))[1] == "0 of 20 samples that it needs before"


def test_a_difference_below_the_floor_is_no_trouble() -> None:
    floored = replace(SLOWER, floor=0.05)
    assert fed(floored, *[took(0.001)] * 60, *[took(0.002)] * 59).look().severity is OK
    assert fed(SLOWER, *[took(0.001)] * 60, *[took(0.002)] * 59).look().severity is CRITICAL


def test_errors_where_there_were_none_are_worse_by_more_than_can_be_said() -> None:
    rule = Baseline(window=HOUR, against=Against.BEFORE, bounds=Bounds(critical=1.0), min_samples=20, floor=0.05)
    memory = fed(rule, *[GOOD] * 60, *[REFUSED] * 6, *[GOOD] * 53)
    severity, text = said(memory)
    assert severity is CRITICAL
    assert "instead of 0 % before: more than 1,000 times worse" in text


def test_past_weeks_are_handed_in() -> None:
    rule = Baseline(window=HOUR, against=Against.WEEKS, bounds=Bounds(warning=1.0), min_samples=10)
    memory = fed(rule, *[GOOD] * 40, *[REFUSED] * 10)
    assert isinstance(memory, BaselineMemory)
    assert said(memory) == (OK, "0 of 10 samples that it needs at this hour of past weeks")
    week = [Rollup(check="api", start=NOW - 7 * DAY * n, span=HOUR, samples=60, failures=3) for n in (1, 2)]
    memory.refer(week, NOW)
    assert said(memory)[1].endswith("is 20 % instead of 5 % at this hour of past weeks: 300 % worse, 100 % is allowed")


def test_what_an_incident_told_of_is_no_baseline() -> None:
    memory = fed(SLOWER, *[took(9.0)] * 60)
    memory.forget()
    for number in range(60, 180):
        memory.add(sample(took(0.2), NOW + number * MINUTE))
    assert (memory.look().severity, memory.look().value) == (OK, 0.0)


# --- Growth ---------------------------------------------------------------------------------------------------------


def grown(per_day: float, days: float = 1.5, *, outlier: float | None = None, rule: Growth = GROWS) -> Memory:
    readings = [took(10 + per_day * number / 96) for number in range(int(96 * days))]
    if outlier is not None:
        readings[-20] = took(outlier)
    return fed(rule, *readings, every=15 * MINUTE)


@pytest.mark.parametrize(("per_day", "severity"), [(0.5, OK), (1.5, WARNING), (6.0, CRITICAL), (-6.0, OK)])
def test_growth_is_told_per_day(per_day: float, severity: Severity) -> None:
    look = grown(per_day).look()
    assert look.severity is severity
    assert look.value == pytest.approx(per_day)


def test_one_outlier_does_not_tilt_growth() -> None:
    assert grown(0.5, outlier=1e9).look().value == pytest.approx(0.5, rel=0.1)


def test_growth_says_how_fast_and_how_far() -> None:
    severity, text = said(grown(2.0))
    assert severity is WARNING
    assert text.startswith("response_time (now 13")
    assert text.endswith("grows, by its course over 1 d, 2 s per day, above 1 s")


def test_falling_can_be_the_trouble() -> None:
    assert grown(-2.0, rule=replace(GROWS, falling=True)).look().severity is WARNING


def test_growth_needs_a_quarter_of_its_window() -> None:
    assert said(grown(9.0, days=0.2)) == (OK, "4 of 6 points of its course that it needs")


@PROPERTY
@given(st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=24), st.floats(-100, 100))
def test_a_slope_is_what_most_points_agree_on(noise: list[float], true: float) -> None:
    """A fifth of the points may be anywhere."""
    wrong = len(noise) // 5
    points = [(float(n), noise[n] if n < wrong else true * n) for n in range(len(noise))]
    assert slope(points) == pytest.approx(true, abs=1e-6, rel=1e-6)


# --- Absence --------------------------------------------------------------------------------------------------------


def test_a_reading_that_is_not_measured_any_more_is_told_of() -> None:
    assert said(fed(ABSENT, GOOD, *[NOTHING] * 15)) == (
        WARNING,
        "response_time has not been measured for 15 min, longer than 10 min",
    )
    assert fed(ABSENT, *[NOTHING] * 40, GOOD).look().severity is OK


def test_time_that_nobody_could_judge_is_no_absence() -> None:
    assert fed(ABSENT, NOTHING, *[BLIND] * 60, NOTHING).look().value == 0.0


# --- All of them ----------------------------------------------------------------------------------------------------

EVERY: Sequence[OverTime] = (
    COUNT,
    ErrorRate(window=HOUR, min_samples=3, bounds=Bounds(warning=0.2)),
    UPTIME,
    BURN,
    SLOWER,
    GROWS,
    ABSENT,
)


def test_every_reason_of_a_rule_over_time_opens_at_once() -> None:
    point = {
        Reason.WITHIN_BOUNDS,
        Reason.FAILED,
        Reason.SECURITY,
        Reason.BEYOND_BOUND,
        Reason.NOT_JUDGED,
        Reason.FLAPPING,
    }
    assert set(Reason) - point == OVER_TIME
    assert {memory_of(rule, check()).reason for rule in EVERY} | {Reason.QUANTILE} == OVER_TIME


@PROPERTY
@given(
    st.sampled_from(EVERY),
    st.lists(st.tuples(st.integers(-7200, 7200), st.sampled_from([GOOD, REFUSED, BLIND, NOTHING])), max_size=80),
)
def test_whatever_the_clock_does_a_memory_can_be_asked(rule: OverTime, course: list[tuple[int, Measurement]]) -> None:
    memory, at = memory_of(rule, check()), NOW
    for wait, measurement in course:
        at += timedelta(seconds=wait)
        memory.add(sample(measurement, at))
        look = memory.look()
        assert memory.what()
        assert look.value is None or look.value == look.value
        if look.severity:
            assert memory.explain(look)


def test_a_rule_speaks_only_while_its_calendar_covers_the_moment() -> None:
    night = Calendar(name="night", zone="UTC", spans=(Span(start=time(22), end=time(6)),))
    day = Calendar(name="day", zone="UTC", spans=(Span(start=time(6), end=time(22)),))
    slow = (
        Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(critical=5.0), when=night),
        Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(critical=1.0), when=day),
        ErrorRate(window=HOUR, min_samples=1, bounds=Bounds(warning=0.1), when=day),
    )
    watched = check(*slow)
    memories = memories_of(watched)
    for memory in memories.values():
        memory.add(sample(REFUSED))
    at_night, by_day = (
        judge(watched, result(took(2.0), NOW + shift), memories.values()) for shift in (0 * HOUR, 6 * HOUR)
    )
    assert at_night.findings == ()
    assert [finding.reason for finding in by_day.findings] == [Reason.BEYOND_BOUND, Reason.ERROR_RATE]
