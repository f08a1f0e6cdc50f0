"""Silences: whom they mute, until when, and that asking is cheap."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.check import OWN_CHECK
from sentinel.core.matcher import Matcher
from sentinel.core.rule import Severity
from sentinel.core.silence import LONG, Course, Silence, Silences
from tests.core.made import HOUR, MINUTE, NOW, PROPERTY, check

API = check(name="payroll-api", tags=frozenset({"hr"}))


def silence(number: int = 1, **more: object) -> Silence:
    """Of everything, for an hour from now on."""
    plain = Silence(
        id=number, matcher=Matcher(), by="ann", why="known", starts_at=NOW, ends_at=NOW + HOUR, created_at=NOW
    )
    return replace(plain, **more)  # type: ignore[arg-type]  # whichever fields a test wants


@pytest.mark.parametrize(
    ("minutes", "covers", "course"),
    [(-1, False, Course.FUTURE), (0, True, Course.ACTIVE), (59, True, Course.ACTIVE), (60, False, Course.OVER)],
)
def test_it_covers_from_its_start_up_to_its_end(minutes: int, covers: bool, course: Course) -> None:
    now = NOW + minutes * MINUTE
    assert silence().covers(API, Severity.CRITICAL, now) is covers
    assert silence().course(now) is course


@pytest.mark.parametrize(
    ("matcher", "severity", "covers"),
    [
        (Matcher(checks=("payroll-*",)), Severity.WARNING, True),
        (Matcher(checks=("billing-*",)), Severity.WARNING, False),
        (Matcher(tags=frozenset({"hr", "it"})), Severity.CRITICAL, True),
        (Matcher(severities=frozenset({Severity.WARNING})), Severity.CRITICAL, False),
    ],
)
def test_it_covers_what_its_matcher_means(matcher: Matcher, severity: Severity, covers: bool) -> None:
    found = Silences([silence(matcher=matcher)]).covering(API, severity, NOW)
    assert (found is not None) is covers


def test_of_several_the_one_that_ends_last_is_named() -> None:
    several = Silences([silence(1), silence(2, ends_at=NOW + 3 * HOUR), silence(3, ends_at=NOW + 2 * HOUR)])
    found = several.covering(API, Severity.CRITICAL, NOW)
    assert found is not None
    assert found.id == 2


def test_ended_early_it_covers_nothing_any_more_and_one_to_come_never_does() -> None:
    early = silence().ended("bob", NOW + MINUTE)
    assert (early.course(NOW + MINUTE), early.ended_by) == (Course.OVER, "bob")
    never = silence(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR).ended("bob", NOW)
    assert not never.covers(API, Severity.CRITICAL, NOW + 90 * MINUTE)


def test_one_that_goes_on_for_more_than_a_week_may_have_been_forgotten() -> None:
    old = silence(ends_at=NOW + 3 * LONG)
    assert not old.is_long(NOW + LONG)
    assert old.is_long(NOW + LONG + MINUTE)
    assert not old.is_long(NOW + 3 * LONG)


def test_it_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="ends before it starts"):
        silence(ends_at=NOW - timedelta(microseconds=1))


def test_another_set_forgets_what_is_over() -> None:
    both = Silences([silence(1)]).including(silence(2, ends_at=NOW + 5 * HOUR), NOW)
    assert [one.id for one in both] == [1, 2]
    assert [one.id for one in both.including(silence(3, ends_at=NOW + 9 * HOUR), NOW + 2 * HOUR)] == [2, 3]


def test_a_check_that_a_reload_changed_is_matched_anew() -> None:
    some = Silences([silence(matcher=Matcher(tags=frozenset({"it"})))])
    assert some.covering(API, Severity.CRITICAL, NOW) is None
    assert some.covering(replace(API, tags=frozenset({"it"})), Severity.CRITICAL, NOW) is not None


@pytest.mark.parametrize(("pattern", "covers"), [("*", False), ("sent*", False), ("sentinel", True)])
def test_sentinels_own_check_is_muted_only_by_its_name(pattern: str, covers: bool) -> None:
    own = check(name=OWN_CHECK)
    found = Silences([silence(matcher=Matcher(checks=(pattern,)))]).covering(own, Severity.CRITICAL, NOW)
    assert (found is not None) is covers


@PROPERTY
@given(
    changes=st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(["payroll-*", "billing-*", "*"]), st.integers(0, 90)), max_size=12
    )
)
def test_a_set_that_was_changed_often_answers_as_one_that_is_new(changes: list[tuple[int, str, int]]) -> None:
    """What each check is meant by is carried along from set to set."""
    others = [API, check(name="billing-api")]
    changed = Silences()
    for minute, (number, pattern, lasts) in enumerate(changes):
        now = NOW + minute * 10 * MINUTE
        one = silence(number, matcher=Matcher(checks=(pattern,)), starts_at=now, ends_at=now + lasts * MINUTE)
        changed = changed.including(one, now)
        anew = Silences(changed)
        for other in others:
            assert changed.covering(other, Severity.WARNING, now) == anew.covering(other, Severity.WARNING, now)
