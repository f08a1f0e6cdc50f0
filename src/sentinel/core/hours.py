"""Calendars: hours and days that a rule, a route, quiet hours or a window go by, in a zone of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From one local time of day to another; to one that is not later: over midnight. Both at midnight: the whole day."""

    start: time
    end: time


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """When something holds. A moment is covered when its local day is one of the days and its time lies in one of the spans."""

    name: str
    zone: str  # IANA name
    spans: tuple[Span, ...] = ()  # none: the whole day
    weekdays: frozenset[int] = frozenset()  # 0 is Monday; none: every day
    month_days: frozenset[int] = (
        frozenset()
    )  # 1 to 31, -1 is the last day of the month, -2 the one before; none: every day
    holidays: frozenset[date] = frozenset()
    on_holidays: bool = False  # False: never on a holiday; True: on holidays too

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def covers(self, at: datetime) -> bool:
        """Whether a moment lies in it. `at` is aware."""
        raise NotImplementedError


def any_covers(calendars: Sequence[Calendar], at: datetime) -> bool:
    """Whether a moment lies in one of them."""
    return any(calendar.covers(at) for calendar in calendars)
