"""Coming and going: Icinga's documented example, and what any history must satisfy."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.flapping import ABOVE, BELOW, TRANSITIONS, Flapping
from tests.core.made import PROPERTY

#: Of the last 20 transitions, by place from the oldest: Icinga 2, Advanced Topics, Check Flapping.
DOCUMENTED = (2, 3, 4, 5, 9, 13, 16, 19)


def after(changes: list[bool], start: Flapping | None = None) -> Flapping:
    flapping, state = start or Flapping(state=0), (start.state or 0) if start else 0
    for changed in changes:
        state = 1 - state if changed else state
        flapping = flapping.after(state)
    return flapping


def test_the_documented_example_of_icinga_flaps_with_39_percent() -> None:
    flapping = after([place in DOCUMENTED for place in range(TRANSITIONS)])
    assert round(flapping.share, 3) == 0.391
    assert flapping.flaps


def test_after_seven_results_without_a_change_the_documented_example_has_settled() -> None:
    flapping = after([place in DOCUMENTED for place in range(TRANSITIONS)])
    assert not after([False] * 7, flapping).flaps


def test_one_outage_is_no_flapping() -> None:
    assert not after([True, *[False] * 5, True]).flaps


def test_a_steady_check_costs_no_new_value() -> None:
    steady = Flapping(state=0)
    assert steady.after(0) is steady


@PROPERTY
@given(st.lists(st.booleans(), max_size=80))
def test_the_share_is_the_weighted_sum_of_the_last_20_transitions(changes: list[bool]) -> None:
    last = ([False] * TRANSITIONS + changes)[-TRANSITIONS:]
    expected = sum(0.8 + 0.02 * place for place, changed in enumerate(last) if changed) / 20
    assert abs(after(changes).share - expected) < 1e-9


@PROPERTY
@given(st.lists(st.booleans(), max_size=80))
def test_it_begins_above_30_percent_and_ends_below_25(changes: list[bool]) -> None:
    flapping, state, flaps = Flapping(state=0), 0, False
    for changed in changes:
        state = 1 - state if changed else state
        flapping = flapping.after(state)
        flaps = flapping.share >= BELOW if flaps else flapping.share > ABOVE
        assert flapping.flaps == flaps
