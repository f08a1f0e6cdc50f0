"""Stories of checks that are muted for long: what others are told of them, and that none stays muted for good."""

from __future__ import annotations

from sentinel.core.result import passed
from tests.core.made import SECOND, check
from tests.core.ward import Told, Ward, grouped

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
