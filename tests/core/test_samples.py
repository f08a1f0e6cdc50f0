from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.samples import PARTS, SampleWindow
from tests.core.made import HOUR, PROPERTY

PART = HOUR.total_seconds() / PARTS
runs = st.lists(st.tuples(st.floats(0, 900), st.booleans(), st.none() | st.floats(0.01, 10)), max_size=60)
Run = tuple[float, bool, float | None]


def filled(*samples: Run, window: timedelta = HOUR) -> SampleWindow:
    """A window with samples: (when, failed, value)."""
    fresh = SampleWindow(window)
    for at, failed, value in samples:
        fresh.add(at, failed=failed, value=value)
    return fresh


def test_a_window_counts_what_it_was_given() -> None:
    window = filled((0, True, None), (10, False, 0.2), (20, False, 0.4))
    assert (window.samples, window.failures, window.histogram.total) == (3, 1, 2)
    assert window.error_rate == 1 / 3


def test_an_empty_window_has_no_errors() -> None:
    assert SampleWindow(HOUR).error_rate == 0.0


def test_a_window_forgets_what_is_older_than_itself() -> None:
    window = filled((0, True, 5.0), (30, True, 5.0), (3600, False, 0.2))
    assert (window.samples, window.failures, window.histogram.total) == (1, 0, 1)


def test_a_window_remembers_what_is_a_little_younger_than_itself() -> None:
    assert filled((PART, True, None), (3600 + PART - 1, False, None)).failures == 1


@PROPERTY
@given(runs)
def test_a_window_holds_what_a_list_would_hold_within_one_part(steps: list[Run]) -> None:
    window, past, now = SampleWindow(HOUR), list[Run](), 1_000_000.0
    for wait, failed, value in steps:
        now += wait
        window.add(now, failed=failed, value=value)
        past.append((now, failed, value))
        surely = [run for run in past if run[0] > now - 3600 + PART]
        perhaps = [run for run in past if run[0] > now - 3600]
        assert len(surely) <= window.samples <= len(perhaps)
        assert sum(run[1] for run in surely) <= window.failures <= sum(run[1] for run in perhaps)
        timed = [sum(run[2] is not None for run in runs) for runs in (surely, perhaps)]
        assert timed[0] <= window.histogram.total <= timed[1]


def test_a_clock_that_steps_back_adds_to_the_newest_part() -> None:
    window = filled((7200, False, None), (7200 - 1800, True, 1.0))
    assert (window.samples, window.failures) == (2, 1)


@PROPERTY
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40))
def test_whatever_the_clock_does_the_counts_fit_together(times: list[float]) -> None:
    window = filled(*((at, True, 1.0) for at in times))
    assert 0 < window.samples == window.failures == window.histogram.total <= len(times)


def test_a_clock_that_was_far_ahead_does_not_keep_old_samples_alive() -> None:
    """A clock was a year ahead when Sentinel started; NTP put it right, and the window never forgot anything again."""
    year = 366 * 86400
    window = filled((year, True, None), *((600.0 * n, n < 3, None) for n in range(12)))
    assert window.failures == 0


def test_forgetting_leaves_nothing() -> None:
    window = filled((0, True, 5.0), (10, True, 5.0))
    window.forget()
    assert (window.samples, window.failures, window.error_rate) == (0, 0, 0.0)
    assert window.histogram.quantile(0.5) is None


def test_after_forgetting_a_window_counts_anew() -> None:
    window = filled((0, True, 5.0))
    window.forget()
    window.add(20, failed=False, value=0.2)
    window.add(3600 + 600, failed=False, value=0.2)
    assert (window.samples, window.failures, window.histogram.total) == (1, 0, 1)
