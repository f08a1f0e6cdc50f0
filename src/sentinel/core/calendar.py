"""Which period a scheduled report is due for: once per local day, week, month, quarter or year, whatever its clock does.

A report is not fired by a time of day; it is owed for a period. The period has a key, the key of the last report that was
made is remembered, and so a restart, a repeated hour in autumn and a missing one in spring neither repeat nor lose a report.
(A trigger on the time of day alone fires twice when the hour from one to two is repeated.)
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sentinel.core.plan import ReportPlan

#: So long after its end a period is summed up: its last roll-up is complete with the first results after it.
SETTLED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A local day, week, month, quarter or year, as moments in UTC."""

    key: str  # `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4` or `2026`; sorts by time among keys of the same form
    since: datetime  # UTC; local midnight at its start
    until: datetime  # UTC; local midnight after its end, so a day of 23 or 25 hours is a whole day


def due(report: ReportPlan, last: str | None, now: datetime) -> Period | None:
    """The newest finished period that this report is owed for, or None when it has been made or is not due yet.

    Periods that were missed before the newest one are left out: after a week of standstill one daily report is made.

    Args:
        report: what is due, and at which local time after its period ended; never sooner than `SETTLED` after that.
        last: key of the period that was reported last, None when there was none.
        now: aware.
    """
    zone = ZoneInfo(report.zone)
    day = _last_day(report, now, zone)
    period = _period_before(day, report.every, zone)
    # A key of another form is one of another `every`: the configuration changed, and the two cannot be compared.
    if last is not None and _form(last) == _form(period.key) and last >= period.key:
        return None
    return period


def _last_day(report: ReportPlan, now: datetime, zone: ZoneInfo) -> date:
    """The newest day on which a report of this kind is made and whose time of day has come."""
    day = _first_of(now.astimezone(zone).date(), report.every)
    if now < max(_moment(day, report.at, zone), _moment(day, "00:00", zone) + SETTLED):
        day = _first_of(day - timedelta(days=1), report.every)
    return day


def _moment(day: date, at: str, zone: ZoneInfo) -> datetime:
    """A local time on a day, in UTC: the first of two in autumn, and an hour later where spring has none."""
    hour, minute = at.split(":")
    return datetime.combine(day, time(int(hour), int(minute)), zone).astimezone(UTC)


def _period_before(day: date, every: str, zone: ZoneInfo) -> Period:
    first = _first_of(day - timedelta(days=1), every)
    return Period(key=_key(first, every), since=_moment(first, "00:00", zone), until=_moment(day, "00:00", zone))


def _first_of(day: date, every: str) -> date:
    """The first day of the period that a day lies in. Weeks begin on Monday."""
    match every:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=_quarter(day) * 3 - 2, day=1)
        case "year":
            return day.replace(month=1, day=1)
        case _:
            return day


def _key(day: date, every: str) -> str:
    match every:
        case "week":
            return f"{day:%G-W%V}"
        case "month":
            return f"{day:%Y-%m}"
        case "quarter":
            return f"{day:%Y}-Q{_quarter(day)}"
        case "year":
            return f"{day:%Y}"
        case _:
            return day.isoformat()


def _quarter(day: date) -> int:
    return (day.month + 2) // 3


def _form(key: str) -> str:
    return "".join("0" if sign.isdecimal() else sign for sign in key)


# --- Periods by their keys --------------------------------------------------------------------------------------------

#: For each kind of period the form of its keys, and days after which the next one has begun, however long this one is.
_KEYS = {
    "day": (re.compile(r"\d{4}-\d\d-\d\d"), 1),
    "week": (re.compile(r"(\d{4})-W(\d\d)"), 7),
    "month": (re.compile(r"(\d{4})-(\d\d)"), 31),
    "quarter": (re.compile(r"(\d{4})-Q([1-4])"), 92),
    "year": (re.compile(r"\d{4}"), 366),
}


def named(key: str, zone: ZoneInfo) -> Period:
    """The period of a key, such as `2026-11-21`, `2026-W47`, `2026-11`, `2026-Q4` or `2026`.

    Raises:
        ValueError: it is no such key.
    """
    for every, (form, longest) in _KEYS.items():
        if found := form.fullmatch(key):
            first = _first_day(every, key, found)
            after = _first_of(first + timedelta(days=longest), every)
            return Period(key=key, since=_moment(first, "00:00", zone), until=_moment(after, "00:00", zone))
    raise ValueError("a day such as 2026-11-21, a week 2026-W47, a month 2026-11, a quarter 2026-Q4 or a year 2026")


def _first_day(every: str, key: str, found: re.Match[str]) -> date:
    match every:
        case "day":
            return date.fromisoformat(key)
        case "week":
            return date.fromisocalendar(int(found[1]), int(found[2]), 1)
        case "month":
            return date(int(found[1]), int(found[2]), 1)
        case "quarter":
            return date(int(found[1]), int(found[2]) * 3 - 2, 1)
        case _:
            return date(int(key), 1, 1)
