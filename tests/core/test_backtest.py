"""What would have been, beside what was."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sentinel.base.units import Unit
from sentinel.core.backtest import Episode, Fate, Recorded, Replay, compare
from sentinel.core.check import Check
from sentinel.core.history import History
from sentinel.core.holding import Held
from sentinel.core.matcher import Matcher
from sentinel.core.result import Measurement
from sentinel.core.rule import Bounds, Severity, Threshold
from sentinel.core.window import Windows
from tests.core.made import HOUR, MINUTE, NOW, POLICY, PROPERTY, REFUSED, check, result, took

SLOW = Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(warning=2.0))
GOOD = took(0.2)


def episode(begin: int, end: int | None, name: str = "api", number: int = 0) -> Episode:
    """One that opened and resolved so many minutes after NOW."""
    return Episode(
        check=name,
        opened_at=NOW + begin * MINUTE,
        resolved_at=None if end is None else NOW + end * MINUTE,
        severity=Severity.CRITICAL,
        why="",
        number=number,
    )


def replayed(*measurements: Measurement, watched: Check | None = None, held: tuple[Held, ...] = ()) -> Replay:
    watched = watched or check(SLOW)
    replay = Replay({"api": History(watched, POLICY)}, Recorded(held, Windows()), NOW + 10 * MINUTE)
    for number, measurement in enumerate(measurements):
        replay.take(result(measurement, NOW + number * MINUTE))
    return replay


def spans(replay: Replay) -> list[tuple[float, float | None]]:
    """In minutes after NOW."""
    return [
        ((one.opened_at - NOW) / MINUTE, None if one.resolved_at is None else (one.resolved_at - NOW) / MINUTE)
        for one in replay.episodes()
    ]


def test_recorded_results_open_and_close_what_they_would_have() -> None:
    replay = replayed(*[GOOD] * 12, *[REFUSED] * 5, *[GOOD] * 5, *[took(3.0)] * 4)
    assert spans(replay) == [(14, 18), (24, None)]
    assert [one.severity for one in replay.episodes()] == [Severity.CRITICAL, Severity.WARNING]


def test_what_was_over_before_the_time_that_is_asked_for_is_left_out() -> None:
    replay = replayed(*[REFUSED] * 4, *[GOOD] * 10)
    assert (spans(replay), replay.results) == ([], 4)


def test_an_incident_that_gets_worse_counts_as_what_it_became() -> None:
    replay = replayed(*[GOOD] * 10, *[took(3.0)] * 3, *[REFUSED] * 3)
    assert [one.severity for one in replay.episodes()] == [Severity.CRITICAL]


def test_a_window_that_was_held_excuses_in_the_replay_too() -> None:
    held = Held(
        window="3",
        title="",
        matcher=Matcher(checks=("api",)),
        starts_at=NOW,
        ends_at=NOW + HOUR,
        expects_down=False,
        by="ada",
        why="",
    )
    assert spans(replayed(*[GOOD] * 10, *[REFUSED] * 9, held=(held,))) == []


def test_a_check_of_which_nothing_was_recorded_is_named() -> None:
    replay = replayed()
    assert replay.unjudged == ["api"]


def test_the_same_trouble_opened_later_is_one_pair() -> None:
    (pair,) = compare([episode(10, 30, number=7)], [episode(12, 30)])
    assert (pair.fate, pair.later) == (Fate.SAME, 120.0)


def test_what_does_not_overlap_is_missed_and_new() -> None:
    pairs = compare([episode(10, 20)], [episode(40, 50), episode(10, 20, "other")])
    assert [(pair.fate, pair.episode.check) for pair in pairs] == [
        (Fate.MISSED, "api"),
        (Fate.NEW, "other"),
        (Fate.NEW, "api"),
    ]


episodes = st.lists(
    st.builds(
        lambda begin, length, name: episode(begin, begin + length if length else None, name),
        st.integers(0, 500),
        st.integers(0, 90),
        st.sampled_from("ab"),
    ),
    max_size=12,
)


@PROPERTY
@given(episodes, episodes)
def test_every_incident_is_in_exactly_one_pair(was: list[Episode], would: list[Episode]) -> None:
    pairs = compare(was, would)
    assert Counter(pair.was for pair in pairs if pair.was) == Counter(was)
    assert Counter(pair.would for pair in pairs if pair.would) == Counter(would)
    assert all(pair.was.overlaps(pair.would) for pair in pairs if pair.was and pair.would)
    assert timedelta(0) <= max((pair.episode.opened_at - NOW for pair in pairs), default=timedelta(0))
