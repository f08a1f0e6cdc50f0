from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.base.units import Unit
from sentinel.core.history import CheckState, History, Turn
from sentinel.core.incident import Acknowledge, EffectKind, Phase, Ticked
from sentinel.core.memories.shares import ErrorRateMemory
from sentinel.core.rule import (
    Absence,
    Against,
    Baseline,
    Bounds,
    BurnRate,
    Count,
    Direction,
    ErrorRate,
    Quantile,
    Severity,
    Threshold,
    Uptime,
)
from sentinel.store.codec import STATE
from tests.core.made import BLIND, BREACH, HOUR, MINUTE, NOW, POLICY, PROPERTY, REFUSED, check, result, took

if TYPE_CHECKING:
    from sentinel.core.check import Check
    from sentinel.core.result import Measurement, Result
    from sentinel.core.rule import Rule
    from sentinel.core.samples import SampleWindow

SLOW = Threshold(reading="response_time", unit=Unit.SECONDS, bounds=Bounds(warning=2.0, critical=5.0))
ERRORS = ErrorRate(window=HOUR, min_samples=4, bounds=Bounds(warning=0.2, critical=0.5))
P95 = Quantile(
    reading="response_time", unit=Unit.SECONDS, quantile=0.95, window=HOUR, min_samples=4, bounds=Bounds(warning=2.0)
)

COUNT = Count(bad=3, of=5, severity=Severity.WARNING)
UPTIME = Uptime(window=HOUR, bounds=Bounds(warning=0.9, direction=Direction.BELOW))
BURN = BurnRate(objective=0.99)
WORSE = Baseline(window=5 * MINUTE, against=Against.BEFORE, bounds=Bounds(warning=0.5), min_samples=2)
ABSENT = Absence(reading="response_time", bounds=Bounds(warning=150.0))

GOOD, LATE, VERY_LATE = took(0.2), took(3.0), took(9.0)
measurements = st.sampled_from([GOOD, GOOD, LATE, VERY_LATE, REFUSED, BLIND, BREACH])


def fresh(watched: Check) -> History:
    return History(watched, POLICY)


def runs(*measured: Measurement) -> list[Result]:
    return [result(measurement, NOW + number * MINUTE) for number, measurement in enumerate(measured)]


def window(history: History, rule: Rule) -> SampleWindow:
    """What a rule on the error rate remembers."""
    memory = history.memories[rule]
    assert isinstance(memory, ErrorRateMemory)
    return memory.window


def lived(watched: Check, *measured: Measurement) -> tuple[History, list[Turn]]:
    history = fresh(watched)
    return history, [history.take(one) for one in runs(*measured)]


class Disk(NamedTuple):
    """What a store would have of a history: the state as of its last change, and every result."""

    state: CheckState
    results: list[Result]

    def start(self, watched: Check) -> History:
        history = fresh(watched)
        history.restore(STATE.decode(STATE.encode(self.state), STATE.version))
        for one in self.results:
            history.recall(one)
        return history


def stored(history: History, results: list[Result]) -> tuple[Disk, list[Turn]]:
    """Let the history take the results, writing its state whenever a turn says that it has changed."""
    state, turns = history.state, []
    for one in results:
        turn = history.take(one)
        turns.append(turn)
        if turn.changed or turn.drifted or turn.effects:
            state = history.state
    return Disk(state, results), turns


def said(turn: Turn) -> tuple[object, ...]:
    """What a turn tells the world."""
    return (turn.verdict.severity, turn.verdict.reason, [(e.kind, e.level) for e in turn.effects])


@pytest.mark.parametrize(
    "watched",
    [check(), check(SLOW), check(SLOW, ERRORS), check(SLOW, ERRORS, P95), check(COUNT, UPTIME, BURN, WORSE, ABSENT)],
)
@PROPERTY
@given(past=st.lists(measurements, max_size=25), future=st.lists(measurements, max_size=12))
def test_a_restart_is_no_different_from_no_restart(
    watched: Check, past: list[Measurement], future: list[Measurement]
) -> None:
    everything = runs(*past, *future)
    uninterrupted = fresh(watched)
    disk, _ = stored(uninterrupted, everything[: len(past)])
    restarted = disk.start(watched)
    for one in everything[len(past) :]:
        assert said(restarted.take(one)) == said(uninterrupted.take(one))
        assert restarted.since == uninterrupted.since


def test_a_restart_does_not_tell_again_of_failures_that_an_incident_told_of() -> None:
    """After the resolution the windows had forgotten them; a restart within the hour read them back and alerted again."""
    history = fresh(check(ERRORS))
    disk, _ = stored(history, runs(*[REFUSED] * 6, GOOD, GOOD))
    restarted = disk.start(check(ERRORS))
    assert restarted.take(result(GOOD, NOW + 8 * MINUTE)).effects == ()
    assert window(restarted, ERRORS).failures == 0


def test_a_restart_does_not_lose_count_of_a_warning_that_becomes_critical() -> None:
    history = fresh(check(SLOW))
    disk, _ = stored(history, runs(LATE, LATE, LATE, VERY_LATE, VERY_LATE))
    turn = disk.start(check(SLOW)).take(result(VERY_LATE, NOW + 5 * MINUTE))
    assert [effect.kind for effect in turn.effects] == [EffectKind.WORSENED]


def test_since_when_a_check_is_good_survives_a_restart() -> None:
    disk, _ = stored(fresh(check()), runs(GOOD, GOOD, GOOD))
    assert disk.start(check()).since == NOW


def test_one_more_failure_of_an_open_incident_is_not_written() -> None:
    _, turns = lived(check(), *[REFUSED] * 6)
    assert [turn.changed for turn in turns] == [True, True, True, False, False, False]


def test_a_good_check_writes_its_state_once() -> None:
    _, turns = lived(check(SLOW), GOOD, GOOD, GOOD)
    assert [turn.changed for turn in turns] == [True, False, False]


def test_an_incident_that_was_resolved_is_handed_over_and_let_go() -> None:
    history, turns = lived(check(), REFUSED, REFUSED, REFUSED, GOOD, GOOD)
    over = turns[-1].incident
    assert over is not None
    assert (over.phase, over.resolved_at) == (Phase.RESOLVED, NOW + 4 * MINUTE)
    assert history.incident is None


def test_an_incident_of_results_clears_the_windows_and_one_of_a_window_does_not() -> None:
    by_results, _ = lived(check(ERRORS), *[REFUSED] * 3, GOOD, GOOD)
    assert window(by_results, ERRORS).samples == 0
    by_window, turns = lived(check(ERRORS, open_after=9), *[GOOD] * 3, REFUSED, *[GOOD] * 3)
    assert [e.kind for turn in turns for e in turn.effects] == [EffectKind.OPENED, EffectKind.RESOLVED]
    assert window(by_window, ERRORS).samples == 7


def test_an_unknown_result_enters_no_window() -> None:
    history, turns = lived(check(ERRORS), BLIND, BLIND)
    assert (window(history, ERRORS).samples, turns[-1].effects) == (0, ())
    assert history.verdict.severity is Severity.UNKNOWN


def test_a_faster_recheck_passes_time_and_is_no_sample_of_a_roll_up() -> None:
    history, _ = lived(check(ERRORS), GOOD, REFUSED)
    history.take(replace(result(REFUSED, NOW + 1.5 * MINUTE), extra=True))
    span = history.tally.current()
    assert span is not None
    assert (span.samples, span.failures, span.down) == (2, 1, 30.0)
    assert window(history, ERRORS).samples == 2


def test_a_check_that_fails_every_other_time_opens_by_its_count_and_only_once() -> None:
    _, turns = lived(check(COUNT, flaps=False), *[REFUSED, GOOD] * 6, *[GOOD] * 6)
    assert [effect.kind for turn in turns for effect in turn.effects] == [EffectKind.OPENED, EffectKind.RESOLVED]


def test_since_is_when_the_severity_changed() -> None:
    history, _ = lived(check(SLOW), GOOD, LATE, LATE, LATE)
    assert history.since == NOW + MINUTE


def test_roll_ups_come_with_the_turn_that_closes_them() -> None:
    _, turns = lived(check(), *[GOOD] * 7)
    assert [len(turn.rollups) for turn in turns] == [0, 0, 0, 0, 0, 1, 0]
    assert turns[5].rollups[0].quantile(0.5) == pytest.approx(0.2, rel=0.02)


def test_a_changed_configuration_keeps_counters_and_incident() -> None:
    history, _ = lived(check(), REFUSED, REFUSED)
    history.replan(check(SLOW, tags=frozenset({"new"})), POLICY)
    assert [e.kind for e in history.take(result(REFUSED, NOW + 2 * MINUTE)).effects] == [EffectKind.OPENED]


def test_a_changed_configuration_keeps_the_windows_of_the_rules_that_stay() -> None:
    history, _ = lived(check(ERRORS), REFUSED, GOOD)
    wider = replace(ERRORS, window=2 * HOUR)
    history.replan(check(ERRORS, wider), POLICY)
    assert (window(history, ERRORS).samples, window(history, wider).samples) == (2, 0)
    history.replan(check(wider), POLICY)
    assert list(history.memories) == [wider]


def test_a_changed_interval_keeps_what_was_counted() -> None:
    history, _ = lived(check(), GOOD)
    history.replan(check(interval=5 * MINUTE), POLICY)
    assert (history.tally.samples, history.tally.interval) == (1, 5 * MINUTE)


def test_an_incident_gets_its_number_and_keeps_what_was_told() -> None:
    history, turns = lived(check(), REFUSED, REFUSED, REFUSED)
    opened = turns[-1].incident
    assert opened is not None
    numbered = history.number(opened, 41)
    history.keep(replace(numbered, sequence=5))
    assert history.incident is not None
    assert (history.incident.id, history.incident.sequence) == (41, 5)


def test_what_was_told_of_a_resolution_does_not_bring_the_incident_back() -> None:
    history, turns = lived(check(), REFUSED, REFUSED, REFUSED, GOOD, GOOD)
    over = turns[-1].incident
    assert over is not None
    history.keep(replace(over, sequence=2))
    assert history.incident is None


def test_people_and_time_reach_the_incident() -> None:
    history, _ = lived(check(), REFUSED, REFUSED, REFUSED)
    taken = history.meet(Acknowledge(by="ada", why="mine", hold=HOUR), NOW + 3 * MINUTE)
    assert (taken.changed, [e.kind for e in taken.effects]) == (True, [EffectKind.ACKNOWLEDGED])
    late = history.meet(Ticked(), NOW + 3 * MINUTE + HOUR + timedelta(seconds=1))
    assert [e.kind for e in late.effects] == [EffectKind.ACKNOWLEDGEMENT_EXPIRED]
