"""People and who of them is on call: from the entries of the file to schedules."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sentinel.base.clock import SystemClock
from sentinel.config.calendars import refuse_unknown_calendar
from sentinel.config.ical import BadCalendar, Occurrence, read_calendar
from sentinel.config.keypath import KeyPath
from sentinel.config.kinds import ChannelKinds
from sentinel.config.load import Loaded
from sentinel.config.named import named_entries
from sentinel.config.problems import Problems, did_you_mean, listed
from sentinel.config.read import read
from sentinel.config.schema.calendars import WEEKDAYS
from sentinel.config.schema.people import (
    AddressEntry,
    OverrideEntry,
    PersonEntry,
    ScheduleFile,
    ScheduleRotation,
)
from sentinel.config.telling import ChannelPart, channel_names, command_names, refuse_unknown_channel
from sentinel.core.hours import Calendar
from sentinel.core.incident import Address
from sentinel.core.oncall import OnCall, Override, Person, Rotation, Shift, Shifts

PEOPLE_AT: KeyPath = ("people",)
ON_CALL_AT: KeyPath = ("on_call",)

#: A calendar file is followed from so long before it is read to so long after it. It is read again every day.
SHIFTS_BEFORE = timedelta(days=2)
SHIFTS_AFTER = timedelta(days=92)
MOST_SHIFTS = 2_000

_WEEK = timedelta(weeks=1)


def compile_people(loaded: Loaded, channels: Sequence[ChannelPart], kinds: ChannelKinds) -> dict[str, Person]:
    """The people by name. One that something is wrong with is noted and still has its name."""
    entries = named_entries(loaded, PEOPLE_AT, "people by their names")
    compiler = _PeopleCompiler(loaded, channels, kinds)
    return {name: compiler.person((*PEOPLE_AT, name), name, data) for name, data in entries.items()}


class _PeopleCompiler:
    def __init__(self, loaded: Loaded, channels: Sequence[ChannelPart], kinds: ChannelKinds) -> None:
        self._problems = loaded.problems
        self._names, self._commands = channel_names(loaded), command_names(loaded)
        self._channels = {part.channel.name: part.channel for part in channels}
        self._kinds = kinds

    def person(self, path: KeyPath, name: str, data: object) -> Person:
        entry = read(PersonEntry, data, path, self._problems)
        if entry is None:
            return Person(name=name)
        places = ((*path, "addresses", index) for index in range(len(entry.addresses)))
        found = (self._addresses(place, one) for place, one in zip(places, entry.addresses, strict=True))
        addresses = tuple(dict.fromkeys(address for several in found for address in several))
        return Person(name=name, title=entry.title, addresses=addresses)

    def _addresses(self, path: KeyPath, entry: AddressEntry) -> tuple[Address, ...]:
        refuse_unknown_channel((*path, "channel"), entry.channel, self._names, self._problems, self._commands)
        channel = self._channels.get(entry.channel)
        if channel is None:
            return ()
        if entry.recipient is None:
            return tuple(Address(channel.name, recipient) for recipient in channel.recipients)
        try:
            own = self._kinds[channel.kind].own_address(channel.options, entry.recipient)
            return (Address(channel.name, own),)
        except ValueError as error:
            self._problems.add((*path, "recipient"), repr(entry.recipient), str(error))
            return ()


def compile_on_call(
    loaded: Loaded, people: Mapping[str, Person], calendars: Mapping[str, Calendar]
) -> dict[str, OnCall]:
    """The schedules by name. One that something is wrong with is noted and still has its name."""
    entries = named_entries(loaded, ON_CALL_AT, "schedules by their names")
    return {
        name: _schedule((*ON_CALL_AT, name), name, data, loaded, people, calendars) for name, data in entries.items()
    }


def _schedule(
    path: KeyPath,
    name: str,
    data: object,
    loaded: Loaded,
    people: Mapping[str, Person],
    calendars: Mapping[str, Calendar],
) -> OnCall:
    problems = loaded.problems
    entry: ScheduleFile | ScheduleRotation | None
    if isinstance(data, Mapping) and "file" in data:
        entry = read(ScheduleFile, data, path, problems)
    else:
        entry = read(ScheduleRotation, data, path, problems)
    if entry is None:
        return OnCall(name=name, plan=Shifts(shifts=()), people=people)
    plan: Rotation | Shifts
    if isinstance(entry, ScheduleFile):
        plan = _from_file(path, entry, loaded, people)
    else:
        plan = _rotation(path, entry, problems, people, calendars)
    overrides = tuple(_overrides(path, name, entry.zone, entry.overrides, problems, people))
    return OnCall(name=name, plan=plan, people=people, overrides=overrides)


def _rotation(
    path: KeyPath,
    entry: ScheduleRotation,
    problems: Problems,
    people: Mapping[str, Person],
    calendars: Mapping[str, Calendar],
) -> Rotation:
    for index, name in enumerate(entry.people):
        _refuse_unknown_person((*path, "people", index), name, people, problems)
    if entry.when is not None:
        refuse_unknown_calendar((*path, "when"), entry.when, calendars, problems)
    starts = entry.start
    if entry.weekday is not None:
        if entry.every % _WEEK:
            hint = "`every` is not a number of weeks, so turns begin on different days; leave `weekday` out"
            problems.add((*path, "weekday"), repr(entry.weekday), "no weekday", hint)
        starts -= timedelta(days=(starts.weekday() - WEEKDAYS.index(entry.weekday)) % 7)
    return Rotation(
        people=entry.people,
        zone=entry.zone,
        starts=starts,
        handover=time.fromisoformat(entry.handover),
        turn=entry.every,
        calendar=calendars.get(entry.when) if entry.when else None,
    )


def _overrides(
    path: KeyPath,
    schedule: str,
    zone: str,
    entries: Sequence[OverrideEntry],
    problems: Problems,
    people: Mapping[str, Person],
) -> Iterator[Override]:
    for index, entry in enumerate(entries):
        place: KeyPath = (*path, "overrides", index)
        _refuse_unknown_person((*place, "person"), entry.person, people, problems)
        starts_at, ends_at = _utc(entry.from_, zone), _utc(entry.to, zone)
        if ends_at <= starts_at:
            found = problems.shown((*place, "to"), secret=False)
            problems.add((*place, "to"), found, "a time after `from`")
        yield Override(schedule=schedule, person=entry.person, starts_at=starts_at, ends_at=ends_at, why=entry.why)


def _utc(moment: datetime, zone: str) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _refuse_unknown_person(path: KeyPath, name: str, known: Collection[str], problems: Problems) -> None:
    if name not in known:
        expected = f"the name of a person: {listed(known)}" if known else "no name: there is nobody in `people`"
        problems.add(path, repr(name), expected, did_you_mean(name, known))


# --- Calendar files -------------------------------------------------------------------------------------------------


def _from_file(path: KeyPath, entry: ScheduleFile, loaded: Loaded, people: Mapping[str, Person]) -> Shifts:
    empty = Shifts(shifts=(), file=str(loaded.places.resolve(entry.file)), zone=entry.zone)
    try:
        return _read_shifts(empty, people, SystemClock().now())
    except BadCalendar as error:
        loaded.problems.add((*path, "file"), error.found, error.expected, error.hint)
        return empty


def reread(schedule: OnCall, now: datetime) -> OnCall:
    """The schedule with what its calendar file says now; itself where it has none.

    Blocks while it reads.

    Raises:
        BadCalendar: the file cannot be used; the schedule as it is stays good.
    """
    if not isinstance(schedule.plan, Shifts) or not schedule.plan.file:
        return schedule
    return replace(schedule, plan=_read_shifts(schedule.plan, schedule.people, now))


def _read_shifts(known: Shifts, people: Mapping[str, Person], now: datetime) -> Shifts:
    file, until = Path(known.file), now + SHIFTS_AFTER
    events = read_calendar(file, known.zone, now - SHIFTS_BEFORE, until)
    if len(events) > MOST_SHIFTS:
        raise BadCalendar(f"{len(events)} events within {SHIFTS_AFTER.days} days", f"at most {MOST_SHIFTS}")
    shifts = [(event, _named(event, people)) for event in events]
    if events and not any(names for _, names in shifts):
        raise BadCalendar(
            f"{file.name}, whose events name nobody of `people`",
            f"events that name {listed(people)}" if people else "people in `people`",
            "people are found by the mail address or name of an attendee, or by their name in the summary",
        )
    return replace(
        known,
        shifts=tuple(
            Shift(starts_at=event.starts_at, ends_at=event.ends_at, people=names) for event, names in shifts if names
        ),
        until=until,
        unnamed=sum(not names for _, names in shifts),
    )


def _named(event: Occurrence, people: Mapping[str, Person]) -> tuple[str, ...]:
    """Whom an event names: its attendees, or else whoever stands in its summary."""
    invited = {name.casefold() for name in event.attendees}
    by_invitation = tuple(person.name for person in people.values() if invited & _known_as(person))
    if by_invitation:
        return by_invitation
    words = _words(event.summary)
    return tuple(
        person.name
        for person in people.values()
        if any(f" {_words(name)} " in f" {words} " for name in (person.name, person.title) if name)
    )


def _known_as(person: Person) -> set[str]:
    addresses = (address.recipient for address in person.addresses)
    return {name.casefold() for name in (person.name, person.title, *addresses) if name}


def _words(text: str) -> str:
    """The words of a text, without case and punctuation, so that `On call: Anna` names anna."""
    return " ".join("".join(letter if letter.isalnum() else " " for letter in text.casefold()).split())
