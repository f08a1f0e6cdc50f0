"""Calendars: from the entries of the file to hours and days in a zone."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from sentinel.base.clock import SystemClock
from sentinel.config.ical import BadCalendar, read_calendar
from sentinel.config.keypath import KeyPath
from sentinel.config.load import Loaded
from sentinel.config.named import named_entries
from sentinel.config.problems import Problems, did_you_mean, listed
from sentinel.config.read import read
from sentinel.config.schema.calendars import CalendarEntry, CalendarFile, hours, weekdays
from sentinel.core.hours import Calendar, Span

CALENDARS_AT: KeyPath = ("calendars",)

#: Holidays of a file are known from so long before it is read to so long after it.
HOLIDAYS_BEFORE = timedelta(days=366)
HOLIDAYS_AFTER = timedelta(days=5 * 366)


def compile_calendars(loaded: Loaded) -> dict[str, Calendar]:
    """The calendars by name. One that something is wrong with is noted and still has its name, so that whoever uses it is not
    told of as well."""
    entries = named_entries(loaded, CALENDARS_AT, "calendars by their names")
    return {name: _calendar((*CALENDARS_AT, name), name, data, loaded) for name, data in entries.items()}


def refuse_unknown_calendar(
    path: KeyPath, name: str, known: Collection[str] | Mapping[str, Calendar], problems: Problems
) -> None:
    """Note a name that no calendar has."""
    if name not in known:
        expected = f"the name of a calendar: {listed(known)}" if known else "no name: there are no calendars"
        problems.add(path, repr(name), expected, did_you_mean(name, known))


def _calendar(path: KeyPath, name: str, data: object, loaded: Loaded) -> Calendar:
    entry = read(CalendarEntry, data, path, loaded.problems)
    if entry is None:
        return Calendar(name=name, zone="UTC")
    _refuse_doubtful(path, entry, loaded.problems)
    spans = (hours(text) for text in entry.hours)
    return Calendar(
        name=name,
        zone=entry.zone,
        spans=tuple(Span(start=start, end=end) for start, end in spans),
        weekdays=frozenset(day for text in entry.days for day in weekdays(text)),
        month_days=frozenset(entry.month_days),
        holidays=_holidays((*path, "holidays"), entry, loaded),
        on_holidays=entry.on_holidays,
    )


def _refuse_doubtful(path: KeyPath, entry: CalendarEntry, problems: Problems) -> None:
    if entry.on_holidays and not entry.holidays:
        hint = "without holidays, `on_holidays` may be left out"
        problems.add((*path, "on_holidays"), "true, and no holidays", "holidays that it holds on", hint)


def _holidays(path: KeyPath, entry: CalendarEntry, loaded: Loaded) -> frozenset[date]:
    if not isinstance(entry.holidays, CalendarFile):
        return frozenset(entry.holidays)
    now = SystemClock().now()
    try:
        events = read_calendar(
            loaded.places.resolve(entry.holidays.file), entry.zone, now - HOLIDAYS_BEFORE, now + HOLIDAYS_AFTER
        )
    except BadCalendar as error:
        loaded.problems.add((*path, "file"), error.found, error.expected, error.hint)
        return frozenset()
    days = frozenset(day for event in events for day in event.days)
    if not days:
        expected = "events between a year ago and five years from now"
        loaded.problems.add((*path, "file"), f"{entry.holidays.file!r}, which has none", expected)
    return days
