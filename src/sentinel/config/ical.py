"""Calendar files (iCal, RFC 5545): which events they have between two moments.

Repeated events, exceptions and changed single instances are followed by recurring-ical-events. A file is somebody else's: its
size, its number of events and what its rules of recurrence expand to are bounded before anything is expanded.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sentinel.config.secret_files import without_waiting

if TYPE_CHECKING:
    from icalendar import Calendar

MOST_BYTES = 2 << 20  # of a file
MOST_EVENTS = 5_000  # as they stand in it
MOST_OCCURRENCES = 50_000  # that they may come to
MOST_DAYS = 400  # of one event

#: How many occurrences a day an event may have at most: one an hour.
_MOST_A_DAY = 24

#: How often a rule repeats per day, at most, unless it names days one by one.
_RATES = {"DAILY": 1.0, "WEEKLY": 1.0, "MONTHLY": 1 / 4, "YEARLY": 1 / 12}

_WITHIN_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")

_UTC = ZoneInfo("UTC")

#: How far apart two times may seem of which one is taken for UTC although it is local.
_FURTHEST = timedelta(hours=15)

_LONGEST_NAME = 200  # characters of a summary that are looked at


class BadCalendar(Exception):
    """A calendar file that cannot be used."""

    def __init__(self, found: str, expected: str, hint: str = "") -> None:
        self.found, self.expected, self.hint = found, expected, hint
        super().__init__(f"found {found}, expected {expected}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One event of a calendar file, or one of a repeated one."""

    starts_at: datetime  # UTC
    ends_at: datetime  # UTC; later than the start, or the same
    summary: str
    attendees: tuple[str, ...]  # mail addresses and names of those who are invited and have not declined
    days: tuple[date, ...]  # the local days that it touches


def read_calendar(file: Path, zone: str, since: datetime, until: datetime) -> tuple[Occurrence, ...]:
    """The events of a file that touch a period, in order.

    Args:
        file: absolute.
        zone: of all-day events and of times that name no zone, unless the file says `X-WR-TIMEZONE`.
        since, until: aware.

    Raises:
        BadCalendar: it cannot be read, is no calendar, or is beyond a bound.
    """
    content = _read(file)
    # These take a tenth of a second to import: only who has a calendar file pays for them.
    from icalendar import Calendar  # noqa: PLC0415
    from recurring_ical_events import of  # noqa: PLC0415

    try:
        calendar = Calendar.from_ical(content)
        _refuse_boundless(calendar, until - since)
        around = timedelta(days=1)  # an all-day event of the zone furthest away
        found = of(calendar).between(since.astimezone(UTC) - around, until.astimezone(UTC) + around)
        events = [one for event in found if (one := _occurrence(event, ZoneInfo(zone))) is not None]
    except BadCalendar:
        raise
    except Exception as error:
        # The libraries raise errors of a dozen kinds for what they cannot read, ours among none of them.
        # Their words quote the file, which names people, and this may come into a log.
        raise BadCalendar(
            f"{file.name}, which cannot be read ({type(error).__name__})", "a calendar file (iCal)"
        ) from None
    within = (event for event in events if event.starts_at < until and event.ends_at > since)
    return tuple(sorted(within, key=lambda event: (event.starts_at, event.ends_at, event.summary)))


def _read(file: Path) -> bytes:
    try:
        with open(file, "rb", opener=without_waiting) as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise BadCalendar(f"{file.name}, which is no file", "a calendar file (iCal)")
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadCalendar(
            f"the file {file.name}: {os.strerror(error.errno or 0)}", "a file that Sentinel can read"
        ) from None
    if len(content) > MOST_BYTES:
        raise BadCalendar(f"{file.name} of more than {MOST_BYTES >> 20} MiB", "a smaller file")
    if b"BEGIN:VCALENDAR" not in content:
        raise BadCalendar(f"{file.name}, which does not begin a calendar", "a calendar file (iCal), BEGIN:VCALENDAR")
    return content


def _refuse_boundless(calendar: "Calendar", period: timedelta) -> None:
    events: list[Any] = calendar.walk("VEVENT")
    if len(events) > MOST_EVENTS:
        raise BadCalendar(f"{len(events)} events", f"at most {MOST_EVENTS}")
    for event in events:
        if event.errors:
            name = event.errors[0][0] or "property"
            raise BadCalendar(f"an event whose {name} cannot be read", "an event by RFC 5545")
        if _ends_first(event):
            raise BadCalendar(f"an event that ends before it starts ({event['DTSTART'].dt})", "an end after the start")
    occurrences = sum(rate * (period / timedelta(days=1)) for rate in _rates(events))
    if occurrences > MOST_OCCURRENCES:
        raise BadCalendar(
            f"rules that may repeat events {occurrences:.0f} times in {period.days} days", f"at most {MOST_OCCURRENCES}"
        )


def _ends_first(event: Any) -> bool:
    start, end = event.get("DTSTART"), event.get("DTEND")
    return start is not None and end is not None and _moment(end.dt, _UTC) < _moment(start.dt, _UTC) - _FURTHEST


def _rates(events: Iterable[Any]) -> Iterator[float]:
    """How often each rule repeats its event in a day, at most."""
    for event in events:
        for rule in _listed(event.get("RRULE")):
            yield _rate(rule)


def _rate(rule: Any) -> float:
    frequency = str(next(iter(_listed(rule.get("FREQ"))), ""))
    if frequency not in _RATES:
        raise BadCalendar(f"an event that repeats {frequency.lower() or 'at no interval'}", "DAILY or less often")
    a_day = 1
    for key in _WITHIN_A_DAY:
        a_day *= max(1, len(_listed(rule.get(key))))
    if a_day > _MOST_A_DAY:
        raise BadCalendar(f"an event that repeats {a_day} times a day", f"at most {_MOST_A_DAY} times")
    return a_day * (1.0 if _names_days(rule) else _RATES[frequency])


def _names_days(rule: Any) -> bool:
    """Whether a rule names so many days that it may repeat daily, such as each Monday to Sunday of a year."""
    plain = any(str(day)[:1].isalpha() for day in _listed(rule.get("BYDAY")))
    return plain or any(len(_listed(rule.get(key))) > 4 for key in ("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"))


def _occurrence(event: Any, zone: ZoneInfo) -> Occurrence | None:
    """The event as a value; None for one that was called off."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return None
    start, end = event["DTSTART"].dt, event["DTEND"].dt
    starts_at, ends_at = _moment(start, zone), max(_moment(end, zone), _moment(start, zone))
    return Occurrence(
        starts_at=starts_at,
        ends_at=ends_at,
        summary=str(event.get("SUMMARY", ""))[:_LONGEST_NAME].strip(),
        attendees=tuple(name for one in _listed(event.get("ATTENDEE")) for name in _attendee(one)),
        days=tuple(_days(starts_at.astimezone(zone), ends_at.astimezone(zone))),
    )


def _attendee(attendee: Any) -> Iterator[str]:
    """The mail address and the name of somebody who is invited; nothing when they declined."""
    parameters = getattr(attendee, "params", {})
    if str(parameters.get("PARTSTAT", "")).upper() == "DECLINED":
        return
    address = str(attendee)[:_LONGEST_NAME].strip()
    yield address[len("mailto:") :] if address.lower().startswith("mailto:") else address
    if name := str(parameters.get("CN", ""))[:_LONGEST_NAME].strip():
        yield name


def _moment(value: date, zone: ZoneInfo) -> datetime:
    """A day's local midnight, or a time; one that names no zone is local. In UTC."""
    if not isinstance(value, datetime):
        value = datetime.combine(value, time(0))
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _days(start: datetime, end: datetime) -> Iterator[date]:
    day = start.date()
    last = (end - timedelta(microseconds=1)).date() if end > start else day
    for _ in range(MOST_DAYS):
        yield day
        day += timedelta(days=1)
        if day > last:
            return


def _listed(value: Any) -> list[Any]:
    """What may stand once or several times, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
