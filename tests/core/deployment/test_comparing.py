"""The numbers to compare with are those of SciPy 1.14 (`stats.fisher_exact`, `stats.binomtest`, `special.betainc`)."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.deployment.comparing import (
    Event,
    Side,
    Stratum,
    design_effect,
    holm,
    quantile,
    significance,
    tail,
    weighted_quantile,
)


@pytest.mark.parametrize(
    ("least", "trials", "share", "chance"),
    [
        (3, 10, 0.2, 0.32220047360000015),
        (7, 10, 0.2, 0.0008643584000000003),
        (2.5, 4.2, 0.3, 0.2084290752627416),
        (60, 800, 0.05, 0.0014312517781408978),
        (45, 45, 0.107, 2.100245175867387e-44),
        (0, 5, 0.2, 1.0),
    ],
)
def test_the_tail_of_a_binomial_is_the_incomplete_beta_function(
    least: float, trials: float, share: float, chance: float
) -> None:
    assert tail(least, trials, share) == pytest.approx(chance, rel=1e-9)


@pytest.mark.parametrize(
    ("before", "after", "fisher"),
    [
        (Side(0, 900), Side(3, 90), 0.0007286630670165341),
        (Side(2, 800), Side(10, 96), 7.082276704490972e-09),
        (Side(0, 800), Side(22, 720), 6.114016366251575e-08),
        (Side(10, 200), Side(25, 100), 1.038909207968867e-06),
    ],
)
def test_of_one_check_it_says_what_fishers_exact_test_says(before: Side, after: Side, fisher: float) -> None:
    assert significance([Stratum(before=before, after=after)]) == pytest.approx(fisher, rel=0.25)


def test_two_rates_are_compared_as_przyborowski_and_wilenski_did() -> None:
    """Six matches in 30 minutes, then fourteen in ten: a binomial of 20 with a share of a quarter."""
    rates = Stratum(before=Side(6, 30), after=Side(14, 10), limited=False)
    assert significance([rates]) == pytest.approx(2.9511746106436476e-05, rel=1e-9)


def test_a_check_that_always_fails_now_and_then_may_be_looked_at_more_often() -> None:
    """Put together, 20 of 1,100 before and 101 of 1,500 since would look like trouble; each by itself is as it was."""
    shaky = Stratum(before=Side(10, 100), after=Side(100, 1000))
    solid = Stratum(before=Side(10, 1000), after=Side(1, 500))
    assert significance([shaky, solid]) > 0.5


def test_a_burst_weighs_as_what_it_is() -> None:
    """Eight checks fail in one moment of five minutes: one hiccup, not eight troubles."""
    before = [Event(f"c{n}", at * 60.0, happened=False) for n in range(8) for at in range(100)]
    after = [Event(f"c{n}", 6000 + at * 10.0, happened=at == 3) for n in range(8) for at in range(30)]
    strata = [Stratum(before=Side(0, 100), after=Side(1, 30)) for _ in range(8)]
    assert significance(strata) < 1e-4
    assert significance(strata, design_effect(before, after)) > 0.05


def test_failures_spread_over_time_are_no_burst() -> None:
    random = Random(1)
    events = [Event(f"c{n}", at * 10.0, happened=random.random() < 0.05) for n in range(8) for at in range(200)]
    assert design_effect(events[:800], events[800:]) == pytest.approx(1.0, abs=0.3)


def test_without_events_nothing_is_significant() -> None:
    assert significance([Stratum(before=Side(0, 50), after=Side(0, 50))]) == 1.0
    assert significance([Stratum(before=Side(0, 0), after=Side(5, 50))]) == 1.0
    assert design_effect([], []) == 1.0


@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 40), st.integers(1, 40), st.floats(1, 50))
def test_a_chance_is_between_nought_and_one(x: int, m: int, y: int, n: int, effect: float) -> None:
    chance = significance([Stratum(before=Side(min(x, m), m), after=Side(min(y, n), n))], effect)
    assert 0.0 <= chance <= 1.0


@given(st.integers(1, 60), st.integers(61, 300), st.integers(20, 300))
def test_the_more_fail_the_less_likely_chance_did_it(failures: int, after: int, before: int) -> None:
    chances = [significance([Stratum(before=Side(1, before), after=Side(n, after))]) for n in (failures, failures + 1)]
    assert chances[1] <= chances[0] + 1e-12


def test_a_quantile_lies_between_two_values_in_proportion() -> None:
    assert quantile([3, 1, 4, 1, 5, 9, 2, 6], 0.95) == pytest.approx(7.95)
    assert quantile([3, 1, 4, 1, 5, 9, 2, 6], 0.5) == pytest.approx(3.5)
    assert quantile([7], 0.95) == 7


def test_weights_stand_for_repetition() -> None:
    assert weighted_quantile([(1.0, 9.0), (5.0, 1.0)], 0.5) == 1.0
    assert weighted_quantile([(1.0, 1.0), (5.0, 9.0)], 0.5) == 5.0


def test_holm_asks_less_of_the_second_than_of_the_first() -> None:
    assert holm([0.02, 0.01, 0.9], 0.05) == [True, True, False]
    assert holm([0.02, 0.03, 0.04], 0.05) == [False, False, False]
