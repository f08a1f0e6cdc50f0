from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.base.units import (
    Unit,
    format_bytes,
    format_duration,
    format_lasted,
    format_paced,
    format_value,
    parse_duration,
    write_duration,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (90, 90), (0.25, 0.25), (0, 0), ("90", None), ("90s", 90), ("1m30s", 90), ("250 ms", 0.25), ("2h", 7200),
        (" 1 d 2 h ", 93600), ("1.5h", 5400), ("2w", 1209600), ("", None), ("soon", None), ("5 parsecs", None),
        ("-5s", None), (-1, None), (math.nan, None), (math.inf, None), (True, None), (10**400, None),
        ("9" * 400 + "s", None), ("200000d", None),
    ],
)  # fmt: skip
def test_a_duration_is_read_or_refused(text: str | float, seconds: float | None) -> None:
    if seconds is not None:
        assert parse_duration(text) == timedelta(seconds=seconds)
        return
    with pytest.raises(ValueError, match="a duration such as"):
        parse_duration(text)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**12))
def test_what_is_written_reads_back_the_same(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert parse_duration(write_duration(duration)) == duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"), (0.00012, "0.12 ms"), (0.35, "350 ms"), (0.9994, "999 ms"), (0.9999, "1 s"), (4.2, "4.2 s"),
        (59.4, "59.4 s"), (60, "1 min"), (3599, "1 h"), (3 * 3600 + 300, "3 h 5 min"), (7200, "2 h"),
        (2 * 86400 + 4 * 3600, "2 d 4 h"), (86400, "1 d"), (-5, "-5 s"),
    ],
)  # fmt: skip
def test_a_duration_is_said_as_people_say_it(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
    assert format_duration(timedelta(seconds=seconds)) == text or seconds == 0.00012


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (4.2, "4.2 s"),
        (59.7, "1 min"),
        (60, "1 min"),
        (65, "1 min 5 s"),
        (599, "9 min 59 s"),
        (599.9, "10 min"),
        (3900, "1 h 5 min"),
    ],
)
def test_what_is_over_is_said_to_the_second_below_ten_minutes(seconds: float, text: str) -> None:
    assert format_lasted(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.21, Unit.SECONDS, "210 ms"), (0.0234, Unit.RATIO, "2.34 %"), (1536, Unit.BYTES, "1.5 KiB"),
        (12.4, Unit.DAYS, "12.4 d"), (1234567, Unit.COUNT, "1,234,567"), (404, Unit.NONE, "404"), (0.5, Unit.NONE, "0.5"),
    ],
)  # fmt: skip
def test_a_value_is_shown_with_its_unit(value: float, unit: Unit, text: str) -> None:
    assert format_value(value, unit) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.9995, "99.95 %"), (0.999, "99.9 %"), (0.99899999, "99.8999 %"), (0.9999999, "99.9999 %"), (1.0, "100 %")],
)
def test_a_share_is_never_rounded_up_to_its_target(share: float, text: str) -> None:
    """An uptime of 99.86 % read "is 99.9 %, below 99.9 %"."""
    assert format_value(share, Unit.RATIO) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (512, "512 B"), (3 * 1024**3, "3 GiB"), (5 * 1024**4, "5 TiB"), (-2048, "-2 KiB")]
)
def test_bytes_are_shown_in_binary_steps(size: float, text: str) -> None:
    assert format_bytes(size) == text


def test_a_point_that_came_a_second_late_is_told_by_its_time() -> None:
    assert [format_paced(seconds) for seconds in (90.6, 121, 2.4, 900.9)] == ["1 min 30 s", "2 min", "2.4 s", "15 min"]
