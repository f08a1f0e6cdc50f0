"""Who is on call: by turns, by a calendar file, and by what people have agreed on meanwhile."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import assert_never
from zoneinfo import ZoneInfo

from sentinel.core.hours import Calendar
from sentinel.core.incident import Address

#: Changes that are looked through at most.
MOST_CHANGES = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can be told."""

    name: str
    title: str = ""  # as others know them; the name when empty
    addresses: tuple[Address, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """People who take turns of equal length, by the clock on the wall: a turn over a step of the zone's clock is an hour
    longer or shorter."""

    people: tuple[str, ...]  # names, in their order
    zone: str  # IANA name
    starts: date  # day of the first turn; nobody is on call before it
    handover: time  # local time at which a turn begins
    turn: timedelta  # length of a turn: whole days, or a number of hours that divides a day
    calendar: Calendar | None = None  # only while it covers; None: always

    def on_duty(self, now: datetime) -> tuple[str, ...]:
        """The person whose turn it is; nobody before the first turn and outside of the calendar."""
        number = self._number(now)
        if number < 0 or (self.calendar is not None and not self.calendar.covers(now)):
            return ()
        return (self.people[number % len(self.people)],)

    def next_edge(self, now: datetime) -> datetime | None:
        """The next moment at which somebody else may be on duty."""
        handover = self._begins(max(self._number(now) + 1, 0))
        until = self.calendar.until(now) if self.calendar is not None else None
        return handover if until is None else min(handover, until)

    def _number(self, now: datetime) -> int:
        """Which turn it is, from 0; negative before the first."""
        wall = now.astimezone(self._zone).replace(tzinfo=None)
        number = (wall - self._first) // self.turn
        # The clock on the wall shows an hour twice in autumn; the turns themselves follow each other.
        while self._begins(number + 1) <= now:
            number += 1
        while self._begins(number) > now:
            number -= 1
        return number

    def _begins(self, number: int) -> datetime:
        return (self._first + number * self.turn).replace(tzinfo=self._zone).astimezone(UTC)

    @cached_property
    def _first(self) -> datetime:
        return datetime.combine(self.starts, self.handover)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A time for which people are on call."""

    starts_at: datetime  # UTC
    ends_at: datetime  # UTC; not in it
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shifts:
    """What a calendar file says: whoever has a shift is on call, all of them where shifts overlap."""

    shifts: tuple[Shift, ...]  # by their start
    file: str = ""  # path of the calendar file
    zone: str = "UTC"  # IANA name; of its all-day events
    until: datetime | None = None  # nothing is known after this; None: everything is
    unnamed: int = 0  # events of the file that name nobody who is known

    def on_duty(self, now: datetime) -> tuple[str, ...]:
        running = (shift for shift in self.shifts if shift.starts_at <= now < shift.ends_at)
        return tuple(dict.fromkeys(name for shift in running for name in shift.people))

    def next_edge(self, now: datetime) -> datetime | None:
        edges = (edge for shift in self.shifts for edge in (shift.starts_at, shift.ends_at) if edge > now)
        return min(edges, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Somebody who is on call in place of whoever it would be."""

    schedule: str
    person: str
    starts_at: datetime  # UTC
    ends_at: datetime  # UTC; not in it
    by: str = ""  # who arranged it
    why: str = ""
    id: int = 0  # of those that were arranged by command; 0: from the configuration

    def covers(self, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A time during which the same people are on call; nobody, where there are none."""

    starts_at: datetime
    ends_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCall:
    """One schedule."""

    name: str
    plan: Rotation | Shifts
    people: Mapping[str, Person]  # everybody it names
    overrides: tuple[Override, ...] = field(default=())  # the latest that covers a moment counts

    def who(self, now: datetime) -> tuple[Address, ...]:
        """Where whoever is on call is reached; nothing when nobody is."""
        on_duty = (self.people[name] for name in self.on_duty(now) if name in self.people)
        return tuple(dict.fromkeys(address for person in on_duty for address in person.addresses))

    def on_duty(self, now: datetime) -> tuple[str, ...]:
        """The names of those who are on call."""
        standing_in = [override for override in self.overrides if override.covers(now)]
        return (standing_in[-1].person,) if standing_in else self.plan.on_duty(now)

    def turns(self, since: datetime, until: datetime) -> Iterator[Turn]:
        """Who is on call from one moment to another, in order and without holes."""
        began, people = since, self.on_duty(since)
        for edge in self._edges(since, until):
            if (then := self.on_duty(edge)) != people:
                yield Turn(starts_at=began, ends_at=edge, people=people)
                began, people = edge, then
        yield Turn(starts_at=began, ends_at=until, people=people)

    def with_overrides(self, overrides: Sequence[Override]) -> "OnCall":
        """The schedule with more overrides, which count before those that it has; those for somebody it does not know do not."""
        mine = (one for one in overrides if one.schedule == self.name and one.person in self.people)
        return replace(self, overrides=(*self.overrides, *mine))

    def _edges(self, since: datetime, until: datetime) -> Iterator[datetime]:
        at = since
        for _ in range(MOST_CHANGES):
            edge = self._next_edge(at)
            if edge is None or edge >= until:
                return
            yield edge
            at = edge

    def _next_edge(self, at: datetime) -> datetime | None:
        planned = self.plan.next_edge(at)
        edges = [edge for one in self.overrides for edge in (one.starts_at, one.ends_at) if edge > at]
        return min([*edges, planned] if planned is not None else edges, default=None)


#: The schedules by name.
Schedules = Mapping[str, OnCall]


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """Whom a level reaches through its schedules."""

    addresses: tuple[Address, ...] = ()
    people: tuple[str, ...] = ()
    vacant: tuple[str, ...] = ()  # schedules that have nobody now, or that are there no more


def call(names: Sequence[str], schedules: Schedules, now: datetime) -> Called:
    """Who is on call by these schedules."""
    known = [schedules[name] for name in names if name in schedules]
    return Called(
        addresses=tuple(dict.fromkeys(address for schedule in known for address in schedule.who(now))),
        people=tuple(dict.fromkeys(name for schedule in known for name in schedule.on_duty(now))),
        vacant=tuple(name for name in names if name not in schedules or not schedules[name].who(now)),
    )


def first_gap(schedules: Sequence[OnCall], since: datetime, until: datetime) -> Turn | None:
    """The first time for which none of the schedules has anybody; None when there is none."""
    at = since
    for _ in range(MOST_CHANGES):
        if not any(schedule.on_duty(at) for schedule in schedules):
            edges = (_filled_at(schedule, at, until) for schedule in schedules)
            return Turn(starts_at=at, ends_at=min(edges, default=until), people=())
        ends = max(_ends(schedule, at, until) for schedule in schedules if schedule.on_duty(at))
        if ends >= until:
            return None
        at = ends
    return None


def _ends(schedule: OnCall, at: datetime, until: datetime) -> datetime:
    """When a schedule that has somebody has nobody."""
    return next((turn.starts_at for turn in schedule.turns(at, until) if not turn.people), until)


def _filled_at(schedule: OnCall, at: datetime, until: datetime) -> datetime:
    """When a schedule that has nobody has somebody."""
    return next((turn.starts_at for turn in schedule.turns(at, until) if turn.people), until)


def source(plan: Rotation | Shifts) -> str:
    """Where a schedule's people come from, in words."""
    match plan:
        case Rotation(people=people):
            return f"{', '.join(people)} in turn"
        case Shifts(file=file):
            return f"the calendar file {file.rpartition('/')[2]}"
        case _:
            assert_never(plan)
