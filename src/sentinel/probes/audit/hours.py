"""The hours in which entries are expected, and how much of a span of time lies in them."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from sentinel.base.fields import Options, ZoneName

_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_LONGEST: Final = timedelta(days=400)  # back from now; more makes no difference to anybody

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _hours(value: str) -> str:
    found = _SPAN.fullmatch(value.strip())
    if found is None or _end(found) == _start(found):
        raise ValueError("hours such as '08:00-18:00' or '22:00-06:00'")
    return value


def _start(found: re.Match[str]) -> timedelta:
    return timedelta(hours=int(found[1]), minutes=int(found[2]))


def _end(found: re.Match[str]) -> timedelta:
    return timedelta(hours=int(found[3]), minutes=int(found[4])) if found[3] else timedelta(days=1)


class ExpectedHours(Options):
    """When entries are expected. Outside of these hours an entry does not age."""

    hours: Annotated[str, AfterValidator(_hours)] = "00:00-24:00"
    """From when to when, such as `08:00-18:00`; `22:00-06:00` begins on the weekday and ends on the next day."""
    weekdays: tuple[Weekday, ...] = Field(default=_WEEKDAYS, min_length=1)
    """On which days."""
    zone: ZoneName = "UTC"
    """The time zone of both, by its IANA name."""

    @model_validator(mode="after")
    def _names_each_day_once(self) -> Self:
        if len(set(self.weekdays)) < len(self.weekdays):
            raise ValueError("each weekday once")
        return self

    def between(self, since: datetime, until: datetime) -> timedelta:
        """How much of the time from `since` to `until` lies in these hours. Both aware."""
        since = max(since.astimezone(UTC), until.astimezone(UTC) - _LONGEST)
        shares = (min(end, until) - max(start, since) for start, end in self._spans(since, until))
        return sum((share for share in shares if share > timedelta(0)), timedelta(0))

    def _spans(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans of expected hours that may overlap with the time asked for, in UTC."""
        zone = ZoneInfo(self.zone)
        found = _SPAN.fullmatch(self.hours.strip())
        assert found is not None
        start, end = _start(found), _end(found)
        day = since.astimezone(zone).date() - timedelta(days=1)
        while day <= until.astimezone(zone).date():
            if _WEEKDAYS[day.weekday()] in self.weekdays:
                yield _at(day, start, zone), _at(day, end if end > start else end + timedelta(days=1), zone)
            day += timedelta(days=1)


def _at(day: date, offset: timedelta, zone: ZoneInfo) -> datetime:
    """A time of the local clock, in UTC: on the days on which the clock changes, too."""
    local = datetime.combine(day, time(), zone) + offset  # adds to the local clock, whatever the zone does
    return local.astimezone(UTC)
