"""A review looks back at an incident: what it was, who was told, and how the check has done since."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sentinel.app.reviewing import next_look
from sentinel.core.incident import Address, EffectKind, Incident
from sentinel.core.notification import AboutCheck, Kind, Message, Notification, State
from sentinel.core.rule import Severity
from sentinel.core.slo import Rollup
from sentinel.reports.forms.review import sections
from sentinel.reports.forms.words import Zone
from sentinel.reports.past import Past
from sentinel.reports.report import incident_report
from sentinel.reports.review import Review
from sentinel.reports.reviewing import MOST_STEPS, Aftermath, build, period_of, spans
from tests.kit.audited import delivered, entry, incident, past, rollup
from tests.kit.scene import MINUTE, NOW, check

HEALTH = check("health")
HOUR = timedelta(hours=1)
MAIL = Address("mail", "ops@example.org")


def row(address: Address = MAIL, state: State = State.SENT) -> Notification:
    about = AboutCheck(name="health", title="health", kind="http", tags=())
    message = Message(kind=Kind.OPENED, at=NOW, source="ward", check=about, severity=Severity.CRITICAL)
    return Notification(key="k", address=address, message=message, created_at=NOW, incident=12, state=state)


def review(
    one: Incident,
    known: Past | None = None,
    *,
    since: Rollup | None = None,
    rows: tuple[Notification, ...] = (),
    due: timedelta | None = None,
) -> Review:
    whole = known or past(incidents=[one])
    after = Aftermath(
        past=whole,
        rows=rows,
        before=rollup(up=3600),
        during=rollup("health", 5.0, up=0, down=3600, failures=1),
        since=since,
        sent={MAIL: NOW - 4 * HOUR},
    )
    return build(HEALTH, one, incident_report(one, whole, NOW), after, NOW, due)


def test_it_compares_as_long_a_time_before_as_has_passed_since() -> None:
    one = incident(HEALTH, lasted=HOUR)
    assert one.resolved_at is not None
    span = spans(one, one.resolved_at + 24 * HOUR)
    assert (span.before.length, span.since.length) == (24 * HOUR, 24 * HOUR)
    assert (span.before.until, span.during.until, span.since.since) == (one.began_at, one.resolved_at, one.resolved_at)


def test_of_an_incident_that_goes_on_there_is_nothing_since() -> None:
    span = spans(incident(HEALTH, lasted=None), NOW)
    assert (span.since.length, span.during.until, span.before.length) == (timedelta(0), NOW, HOUR)


def test_it_is_made_once_for_each_incident_and_time() -> None:
    assert period_of(incident(HEALTH), timedelta(days=7), NOW).key == "12-7d"
    assert period_of(incident(HEALTH), None, NOW).key == "12-20261122T1200Z"


def test_a_check_that_was_up_ever_since_is_well() -> None:
    found = review(incident(HEALTH, hours_ago=5), since=rollup())
    assert (found.severity, found.verdict) == (Severity.OK, "It has been up for all of the 4 h 1 min since its end.")


def test_one_that_was_down_again_for_a_while_is_measured_by_its_target() -> None:
    found = review(incident(HEALTH), since=rollup(up=95, down=5))
    assert found.severity is Severity.CRITICAL
    assert found.verdict.endswith("up 95 % of the time, without another incident.")


def test_one_that_opened_again_has_come_back() -> None:
    one, again = incident(HEALTH, 12, hours_ago=5), incident(HEALTH, 15, hours_ago=1)
    found = review(one, past(incidents=[again, one]), since=rollup())
    assert (found.again, found.severity) == ((15,), Severity.CRITICAL)
    assert found.verdict.startswith("It came back: #15 opened")


def test_one_that_nobody_judged_since_is_unknown() -> None:
    assert review(incident(HEALTH)).severity is Severity.UNKNOWN


def test_what_broke_at_the_same_time_is_named() -> None:
    one, other = incident(HEALTH, 12), incident(check("login"), 13)
    assert review(one, past(incidents=[one, other])).together == (13,)


def test_figures_stand_before_during_and_since() -> None:
    found = review(incident(HEALTH), since=rollup("health", *[0.4] * 100, up=3600))
    figures = {one.name: one for one in found.figures}
    assert (figures["uptime"].before, figures["uptime"].during, figures["uptime"].since) == (1.0, 0.0, 1.0)
    assert (figures["uptime"].worse, figures["p95"].worse) == (False, True)
    assert figures["error_rate"].during == 1.0


def test_who_was_told_stands_with_what_became_of_it() -> None:
    chat = Address("chat")
    rows = (row(), row(), row(chat, State.DEAD), replace(row(), carried_by=4))
    mail, other = review(incident(HEALTH), rows=rows).told
    assert (mail.channel, mail.messages, mail.first_at, mail.dead) == ("mail", 2, NOW - 4 * HOUR, 0)
    assert (other.channel, other.messages, other.first_at, other.dead) == ("chat", 0, None, 1)


def test_of_very_many_steps_those_in_the_middle_are_left_out() -> None:
    one = incident(HEALTH)
    entries = [entry(one, EffectKind.COMMENTED, n, "ann", str(n)) for n in range(MOST_STEPS + 5)]
    found = review(one, past(incidents=[one], entries=entries, told=[delivered(one)]))
    assert (len(found.steps), found.left_out) == (MOST_STEPS, 5)
    assert (found.steps[0].text, found.steps[-1].text) == ("0", str(MOST_STEPS + 4))
    assert found.times.tell == MINUTE / 2


def test_right_after_its_end_it_is_too_early_to_say() -> None:
    one = replace(incident(HEALTH), resolved_at=NOW - MINUTE)
    whole = past(incidents=[one])
    after = Aftermath(past=whole, rows=(), before=None, during=None, since=None, sent={})
    found = build(HEALTH, one, incident_report(one, whole, NOW), after, NOW, None, NOW + HOUR)
    assert found.verdict == (
        "It is too early to say how the check has done since; it is made again at 2026-11-22 13:00 UTC."
    )
    assert [section.heading for section in sections(found, Zone("UTC"))] == ["Incident #12: health", "What happened"]


def test_it_is_looked_at_again_when_the_next_review_is_due() -> None:
    one = replace(incident(HEALTH), resolved_at=NOW - 2 * HOUR)
    assert next_look(one, (HOUR, 24 * HOUR, 48 * HOUR), NOW) == NOW + 22 * HOUR
    assert next_look(one, (HOUR,), NOW) is None
    assert next_look(replace(one, resolved_at=None), (HOUR,), NOW) is None
