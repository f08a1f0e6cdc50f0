"""Drawings, read as the XML that they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.base.units import Unit
from sentinel.core.rule import Direction, Severity
from sentinel.reports.check import Mark, Mean, ReadingChart
from sentinel.reports.drawing import DARK, LIGHT, chart, chart_in_words, sparkline, strip, thinned
from sentinel.reports.strips import Cell, Spark, Strip
from tests.core.made import PROPERTY
from tests.kit.scene import NOW

SVG = "{http://www.w3.org/2000/svg}"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HALF = timedelta(minutes=30)
HOSTILE = "</title><script>alert(1)</script>&\"'"
UP, DOWN = Cell(up=1800), Cell(down=1800)
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


def day(*cells: Cell) -> Strip:
    """A day that was up, but for its last cells."""
    return Strip(since=NOW, step=HALF, cells=(UP,) * (48 - len(cells)) + cells)


def drawn(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def classes(svg: str) -> set[str]:
    return {node.get("class", "") for node in drawn(svg).iter()} - {""}


def texts(svg: str) -> list[str]:
    return [node.text or "" for node in drawn(svg).iter(f"{SVG}text")]


def reading(*values: float, **more: object) -> ReadingChart:
    """One value an hour, the last at `NOW`."""
    begin = NOW - (len(values) - 1) * HOUR
    points = tuple(Mean(at=begin + n * HOUR, mean=v, low=v, high=v, count=1) for n, v in enumerate(values))
    return ReadingChart(reading="response_time", unit=Unit.SECONDS, step=HOUR, points=points, **more)  # type: ignore[arg-type]  # bounds


# --- Strips -----------------------------------------------------------------------------------------------------------


def test_a_fine_day_is_one_path() -> None:
    (path,) = drawn(strip(day())).iter(f"{SVG}path")
    assert (path.get("class"), path.get("d")) == ("up", "M0 2h48")


@pytest.mark.parametrize("state", ["down", "degraded"])
def test_a_minute_of_trouble_in_a_day_is_seen(state: str) -> None:
    short = strip(day(Cell(up=1740, **{state: 60}), UP))
    (path,) = (node for node in drawn(short).iter(f"{SVG}path") if node.get("class") == state)
    assert path.get("d") == "M46 0.5h1"


def test_what_nobody_watched_has_a_colour_of_its_own() -> None:
    assert classes(strip(day(Cell()))) == {"strip", "none", "up"}
    assert classes(strip(day(Cell(unknown=1800)))) == {"strip", "unknown", "up"}


def test_a_step_that_is_not_over_is_no_gap() -> None:
    assert classes(strip(day(Cell(up=60)))) == {"strip", "up"}


def test_a_strip_says_what_it_shows() -> None:
    assert drawn(strip(day(DOWN, UP))).get("aria-label") == "1 d: down 30 min, up 23 h 30 min"


def test_strips_are_small_so_that_a_page_has_room_for_fifty() -> None:
    """50 rows with their words have to fit into 150 KB; most checks are fine most of the time."""
    flapping = [UP, DOWN, Cell(up=900, degraded=900), Cell(up=1500, down=300)] * 12
    assert len(strip(day())) < 350
    assert len(strip(day(*flapping))) < 1500


@PROPERTY
@given(st.lists(st.tuples(*[st.floats(0, 450)] * 4), min_size=1, max_size=48))
def test_every_cell_is_filled_from_top_to_bottom_once(found: list[tuple[float, ...]]) -> None:
    cells = tuple(Cell(up=u, degraded=g, down=d, unknown=n) for u, g, d, n in found)
    filled = [0.0] * len(cells)
    for path in drawn(strip(Strip(since=NOW, step=HALF, cells=cells))).iter(f"{SVG}path"):
        for run in (path.get("d") or "")[1:].split("M"):
            start, length = int(run.split()[0]), int(run.split("h")[1])
            for n in range(start, start + length):
                filled[n] += float(path.get("stroke-width") or 0)
    assert filled == [4.0] * len(cells)


# --- Small lines ------------------------------------------------------------------------------------------------------


def test_a_small_line_is_broken_where_nothing_was_measured() -> None:
    svg = sparkline(Spark(reading="response_time", unit=Unit.SECONDS, values=(0.1, 0.2, None, 0.4)))
    (path,) = drawn(svg).iter(f"{SVG}path")
    assert (path.get("d") or "").count("M") == 2
    assert drawn(svg).get("aria-label") == "response time 100 ms to 400 ms, last 400 ms"


def test_a_small_line_is_small() -> None:
    assert len(sparkline(Spark(reading="response_time", unit=Unit.SECONDS, values=(0.123,) * 47 + (9.0,)))) < 600


# --- Charts -----------------------------------------------------------------------------------------------------------


def test_a_chart_says_what_it_shows() -> None:
    shown = reading(0.2, 0.4, 0.3, warning=2.0, critical=5.0)
    svg = drawn(chart(shown))
    assert svg.get("role") == "img"
    assert svg.findtext(f"{SVG}title") == "response time"
    assert svg.findtext(f"{SVG}desc") == (
        "200 ms to 400 ms, on the mean 300 ms, at last 300 ms; warning above 2 s; critical above 5 s"
    )


def test_near_bounds_are_drawn_and_far_ones_are_named() -> None:
    near = chart(reading(0.2, 1.0, warning=2.0, critical=50.0))
    assert "warning 2 s" in texts(near)
    assert "far above: critical 50 s" in texts(near)
    assert "critical" not in classes(near)


def test_a_bound_below_is_said_to_be_below() -> None:
    shown = reading(0.2, critical=0.1, direction=Direction.BELOW)
    assert "critical below 100 ms" in chart_in_words(shown)


def test_what_happened_meanwhile_is_shaded_and_named() -> None:
    marks = [
        Mark(kind="incident", title="refused", since=NOW - HOUR, until=None, severity=Severity.CRITICAL, incident=7),
        Mark(kind="window", title="Update", since=NOW - 2 * HOUR, until=NOW - HOUR),
        Mark(kind="window", title="long ago", since=NOW - 99 * HOUR, until=NOW - 98 * HOUR),
    ]
    svg = chart(reading(0.1, 0.2, 0.3), marks)
    titles = [node.text for node in drawn(svg).iter(f"{SVG}title")]
    assert titles[1:] == [
        "window: Update (2026-11-22 10:00 to 2026-11-22 11:00 UTC)",
        "incident 7: refused (2026-11-22 11:00, goes on UTC)",
    ]


def test_a_deployment_is_a_band_with_a_line_and_its_version_where_it_began() -> None:
    mark = Mark(kind="deployment", title="2.4.1", since=NOW - 2 * HOUR, until=NOW - HOUR, deployment=12)
    svg = chart(reading(0.1, 0.2, 0.3, 0.2), [mark])
    titles = [node.text for node in drawn(svg).iter(f"{SVG}title")]
    assert titles[1:] == ["deployment 12: 2.4.1 (2026-11-22 10:00 to 2026-11-22 11:00 UTC)"]
    assert "2.4.1" in texts(svg)
    assert "deployments: 2.4.1 at 2026-11-22 10:00 UTC" in (drawn(svg).findtext(f"{SVG}desc") or "")


def test_versions_that_would_lie_upon_each_other_are_left_out_of_the_picture_alone() -> None:
    marks = [
        Mark(kind="deployment", title=f"2.4.{n}", since=NOW - HOUR + n * MINUTE, until=NOW, deployment=n)
        for n in range(5)
    ]
    svg = chart(reading(0.1, 0.2, 0.3), [*marks, replace(marks[0], title="9" * 60, since=NOW)])
    assert [text for text in texts(svg) if text.startswith("2.4.")] == ["2.4.0"]
    assert "9" * 15 + "…" in texts(svg)
    assert all(mark.title in (drawn(svg).findtext(f"{SVG}desc") or "") for mark in marks)


def test_a_second_of_an_outage_in_a_year_is_wide_enough_to_be_seen() -> None:
    mark = Mark(kind="incident", title="x", since=NOW - HOUR, until=NOW - HOUR, severity=Severity.WARNING)
    (rect,) = drawn(chart(reading(0.1), [mark], since=NOW - 9000 * HOUR, until=NOW)).iter(f"{SVG}rect")
    assert float(rect.get("width") or 0) >= 2


def test_one_peak_leaves_the_rest_readable_and_is_marked() -> None:
    points = [Mean(at=NOW + n * HOUR, mean=0.2, low=0.1, high=0.3, count=5) for n in range(20)]
    points[7] = Mean(at=NOW + 7 * HOUR, mean=0.3, low=0.1, high=10.0, count=60)
    svg = chart(ReadingChart(reading="response_time", unit=Unit.SECONDS, step=HOUR, points=tuple(points)))
    assert "up to 10 s at 2026-11-22 19:00 UTC" in [node.text for node in drawn(svg).iter(f"{SVG}title")]
    assert not any(text.endswith(" s") and float(text.split()[0]) > 1 for text in texts(svg))


def test_nothing_measured_is_said() -> None:
    svg = chart(reading(), since=NOW - HOUR, until=NOW)
    assert "no values in that time" in texts(svg)
    assert drawn(svg).findtext(f"{SVG}desc") == "no values"


def test_hostile_text_stays_text() -> None:
    mark = Mark(kind="incident", title=HOSTILE, since=NOW - HOUR, until=NOW, severity=Severity.WARNING, incident=1)
    shown = ReadingChart(reading=HOSTILE, unit=Unit.NONE, step=HOUR, points=reading(1.0, 2.0).points)
    svg = chart(shown, [mark])
    assert "<script" not in svg
    assert any(HOSTILE in (node.text or "") for node in drawn(svg).iter(f"{SVG}title"))


def test_every_shape_has_a_colour_and_a_class() -> None:
    """The maker of pictures knows no styles, and the style of a page knows no colours."""
    for theme in (LIGHT, DARK):
        svg = chart(reading(0.1, 0.4, warning=0.3), theme=theme)
        for node in drawn(svg).iter(f"{SVG}path"):
            assert node.get("class")
            assert node.get("fill") or node.get("stroke")


def test_more_points_than_can_be_told_apart_become_fewer_and_no_peak_vanishes() -> None:
    points = reading(*(float(n % 100) for n in range(1000))).points
    few = thinned(points, 200)
    assert len(few) == 200
    assert (max(one.high for one in few), sum(one.count for one in few)) == (99.0, 1000)


@PROPERTY
@given(st.lists(FINITE, max_size=60), st.none() | FINITE, st.none() | FINITE, st.sampled_from(list(Unit)))
def test_whatever_was_measured_lies_inside_the_picture(
    values: list[float], warning: float | None, critical: float | None, unit: Unit
) -> None:
    shown = ReadingChart(
        reading="x", unit=unit, step=HOUR, points=reading(*values).points, warning=warning, critical=critical
    )
    for path in drawn(chart(shown, since=NOW - 30 * HOUR, until=NOW)).iter(f"{SVG}path"):
        if path.get("class") == "curve":
            numbers = [float(n) for n in (path.get("d") or "").replace("M", " ").replace("h0", "").split()]
            assert all(0 <= x <= 720 for x in numbers[::2])
            assert all(0 <= y <= 220 for y in numbers[1::2])


def test_a_value_that_stands_alone_is_a_dot_that_can_be_seen() -> None:
    (dot,) = (node for node in drawn(chart(reading(0.2))).iter(f"{SVG}path") if node.get("class") == "curve")
    assert float(dot.get("stroke-width") or 0) >= 4


def test_no_two_labels_of_a_scale_read_the_same() -> None:
    points = reading(1.5e9, 1.5e9 + 4e7).points
    svg = chart(ReadingChart(reading="size", unit=Unit.BYTES, step=HOUR, points=points), since=NOW - HOUR, until=NOW)
    found = texts(svg)
    assert len(found) == len(set(found))
