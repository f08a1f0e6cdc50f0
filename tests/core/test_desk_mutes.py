"""Stories of checks that are muted for long, and of what people close: who is told of them, and that none is muted for good."""

from __future__ import annotations

from dataclasses import replace

from sentinel.base.units import Unit
from sentinel.core.hours import Calendar
from sentinel.core.incident import Close, Level
from sentinel.core.result import passed
from sentinel.core.rule import Bounds, ErrorRate, Severity, Threshold
from tests.core.made import HOUR, MINUTE, SECOND, check, took
from tests.core.ward import ON_CALL, Told, Ward, grouped

# --- One of a group is silenced -------------------------------------------------------------------------------------


def broken_together() -> Ward:
    """Two that broke together, told of; then the second was silenced, and the first is well."""
    ward = Ward(*grouped("api", "web")).fail("api", "web").wait(60)
    ward.silence(minutes=60, checks=("web",)).wait(5)
    ward.news()
    return ward.heal("api").wait(60)


def test_a_silenced_one_does_not_keep_the_end_of_another_from_being_told() -> None:
    assert broken_together().told == [Told("mail", "resolved", "api", ("web",))]


def test_the_silenced_one_ends_for_all_who_heard_of_it() -> None:
    ward = broken_together()
    ward.news()
    assert [told[:3] for told in ward.heal("web").told] == [("mail", "resolved", "web")]


def test_the_silenced_one_is_told_of_again_when_the_silence_ends() -> None:
    ward = broken_together()
    ward.news()
    assert ward.wait(3600).told[0][:3] == ("mail", "reminded", "web")


# --- Parents ----------------------------------------------------------------------------------------------------------


def test_a_parent_that_fails_now_and_then_does_not_hold_its_child_back_for_good() -> None:
    ward = Ward(check(name="db", interval=30 * SECOND, flaps=False), check(name="api", depends_on=(("db",),)))
    ward.look("db", saw=passed())
    for _ in range(10):
        ward.look("api").wait(20).look("db").wait(10).look("db", saw=passed()).wait(10)
    assert Told("mail", "opened", "api") in ward.told


# --- Time under a mute -----------------------------------------------------------------------------------------------


def test_what_becomes_critical_after_hours_of_quiet_is_told_to_the_level_for_critical_ones_at_once() -> None:
    slow = Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(warning=2.0, critical=5.0))
    pager = Level(after=0 * MINUTE, channels=("hook",), severity=Severity.CRITICAL)
    night = replace(ON_CALL, levels=(pager,), quiet=(Calendar(name="night", zone="UTC"),))
    ward = Ward(check(slow), policies=(night,))
    for _ in range(3):
        ward.look("api", saw=took(3.0)).wait(1)
    ward.wait(6 * 3600, step=60)
    assert ward.fail("api").told == [Told("hook", "opened", "api")]


# --- Closed by hand --------------------------------------------------------------------------------------------------


def test_what_a_person_closes_does_not_open_again_for_what_a_window_remembers() -> None:
    errors = ErrorRate(window=HOUR, min_samples=10, bounds=Bounds(warning=0.1, critical=0.6))
    ward = Ward(check(errors, open_after=50, flaps=False))
    for _ in range(6):
        ward.look("api").look("api", saw=passed()).wait(5)
    ward.meet(ward.of("api").id, Close(by="Ada", why="mended"))
    ward.news()
    assert ward.heal("api", times=20).told == []
