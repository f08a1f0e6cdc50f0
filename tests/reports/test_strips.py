from __future__ import annotations

from datetime import timedelta

import pytest

from sentinel.reports.strips import STEP, STEPS, Strip, first_step, spark, strip
from tests.kit.days import piece
from tests.kit.scene import MINUTE, NOW, check

SINCE = first_step(NOW, STEP, STEPS)


def test_the_last_step_of_a_day_holds_now() -> None:
    assert SINCE + STEP * (STEPS - 1) <= NOW < SINCE + STEP * STEPS


def test_pieces_are_added_to_the_step_that_they_lie_in() -> None:
    pieces = [piece(at=SINCE), piece(at=SINCE + 5 * MINUTE, down=60), piece(at=SINCE + STEP)]
    cells = strip(pieces, SINCE, STEP, STEPS).cells
    assert (cells[0].up, cells[0].down, cells[1].up) == (540, 60, 300)
    assert cells[2].up == 0


def test_what_lies_outside_is_left_out() -> None:
    pieces = [piece(at=SINCE - MINUTE), piece(at=SINCE + STEP * STEPS)]
    assert not any(cell.up for cell in strip(pieces, SINCE, STEP, STEPS).cells)


def test_a_small_line_has_the_mean_of_each_step_and_gaps_where_nothing_was_measured() -> None:
    like = Strip(since=SINCE, step=STEP, cells=strip([], SINCE, STEP, 4).cells)
    pieces = [piece(at=SINCE, value=0.1), piece(at=SINCE + 5 * MINUTE, value=0.3), piece(at=SINCE + 2 * STEP, value=1)]
    line = spark(pieces, check("health"), like)
    assert line is not None
    assert line.values == pytest.approx((0.2, None, 1.0, None))


def test_one_value_makes_no_line() -> None:
    like = strip([], SINCE, STEP, STEPS)
    assert spark([piece(at=SINCE)], check("health"), like) is None


def test_steps_are_counted_from_the_epoch() -> None:
    assert first_step(NOW + timedelta(minutes=29), STEP, 1) == NOW
