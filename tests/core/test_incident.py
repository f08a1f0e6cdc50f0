from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sentinel.core.escalation import next_tick
from sentinel.core.incident import (
    Acknowledge,
    Acknowledgement,
    Cause,
    EffectKind,
    Event,
    Incident,
    Level,
    Phase,
    Policy,
    Refusal,
    Step,
    Ticked,
    Withdraw,
)
from sentinel.core.life import step
from sentinel.core.rule import Severity
from tests.core.life import REMINDING, Life, Told
from tests.core.made import HOUR, MINUTE, NOW, POLICY, judged, verdict

OPENED, WORSENED, EASED = EffectKind.OPENED, EffectKind.WORSENED, EffectKind.EASED
ESCALATED, REMINDED, RESOLVED = EffectKind.ESCALATED, EffectKind.REMINDED, EffectKind.RESOLVED
ACKNOWLEDGED, EXPIRED = EffectKind.ACKNOWLEDGED, EffectKind.ACKNOWLEDGEMENT_EXPIRED
WITHDRAWN = EffectKind.WITHDRAWN
OK, WARNING, CRITICAL, UNKNOWN = Severity

#: The second level is only for what is critical.
STRICT = replace(
    POLICY,
    levels=(
        Level(after=0 * MINUTE, channels=("mail",)),
        Level(after=0 * MINUTE, channels=("chat",), severity=CRITICAL),
        Level(after=30 * MINUTE, channels=("hook",), severity=CRITICAL),
    ),
)


# --- Every phase meets every event ----------------------------------------------------------------------------------

PENDING = Incident(check="api", policy=POLICY, began_at=NOW, breaches=1, criticals=1)
OPEN = replace(
    PENDING,
    id=7,
    phase=Phase.OPEN,
    severity=CRITICAL,
    breaches=3,
    criticals=3,
    levels=(1,),
    opened_at=NOW,
    critical_at=NOW,
    told_at=NOW,
)
TAKEN = replace(
    OPEN,
    phase=Phase.ACKNOWLEDGED,
    acknowledgement=Acknowledgement(by="ada", why="", at=NOW, until=NOW + HOUR),
)
OVER = replace(OPEN, phase=Phase.RESOLVED, resolved_at=NOW)

EVENTS: dict[str, Event] = {
    "bad": judged(verdict(CRITICAL)),
    "good": judged(verdict(OK)),
    "unknown": judged(verdict(UNKNOWN)),
    "tick": Ticked(),
    "ack": Acknowledge(by="bob", why=""),
    "withdraw": Withdraw(),
}


@pytest.mark.parametrize(
    ("incident", "event", "phase", "refusal"),
    [
        (None, "bad", Phase.PENDING, None),
        (None, "good", None, None),
        (None, "unknown", None, None),
        (None, "tick", None, None),
        (None, "ack", None, Refusal.NO_INCIDENT),
        (None, "withdraw", None, None),
        (PENDING, "bad", Phase.PENDING, None),
        (PENDING, "good", None, None),
        (PENDING, "unknown", Phase.PENDING, None),
        (PENDING, "tick", Phase.PENDING, None),
        (PENDING, "ack", Phase.PENDING, Refusal.NOT_OPEN_YET),
        (PENDING, "withdraw", None, None),
        (OPEN, "bad", Phase.OPEN, None),
        (OPEN, "good", Phase.OPEN, None),
        (OPEN, "unknown", Phase.OPEN, None),
        (OPEN, "tick", Phase.OPEN, None),
        (OPEN, "ack", Phase.ACKNOWLEDGED, None),
        (OPEN, "withdraw", Phase.RESOLVED, None),
        (TAKEN, "bad", Phase.ACKNOWLEDGED, None),
        (TAKEN, "good", Phase.ACKNOWLEDGED, None),
        (TAKEN, "unknown", Phase.ACKNOWLEDGED, None),
        (TAKEN, "tick", Phase.ACKNOWLEDGED, None),
        (TAKEN, "ack", Phase.ACKNOWLEDGED, None),
        (TAKEN, "withdraw", Phase.RESOLVED, None),
        (OVER, "bad", Phase.RESOLVED, Refusal.ALREADY_RESOLVED),
        (OVER, "good", Phase.RESOLVED, Refusal.ALREADY_RESOLVED),
        (OVER, "unknown", Phase.RESOLVED, None),
        (OVER, "tick", Phase.RESOLVED, None),
        (OVER, "ack", Phase.RESOLVED, Refusal.ALREADY_RESOLVED),
        (OVER, "withdraw", Phase.RESOLVED, Refusal.ALREADY_RESOLVED),
    ],
)
def test_each_event_is_followed_or_refused_in_each_phase(
    incident: Incident | None, event: str, phase: Phase | None, refusal: Refusal | None
) -> None:
    answer = step(incident, EVENTS[event], NOW + MINUTE)
    assert (answer.incident.phase if answer.incident else None, answer.refusal) == (phase, refusal)
    if refusal is not None:
        assert answer == Step(incident, (), refusal)


@pytest.mark.parametrize("incident", [None, PENDING, OPEN, TAKEN, OVER])
def test_an_unknown_verdict_moves_nothing(incident: Incident | None) -> None:
    assert step(incident, EVENTS["unknown"], NOW + MINUTE) == Step(incident)


# --- Opening and resolving ------------------------------------------------------------------------------------------


def test_three_failures_open_and_two_passes_resolve() -> None:
    life = Life().fail(2)
    assert life.kinds == []
    assert life.fail().kinds == [OPENED]
    assert life.good().kinds == [OPENED]
    assert life.good().kinds == [OPENED, RESOLVED]


def test_a_pass_in_between_begins_the_count_anew() -> None:
    assert Life().fail(2).good().fail(2).kinds == []


def test_an_unknown_in_between_is_passed_over() -> None:
    assert Life().fail(2).unknown(5).fail().kinds == [OPENED]


def test_a_failure_between_two_passes_begins_the_count_of_passes_anew() -> None:
    assert Life().fail(3).good().fail().good().kinds == [OPENED]


def test_an_unknown_between_two_passes_is_passed_over() -> None:
    assert Life().fail(3).good().unknown(3).good().kinds == [OPENED, RESOLVED]


def test_a_hole_in_security_opens_at_once() -> None:
    assert Life().judge(verdict(CRITICAL, at_once=True)).kinds == [OPENED]


def test_an_incident_remembers_when_the_trouble_began() -> None:
    life = Life().fail().wait(1).fail().wait(1).fail()
    assert (life.open.began_at, life.open.opened_at) == (NOW, NOW + 2 * MINUTE)


@pytest.mark.parametrize(("open_after", "close_after"), [(1, 1), (2, 3), (5, 1)])
def test_the_check_says_how_many_open_and_how_many_resolve(open_after: int, close_after: int) -> None:
    life = Life(open_after=open_after, close_after=close_after)
    assert life.fail(open_after - 1).kinds == []
    assert life.fail().good(close_after - 1).kinds == [OPENED]
    assert life.good().kinds == [OPENED, RESOLVED]


def test_after_a_resolution_the_next_trouble_is_a_new_incident() -> None:
    life = Life().fail(3).good(2).fail(3)
    assert life.kinds == [OPENED, RESOLVED, OPENED]
    assert life.open.id == 2


# --- Warning and critical -------------------------------------------------------------------------------------------


def test_a_warning_that_becomes_critical_is_told_once_confirmed() -> None:
    life = Life().warn(3).fail(2)
    assert life.kinds == [OPENED]
    assert life.fail().kinds == [OPENED, WORSENED]
    assert (life.open.severity, life.open.critical_at) == (CRITICAL, NOW)


def test_a_critical_that_is_only_a_warning_again_is_told_once_confirmed() -> None:
    life = Life().fail(3).warn()
    assert life.kinds == [OPENED]
    assert life.warn().kinds == [OPENED, EASED]
    assert (life.open.severity, life.open.critical_at) == (WARNING, None)


def test_mixed_results_open_as_a_warning() -> None:
    assert Life().fail(2).warn().open.severity is WARNING


def test_one_critical_result_in_between_does_not_ease() -> None:
    assert Life().fail(3).warn().fail().warn().kinds == [OPENED]


def test_a_pass_counts_towards_easing() -> None:
    assert Life().fail(3).good().warn().kinds == [OPENED, EASED]


def test_easing_and_resolving_are_told_to_those_who_were_told() -> None:
    life = Life().fail(3).warn(2).good(2)
    assert life.told[1:] == [Told(0, EASED, 0), Told(0, RESOLVED, 0)]


# --- Escalation (HC-10) ---------------------------------------------------------------------------------------------


def test_levels_are_told_at_0_15_and_30_minutes() -> None:
    life = Life().fail(3).wait(60)
    assert life.told == [Told(0, OPENED, 1), Told(15, ESCALATED, 2), Told(30, ESCALATED, 3)]


def test_each_level_reaches_its_channels() -> None:
    life = Life().fail(3).wait(60)
    told = [(sent.message.kind.value, sent.address.channel) for sent in life.sent]
    assert [channel for kind, channel in told if kind == "opened"] == ["mail", "mail"]
    assert [channel for kind, channel in told if kind == "escalated"] == ["mail", "mail", "chat", "hook"]


def test_what_is_due_while_nobody_ticked_is_told_once_and_together() -> None:
    life = Life().fail(3).sleep(100).sleep(1)
    assert life.told == [Told(0, OPENED, 1), Told(100, ESCALATED, 2), Told(100, ESCALATED, 3)]


def test_levels_for_critical_ones_wait_until_it_is_critical() -> None:
    life = Life(STRICT).warn(3).wait(100)
    assert life.told == [Told(0, OPENED, 1)]
    life.fail(3).wait(100)
    assert life.told[1:] == [Told(100, WORSENED), Told(100, ESCALATED, 2), Told(130, ESCALATED, 3)]


def test_levels_for_critical_ones_are_told_with_the_opening_of_a_critical_one() -> None:
    assert Life(STRICT).fail(3).told == [Told(0, OPENED, 1), Told(0, ESCALATED, 2)]


def test_an_eased_incident_escalates_no_further_to_the_levels_for_critical_ones() -> None:
    assert Life(STRICT).fail(3).warn(2).wait(100).kinds == [OPENED, ESCALATED, EASED]


def test_a_level_is_told_once_however_often_it_worsens() -> None:
    life = Life(STRICT).fail(3).wait(40).warn(2).fail(3).wait(100)
    assert [told.level for told in life.told if told.kind is ESCALATED] == [2, 3]


def test_a_policy_whose_first_level_comes_later_opens_silently() -> None:
    late = Policy(name="late", levels=(Level(after=10 * MINUTE, channels=("mail",)),))
    life = Life(late).fail(3)
    assert (life.told, life.sent) == ([Told(0, OPENED, 0)], [])
    assert life.wait(10).told[1:] == [Told(10, ESCALATED, 1)]


def test_an_incident_keeps_the_policy_it_opened_with() -> None:
    life = Life().fail(3)
    life.policy = Policy(name="other", levels=())
    assert life.fail(3).wait(60).told[-1] == Told(30, ESCALATED, 3)


def test_a_resolved_incident_does_not_escalate() -> None:
    assert Life().fail(3).good(2).wait(100).kinds == [OPENED, RESOLVED]


# --- Acknowledging --------------------------------------------------------------------------------------------------


def test_an_acknowledgement_stops_escalation_and_reminders() -> None:
    life = Life(replace(POLICY, remind_critical=10 * MINUTE)).fail(3).acknowledge(2 * HOUR).wait(119)
    assert life.kinds == [OPENED, ACKNOWLEDGED]
    assert life.open.acknowledgement == Acknowledgement(by="ada", why="I look at it", at=NOW, until=NOW + 2 * HOUR)


def test_an_acknowledgement_that_expires_lets_escalation_go_on_where_it_was() -> None:
    life = Life().fail(3).wait(5).acknowledge(HOUR).wait(200)
    assert life.told[2:] == [Told(65, EXPIRED), Told(75, ESCALATED, 2), Told(90, ESCALATED, 3)]


def test_two_acknowledgements_pause_for_the_sum_of_their_times() -> None:
    life = Life().fail(3).acknowledge(HOUR).wait(60).wait(5).acknowledge(HOUR).wait(200)
    assert [told for told in life.told if told.kind is ESCALATED] == [Told(135, ESCALATED, 2), Told(150, ESCALATED, 3)]


@pytest.mark.parametrize(("severity", "hours"), [(WARNING, 4), (CRITICAL, 1)])
def test_an_acknowledgement_holds_as_long_as_the_policy_says(severity: Severity, hours: int) -> None:
    life = Life().judge(verdict(severity), 3).acknowledge()
    assert next_tick(life.open) == NOW + hours * HOUR


def test_worsening_ends_the_acknowledgement_that_was_given_for_a_warning() -> None:
    life = Life().warn(3).acknowledge(10 * HOUR).wait(20).fail(3)
    assert life.kinds == [OPENED, ACKNOWLEDGED, WORSENED]
    assert (life.open.phase, life.open.acknowledgement) == (Phase.OPEN, None)


def test_time_for_which_somebody_had_a_warning_brings_no_level_nearer_when_it_worsens() -> None:
    life = Life().warn(3).acknowledge(10 * HOUR).wait(300).fail(3).wait(60)
    assert life.told[2:] == [Told(300, WORSENED), Told(315, ESCALATED, 2), Told(330, ESCALATED, 3)]


def test_easing_leaves_the_acknowledgement() -> None:
    assert Life().fail(3).acknowledge().warn(2).open.phase is Phase.ACKNOWLEDGED


def test_an_acknowledged_incident_resolves() -> None:
    life = Life().fail(3).acknowledge().good(2).wait(300)
    assert life.kinds == [OPENED, ACKNOWLEDGED, RESOLVED]


def test_a_second_acknowledgement_takes_over_and_goes_on_for_longer() -> None:
    life = Life().fail(3).acknowledge(10 * MINUTE).wait(5).acknowledge(30 * MINUTE)
    assert life.kinds == [OPENED, ACKNOWLEDGED, ACKNOWLEDGED]
    assert life.wait(29).kinds == [OPENED, ACKNOWLEDGED, ACKNOWLEDGED]
    assert life.wait(2).kinds[3] is EffectKind.ACKNOWLEDGEMENT_EXPIRED


def test_what_is_asked_twice_is_done_once() -> None:
    """A button that is pressed twice, or a request that is sent again."""
    life = Life().fail(3).acknowledge(HOUR)
    again = Acknowledge(by="ada", why="I look at it", hold=HOUR)
    assert step(life.open, again, life.now + timedelta(seconds=5)).refusal is Refusal.ALREADY_YOURS
    assert step(life.open, again, life.now + timedelta(seconds=6)).refusal is None
    assert step(life.open, replace(again, by="bob"), life.now).refusal is None
    assert step(life.open, replace(again, hold=2 * HOUR), life.now).refusal is None


def test_time_under_two_acknowledgements_is_not_counted_twice() -> None:
    life = Life().fail(3).acknowledge(10 * MINUTE).wait(5).acknowledge(10 * MINUTE).wait(11)
    assert life.open.paused == 15 * MINUTE


# --- Reminders ------------------------------------------------------------------------------------------------------


def test_a_critical_one_is_reminded_of_every_30_minutes() -> None:
    assert [told.minute for told in Life(REMINDING).fail(3).wait(100).told] == [0, 30, 60, 90]


def test_a_warning_is_reminded_of_every_4_hours() -> None:
    assert [told.minute for told in Life(REMINDING).warn(3).wait(600).told] == [0, 240, 480]


def test_reminders_go_to_everybody_who_was_told() -> None:
    life = Life(replace(POLICY, remind_critical=20 * MINUTE)).fail(3).wait(20)
    reminded = [sent.address.channel for sent in life.sent if sent.message.kind.value == "reminded"]
    assert sorted(reminded) == ["chat", "mail", "mail"]


def test_missed_reminders_come_as_one() -> None:
    assert Life(REMINDING).fail(3).sleep(1000).kinds == [OPENED, REMINDED]


def test_zero_means_no_reminder() -> None:
    never = replace(REMINDING, remind_critical=timedelta(0))
    assert Life(never).fail(3).wait(10_000).kinds == [OPENED]


def test_reminders_begin_anew_when_an_acknowledgement_has_expired() -> None:
    life = Life(REMINDING).fail(3).wait(20).acknowledge(HOUR).wait(100)
    assert life.told[2:] == [Told(80, EXPIRED), Told(110, REMINDED)]


# --- What confirmed it, and what has to get better ------------------------------------------------------------------

SMELL = verdict(WARNING, window=True)
STINK = verdict(CRITICAL, window=True)


def test_a_window_opens_at_once() -> None:
    life = Life().judge(SMELL)
    assert (life.kinds, life.open.cause) == ([OPENED], Cause.WINDOW)


def test_what_a_window_brought_lasts_while_the_window_is_bad() -> None:
    assert Life().judge(SMELL, 50).kinds == [OPENED]
    assert Life().judge(SMELL).good(2).kinds == [OPENED, RESOLVED]


def test_what_single_results_brought_is_over_when_they_are_good_though_the_window_remembers() -> None:
    life = Life().fail(3).judge(STINK, 2)
    assert (life.kinds, life.resolved and life.resolved.cause) == ([OPENED, RESOLVED], Cause.RESULTS)


def test_failures_take_over_what_a_window_brought() -> None:
    life = Life().judge(STINK).fail(3)
    assert life.open.cause is Cause.RESULTS
    assert life.judge(STINK, 2).kinds == [OPENED, RESOLVED]


def test_a_hole_in_security_is_no_matter_of_windows() -> None:
    assert Life().judge(verdict(CRITICAL, at_once=True)).open.cause is Cause.RESULTS


def test_a_window_that_gets_worse_worsens_at_once() -> None:
    assert Life().judge(SMELL).judge(STINK).kinds == [OPENED, WORSENED]


# --- Withdrawing ----------------------------------------------------------------------------------------------------


def test_a_removed_check_resolves_its_incident_and_tells_so() -> None:
    life = Life().fail(3).withdraw()
    assert life.kinds == [OPENED, WITHDRAWN]
    assert [sent.address.channel for sent in life.sent if sent.message.kind.value == "withdrawn"] == ["mail", "mail"]


def test_a_removed_check_with_a_mere_suspicion_tells_nothing() -> None:
    life = Life().fail(2).withdraw()
    assert (life.incident, life.kinds) == (None, [])


# --- When time will do something ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("incident", "due"),
    [
        (PENDING, None),
        (OPEN, NOW + 15 * MINUTE),
        (replace(OPEN, levels=(1, 2)), NOW + 30 * MINUTE),
        (replace(OPEN, levels=(1, 2, 3)), NOW + 48 * HOUR),
        (replace(OPEN, paused=HOUR), NOW + HOUR + 15 * MINUTE),
        (TAKEN, NOW + HOUR),
        (OVER, None),
    ],
)
def test_the_next_tick_is_the_earliest_thing_that_time_alone_changes(incident: Incident, due: datetime | None) -> None:
    assert next_tick(incident) == due


# --- Holes in security ------------------------------------------------------------------------------------------------

HOLE = verdict(CRITICAL, at_once=True)


def test_a_hole_that_shows_during_an_outage_is_told_at_once_and_ends_the_acknowledgement() -> None:
    life = Life().fail(3).acknowledge(10 * HOUR).judge(HOLE)
    assert life.kinds == [OPENED, ACKNOWLEDGED, WORSENED]
    assert (life.open.phase, life.open.hole) == (Phase.OPEN, True)


def test_a_hole_is_told_of_once_in_an_incident() -> None:
    assert Life().fail(3).judge(HOLE, 3).fail(2).judge(HOLE).kinds == [OPENED, WORSENED]
    assert Life().judge(HOLE, 4).kinds == [OPENED]


def test_a_hole_in_what_is_critical_already_moves_no_level() -> None:
    life = Life().fail(3).wait(20).judge(HOLE).wait(11)
    assert [(told.minute, told.level) for told in life.told if told.kind is ESCALATED] == [(15, 2), (30, 3)]
