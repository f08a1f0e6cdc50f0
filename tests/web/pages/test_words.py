"""How values stand on a page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sentinel.base.units import Unit
from sentinel.core.rule import Direction
from sentinel.reports.documents import ReadingLine
from sentinel.reports.figures import Better, Figure
from sentinel.web.pages import words
from tests.kit.scene import NOW


def figure(
    value: float | None, before: float | None, unit: Unit = Unit.SECONDS, better: Better = Better.LOWER
) -> Figure:
    change = None if value is None or not before else (value - before) / before
    return Figure(name="f", title="F", unit=unit, value=value, before=before, change=change, better=better)


@pytest.mark.parametrize(
    ("found", "said", "turned"),
    [
        (figure(1.1, 1.0), "+10 %", "bad"),
        (figure(0.9, 1.0), "-10 %", "good"),
        (figure(1.001, 1.0), "no change", "same"),
        (figure(1.0, None), "", "same"),
        (figure(None, 1.0), "", "same"),
        (figure(5.0, 0.0), "", "same"),
        (figure(0.99, 0.98, Unit.RATIO, Better.HIGHER), "+1.00 points", "good"),
        (figure(120, 100, Unit.COUNT, Better.NEITHER), "+20 %", "same"),
    ],
)
def test_a_change_is_said_and_judged(found: Figure, said: str, turned: str) -> None:
    assert words.change(found) == said
    assert words.turn(found) == turned


@pytest.mark.parametrize(
    ("value", "direction", "breach", "bound"),
    [
        (1.0, Direction.ABOVE, "", "at most 2 s"),
        (3.0, Direction.ABOVE, "warning", "at most 2 s"),
        (6.0, Direction.ABOVE, "critical", "at most 2 s"),
        (1.0, Direction.BELOW, "critical", "at least 2 s"),
        (None, Direction.ABOVE, "", "at most 2 s"),
    ],
)
def test_a_reading_stands_beside_its_bound(value: float | None, direction: Direction, breach: str, bound: str) -> None:
    line = ReadingLine(name="t", value=value, unit=Unit.SECONDS, warning=2.0, critical=5.0, direction=direction)
    assert (words.breach(line), words.bound(line)) == (breach, bound)


def test_a_reading_without_bounds_has_none() -> None:
    assert words.bound(ReadingLine(name="t", value=1.0, unit=Unit.SECONDS)) == ""
    assert words.bound(None) == words.breach(None) == ""


def test_times_are_for_people_and_programs() -> None:
    assert words.minute(NOW) == '<time datetime="2026-11-22T12:00:00Z">2026-11-22 12:00 UTC</time>'
    assert ">5 min ago</time>" in words.ago(NOW - timedelta(minutes=5), NOW)
    assert ">in 1 h</time>" in words.ago(NOW + timedelta(hours=1), NOW)
    assert ">just now</time>" in words.ago(NOW, NOW)
    assert ">2 d</time>" in words.lasting(NOW - timedelta(days=2), NOW)
    assert words.moment(None) == words.ago(None, NOW) == words.lasting(None, NOW) == words.NONE


def test_what_is_not_known_is_a_dash() -> None:
    nothing = (words.value(None, Unit.SECONDS), words.percent(None), words.duration(None), words.size(None))
    assert set(nothing) == {words.NONE}


def test_a_name_is_one_segment_of_a_path() -> None:
    assert words.segment("a/b?c#d e") == "a%2Fb%3Fc%23d%20e"
