"""Each occurrence of a window is announced, begun and ended once, whatever happens to it meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.announcement import compose
from sentinel.core.holding import Held, advance, begin, coming, covered, seen, stopped
from sentinel.core.matcher import Matcher
from sentinel.core.notification import Kind
from sentinel.core.recurrence import Once
from sentinel.core.result import passed
from sentinel.core.window import Window
from tests.core.made import HOUR, MINUTE, NOW, PROPERTY, REFUSED, check, result
from tests.core.test_window import NIGHTLY, nightly, window

TOMORROW = window(when=Once(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR), before=30 * MINUTE, by="ann", why="disk")
PLANNED, STARTED, ENDED = Kind.WINDOW_PLANNED, Kind.WINDOW_STARTED, Kind.WINDOW_ENDED


def follow(one: Window | None, held: Held | None, minute: float) -> tuple[Held | None, tuple[Kind, ...]]:
    """What a look at that minute makes of it."""
    now = NOW + timedelta(minutes=minute)
    if held is None or held.finished:
        occurrence = coming(one, now) if one else None
        if one is None or occurrence is None:
            return held, ()
        held = begin(one, occurrence)
    return advance(held, one, now)


def told(one: Window | None, *minutes: float, held: Held | None = None) -> list[Kind]:
    kinds: list[Kind] = []
    for minute in minutes:
        held, more = follow(one, held, minute)
        kinds += more
    return kinds


def begun(one: Window, minute: float) -> Held:
    held, _ = follow(one, None, minute)
    assert held is not None
    return held


def test_it_is_announced_begun_and_ended() -> None:
    assert told(TOMORROW, 0, 29.9) == []
    assert told(TOMORROW, 0, 30, 59.9, 60, 119.9, 120) == [PLANNED, STARTED, ENDED]


def test_one_without_a_time_before_is_told_of_when_it_starts() -> None:
    assert told(replace(TOMORROW, before=timedelta(0)), 30, 59.9, 60) == [STARTED]


def test_one_that_is_called_off_says_so_to_whoever_expects_it() -> None:
    off = TOMORROW.ended("bob", NOW + 40 * MINUTE)
    held, kinds = follow(off, begun(TOMORROW, 35), 40)
    assert kinds == (ENDED,)
    assert held is not None
    assert held.is_called_off
    assert "called off by bob" in compose(held, ENDED, "ward", NOW).explanation


def test_one_that_is_ended_early_ends_at_that_moment() -> None:
    held, kinds = follow(TOMORROW.ended("bob", NOW + 70 * MINUTE), begun(TOMORROW, 60), 71)
    assert kinds == (ENDED,)
    assert held is not None
    assert (held.ends_at, held.ended_by, held.finished) == (NOW + 70 * MINUTE, "bob", True)
    assert "ended early by bob" in compose(held, ENDED, "ward", NOW).explanation


def test_one_that_is_gone_from_the_configuration_ends_now() -> None:
    held, kinds = follow(None, begun(nightly(), 10), 20)
    assert kinds == (ENDED,)
    assert held is not None
    assert (held.ends_at, held.ended_by) == (NOW + 20 * MINUTE, "the configuration")


def test_one_that_a_reload_moved_ends_and_the_other_begins() -> None:
    moved = replace(nightly(), when=replace(NIGHTLY, line="30 2 * * *"))
    assert told(moved, 10, 10, held=begun(nightly(), 5)) == [ENDED, STARTED]


def test_one_whose_end_came_while_sentinel_was_away_took_all_its_time() -> None:
    held, kinds = follow(None, begun(TOMORROW, 60), 500)
    assert kinds == (ENDED,)
    assert held is not None
    assert (held.ends_at, held.ended_by) == (NOW + 2 * HOUR, "")


def test_an_earlier_early_end_of_a_recurring_one_says_nothing_of_this_night() -> None:
    again = nightly().ended("ann", NOW)
    held, kinds = follow(again, begun(again, 23 * 60), 25 * 60)
    assert kinds == (ENDED,)
    assert held is not None
    assert (held.ended_by, held.ends_at - held.starts_at) == ("", 2 * HOUR)


def test_what_should_be_down_and_never_was_is_noted() -> None:
    held = begun(replace(TOMORROW, expects_down=True), 60)
    at = NOW + 61 * MINUTE
    early = replace(result(passed(()), NOW), check="early")
    up, down = replace(result(passed(()), at), check="up"), replace(result(REFUSED, at), check="down")
    held = seen(held, [early, up, down])
    assert held.still_up == ("up",)
    back = seen(held, [replace(down, measurement=passed(()))])
    assert back.still_up == ()
    assert "Never seen down, though it was expected: up." in compose(held, ENDED, "ward", at).explanation


def test_of_what_is_covered_only_some_may_be_meant_to_be_down() -> None:
    held = begun(replace(TOMORROW, expects_down=True, stops=Matcher(tags=frozenset({"stopped"}))), 60)
    api, database = check(name="api", tags=frozenset({"stopped"})), check(name="database")
    assert covered(held, [api, database]) == (api, database)
    assert stopped(held, [api, database]) == (api,)
    assert stopped(replace(held, expects_down=False), [api]) == ()


def test_the_messages_say_what_since_when_and_who() -> None:
    message = compose(begun(TOMORROW, 35), PLANNED, "ward", NOW)
    assert message.explanation == (
        "From 2026-03-02 04:00 to 2026-03-02 05:00 UTC (1 h) trouble of everything is expected."
    )
    assert message.window is not None
    assert (message.window.by, message.window.why, message.window.covers) == ("ann", "disk", "everything")


def test_the_hint_of_one_to_come_is_something_that_can_be_done() -> None:
    """Only a person's own can be called off; the others belong to the configuration."""
    assert "`sentinel window end 1` calls it off" in compose(begun(TOMORROW, 35), PLANNED, "ward", NOW).hint
    nights = compose(begun(replace(nightly(), before=HOUR), 22.5 * 60), PLANNED, "ward", NOW)
    assert nights.hint == "`sentinel window` lists all of them."
    assert nights.window is not None
    assert nights.window.title == "nightly"


@pytest.mark.parametrize("kind", [Kind.WINDOW_STARTED, Kind.WINDOW_PROGRESS])
def test_of_the_window_of_a_deployment_the_hint_leads_to_the_deployment(kind: Kind) -> None:
    hint = compose(begun(replace(TOMORROW, id="deployment-12"), 35), kind, "ward", NOW).hint
    assert ("`sentinel deploy extend 12" in hint, "sentinel window" in hint) == (True, False)


@PROPERTY
@given(
    looks=st.lists(st.floats(-600, 3_000), min_size=1, max_size=40).map(sorted),
    before=st.integers(0, 90),
    ended=st.none() | st.integers(-600, 3_000),
)
def test_nothing_is_told_twice_and_nothing_begun_is_left_without_its_end(
    looks: list[float], before: int, ended: int | None
) -> None:
    one = replace(nightly(), before=before * MINUTE, channels=("mail",), update_every=15 * MINUTE)
    tellings: list[tuple[str, Kind, int]] = []
    held: Held | None = None
    for look in [*looks, 4_000.0, 4_000.0]:
        if ended is not None and look >= ended:
            one = one.ended("ann", NOW + ended * MINUTE)
        held, kinds = follow(one, held, look)
        steps = {kind: held.step if held is not None and kind is Kind.WINDOW_PROGRESS else 0 for kind in kinds}
        tellings += [(f"{held.starts_at}", kind, steps[kind]) for kind in kinds if held is not None]
    assert len(set(tellings)) == len(tellings)
    open_ones = {start for start, *_ in tellings} - {start for start, kind, _ in tellings if kind is ENDED}
    assert open_ones <= ({f"{held.starts_at}"} if held is not None and not held.finished else set())
