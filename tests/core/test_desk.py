"""Stories of several checks: who is told of what, and that whoever hears of a trouble hears of its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

from sentinel.core.hours import Calendar, Span
from sentinel.core.incident import (
    Acknowledge,
    Address,
    Assign,
    Because,
    Close,
    Comment,
    Level,
    Phase,
    Unacknowledge,
    Updates,
)
from sentinel.core.rule import Bounds, BurnRate, ErrorRate, Severity
from tests.core.made import HOUR, MINUTE
from tests.core.ward import ON_CALL, SENDER, Told, Ward, grouped, one, slow

# --- Groups -----------------------------------------------------------------------------------------------------------


def test_what_breaks_together_is_told_in_one_message_and_one_update() -> None:
    ward = Ward(*grouped("a", "b", "c"))
    ward.fail("a", "b", "c")
    assert ward.news() == [Told("mail", "opened", "a")], "the first is told at once"
    ward.wait(29)
    assert ward.news() == [Told("mail", "updated", "a", ("b", "c"))]


def test_the_end_of_a_group_is_told_once_for_all() -> None:
    ward = Ward(*grouped("a", "b", "c")).fail("a", "b", "c").wait(60)
    ward.news()
    ward.heal("a", "b", "c")
    assert ward.news() == [Told("mail", "resolved", "c", ("well:a", "well:b"))]


def test_when_the_first_is_well_another_one_speaks_for_the_rest() -> None:
    ward = Ward(*grouped("a", "b", "c")).fail("a", "b", "c").wait(60)
    ward.news()
    ward.heal("a").wait(5 * 60)
    assert ward.news() == [Told("mail", "updated", "c", ("b", "well:a"))]
    ward.wait(10 * 60)
    assert ward.news() == [Told("chat", "escalated", "c", ("b",))], "the escalation goes on as if nothing had been"
    ward.heal("b", "c")
    assert ward.news() == [
        Told("mail", "resolved", "c", ("well:b",)),
        Told("chat", "resolved", "c", ("well:b",)),
    ]


def test_what_joins_later_is_told_with_the_next_update() -> None:
    ward = Ward(*grouped("a", "b")).fail("a").wait(200)
    ward.news()
    ward.fail("b").wait(40)
    assert ward.news() == [Told("mail", "updated", "a", ("b",))]


def test_what_is_worse_than_the_one_that_speaks_is_told_by_itself() -> None:
    ward = Ward(slow("slow"), *grouped("dead")).fail("slow").fail("dead")
    assert ward.news() == [Told("mail", "opened", "slow"), Told("mail", "opened", "dead")]


def test_a_hole_in_security_never_hides_in_a_group() -> None:
    ward = Ward(*grouped("a", "roles")).fail("a")
    ward.news()
    ward.breach("roles")
    assert ward.news() == [Told("mail", "opened", "roles")]


def test_taking_one_of_a_group_takes_the_group() -> None:
    ward = Ward(*grouped("a", "b")).fail("a", "b").wait(60)
    ward.news()
    turn = ward.meet(ward.of("b").id, Acknowledge(by="Ada", why="on it", hold=60 * MINUTE))
    assert turn is not None
    assert ward.of("a").phase is Phase.ACKNOWLEDGED
    ward.wait(30 * 60, 10)
    assert [told.kind for told in ward.news()] == ["acknowledged"], "nothing escalates"


def test_a_silenced_speaker_speaks_for_nobody() -> None:
    ward = Ward(*grouped("a", "b", "c")).fail("a", "b", "c").wait(60)
    ward.news()
    ward.silence(minutes=60, checks=("a",)).wait(40)
    assert ward.news() == [Told("mail", "opened", "b"), Told("mail", "updated", "b", ("c",))]
    ward.heal("a", "b", "c")
    assert sorted(told.check for told in ward.news()) == ["a", "c"], "who heard of a hears that it is over"


def test_checks_of_no_group_are_each_told_of() -> None:
    ward = Ward(one("a"), one("b")).fail("a", "b")
    assert ward.news() == [Told("mail", "opened", "a"), Told("mail", "opened", "b")]


# --- Dependencies -----------------------------------------------------------------------------------------------------


def test_a_check_whose_parent_is_down_is_told_of_with_the_parent() -> None:
    ward = Ward(one("db"), one("api", depends_on=(("db",),))).fail("db").fail("api").wait(40)
    assert ward.news() == [Told("mail", "opened", "db"), Told("mail", "updated", "db", ("api",))]
    ward.heal("db", "api")
    assert ward.news() == [Told("mail", "resolved", "api", ("well:db",))]


def test_a_child_that_fails_first_waits_until_its_parent_was_looked_at() -> None:
    ward = Ward(one("db"), one("api", depends_on=(("db",),)))
    ward.look("api")
    assert ("db", 0.0) in ward.asked, "the parent is looked at at once"
    ward.wait(1).look("api").look("db").wait(1).look("api").wait(1)
    assert ward.news() == [], "the parent fails, too, and that is not confirmed yet"
    ward.fail("db", times=2).wait(40)
    assert ward.news() == [Told("mail", "opened", "db"), Told("mail", "updated", "db", ("api",))]


def test_a_child_whose_parent_is_well_is_told_of_at_once() -> None:
    ward = Ward(one("db"), one("api", depends_on=(("db",),)))
    ward.look("api").wait(1).heal("db", times=1).look("api").wait(1).look("api")
    assert ward.news() == [Told("mail", "opened", "api")]


def test_a_child_that_opens_with_its_first_result_waits_for_its_parent_too() -> None:
    """It was told of at once: nobody had looked around for an incident that was not there yet."""
    ward = Ward(one("db"), one("page", depends_on=(("db",),), open_after=1)).look("page")
    assert (ward.news(), ward.asked.count(("db", 0.0))) == ([], 1)
    ward.fail("db").wait(40)
    assert ward.news() == [Told("mail", "opened", "db"), Told("mail", "updated", "db", ("page",))]


def test_children_are_looked_at_as_soon_as_their_parent_is_well() -> None:
    """The end of an outage of five minutes was told after six hours, when a check of every six hours had its turn."""
    ward = Ward(one("db"), one("api", depends_on=(("db",),))).fail("db").fail("api")
    ward.asked.clear()
    ward.heal("db")
    assert ward.asked == [("api", 0.0)]


def test_children_that_fail_at_once_do_not_confirm_their_parent() -> None:
    """A blip of three seconds opened an incident: each child that failed had its parent looked at once more."""
    ward = Ward(one("db"), *(one(name, depends_on=(("db",),)) for name in ("api", "login", "roles")))
    ward.look("api").look("db").wait(1).look("login").wait(1).look("roles").wait(1)
    assert ward.asked.count(("db", 0.0)) == 1


def test_a_child_has_time_to_be_well_though_a_rule_over_time_still_speaks_of_its_parent() -> None:
    """The budget of an outage that is over burnt on for a result, and a child that is looked at rarely was told of meanwhile."""
    children = (one(name, depends_on=(("db",),)) for name in ("api", "page"))
    ward = Ward(one("db", rules=(BurnRate(objective=0.999),)), *children).fail("db", times=60).fail("api", "page")
    ward.wait(60).news()
    ward.heal("db").wait(50)
    assert ward.desk.histories["db"].verdict.severity is Severity.CRITICAL
    assert "opened" not in [told.kind for told in ward.news()]


def test_a_parent_that_nobody_can_look_at_holds_its_child_back_for_a_while_only() -> None:
    ward = Ward(one("db"), one("api", depends_on=(("db",),))).fail("api").wait(80)
    assert ward.news() == []
    ward.wait(15)
    assert ward.news() == [Told("mail", "opened", "api")]


def test_a_child_that_is_still_down_after_its_parent_is_told_of() -> None:
    ward = Ward(one("db"), one("api", depends_on=(("db",),))).fail("db").fail("api").wait(60)
    ward.news()
    ward.heal("db").wait(5 * 60)
    assert ward.news() == [Told("mail", "updated", "api", ("well:db",))]
    ward.heal("api")
    assert ward.news() == [Told("mail", "resolved", "api")]


def test_one_of_several_parents_that_is_up_will_do() -> None:
    ward = Ward(one("n1"), one("n2"), one("app", depends_on=(("n1", "n2"),))).heal("n1", "n2", times=1)
    ward.fail("n1")
    ward.news()
    ward.look("app").wait(1).heal("n2", times=1).fail("n1", times=1).fail("app", times=2)
    assert ward.news() == [Told("mail", "opened", "app")]


def test_a_hole_in_security_is_told_though_what_it_depends_on_is_down() -> None:
    ward = Ward(one("db"), one("roles", depends_on=(("db",),))).fail("db")
    ward.news()
    ward.breach("roles")
    assert ward.news() == [Told("mail", "opened", "roles")]


# --- Silences, windows, quiet hours -----------------------------------------------------------------------------------


def test_a_silenced_incident_is_told_of_when_the_silence_ends() -> None:
    ward = Ward(one("api")).silence(minutes=10, checks=("api",)).fail("api").wait(9 * 60)
    assert ward.news() == []
    assert ward.of("api").mute is not None
    ward.wait(60)
    assert ward.news() == [Told("mail", "opened", "api")]


def test_what_is_over_before_the_silence_ends_is_told_to_nobody() -> None:
    ward = Ward(one("api")).silence(minutes=10, checks=("api",)).fail("api").heal("api").wait(20 * 60, 10)
    assert ward.news() == []


def test_who_was_told_before_the_silence_hears_that_it_is_over() -> None:
    ward = Ward(one("api")).fail("api")
    ward.news()
    ward.silence(minutes=60, checks=("api",)).wait(20 * 60, 10)
    assert ward.news() == [], "nothing escalates under a silence"
    ward.heal("api")
    assert ward.news() == [Told("mail", "resolved", "api")]


def test_a_silence_for_warnings_lets_what_becomes_critical_through() -> None:
    ward = Ward(slow("api")).silence(minutes=60, severities=frozenset({Severity.WARNING})).fail("api")
    assert ward.news() == []
    ward.breach("api")
    assert [told.kind for told in ward.news()] == ["opened"]


def test_nothing_opens_in_a_window_and_what_is_bad_after_it_opens_at_once() -> None:
    ward = Ward(one("api")).window(minutes=10, checks=("api",)).fail("api", times=30)
    assert ward.news() == []
    assert ward.of("api").phase is Phase.PENDING
    ward.wait(10 * 60).look("api")
    assert ward.news() == [Told("mail", "opened", "api")]
    assert ward.of("api").excused == "w1"


def test_an_incident_from_before_a_window_is_quiet_in_it_and_its_end_is_told() -> None:
    ward = Ward(one("api")).fail("api")
    ward.news()
    ward.window(minutes=30, checks=("api",)).wait(20 * 60, 10)
    assert ward.news() == []
    ward.heal("api")
    assert ward.news() == [Told("mail", "resolved", "api")]


def test_a_hole_in_security_opens_in_a_window() -> None:
    ward = Ward(one("roles")).window(minutes=10).breach("roles")
    assert ward.news() == [Told("mail", "opened", "roles")]


NIGHT = Calendar(name="night", zone="UTC", spans=(Span(start=time(2), end=time(6)),))


def test_a_warning_of_the_night_is_told_in_the_morning_and_a_critical_one_at_once() -> None:
    quiet = replace(ON_CALL, quiet=(NIGHT,))
    ward = Ward(slow("slow"), one("dead"), policies=[quiet]).fail("slow").fail("dead")
    assert ward.news() == [Told("mail", "opened", "dead")]
    ward.wait(3 * 3600, 30)
    assert Told("mail", "opened", "slow") in ward.news()


# --- Coming and going -------------------------------------------------------------------------------------------------


def test_a_check_that_comes_and_goes_is_told_of_once() -> None:
    ward = Ward(one("api"))
    for _ in range(20):
        ward.fail("api", times=1).heal("api", times=1)
    assert ward.sent[0].message.explanation.startswith("comes and goes")
    assert [told.kind for told in ward.news()] == ["opened"]
    ward.heal("api", times=20)
    assert [told.kind for told in ward.news()] == ["resolved"]


def test_an_open_incident_that_begins_to_flap_says_so_and_is_not_over_before_it_settles() -> None:
    ward = Ward(one("api"))
    for _ in range(5):
        ward.fail("api", times=3).heal("api", times=2)
    kinds = [told.kind for told in ward.news()]
    assert kinds.count("flapping") <= 1
    assert kinds.count("opened") - kinds.count("resolved") == int(not ward.is_well("api"))
    ward.heal("api", times=25)
    assert ward.is_well("api")
    assert ward.news()[-1].kind == "resolved"


# --- People -----------------------------------------------------------------------------------------------------------


def test_an_acknowledgement_that_is_given_back_lets_the_escalation_go_on() -> None:
    ward = Ward(one("api")).fail("api")
    ward.meet(1, Acknowledge(by="Ada", why="on it"))
    ward.wait(10 * 60, 10)
    ward.news()
    ward.meet(1, Unacknowledge(by="Ada", why="not mine"))
    ward.wait(16 * 60, 10)
    assert [told.kind for told in ward.news()] == ["unacknowledged", "escalated"]


def test_an_incident_that_a_person_closes_is_over_and_opens_anew_if_it_goes_on() -> None:
    ward = Ward(one("api")).fail("api")
    ward.news()
    ward.meet(1, Close(by="Ada", why="mended by hand"))
    assert ward.news() == [Told("mail", "resolved", "api")]
    assert ward.timeline[-1].by == "Ada"
    ward.fail("api")
    assert ward.news() == [Told("mail", "opened", "api")]
    assert ward.of("api").id == 2


def test_comments_stand_on_the_timeline_and_are_told_to_nobody() -> None:
    ward = Ward(one("api")).fail("api")
    ward.news()
    ward.meet(1, Comment(by="Ada", text="the disk was full"))
    assert (ward.timeline[-1].by, ward.timeline[-1].text, ward.news()) == ("Ada", "the disk was full", [])


def test_an_assignment_is_told_and_stays_with_the_incident() -> None:
    ward = Ward(one("api")).fail("api")
    ward.news()
    ward.meet(1, Assign(by="Ada", to="Bob"))
    assert ward.news() == [Told("mail", "assigned", "api")]
    assert ward.of("api").assigned_to == "Bob"


# --- Policies ---------------------------------------------------------------------------------------------------------


def test_a_level_is_told_again_while_nobody_takes_the_incident() -> None:
    levels = (Level(after=0 * MINUTE, channels=("mail",), repeat=5 * MINUTE, repeats=2),)
    ward = Ward(one("api"), policies=[replace(ON_CALL, levels=levels)]).fail("api").wait(30 * 60, 10)
    assert [told.kind for told in ward.news()] == ["opened", "escalated", "escalated"]


def test_stakeholders_are_kept_informed_and_told_of_the_end() -> None:
    updates = Updates(channels=("hook",), every=15 * MINUTE, after=5 * MINUTE)
    ward = Ward(one("api"), policies=[replace(ON_CALL, updates=updates)]).fail("api").wait(40 * 60, 10)
    assert [told for told in ward.news() if told.channel == "hook"] == [Told("hook", "progress", "api")] * 3
    ward.heal("api")
    assert Told("hook", "resolved", "api") in ward.news()


def test_a_mute_says_because_of_what() -> None:
    ward = Ward(*grouped("a", "b")).fail("a", "b")
    mute = ward.of("b").mute
    assert mute is not None
    assert (mute.because, mute.by, mute.bundle) == (Because.GROUP, "a", 1)


# --- News of others ---------------------------------------------------------------------------------------------------


def test_news_that_an_escalation_took_to_others_is_told_to_who_heard_first() -> None:
    """The level that was told has addresses of its own: the first ones would never have heard that a is well."""
    ward = Ward(*grouped("a", "b")).fail("a", "b").wait(60)
    ward.news()
    ward.wait(15 * 60 - 70).heal("a").wait(8)
    assert ward.news()[0].kind == "escalated"
    ward.heal("b")
    assert Told("mail", "resolved", "b", ("well:a",)) in ward.news()


def test_news_that_a_reminder_had_is_told_again_since_it_may_be_called_off() -> None:
    often = replace(ON_CALL, remind_critical=2 * MINUTE)
    ward = Ward(*grouped("a", "b"), policies=[often]).fail("a", "b").wait(113)
    ward.news()
    ward.heal("b").wait(6)
    assert ward.news() == [Told("mail", "reminded", "a", ("well:b",))]
    ward.meet(1, Acknowledge(by="Ada", why="on it"))
    assert ward.news() == [Told("mail", "acknowledged", "a", ("well:b",))]


# --- What it is about -------------------------------------------------------------------------------------------------


def test_an_outage_is_told_by_what_failed_also_when_windows_remember_it() -> None:
    errors = ErrorRate(window=HOUR, min_samples=3, bounds=Bounds(critical=0.05))
    ward = Ward(one("api", rules=(errors,))).fail("api")
    ward.heal("api")
    assert [row.message.explanation for row in ward.sent] == ["connection refused"] * 2


def test_an_incident_of_a_window_is_told_by_what_the_window_says() -> None:
    errors = ErrorRate(window=HOUR, min_samples=20, bounds=Bounds(critical=0.05))
    ward = Ward(one("api", rules=(errors,))).heal("api", times=18).look("api").wait(1).look("api")
    assert ward.sent[0].message.explanation.startswith("error rate over 1 h")


def test_a_critical_check_that_comes_and_goes_is_critical() -> None:
    ward = Ward(one("api"))
    for _ in range(12):
        ward.fail("api", times=1).heal("api", times=1)
    assert ward.of("api").severity is Severity.CRITICAL


def test_who_is_to_see_to_it_hears_so() -> None:
    bob = Address("mail", "bob@example.org")
    ward = Ward(one("api"), sender=replace(SENDER, people={"bob": (bob,)})).fail("api")
    ward.meet(1, Assign(by="Ada", to="bob"))
    assert ward.sent[-1].address == bob


def test_those_who_are_kept_informed_hear_how_it_stands_and_that_it_is_over() -> None:
    updates = Updates(channels=("hook",), every=15 * MINUTE)
    ward = Ward(one("api"), policies=[replace(ON_CALL, updates=updates)]).fail("api").wait(60)
    ward.meet(1, Acknowledge(by="Ada", why="on it"))
    ward.heal("api")
    assert [told.kind for told in ward.news() if told.channel == "hook"] == ["progress", "resolved"]


def test_news_from_a_clock_that_was_ahead_counts_from_the_time_it_is_now() -> None:
    """Otherwise an end that comes meanwhile lies before it, and a restart would take it for told."""
    ward = Ward(one("db"), one("api", depends_on=(("db",),))).fail("db", "api").wait(5)
    ahead = ward.of("db").news_at
    ward.now -= 90 * MINUTE
    ward.heal("api")
    news = ward.of("db").news_at
    assert ahead is not None
    assert news is not None
    assert news <= ward.now < ahead
