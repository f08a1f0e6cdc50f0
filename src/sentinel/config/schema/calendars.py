"""Calendars as a file has them."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from sentinel.base.fields import Options, ZoneName
from sentinel.base.moments import within_reason

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DAYS = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?")
_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)")


def _days(value: str) -> str:
    if not _DAYS.fullmatch(value):
        raise ValueError("a day such as 'sat', or days such as 'mon-fri'")
    return value


def _hours(value: str) -> str:
    if not _HOURS.fullmatch(value):
        raise ValueError("hours such as '08:00-18:00', or over midnight '22:00-06:00'")
    return value


def _month_day(value: int) -> int:
    if not 1 <= abs(value) <= 31:
        raise ValueError("a day of the month: 1 to 31, or -1 for the last one, -2 for the one before")
    return value


def _day(value: object) -> date:
    found = _read(value)
    within_reason(found.year)
    return found


def _read(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value  # TOML has days of its own
    try:
        return datetime.strptime(str(value), "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise ValueError("a day such as '2026-12-25'") from None


def _holidays_kind(value: object) -> str:
    return "file" if isinstance(value, Mapping | CalendarFile) else "days"


Days = Annotated[str, AfterValidator(_days), WithJsonSchema({"type": "string", "pattern": f"^{_DAYS.pattern}$"})]

Hours = Annotated[str, AfterValidator(_hours), WithJsonSchema({"type": "string", "pattern": f"^{_HOURS.pattern}$"})]

MonthDay = Annotated[
    int, AfterValidator(_month_day), WithJsonSchema({"type": "integer", "minimum": -31, "maximum": 31})
]

#: A day, such as `"2026-12-25"`.
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]


class CalendarFile(Options):
    """A calendar file."""

    file: str
    """Path of a calendar file (iCal, `.ics`)."""


#: Days, or a calendar file whose events are the days.
Holidays = Annotated[
    Annotated[tuple[Day, ...], Tag("days"), Field(max_length=5_000)] | Annotated[CalendarFile, Tag("file")],
    Discriminator(_holidays_kind),
]


class CalendarEntry(Options):
    """Hours and days that rules, routes, quiet hours and rotations can go by. All that is given must hold."""

    zone: ZoneName = "UTC"
    """Time zone of the hours and days, by its IANA name."""
    days: tuple[Days, ...] = ()
    """Days of the week, such as `mon-fri` or `sat`. Empty: every day."""
    hours: tuple[Hours, ...] = ()
    """Hours of the day, such as `08:00-18:00`. Those over midnight, such as `22:00-06:00`, belong to the day on which they
    begin. Empty: the whole day."""
    month_days: tuple[MonthDay, ...] = ()
    """Days of the month: 1 to 31, -1 for the last one, -2 for the one before. Empty: every day."""
    holidays: Holidays = ()
    """Days that are holidays, such as `2026-12-25`; or `{"file": "holidays.ics"}`, a calendar file (iCal) whose events are
    holidays, read when the configuration is."""
    on_holidays: bool = False
    """Whether it holds on holidays: `false` is never on one, `true` is on every one, whatever day of the week it is."""


def weekdays(text: str) -> frozenset[int]:
    """The days of `mon-fri` or `sat`, 0 for Monday. `fri-mon` goes over the weekend."""
    first, _, last = text.partition("-")
    start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    return frozenset((start + step) % 7 for step in range((end - start) % 7 + 1))


def hours(text: str) -> tuple[time, time]:
    """Start and end of `08:00-18:00`; 24:00 is midnight."""
    start, end = text.split("-")
    return time.fromisoformat(start), time(0) if end == "24:00" else time.fromisoformat(end)
