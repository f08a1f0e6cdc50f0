"""Stories of checks whose incidents go other ways: routes, and plans that change while an incident is open."""

from __future__ import annotations

from dataclasses import replace

from sentinel.base.units import Unit
from sentinel.core.hours import Calendar
from sentinel.core.incident import Level
from sentinel.core.matcher import Matcher
from sentinel.core.routes import Route
from sentinel.core.rule import Bounds, Severity, Threshold
from tests.core.made import MINUTE, check, took
from tests.core.ward import ON_CALL, SENDER, Told, Ward, grouped, one, slow

HOOK = replace(ON_CALL, name="hook", levels=(Level(after=0 * MINUTE, channels=("hook",)),))
QUIET = replace(HOOK, name="quiet", quiet=(Calendar(name="always", zone="UTC"),))
SLOW = Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(warning=2.0, critical=5.0))
WARNINGS = Matcher(severities=frozenset({Severity.WARNING}))


def test_what_gets_worse_than_its_route_allows_goes_by_the_policy_of_its_check_again() -> None:
    ward = Ward(check(SLOW), policies=(ON_CALL, HOOK), routes=(Route(policy="hook", match=WARNINGS),))
    for _ in range(3):
        ward.look("api", saw=took(3.0)).wait(1)
    assert ward.news() == [Told("hook", "opened", "api")]
    ward.fail("api")
    assert ward.news() == [Told("hook", "worsened", "api"), Told("mail", "escalated", "api")]


def test_an_incident_of_its_checks_own_policy_keeps_that_when_it_gets_worse_after_a_reload() -> None:
    ward = Ward(check(SLOW), policies=(ON_CALL, HOOK))
    for _ in range(3):
        ward.look("api", saw=took(3.0)).wait(1)
    ward.desk.replan((check(SLOW, policy="hook"),), ward.policies, SENDER, ward.now)
    assert {told.channel for told in ward.fail("api").told} == {"mail"}


def test_a_check_that_goes_another_way_than_the_rest_of_its_group_is_told_of_by_itself() -> None:
    ward = Ward(
        *grouped("api", "web"), policies=(ON_CALL, HOOK), routes=(Route(policy="hook", match=Matcher(checks=("web",))),)
    )
    ward.fail("api").fail("web").wait(60)
    assert ward.told == [Told("mail", "opened", "api"), Told("hook", "opened", "web")]


def test_checks_that_go_the_same_way_are_told_of_together() -> None:
    ward = Ward(*grouped("api", "web"), policies=(ON_CALL, HOOK), routes=(Route(policy="hook"),))
    ward.fail("api").fail("web").wait(60)
    assert ward.told == [Told("hook", "opened", "api"), Told("hook", "updated", "api", ("web",))]


def test_the_one_of_a_group_that_gets_worse_and_goes_another_way_then_is_told_of_by_itself() -> None:
    critical = Route(policy="hook", match=Matcher(checks=("web",), severities=frozenset({Severity.CRITICAL})))
    ward = Ward(
        *(replace(c, rules=(SLOW,)) for c in grouped("api", "web")), policies=(ON_CALL, HOOK), routes=(critical,)
    )
    ward.fail("api")
    for _ in range(3):
        ward.look("web", saw=took(3.0)).wait(1)
    ward.wait(60)
    ward.news()
    assert Told("hook", "opened", "web") in ward.fail("web").wait(1).told


def test_quiet_hours_are_those_of_the_policy_that_a_route_names() -> None:
    ward = Ward(slow("api"), policies=(ON_CALL, QUIET), routes=(Route(policy="quiet"),))
    assert ward.fail("api").wait(60).told == []


def test_a_speaker_that_a_reload_puts_into_another_group_speaks_for_the_old_one_no_more() -> None:
    api, web = grouped("api", "web")
    ward = Ward(api, web).fail("api")
    ward.desk.replan((replace(api, group="other"), web), ward.policies, SENDER, ward.now)
    ward.silence(minutes=60, checks=("api",)).fail("web")
    assert ward.told[-1] == Told("mail", "opened", "web")


def test_a_level_whose_channels_are_all_gone_reaches_whoever_is_left() -> None:
    ward = Ward(one("api")).fail("api")
    ward.news()
    ward.desk.replan((one("api"),), ward.policies, replace(SENDER, recipients={"mail": ("ada@example.org",)}), ward.now)
    assert ward.wait(16 * 60).told == [Told("mail", "escalated", "api")]


def test_a_level_that_names_nobody_tells_nobody() -> None:
    silent = replace(ON_CALL, levels=(Level(after=0 * MINUTE, channels=()),))
    assert Ward(one("api"), policies=(silent,)).fail("api").wait(60).told == []
