"""Windows: what they cover, how they end early, and that a set of them answers as each of them does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.matcher import Matcher
from sentinel.core.recurrence import Once, Repeating
from sentinel.core.silence import Course
from sentinel.core.window import Window, Windows, covering
from tests.core.made import HOUR, MINUTE, NOW, PROPERTY, check

API = check()
NIGHTLY = Repeating(line="0 2 * * *", zone="UTC", duration=2 * HOUR)


def window(name: str = "1", **more: object) -> Window:
    """Of everything, for an hour from now on (03:00 UTC)."""
    plain = Window(id=name, title="", matcher=Matcher(), when=Once(starts_at=NOW, ends_at=NOW + HOUR))
    return replace(plain, **more)  # type: ignore[arg-type]  # whichever fields a test wants


def nightly(**more: object) -> Window:
    return window("nightly", when=NIGHTLY, configured=True, **more)


def test_a_planned_window_covers_from_its_start_up_to_its_end() -> None:
    assert window().covering(NOW - MINUTE) is None
    assert window().covering(NOW) is not None
    assert window().covering(NOW + HOUR) is None
    courses = [window().course(NOW + minutes * MINUTE) for minutes in (-1, 0, 60)]
    assert courses == [Course.FUTURE, Course.ACTIVE, Course.OVER]


def test_one_that_is_ended_early_covers_nothing_from_then_on() -> None:
    early = window().ended("ann", NOW + 10 * MINUTE)
    assert early.covering(NOW + 9 * MINUTE) is not None
    assert early.covering(NOW + 10 * MINUTE) is None
    assert early.course(NOW + 10 * MINUTE) is Course.OVER


def test_one_that_is_called_off_never_covers_anything() -> None:
    off = window().ended("ann", NOW - HOUR)
    assert off.course(NOW - HOUR) is Course.OVER
    assert off.covering(NOW + MINUTE) is None


def test_a_recurring_one_that_is_ended_early_comes_again_the_next_night() -> None:
    early = nightly().ended("ann", NOW)
    assert early.covering(NOW) is None
    assert early.course(NOW) is Course.FUTURE
    assert early.covering(NOW + 23 * HOUR) is not None


def test_a_reload_keeps_what_people_planned_and_what_they_ended() -> None:
    before = Windows([window("7"), nightly().ended("ann", NOW), replace(nightly(), id="gone")])
    after = before.replanned([nightly(title="another title")])
    assert {one.id for one in after} == {"7", "nightly"}
    again = after.get("nightly")
    assert again is not None
    assert (again.title, again.ended_by, again.covering(NOW)) == ("another title", "ann", None)


def test_a_planned_one_that_is_over_is_forgotten_and_a_configured_one_never() -> None:
    both = Windows([window("1"), nightly()]).including(
        window("2", when=Once(starts_at=NOW, ends_at=NOW + 9 * HOUR)), NOW
    )
    assert {one.id for one in both.including(window("2"), NOW + 5 * HOUR)} == {"nightly"}


@pytest.mark.parametrize("ended", [NOW - HOUR, NOW + HOUR / 2], ids=["called off", "ended early"])
def test_one_that_somebody_has_just_ended_is_kept_until_that_is_told(ended: datetime) -> None:
    several = Windows().including(window("1").ended("ann", ended), ended)
    assert several.get("1") is not None
    assert several.including(window("2"), ended + 2 * HOUR).get("1") is None


def test_of_several_the_one_that_ends_last_covers() -> None:
    found = Windows([nightly(), window("1", when=Once(starts_at=NOW, ends_at=NOW + 5 * HOUR))]).covering(API, NOW)
    assert found is not None
    assert (found.window.id, found.occurrence.ends_at) == ("1", NOW + 5 * HOUR)


def test_a_check_that_it_does_not_mean_is_not_covered() -> None:
    other = Windows([window(matcher=Matcher(checks=("billing-*",)))])
    assert other.covering(API, NOW) is None
    assert [cover.window.id for cover in other.active(NOW)] == ["1"]


@PROPERTY
@given(minutes=st.lists(st.integers(-3_000, 6_000), min_size=1, max_size=20), ended=st.none() | st.integers(-100, 100))
def test_a_set_answers_at_any_time_in_any_order_as_each_window_does(minutes: list[int], ended: int | None) -> None:
    """Clocks step back too."""
    several = [
        window("1"),
        nightly(),
        window("2", when=Repeating(line="*/20 * * * *", zone="UTC", duration=5 * MINUTE)),
    ]
    if ended is not None:
        several = [one.ended("ann", NOW + ended * MINUTE) for one in several]
    together = Windows(several)
    for minute in minutes:
        now = NOW + timedelta(minutes=minute)
        found = together.covering(API, now)
        assert (found.occurrence if found else None) == covering(several, API, now)
