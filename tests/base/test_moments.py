"""Times as people and programs write them."""

from datetime import UTC, datetime

import pytest

from sentinel.base.moments import read_moment


def test_a_time_has_its_zone_or_none() -> None:
    assert read_moment("2026-12-24 09:00+01:00") == datetime(2026, 12, 24, 8, tzinfo=UTC)
    assert read_moment("2026-12-24T09:00").tzinfo is None


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00+14:00", "1969-12-31", "3000-01-01", "9999-12-31T23:59", "tonight", ""]
)
def test_what_nobody_can_mean_is_refused(text: str) -> None:
    """Near the ends of the calendar a step to another zone raises OverflowError, far from who wrote the time."""
    with pytest.raises(ValueError, match=r"between the years|Invalid isoformat"):
        read_moment(text)
