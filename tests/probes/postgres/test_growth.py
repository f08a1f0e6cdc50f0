"""The history of sizes that a check's note keeps."""

from __future__ import annotations

import pytest

from sentinel.probes.postgres.growth import DAY, WEEK, Growth

MIB = 1 << 20
START = 492_000  # hours since the epoch


def grown(hours: int, *, each: int = MIB, every: int = 1, note: bool = False) -> Growth:
    """100 MiB at the start, and so much more each hour."""
    growth = Growth({})
    for hour in range(0, hours + 1, every):
        growth = growth.with_sizes(START + hour, {"t": 100 * MIB + hour * each}, ["t"])
        growth = Growth.from_note(growth.as_note()) if note else growth
    return growth


def test_a_day_is_compared_with_the_day_before() -> None:
    share = grown(30, note=True).over(DAY, START + 30, "t", 130 * MIB)
    assert share == pytest.approx(24 / 106)


def test_a_week_is_compared_with_the_week_before() -> None:
    share = grown(190, note=True).over(WEEK, START + 190, "t", 290 * MIB)
    assert share == pytest.approx(168 / 122, rel=0.05)


def test_a_table_that_shrinks_grows_by_less_than_nothing() -> None:
    assert grown(24, each=0).over(DAY, START + 24, "t", 50 * MIB) == -0.5


def test_the_first_hours_know_no_growth() -> None:
    assert grown(19).over(DAY, START + 19, "t", 200 * MIB) is None


def test_a_point_a_little_older_or_younger_is_scaled_to_the_day() -> None:
    growth = Growth({}).with_sizes(START, {"t": 100 * MIB}, ["t"])
    assert growth.over(DAY, START + 28, "t", 128 * MIB) == pytest.approx(0.24)


def test_a_gap_of_a_night_in_the_history_does_no_harm() -> None:
    growth = grown(20).with_sizes(START + 44, {"t": 144 * MIB}, ["t"])
    assert growth.over(DAY, START + 44, "t", 144 * MIB) == pytest.approx(24 / 120)


def test_a_table_that_was_dropped_is_forgotten() -> None:
    growth = grown(3).with_sizes(START + 4, {"u": MIB}, ["u"])
    assert list(growth.as_note()["sizes"]) == ["u"]


def test_a_table_that_cannot_be_measured_now_keeps_its_history() -> None:
    growth = grown(24).with_sizes(START + 25, {}, ["t"])
    assert growth.over(DAY, START + 25, "t", 150 * MIB) is not None


def test_points_are_bounded_however_long_it_runs() -> None:
    assert len(grown(1000).as_note()["hours"]) <= 31 + 28


def test_clocks_that_are_set_back_leave_no_points_of_the_future() -> None:
    growth = grown(48).with_sizes(START + 10, {"t": MIB}, ["t"])
    assert max(growth.as_note()["hours"]) == START + 10


@pytest.mark.parametrize(
    "note", [{}, {"hours": 7}, {"hours": [1], "sizes": {"t": []}}, {"hours": ["x"], "sizes": {"t": [1]}}]
)
def test_a_note_of_another_shape_is_no_history(note: dict[str, object]) -> None:
    assert Growth.from_note(note).as_note() == {"hours": [], "sizes": {}}
