"""When a window is: once, or again and again by the clock of a time zone.

Asked, never iterated. A time of day that the spring leaves out starts at the next one that there is; one that the autumn
repeats starts once, the first time. An occurrence lasts as long as it says, by a stopwatch and not by the wall.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

#: Local times are looked at from so long before: more than any clock was ever set forward (Samoa left out a day in 2011).
_BEFORE = timedelta(hours=25)

#: What `shortest_gap` looks at: a year of starts, at most so many.
_YEAR, _MOST_STARTS = timedelta(days=400), 1_000

#: Where `shortest_gap` begins: any year that has a 29th of February.
_SOME_DAY = datetime(2028, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time that a window is open: from its start up to, and without, its end."""

    starts_at: datetime  # UTC
    ends_at: datetime  # UTC

    def contains(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A single occurrence."""

    starts_at: datetime  # aware
    ends_at: datetime  # aware

    def covering(self, now: datetime) -> Occurrence | None:
        """The occurrence that `now` lies in."""
        return self._occurrence if self._occurrence.contains(now) else None

    def next_after(self, now: datetime) -> Occurrence | None:
        """The first occurrence that starts after `now`."""
        return self._occurrence if self.starts_at > now else None

    @property
    def _occurrence(self) -> Occurrence:
        return Occurrence(starts_at=self.starts_at.astimezone(UTC), ends_at=self.ends_at.astimezone(UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeating:
    """An occurrence at each time of a crontab's line."""

    line: str  # five fields; as Debian's cron reads them, with `L` and `SUN#2` beside (cronsim)
    zone: str  # IANA name
    duration: timedelta  # of each occurrence; shorter than the shortest gap between two starts

    def covering(self, now: datetime) -> Occurrence | None:
        """The occurrence that `now` lies in."""
        last = self.next_after(now - self.duration)
        return last if last is not None and last.contains(now) else None

    def next_after(self, now: datetime) -> Occurrence | None:
        """The first occurrence that starts after `now`; None when there is none within 50 years."""
        start = next((start for start in starts(self.line, self.zone, now - _BEFORE) if start > now), None)
        return None if start is None else Occurrence(starts_at=start, ends_at=start + self.duration)


#: When a window is.
Recurrence = Once | Repeating


def starts(line: str, zone: str, after: datetime) -> Iterator[datetime]:
    """The times of a crontab's line after a moment, in UTC. Near a change of the clock one may come twice, or late.

    Raises:
        ValueError: no such line, one that never comes true, or no such zone.
    """
    if len(line.split()) != 5:
        raise ValueError("five fields as in a crontab, such as '30 3 * * SUN'")
    try:
        times = CronSim(line, after.astimezone(ZoneInfo(zone)))
    except (CronSimError, ValueError):
        raise ValueError("a line of a crontab that comes true, such as '30 3 * * SUN'") from None
    return (start.astimezone(UTC) for start in times)


def moment(local: datetime, zone: str) -> datetime:
    """A time by the clock on the wall, in UTC: the first of two in autumn, and the next that there is where spring has none.

    Args:
        local: without a zone.
        zone: IANA name.
    """
    there = ZoneInfo(zone)
    local = local.replace(fold=0)  # whoever names the second of two means the first all the same
    found = local.replace(tzinfo=there)
    while found.astimezone(UTC).astimezone(there).replace(tzinfo=None) != local:
        local += timedelta(minutes=1)  # at most a day of them: see `_BEFORE`
        found = local.replace(tzinfo=there)
    return found.astimezone(UTC)


def shortest_gap(line: str, zone: str) -> timedelta:
    """The shortest time between two starts of a crontab's line within a year; `timedelta.max` where there are no two.

    Raises:
        ValueError: as `starts`.
    """
    shortest, last, number = timedelta.max, None, 0
    for number, start in enumerate(starts(line, zone, _SOME_DAY)):
        if last is not None and start > last:
            shortest = min(shortest, start - last)
        if number > _MOST_STARTS or start > _SOME_DAY + _YEAR:
            break
        last = start
    return shortest


def next_occurrences(when: Recurrence, now: datetime, most: int) -> tuple[Occurrence, ...]:
    """The first occurrences that start after `now`, at most so many."""
    found: list[Occurrence] = []
    while len(found) < most:
        following = when.next_after(found[-1].starts_at if found else now)
        if following is None:
            break
        found.append(following)
    return tuple(found)
