"""A month as a calendar of silences and windows: which of them are in force on which day. Days are those of UTC."""

from calendar import Calendar
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from sentinel.core.recurrence import Occurrence, next_occurrences
from sentinel.core.window import Window, Windows
from sentinel.reports.documents import Document, HeldLine, SilenceLine

#: Times of one window in a month that are looked for; one that is open each hour would fill every day anyway.
MOST_TIMES: Final = 100

#: Things that one day shows.
MOST_ON_A_DAY: Final = 6

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that keeps people from being told, for a time."""

    kind: str  # `silence` or `window`
    title: str
    covers: str
    starts_at: datetime
    ends_at: datetime

    def touches(self, day: date) -> bool:
        """Whether any of it lies in that day."""
        begin = datetime.combine(day, time(), UTC)
        return self.starts_at < begin + _DAY and self.ends_at > begin


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of the calendar."""

    date: date
    inside: bool  # of the month, and not of the week that it begins or ends in
    today: bool
    entries: tuple[Entry, ...]  # the one that starts first first
    more: int  # that are not among them


@dataclass(frozen=True, slots=True, kw_only=True)
class Month(Document):
    """One month in weeks, each from Monday to Sunday."""

    first: date
    before: date  # the first day of the month before, and of the one after
    after: date
    weeks: tuple[tuple[Day, ...], ...]


def build(first: date, today: date, entries: Sequence[Entry]) -> Month:
    """The calendar of the month that begins with `first`."""
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    ordered = sorted(entries, key=lambda one: (one.starts_at, one.ends_at, one.title))
    return Month(
        first=first,
        before=(first - _DAY).replace(day=1),
        after=(first + timedelta(days=32)).replace(day=1),
        weeks=tuple(tuple(_day(day, first, today, ordered) for day in week) for week in weeks),
    )


def entries(
    first: date, windows: Windows, held: Iterable[HeldLine], silences: Iterable[SilenceLine], now: datetime
) -> tuple[Entry, ...]:
    """What is in force in the weeks of a month, or was, or is to be.

    Args:
        first: the first day of the month.
        windows: that there are.
        held: the times that windows were open before.
        silences: the past ones included.
        now: aware; what was before is known from `held` alone.
    """
    since = datetime.combine(first, time(), UTC) - timedelta(days=7)
    until = since + timedelta(days=46)
    every = (
        *(_of_silence(one) for one in silences),
        *(_of_held(one) for one in held if not one.called_off),
        *(_of_window(window, at) for window in windows for at in _times(window, max(since, now), until, now)),
    )
    return tuple(one for one in every if one.starts_at < until and one.ends_at > since)


def _times(window: Window, since: datetime, until: datetime, now: datetime) -> Iterator[Occurrence]:
    """When a window is open from `since` on, the time that it is open now included."""
    current = window.covering(now)
    if current is not None:
        yield current
    for at in next_occurrences(window.when, since, MOST_TIMES):
        if at.starts_at >= until or window.next_occurrence(at.starts_at - timedelta(seconds=1)) is None:
            return
        yield at


def _of_window(window: Window, at: Occurrence) -> Entry:
    return Entry(
        kind="window",
        title=window.title or window.id,
        covers=str(window.matcher),
        starts_at=at.starts_at,
        ends_at=at.ends_at,
    )


def _of_held(line: HeldLine) -> Entry:
    return Entry(kind="window", title=line.title, covers=line.covers, starts_at=line.starts_at, ends_at=line.ends_at)


def _of_silence(line: SilenceLine) -> Entry:
    return Entry(kind="silence", title=line.why, covers=line.covers, starts_at=line.starts_at, ends_at=line.ends_at)


def _day(day: date, first: date, today: date, entries: Sequence[Entry]) -> Day:
    found = [one for one in entries if one.touches(day)]
    return Day(
        date=day,
        inside=day.month == first.month,
        today=day == today,
        entries=tuple(found[:MOST_ON_A_DAY]),
        more=max(0, len(found) - MOST_ON_A_DAY),
    )
