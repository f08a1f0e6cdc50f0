"""Everything that decides about a check can be said in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from sentinel.base.units import Unit
from sentinel.core.explain import counters, outlook, sights, suppressed
from sentinel.core.history import History
from sentinel.core.hours import Calendar, Span
from sentinel.core.incident import CALM, Acknowledge, Around, Because, Mute, Policy
from sentinel.core.matcher import Matcher
from sentinel.core.result import Measurement
from sentinel.core.rule import (
    Absence,
    Against,
    Baseline,
    Bounds,
    BurnRate,
    Count,
    Direction,
    ErrorRate,
    Growth,
    Quantile,
    Rule,
    Severity,
    Threshold,
    Uptime,
)
from sentinel.core.silence import Silence
from tests.core.made import BLIND, HOUR, MINUTE, NOW, POLICY, REFUSED, check, result, took

SLOW = Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(warning=2.0, critical=5.0))
ERRORS = ErrorRate(window=HOUR, min_samples=20, bounds=Bounds(warning=0.1))
DAY = timedelta(days=1)


def lived(*measurements: Measurement, rules: tuple[Rule, ...] = (SLOW,)) -> History:
    history = History(check(*rules), POLICY)
    for number, measurement in enumerate(measurements):
        history.take(result(measurement, NOW + number * MINUTE))
    if history.incident is not None and history.incident.is_open:
        history.number(history.incident, 12)
    return history


def seen(history: History) -> list[tuple[Severity, str]]:
    return [(one.severity, one.text) for one in sights(history, NOW)]


def test_a_rule_that_is_content_shows_its_numbers_too() -> None:
    assert seen(lived(took(0.2))) == [
        (Severity.OK, "the last run did what it should"),
        (Severity.OK, "response_time is 200 ms; allowed: up to 2 s (warning), 5 s (critical)"),
    ]


def test_a_rule_that_speaks_says_what_the_message_says() -> None:
    history = lived(took(3.0))
    assert seen(history)[1] == (Severity.WARNING, history.verdict.explanation)


def test_a_rule_without_enough_samples_says_how_many_it_needs() -> None:
    history = lived(took(0.2), took(0.2), rules=(ERRORS,))
    assert seen(history)[1] == (
        Severity.OK,
        "error rate over 1 h (0 of 2 runs failed): 2 of 20 results that it needs",
    )


def test_an_unknown_run_was_looked_at_by_no_rule() -> None:
    assert seen(lived(BLIND))[0] == (
        Severity.UNKNOWN,
        "not judged, and no rule looked at it: this host has no network",
    )


def test_a_reading_that_was_not_taken_is_said_so() -> None:
    assert seen(lived(REFUSED))[1][1].startswith("response_time was not measured; allowed")


FACTORS = "allowed: 14.4 times over 1 h and 5 min, 6 times over 6 h and 30 min, 1 times over 3 d and 6 h"

RULES: list[tuple[Rule, str]] = [
    (Count(bad=3, of=5, severity=Severity.WARNING), "0 of the last 5 results failed; 3 of 5 are too many"),
    (replace(ERRORS, min_samples=1), "error rate over 1 h (0 of 60 runs failed) is 0 %; allowed: up to 10 % (warning)"),
    (
        Quantile(
            reading="response_time",
            unit=Unit.SECONDS,
            quantile=0.5,
            window=HOUR,
            min_samples=1,
            bounds=Bounds(critical=2.0),
        ),
        "p50 of response_time over 1 h is 196 ms; allowed: up to 2 s (critical)",
    ),
    (
        Uptime(window=HOUR, bounds=Bounds(warning=0.999, direction=Direction.BELOW)),
        "uptime over 1 h (0 ms down, 1 min unknown) is 100 %; allowed: down to 99.9 % (warning)",
    ),
    (
        BurnRate(objective=0.999),
        "burning 0 times the error budget over 1 h and 0 times over 5 min (objective 99.9 %); " + FACTORS,
    ),
    (
        Baseline(window=20 * MINUTE, against=Against.BEFORE, bounds=Bounds(warning=0.2), min_samples=5),
        "error rate over 20 min is 0 % instead of 0 % before: 0 % worse; allowed: up to 20 % (warning)",
    ),
    (
        Growth(reading="response_time", unit=Unit.SECONDS, window=HOUR, per=DAY, bounds=Bounds(warning=1.0)),
        "response_time (now 200 ms) grows, by its course over 1 h, 0 ms per day; allowed: up to 1 s (warning)",
    ),
    (
        Absence(reading="response_time", bounds=Bounds(warning=600.0)),
        "response_time was measured in the last run that was judged; allowed: up to 10 min (warning)",
    ),
]


@pytest.mark.parametrize(("rule", "text"), RULES, ids=lambda value: type(value).__name__)
def test_every_rule_over_time_shows_its_numbers_beside_what_is_allowed(rule: Rule, text: str) -> None:
    assert seen(lived(*[took(0.2)] * 60, rules=(rule,)))[1] == (Severity.OK, text)


def test_a_rule_whose_calendar_does_not_cover_the_hour_is_asleep() -> None:
    office = Calendar(name="office", zone="UTC", spans=(Span(start=time(8), end=time(18)),))
    one = sights(lived(took(3.0), rules=(replace(SLOW, when=office),)), NOW)[1]
    assert (one.severity, one.asleep) == (Severity.WARNING, "office")


def test_counters_tell_how_far_a_trouble_is() -> None:
    assert counters(lived(took(0.2))) == ("nothing is wrong; 3 bad results in a row would open an incident",)
    assert counters(lived(REFUSED, REFUSED)) == (
        "2 of 3 bad results in a row that open an incident",
        "2 of 3 critical results in a row that make it critical",
    )
    assert (
        counters(lived(REFUSED, REFUSED, REFUSED, took(0.2)))[0] == "1 of 2 good results in a row that end the incident"
    )


@pytest.mark.parametrize("because", Because)
def test_every_reason_to_tell_nobody_is_said_in_words(because: Because) -> None:
    mute = Mute(because=because, by="7", bundle=3)
    (said,) = suppressed(lived(took(0.2)), Around(warning=mute, critical=mute), NOW) or ("",)
    assert ("7" in said) or because in (Because.WINDOW, Because.LOOKING)


def test_a_healthy_check_is_not_said_to_be_held_back_until_others_were_looked_at() -> None:
    mute = Mute(because=Because.LOOKING, by="database, container")
    assert suppressed(lived(took(0.2)), Around(warning=mute, critical=mute), NOW) == ()


def test_quiet_hours_are_said_to_hold_warnings_back_and_nothing_else() -> None:
    night = Calendar(name="night", zone="UTC", spans=(Span(start=time(22), end=time(6)),))
    around = Around(warning=Mute(because=Because.QUIET, by="default"), policy=replace(POLICY, quiet=(night,)))
    hr = replace(POLICY, name="hr")
    assert suppressed(lived(took(0.2)), replace(around, critical_policy=hr), NOW) == (
        (
            "a warning now would wait until 2026-03-02 06:00:00 UTC: quiet hours of policy default: "
            "only critical incidents are told of"
        ),
        "a critical incident now would be told by policy hr at once",
    )
    later = replace(hr, levels=hr.levels[1:])
    assert "by policy hr after 15 min" in suppressed(lived(took(0.2)), replace(around, critical_policy=later), NOW)[1]


def test_a_silence_says_whose_it_is_until_when_and_why() -> None:
    mute = Mute(because=Because.SILENCE, by="7")
    silence = Silence(
        id=7, matcher=Matcher(), by="ada", why="new disks", starts_at=NOW, ends_at=NOW + HOUR, created_at=NOW
    )
    around = Around(warning=mute, critical=mute)
    (said,) = suppressed(lived(took(0.2)), around, NOW, [silence])
    assert said.endswith("silence 7 by ada until 04:00 UTC: new disks")


def test_a_window_is_said_once() -> None:
    mute = Mute(because=Because.WINDOW, by="w1")
    around = Around(excuse="w1", warning=mute, critical=mute)
    pending = lived(REFUSED)
    assert pending.incident is not None
    pending.incident = replace(pending.incident, excused="w1")
    assert [line.count("w1") for line in suppressed(pending, around, NOW)] == [1]
    assert suppressed(pending, CALM, NOW) == ("window w1 kept it from opening until it ended",)


def test_a_policy_without_anybody_to_tell_is_said_so() -> None:
    history = History(check(SLOW), Policy(name="quiet", levels=()))
    assert suppressed(history, CALM, NOW) == ("policy quiet names nobody to tell",)


def test_what_a_person_took_says_until_when() -> None:
    history = lived(*[REFUSED] * 3)
    history.meet(Acknowledge(by="ada", why="on it", hold=HOUR), NOW + 5 * MINUTE)
    assert suppressed(history, CALM, NOW)[0] == (
        "ada has taken it until 2026-03-02 04:05:00 UTC: nothing escalates until then"
    )
    assert history.incident is not None
    assert outlook(history.incident, NOW + 6 * MINUTE)[0] == (
        "level 2 (mail, chat) waits: ada has taken it since 2026-03-02 03:05:00 UTC"
    )


def test_the_outlook_says_who_is_told_when() -> None:
    history = lived(*[REFUSED] * 3)
    assert history.incident is not None
    assert outlook(history.incident, NOW + 5 * MINUTE) == (
        "level 2 (mail, chat) is due at 2026-03-02 03:17:00 UTC, in 12 min",
        "level 3 (hook) is due at 2026-03-02 03:32:00 UTC, in 27 min",
        "a reminder is due at 2026-03-04 03:02:00 UTC, in 1 d 23 h",
    )
