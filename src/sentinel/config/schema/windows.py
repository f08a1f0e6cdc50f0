"""Maintenance windows as a file has them."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from sentinel.base.fields import Duration, Options, PositiveDuration, ZoneName
from sentinel.base.moments import within_reason
from sentinel.config.schema.calendars import Days, MonthDay
from sentinel.config.schema.fields import TIME_OF_DAY, Line, Name, time_of_day

_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}")


def _local(value: object) -> datetime:
    found = _read(value)
    within_reason(found.year)
    return found


def _read(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value  # TOML has local times of its own
    text = value if isinstance(value, str) else ""
    try:
        if not _LOCAL.fullmatch(text):
            raise ValueError
        return datetime.strptime(text.replace("T", " "), "%Y-%m-%d %H:%M").replace(tzinfo=UTC).replace(tzinfo=None)
    except ValueError:
        raise ValueError("a local time such as '2026-12-24 22:00'") from None


#: A time by the clock on the wall, such as `"2026-12-24 22:00"`; the zone stands beside it.
LocalTime = Annotated[
    datetime, BeforeValidator(_local), WithJsonSchema({"type": "string", "pattern": f"^{_LOCAL.pattern}$"})
]

TimeOfDay = Annotated[
    str, AfterValidator(time_of_day), WithJsonSchema({"type": "string", "pattern": TIME_OF_DAY.pattern})
]


class WindowMatch(Options):
    """Which checks are meant: all conditions that are given must hold, within one of them any of its values will do."""

    checks: tuple[Line, ...] = ()
    """Names of checks; `*` stands for any letters, `?` for one. Sentinel's own check `sentinel` is meant only where it is named
    in full."""
    tags: tuple[Name, ...] = ()
    """Tags of checks."""
    kinds: tuple[str, ...] = ()
    """Kinds of checks, such as `http`."""


class WindowEntry(Options):
    """A time in which trouble is expected: checks go on, and nothing opens. When: either `from` and `to`; or `every` and `at`;
    or `cron`; the latter two with a `duration`."""

    title: Line = ""
    """What people call it; its name when not given."""
    match: WindowMatch = WindowMatch()
    """Which checks. Empty: all, only Sentinel's own is not among them."""
    zone: ZoneName = "UTC"
    """Time zone of all its times, by its IANA name. A time that the change to summer time leaves out starts at the next one
    that there is; one that the change back repeats starts once."""
    from_: LocalTime | None = Field(default=None, alias="from")
    """Start of a window that comes once, such as `2026-12-24 22:00`."""
    to: LocalTime | None = None
    """Its end."""
    every: Literal["day", "week", "month"] | None = None
    """How often a window comes again."""
    at: TimeOfDay | None = None
    """Time of day at which it starts, such as `02:00`."""
    days: tuple[Days, ...] = ()
    """With `every` `week`: on which days, such as `sun` or `mon-fri`."""
    month_days: tuple[MonthDay, ...] = ()
    """With `every` `month`: on which days of the month; -1 is the last one. Months that have not that day are left out."""
    cron: str | None = None
    """Its starts as a line of a crontab, such as `0 2 * * SUN#1` for the first Sunday of a month."""
    duration: PositiveDuration | None = None
    """How long each time takes, by a stopwatch."""
    expect_down: bool = False
    """Whether down is what is expected: a check that is up all the time is pointed out when the window ends."""
    channels: tuple[Name, ...] = ()
    """Names of the channels that are told when it starts and when it ends."""
    before: Duration = Field(default=0, validate_default=True)
    """How long before its start they are told that it is to come; 0 is not at all."""
    update_every: Duration = Field(default=0, validate_default=True)
    """How often they are told how it goes while it is open, such as `15m`, at least a minute; 0 is not at all."""
    why: Line = ""
    """What it is for, shown to those who watch, never in public."""
    public: bool = False
    """Whether the public status page announces it, with the components that it covers."""
    public_text: Line = ""
    """What the status page says of it, only with `public`. Not given: that there is planned maintenance."""
