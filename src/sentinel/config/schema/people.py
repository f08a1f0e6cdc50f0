"""People, who of them is on call, and which way incidents go, as a file has them."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from sentinel.base.fields import Options, ZoneName
from sentinel.base.moments import within_reason
from sentinel.base.units import parse_duration
from sentinel.config.schema.calendars import Day
from sentinel.config.schema.fields import TIME_OF_DAY, HowBad, Line, Name, time_of_day

DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)


def _recipient(value: str) -> str:
    if not value or len(value) > 254 or not value.isprintable():
        raise ValueError("an address of one line, of at most 254 characters")
    return value


def _turn(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if value in ("day", "week"):
        return DAY if value == "day" else _WEEK
    turn = parse_duration(value) if isinstance(value, str) else timedelta(0)
    if turn <= timedelta(0) or (turn % DAY and (DAY % turn or turn < timedelta(hours=1))):
        raise ValueError("'day', 'week', a number of days such as '3d', or hours that divide a day, such as '12h'")
    return turn


def _time(value: object) -> datetime:
    """A time; one without a zone is local to the schedule, and still naive here."""
    found = _read(value)
    within_reason(found.year)
    return found


def _read(value: object) -> datetime:
    if isinstance(value, datetime):
        return value  # TOML has times of its own
    if isinstance(value, date):
        return datetime.combine(value, datetime.min.time())
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise ValueError("a time such as '2026-12-24T09:00'") from None


_TIME_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time"})

Recipient = Annotated[str, AfterValidator(_recipient), WithJsonSchema({"type": "string", "minLength": 1})]

TimeOfDay = Annotated[
    str, AfterValidator(time_of_day), WithJsonSchema({"type": "string", "pattern": f"^({TIME_OF_DAY.pattern})$"})
]

#: How long a turn lasts: `"day"`, `"week"`, `"3d"`, `"12h"`.
TurnLength = Annotated[timedelta, BeforeValidator(_turn), WithJsonSchema({"type": "string"})]

LocalTime = Annotated[datetime, BeforeValidator(_time), _TIME_SCHEMA]


class AddressEntry(Options):
    """Where a person is reached."""

    channel: Name
    """Name of the channel."""
    recipient: Recipient | None = None
    """The person's own address in it: a mail address, or the id of a Slack user or channel. Not given: everybody whom the
    channel reaches."""


class PersonEntry(Options):
    """Somebody who can be on call."""

    title: Line = ""
    """What others call them. In a calendar file they are found by it too."""
    addresses: tuple[AddressEntry, ...] = Field(min_length=1)
    """Where they are reached; they are told at all of these."""


class OverrideEntry(Options):
    """Somebody who is on call in place of whoever it would be."""

    person: Name
    """Name of the person."""
    from_: LocalTime = Field(alias="from")
    """From when, such as `2026-12-24T09:00`; local to the zone of the schedule unless it names its own."""
    to: LocalTime
    """Until when."""
    why: Line = ""
    """Why."""


class ScheduleRotation(Options):
    """People who take turns."""

    people: tuple[Name, ...] = Field(min_length=1)
    """Names of the people, in the order of their turns."""
    every: TurnLength = Field(default="week", validate_default=True)
    """How long a turn lasts: `day`, `week`, days such as `3d`, or hours that divide a day, such as `12h`."""
    start: Day
    """Day of the first turn, which is that of the first person. Nobody is on call before it."""
    handover: TimeOfDay = "09:00"
    """Local time at which a turn begins."""
    weekday: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] | None = None
    """Day of the week on which turns of weeks begin. The first one then begins on the last such day up to `start`. Not given:
    the weekday of `start`."""
    zone: ZoneName = "UTC"
    """Time zone of the turns, by its IANA name."""
    when: Name | None = None
    """Name of a calendar: they are on call only while it covers. Not given: always."""
    overrides: tuple[OverrideEntry, ...] = ()
    """Who stands in for whom; the later entry counts where two overlap."""


class ScheduleFile(Options):
    """What a calendar file says about who is on call."""

    file: str
    """Path of a calendar file (iCal, `.ics`). Whoever an event names is on call while it lasts: people are found by the mail
    address or name of its attendees, or else by their name in its summary. It is read again when it changes."""
    zone: ZoneName = "UTC"
    """Time zone of all-day events, and of times that name no zone."""
    overrides: tuple[OverrideEntry, ...] = ()
    """Who stands in for whom; the later entry counts where two overlap."""


class RouteMatch(Options):
    """Which incidents are meant: all conditions that are given must hold, within one of them any of its values will do."""

    checks: tuple[Line, ...] = ()
    """Names of checks; `*` stands for any letters, `?` for one."""
    tags: tuple[Name, ...] = ()
    """Tags of checks."""
    kinds: tuple[str, ...] = ()
    """Kinds of checks, such as `http`."""
    severity: HowBad | None = None
    """How bad the incident is, neither more nor less."""


class RouteEntry(Options):
    """Incidents that go by a policy of their own."""

    match: RouteMatch = RouteMatch()
    """Which incidents. Empty: all."""
    when: Name | None = None
    """Name of a calendar: only what begins or gets worse while it covers. Not given: always."""
    policy: Name
    """Name of the policy they go by."""
