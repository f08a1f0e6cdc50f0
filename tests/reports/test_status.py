from __future__ import annotations

import json
from dataclasses import replace
from datetime import time, timedelta

import pytest

from sentinel.base.units import Unit
from sentinel.core.hours import Calendar, Span
from sentinel.core.incident import Acknowledge, Address
from sentinel.core.judge import GOOD
from sentinel.core.notification import Kind, Message, Notification, State
from sentinel.core.result import Reading, passed
from sentinel.core.rule import Bounds, Direction, ErrorRate, Severity, Threshold
from sentinel.core.slo import Rollup
from sentinel.reports.documents import OutboxLine, OwnHealth, ReadingLine, StatusDocument
from sentinel.reports.status import CheckFacts, build, facts, incident_line, notification_line, outbox_line
from tests.kit.scene import MINUTE, NOW, POLICY, blind, broken, check, history, plan, well

START = NOW - timedelta(hours=3)
HEALTH, LOGIN, ROLES = check("health"), check("login"), check("roles")


def status(
    *known: CheckFacts, outbox: OutboxLine | None = None, running: bool = True, store_problem: str = ""
) -> StatusDocument:
    return build(
        plan(*(one.check for one in known)),
        known,
        now=NOW,
        started_at=START if running else None,
        outbox=outbox or OutboxLine(),
        own=OwnHealth() if running else None,
        store_problem=store_problem,
    )


def test_a_healthy_check_shows_its_reading_beside_its_bounds() -> None:
    line = status(facts(history(HEALTH, [well(0.21)]), None)).checks[0]
    assert line.severity is Severity.OK
    assert line.reading is not None
    assert (line.reading.value, line.reading.warning, line.reading.critical) == (0.21, 2.0, 5.0)


def test_a_reading_stands_beside_the_bounds_that_hold_at_the_hour() -> None:
    hour = NOW.hour
    now, later = (
        Calendar(name=name, zone="UTC", spans=(Span(start=time(start % 24), end=time((start + 1) % 24)),))
        for name, start in (("now", hour), ("later", hour + 1))
    )
    bounds = {later: Bounds(critical=9.0), now: Bounds(critical=4.0)}
    rules = tuple(
        Threshold(reading="response_time", unit=Unit.SECONDS, bounds=one, when=when) for when, one in bounds.items()
    )
    known = facts(history(replace(HEALTH, rules=rules), [well(0.21)]), None)
    shown = status(known).checks[0].reading
    assert shown is not None
    assert shown.critical == 4.0
    without = status(replace(known, check=replace(HEALTH, rules=rules[:1]))).checks[0].reading
    assert without is not None
    assert (without.warning, without.critical) == (None, None)


def test_the_most_urgent_check_comes_first() -> None:
    past = [history(HEALTH, [well()]), history(LOGIN, [blind()]), history(ROLES, [broken()])]
    document = status(*(facts(one, None) for one in past))
    assert [line.name for line in document.checks] == ["roles", "login", "health"]
    assert document.overall is Severity.CRITICAL


def test_a_slow_answer_is_a_warning_with_its_value_and_bound() -> None:
    line = status(facts(history(HEALTH, [well(3.0)]), None)).checks[0]
    assert line.severity is Severity.WARNING
    assert line.explanation == "response_time is 3 s, above 2 s"


def test_a_verdict_on_another_reading_shows_that_one_beside_its_bounds() -> None:
    days = Threshold(
        reading="days_left", unit=Unit.DAYS, bounds=Bounds(warning=21, critical=7, direction=Direction.BELOW)
    )
    both = passed((Reading("response_time", 0.2, Unit.SECONDS), Reading("days_left", 3, Unit.DAYS)))
    watched = replace(HEALTH, rules=(*HEALTH.rules, days))
    line = status(facts(history(watched, [both]), None)).checks[0]
    assert (line.reading and line.reading.name) == "response_time"
    assert line.judged == ReadingLine(
        name="days_left", value=3, unit=Unit.DAYS, warning=21, critical=7, direction=Direction.BELOW
    )


def test_a_verdict_on_the_error_rate_shows_the_rate() -> None:
    often = ErrorRate(window=60 * MINUTE, min_samples=2, bounds=Bounds(warning=0.01, critical=0.05))
    past = history(replace(HEALTH, rules=(often,)), [broken(), well()])
    judged = status(facts(past, None)).checks[0].judged
    assert judged is not None
    assert (judged.name, judged.value, judged.critical) == ("error_rate", 0.5, 0.05)


def test_a_rule_that_a_reload_took_away_leaves_the_bound_that_was_broken() -> None:
    past = history(HEALTH, [well(6.0)])
    past.replan(replace(HEALTH, rules=()), POLICY)
    judged = status(facts(past, None)).checks[0].judged
    assert judged is not None
    assert (judged.value, judged.warning, judged.critical) == (6.0, None, 5.0)


def test_what_a_store_knows_of_an_open_incident_gives_way_to_how_it_goes_on() -> None:
    past = history(HEALTH, [broken("one thing")] * 3 + [broken("another")])
    assert past.incident is not None
    stored = replace(past.incident, verdict=replace(GOOD, findings=()), sequence=1)
    assert incident_line(stored, NOW, facts(past, None)).explanation == "another"


def test_two_of_three_failures_are_pending() -> None:
    document = status(facts(history(HEALTH, [broken(), broken()]), None))
    assert document.checks[0].pending == "2 of 3"
    assert document.incidents == ()


def test_three_failures_are_an_open_incident_with_level_and_age() -> None:
    document = status(facts(history(HEALTH, [broken()] * 4), None))
    (incident,) = document.incidents
    assert (incident.id, incident.level, incident.levels) == (12, 1, 3)
    assert incident.age == 4 * MINUTE
    assert incident.explanation == "connection refused by 127.0.0.1 port 1"


def test_an_incident_that_recovers_keeps_the_whole_critical() -> None:
    document = status(facts(history(HEALTH, [broken()] * 3 + [well()]), None))
    assert document.checks[0].severity is Severity.OK
    assert document.overall is Severity.CRITICAL


def test_an_acknowledged_incident_says_who_and_why() -> None:
    past = history(HEALTH, [broken()] * 3)
    past.meet(Acknowledge(by="ann", why="on it"), NOW)
    (incident,) = status(facts(past, None)).incidents
    assert (incident.acknowledged_by, incident.acknowledged_why) == ("ann", "on it")
    assert incident.acknowledged_until == NOW + timedelta(hours=1)


def test_a_check_without_a_result_is_unknown_and_does_not_colour_the_whole() -> None:
    document = status(
        facts(history(HEALTH, [well()]), None), facts(history(replace(LOGIN, interval=timedelta(days=1)), []), None)
    )
    assert document.checks[0].explanation == "waits for its first result"
    assert document.overall is Severity.OK


def test_nothing_but_checks_without_results_is_unknown() -> None:
    slow = replace(LOGIN, interval=timedelta(days=1))
    assert status(facts(history(slow, []), None)).overall is Severity.UNKNOWN


def test_a_check_that_missed_its_runs_is_overdue_and_unknown() -> None:
    document = status(facts(history(HEALTH, [well()], until=NOW - 10 * MINUTE), None))
    assert document.checks[0].overdue
    assert document.overall is Severity.UNKNOWN


def test_right_after_a_start_nothing_is_overdue() -> None:
    past = facts(history(HEALTH, [well()], until=NOW - timedelta(days=1)), None)
    document = build(plan(HEALTH), [past], now=NOW, started_at=NOW - MINUTE, outbox=OutboxLine(), own=OwnHealth())
    assert not document.checks[0].overdue


def test_uptime_comes_from_the_roll_up_of_the_day_and_the_span_that_is_not_over() -> None:
    day = Rollup(check="health", start=NOW, span=timedelta(days=1), up=900, degraded=90, down=10, unknown=50, samples=7)
    line = status(facts(history(HEALTH, [well(0.2)]), day)).checks[0]
    assert (line.uptime, line.samples) == (0.99, 8)
    assert line.p95 is not None
    assert abs(line.p95 - 0.2) < 0.005


@pytest.mark.parametrize(
    ("outbox", "problem", "overall"),
    [
        (OutboxLine(), "", Severity.OK),
        (OutboxLine(waiting=3), "", Severity.OK),
        (OutboxLine(waiting=1, oldest=2 * MINUTE), "", Severity.OK),
        (OutboxLine(waiting=1, oldest=MINUTE / 2, errors={"mail": "unreachable"}), "", Severity.OK),
        (OutboxLine(waiting=1, oldest=2 * MINUTE, errors={"mail": "unreachable"}), "", Severity.WARNING),
        (OutboxLine(dead=1), "", Severity.WARNING),
        (OutboxLine(), "the disk is full", Severity.WARNING),
    ],
)
def test_messages_that_reach_nobody_and_a_lost_store_are_a_warning(
    outbox: OutboxLine, problem: str, overall: Severity
) -> None:
    past = facts(history(HEALTH, [well()]), None)
    assert status(past, outbox=outbox, store_problem=problem).overall is overall


def test_what_a_store_remembers_of_a_stopped_monitor_is_unknown() -> None:
    document = status(facts(history(HEALTH, [well()]), None), running=False)
    assert (document.from_store, document.overall) == (True, Severity.UNKNOWN)


def test_the_outbox_line_counts_what_waits_and_what_is_dead() -> None:
    counts = {State.QUEUED: 2, State.SENDING: 1, State.SENT: 99, State.DEAD: 4}
    line = outbox_line(counts, NOW - 5 * MINUTE, {"mail": "unreachable"}, NOW)
    assert (line.waiting, line.dead, line.oldest, line.errors) == (3, 4, 5 * MINUTE, {"mail": "unreachable"})


def test_the_json_form_has_words_seconds_and_utc_times() -> None:
    form = json.loads(json.dumps(status(facts(history(HEALTH, [broken()] * 3), None)).to_json()))
    assert (form["format"], form["overall"], form["at"]) == (1, "CRITICAL", "2026-11-22T12:00:00.000Z")
    assert (form["checks"][0]["interval"], form["incidents"][0]["phase"]) == (60.0, "open")


def test_a_notification_is_shown_with_the_reason_of_its_last_failure() -> None:
    message = Message(kind=Kind.TEST, at=NOW, source="ward")
    row = Notification(key="k", address=Address("mail", "on-call@example.org"), message=message, created_at=NOW, id=4)
    line = notification_line(replace(row, state=State.DEAD, reason="refused", detail="550"))
    assert (line.state, line.channel, line.kind, line.reason, line.detail) == ("dead", "mail", "test", "refused", "550")


def test_a_check_that_was_never_in_trouble_has_no_stored_state_and_is_well() -> None:
    past = history(HEALTH, [well()])
    line = status(CheckFacts(check=HEALTH, last=past.last), running=False).checks[0]
    assert (line.severity, line.since, line.explanation) == (Severity.OK, None, "")
