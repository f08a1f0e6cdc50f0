"""Calendars: hours and days that a rule, a route, quiet hours or a window go by, in a zone of their own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

#: How far ahead `until` looks: past a leap year, in case somebody names the 29th of February alone.
HORIZON = timedelta(days=4 * 366 + 1)

_DAY = timedelta(days=1)
_DAY_SECONDS = 86_400
_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From one local time of day to another; to one that is not later: over midnight. Both at midnight: the whole day.

    The start is in it, the end is not.
    """

    start: time
    end: time


WHOLE_DAY = Span(start=_MIDNIGHT, end=_MIDNIGHT)


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """When something holds. A moment is covered when its local day is one of the days and its time lies in one of the spans.

    Hours over midnight belong to the day on which they begin: Friday from 22:00 to 06:00 covers Saturday at 05:00. Times are
    those that a clock on the wall shows: where the zone repeats an hour in autumn both count, where spring has none nothing does.
    """

    name: str
    zone: str  # IANA name
    spans: tuple[Span, ...] = ()  # none: the whole day
    weekdays: frozenset[int] = frozenset()  # 0 is Monday; none: every day
    month_days: frozenset[int] = (
        frozenset()
    )  # 1 to 31, -1 is the last day of the month, -2 the one before; none: every day
    holidays: frozenset[date] = frozenset()
    on_holidays: bool = False  # False: never on a holiday; True: on every holiday too, whatever day of the week it is

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def covers(self, at: datetime) -> bool:
        """Whether a moment lies in it. `at` is aware."""
        local = at.astimezone(self._zone)
        today, now = local.date(), local.hour * 3600 + local.minute * 60 + local.second
        for start, end in self._seconds:
            if start <= now < end and self.has_day(today):
                return True
            if now + _DAY_SECONDS < end and self.has_day(today - _DAY):
                return True
        return False

    def has_day(self, day: date) -> bool:
        """Whether hours of it begin on that day."""
        if day in self.holidays:
            return self.on_holidays
        if self.weekdays and day.weekday() not in self.weekdays:
            return False
        return not self.month_days or day.day in self.month_days or _from_the_end(day) in self.month_days

    def until(self, at: datetime) -> datetime | None:
        """The next moment at which it begins to cover or ceases to, UTC; None when that is further away than `HORIZON`."""
        covered = self.covers(at)
        return next((edge for edge in self._edges(at) if edge > at and self.covers(edge) is not covered), None)

    @cached_property
    def _seconds(self) -> tuple[tuple[int, int], ...]:
        """The spans in seconds since local midnight of the day on which they begin."""
        spans = ((_since_midnight(span.start), _since_midnight(span.end)) for span in self.spans or (WHOLE_DAY,))
        return tuple((start, end if end > start else end + _DAY_SECONDS) for start, end in spans)

    def _edges(self, at: datetime) -> Iterator[datetime]:
        """The moments at which anything may change, in order: midnights, starts and ends, and steps of the zone's clock."""
        times = sorted({_MIDNIGHT, *(edge for span in self.spans for edge in (span.start, span.end))})
        day = at.astimezone(self._zone).date()
        last = (at + HORIZON).date()
        while day <= last:
            # A time that spring has not comes out as one after the step; a repeated one is asked for both times.
            moments = {datetime.combine(day, one, self._zone).replace(fold=fold) for one in times for fold in (0, 1)}
            yield from sorted({moment.astimezone(UTC) for moment in moments} | self._steps(day))
            day += _DAY

    def _steps(self, day: date) -> set[datetime]:
        """The moment on that day at which the zone's clock steps, to the minute; none on nearly all days."""
        first = datetime.combine(day, _MIDNIGHT, self._zone).astimezone(UTC)
        last = datetime.combine(day + _DAY, _MIDNIGHT, self._zone).astimezone(UTC)
        if self._offset(first) == self._offset(last):
            return set()
        while last - first > timedelta(minutes=1):
            middle = first + (last - first) // 2
            first, last = (middle, last) if self._offset(middle) == self._offset(first) else (first, middle)
        return {last.replace(second=0, microsecond=0)}

    def _offset(self, at: datetime) -> timedelta | None:
        return at.astimezone(self._zone).utcoffset()


def any_covers(calendars: Sequence[Calendar], at: datetime) -> bool:
    """Whether a moment lies in one of them."""
    return any(calendar.covers(at) for calendar in calendars)


def _since_midnight(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second


def _from_the_end(day: date) -> int:
    """-1 for the last day of its month, -2 for the one before."""
    next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return (day - next_month).days
