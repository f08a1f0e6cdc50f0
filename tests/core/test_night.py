"""Night is local, and as long as the clock on the wall says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sentinel.core.night import is_night, nights
from sentinel.core.planned import Stretch

BERLIN = "Europe/Berlin"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_day_has_the_end_of_one_night_and_the_beginning_of_another() -> None:
    day = Stretch(utc("2026-11-20T23:00"), utc("2026-11-21T23:00"))
    assert nights(day, BERLIN) == [
        Stretch(utc("2026-11-20T23:00"), utc("2026-11-21T05:00")),
        Stretch(utc("2026-11-21T21:00"), utc("2026-11-21T23:00")),
    ]


def test_the_night_in_which_the_clock_is_set_back_is_longer() -> None:
    (night,) = nights(Stretch(utc("2026-10-24T12:00"), utc("2026-10-25T12:00")), BERLIN)
    assert night.length == timedelta(hours=9)


def test_night_begins_at_ten_and_ends_at_six() -> None:
    times = ("21:59", "22:00", "05:59", "06:00")
    assert [is_night(utc(f"2026-07-01T{time}"), "UTC") for time in times] == [False, True, True, False]
