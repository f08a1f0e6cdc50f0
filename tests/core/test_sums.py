from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.sums import SlidingSums
from tests.core.made import PROPERTY

HOUR = timedelta(hours=1)
PART = 3600 / 12


def test_sums_add_up() -> None:
    sums = SlidingSums(HOUR, 12, 2)
    sums.add(0, 1, 2.5)
    sums.add(100, 1, 0)
    assert sums.totals == [2.0, 2.5]


def test_something_late_within_the_window_counts_as_of_its_own_time() -> None:
    sums = SlidingSums(HOUR, 12, 1)
    sums.add(3000, 1)
    sums.add(600, 1)
    sums.advance(600 + 3600)
    assert sums.totals == [1.0]


def test_a_clock_that_was_far_ahead_does_not_keep_old_sums_alive() -> None:
    sums = SlidingSums(HOUR, 12, 1)
    sums.add(1e9, 1)
    sums.add(5000, 1)
    assert sums.totals == [1.0]


@PROPERTY
@given(st.lists(st.tuples(st.floats(0, 5000), st.floats(0, 10)), max_size=60))
def test_sums_hold_what_a_list_would_hold_within_one_part(steps: list[tuple[float, float]]) -> None:
    sums, past, now = SlidingSums(HOUR, 12, 1), list[tuple[float, float]](), 1e6
    for wait, amount in steps:
        now += wait
        sums.add(now, amount)
        past.append((now, amount))
        surely = sum(one for at, one in past if at > now - 3600 + PART)
        perhaps = sum(one for at, one in past if at > now - 3600)
        assert surely - 1e-6 <= sums.totals[0] <= perhaps + 1e-6


def test_rounding_errors_do_not_gather() -> None:
    sums = SlidingSums(HOUR, 12, 1)
    for number in range(100_000):
        sums.add(number * 10.0, 0.1)
    assert sums.totals[0] == pytest.approx(36.0, abs=3.1)
    sums.advance(100_000 * 10.0 + 7200)
    assert sums.totals == [0.0]
