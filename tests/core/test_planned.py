"""Planned downtime is taken out of a period once, whatever windows overlap."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.check import Check
from sentinel.core.histogram import Histogram
from sentinel.core.holding import Held
from sentinel.core.matcher import Matcher
from sentinel.core.planned import Stretch, pieces, share_of, without
from sentinel.core.selection import Selection
from sentinel.core.slo import Rollup
from tests.core.made import HOUR, MINUTE, NOW, PROPERTY, check

DAY = Stretch(NOW, NOW + 24 * HOUR)
API, DESK = check(), check(name="desk", tags=frozenset({"front"}))


def held(name: str, first: float, last: float, matcher: Matcher = Matcher()) -> Held:
    """An occurrence from one hour of the day to another."""
    return Held(
        window=name,
        title=name,
        matcher=matcher,
        starts_at=NOW + first * HOUR,
        ends_at=NOW + last * HOUR,
        expects_down=False,
        by="ann",
        why="",
    )


def hours(*windows: Held, checks: tuple[Check, ...] = (API,)) -> list[tuple[str, float, float, tuple[str, ...]]]:
    found = pieces(windows, checks, DAY)
    return [
        (
            one.held.window,
            (one.stretch.since - NOW) / HOUR,
            (one.stretch.until - NOW) / HOUR,
            one.checks,
        )
        for one in found
    ]


def rollup(**more: float) -> Rollup:
    whole = Rollup(check="api", start=NOW, span=HOUR, up=3000.0, down=600.0, samples=60, failures=10)
    return replace(whole, **more)  # type: ignore[arg-type]  # numbers all


def test_a_window_takes_its_time_from_the_checks_it_covers() -> None:
    front = Matcher(tags=frozenset({"front"}))
    assert hours(held("w", 2, 3, front), checks=(API, DESK)) == [("w", 2, 3, ("desk",))]


def test_only_what_lies_in_the_period_is_taken() -> None:
    assert hours(held("w", -2, 1), held("v", 23, 30)) == [("w", 0, 1, ("api",)), ("v", 23, 24, ("api",))]


def test_where_windows_overlap_the_first_has_it() -> None:
    assert hours(held("b", 3, 6), held("a", 2, 4)) == [("a", 2, 4, ("api",)), ("b", 4, 6, ("api",))]


def test_a_window_around_another_has_both_ends() -> None:
    assert hours(held("short", 2, 3), held("long", 2.5, 5), held("late", 2.75, 2.8)) == [
        ("short", 2, 3, ("api",)),
        ("long", 3, 5, ("api",)),
    ]


def test_checks_that_are_covered_alike_stand_together() -> None:
    one = held("one", 1, 2, Matcher(checks=("api",)))
    assert hours(one, held("rest", 1, 3), checks=(API, DESK)) == [
        ("one", 1, 2, ("api",)),
        ("rest", 1, 3, ("desk",)),
        ("rest", 2, 3, ("api",)),
    ]


def test_one_that_was_called_off_takes_nothing() -> None:
    off = replace(held("w", 2, 3), ends_at=NOW + 2 * HOUR, finished=True)
    assert hours(off) == []


@PROPERTY
@given(st.lists(st.tuples(st.integers(-5, 28), st.integers(1, 10)), max_size=8))
def test_no_moment_is_taken_twice_and_none_is_left(windows: list[tuple[int, int]]) -> None:
    found = pieces([held(str(n), at, at + length) for n, (at, length) in enumerate(windows)], [API], DAY)
    taken = sum((one.stretch.length for one in found), timedelta(0))
    assert taken == HOUR * len({hour for at, length in windows for hour in range(at, at + length) if 0 <= hour < 24})


def test_what_windows_say_is_taken_from_the_whole() -> None:
    histogram = Histogram()
    histogram.add(0.2)
    part = rollup(up=600.0, down=500.0, samples=20, failures=9, histogram=histogram.encode())  # type: ignore[arg-type]
    left = without(replace(rollup(), histogram=histogram.encode()), [part])
    assert (left.up, left.down, left.samples, left.failures, left.quantile(0.5)) == (2400.0, 100.0, 40, 1, None)


def test_more_than_there_is_leaves_nothing() -> None:
    assert without(rollup(), [rollup(down=700.0)]).down == 0


def test_a_share_of_a_roll_up_has_time_and_no_results() -> None:
    part = share_of(rollup(), 0.25)
    assert (part.up, part.down, part.samples, part.failures) == (750.0, 150.0, 0, 0)


def test_a_selection_means_checks_that_meet_every_condition() -> None:
    chosen = Selection(checks=("d*",), tags=frozenset({"front", "back"}))
    assert (chosen.covers(DESK), chosen.covers(API), str(chosen)) == (True, False, "checks d*; tag back, front")
    assert Selection(systems=frozenset({"payroll"})).covers(replace(API, system="payroll"))


def test_a_moment_lies_in_a_stretch_up_to_its_end() -> None:
    assert [DAY.has(at) for at in (NOW, NOW + 24 * HOUR - MINUTE, NOW + 24 * HOUR, None)] == [True, True, False, False]
