"""The chart of a mail."""

import math
import struct
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.base.units import Unit
from sentinel.channels.chart import HEIGHT, LONGEST, WIDTH, ZOOM, as_svg, asked, draw, in_words
from sentinel.core.notification import AboutDeployment, Kind
from sentinel.core.rule import Severity
from sentinel.core.series import Point, Series
from tests.kit.messages import BEGAN, FINDING, NOW, OPENED, message

SVG = "{http://www.w3.org/2000/svg}"


def series(*values: float | None, reading: str = "response_time") -> Series:
    """One value a minute, the last at `NOW`; the bad ones are critical."""
    begin = NOW - timedelta(minutes=len(values) - 1)
    points = tuple(
        Point(
            at=begin + timedelta(minutes=n),
            value=value,
            severity=Severity.CRITICAL if value is None or value > 5 else Severity.OK,
        )
        for n, value in enumerate(values)
    )
    return Series(reading=reading, unit=Unit.SECONDS, points=points)


def drawn(one: Series) -> ET.Element:
    svg = as_svg(one, OPENED)
    assert svg is not None
    return ET.fromstring(svg)


def test_a_message_asks_for_the_reading_that_was_judged_from_before_the_outage() -> None:
    wanted = asked(OPENED)
    assert wanted is not None
    assert (wanted.check, wanted.reading, wanted.until) == ("payroll-api", "response_time", NOW)
    assert wanted.since == BEGAN - timedelta(minutes=30)


SUSPECT = AboutDeployment(
    id=12, system="payroll", version="2.4.1", started_at=BEGAN - timedelta(minutes=6), window_ends_at=NOW
)


def test_the_deployment_that_it_may_come_of_is_marked_and_named() -> None:
    told = replace(OPENED, suspect=SUSPECT)
    one = series(*[0.2] * 60)
    svg = as_svg(one, told)
    assert svg is not None
    assert "2.4.1" in [node.text for node in ET.fromstring(svg).iter(f"{SVG}text")]
    assert f"deployment 12 (2.4.1) began at {SUSPECT.started_at:%H:%M}" in in_words(one, told)
    assert "2.4.1" not in (
        as_svg(series(*[0.2] * 5), replace(told, suspect=replace(SUSPECT, started_at=BEGAN - LONGEST))) or ""
    )


def test_a_chart_reaches_back_to_before_its_suspect() -> None:
    early = replace(SUSPECT, started_at=BEGAN - timedelta(hours=2))
    wanted = asked(replace(OPENED, suspect=early))
    assert wanted is not None
    assert wanted.since == early.started_at - timedelta(minutes=30)


def test_of_a_failure_the_main_reading_is_asked_for() -> None:
    wanted = asked(replace(OPENED, findings=(replace(FINDING, value=None),)))
    assert wanted is not None
    assert wanted.reading == ""


def test_of_a_long_incident_the_last_hours_are_shown() -> None:
    wanted = asked(replace(OPENED, at=NOW + timedelta(days=3)))
    assert wanted is not None
    assert wanted.until - wanted.since == LONGEST


@pytest.mark.parametrize("kind", [Kind.ACKNOWLEDGED, Kind.WITHDRAWN, Kind.REPORT, Kind.DIGEST, Kind.WINDOW_PLANNED])
def test_messages_that_are_not_about_how_a_check_does_have_no_chart(kind: Kind) -> None:
    assert asked(message(kind)) is None


def test_the_picture_is_a_png_of_twice_the_size_with_its_content_in_words() -> None:
    chart = draw(series(0.2, 0.3, 6.0, None, 6.2), OPENED)
    assert chart is not None
    assert struct.unpack(">II", chart.png[16:24]) == (WIDTH * ZOOM, HEIGHT * ZOOM)
    assert chart.alt == (
        "response time from 03:14 to 03:18 UTC: 200 ms to 6.2 s, at last 6.2 s; critical beyond 5 s; "
        "1 of 5 runs without a value"
    )


def test_a_bound_is_drawn_and_named() -> None:
    texts = [node.text for node in drawn(series(0.2, 0.3, 6.0)).iter(f"{SVG}text")]
    assert texts.count("5 s") >= 1
    assert any(node.get("stroke-dasharray") for node in drawn(series(0.2, 0.3, 6.0)).iter(f"{SVG}line"))


def test_a_line_is_broken_where_nothing_was_measured_and_the_failure_is_marked() -> None:
    picture = drawn(series(0.2, 0.3, None, 0.2, 0.3))
    assert len(list(picture.iter(f"{SVG}polyline"))) == 2
    assert sum(node.get("height") == "9" for node in picture.iter(f"{SVG}rect")) == 1


def test_the_name_of_a_reading_cannot_break_out_of_the_drawing() -> None:
    picture = drawn(series(0.2, 0.3, 0.4, reading='</text><image href="file:///etc/passwd"/>'))
    assert not list(picture.iter(f"{SVG}image"))


@pytest.mark.parametrize("values", [(), (1.0, 2.0), (None,) * 9, (math.inf,) * 9])
def test_too_little_to_draw_makes_no_chart(values: tuple[float | None, ...]) -> None:
    assert draw(series(*values), OPENED) is None


@settings(max_examples=150, deadline=None)  # a busy machine is no failure
@given(
    st.lists(st.none() | st.floats(width=32), min_size=3, max_size=50),
    st.none() | st.floats(allow_nan=True),
)
def test_whatever_was_measured_lies_inside_the_picture(values: list[float | None], bound: float | None) -> None:
    told = replace(OPENED, findings=(replace(FINDING, bound=bound),))
    svg = as_svg(series(*values), told)
    if svg is None:
        return
    assert in_words(series(*values), told)
    for line in ET.fromstring(svg).iter(f"{SVG}polyline"):
        for pair in (line.get("points") or "").split():
            x, y = map(float, pair.split(","))
            assert 0 <= x <= WIDTH
            assert 0 <= y <= HEIGHT
