"""Whom Sentinel tells, and when, as a file has it."""

from typing import Literal

from pydantic import Field

from sentinel.base.fields import Duration, Options, PositiveDuration
from sentinel.config.schema.canary import CanaryEntry
from sentinel.config.schema.fields import Count, HowBad, Name


class LevelEntry(Options):
    """One level of escalation."""

    after: Duration
    """Time since the incident opened; for a level of critical incidents, since it became critical."""
    channels: tuple[Name, ...] = ()
    """Names of the channels that are told. May be left out where somebody is on call."""
    on_call: tuple[Name, ...] = ()
    """Names of schedules: whoever is on call when the level is told is told too."""
    severity: HowBad = "warning"
    """The least severity that reaches this level."""
    repeat: Duration = Field(default=0, validate_default=True)
    """The level is told again so long after it was told, while nobody has taken the incident; 0 is never."""
    repeats: Count = 5
    """How often it is told again at most."""


class PerSeverity(Options):
    """A time for each severity."""

    warning: Duration = Field(default="4h", validate_default=True)
    """For a warning."""
    critical: Duration = Field(default="30m", validate_default=True)
    """For a critical incident."""


class Hold(PerSeverity):
    """How long an acknowledgement holds."""

    critical: Duration = Field(default="1h", validate_default=True)
    """For a critical incident."""


class UpdatesEntry(Options):
    """Who is kept informed while an incident lasts: those who need not act, such as heads of departments."""

    channels: tuple[Name, ...] = Field(min_length=1)
    """Names of the channels."""
    every: PositiveDuration = Field(default="15m", validate_default=True)
    """How often they hear how it stands."""
    after: Duration = Field(default="15m", validate_default=True)
    """How long an incident lasts before they hear of it first."""
    severity: HowBad = "critical"
    """The least severity of which they hear."""


class GroupTimes(Options):
    """How what breaks together is told of in one message."""

    wait: Duration = Field(default="30s", validate_default=True)
    """Whatever joins a trouble or leaves it within this time is told in one message."""
    every: Duration = Field(default="5m", validate_default=True)
    """The least time between two such messages."""


class PolicyEntry(Options):
    """Who is told when."""

    levels: tuple[LevelEntry, ...] = Field(min_length=1)
    """The levels, in the order of their times."""
    remind: PerSeverity = PerSeverity()
    """How often everybody who was told is reminded, at least a second; 0 is never."""
    acknowledge: Hold = Hold()
    """How long an acknowledgement holds unless it says otherwise; then the escalation goes on."""
    updates: UpdatesEntry | None = None
    """Who is kept informed while an incident lasts. Not given: nobody."""
    group: GroupTimes = GroupTimes()
    """When people hear of others in the same trouble."""
    quiet: Name | tuple[Name, ...] = ()
    """Name of a calendar, or several: while one of them covers, people are told of critical incidents only. Of a warning they
    are told when it ends, if it still lasts."""


class BudgetEntry(Options):
    """How many messages one recipient gets at most: so many at once, and then steadily as many in such a time. What there is
    no room for goes into one message, critical first; nothing is left out."""

    messages: int = Field(ge=1, le=10_000)
    """How many."""
    per: PositiveDuration = Field(default="10m", validate_default=True)
    """In which time."""


class ChannelEntry(Options):
    """A way to tell people. Beside `kind` stand the options of that kind."""

    kind: str
    """What kind of channel it is; each has a section below."""
    canary: CanaryEntry | None = None
    """A message on a schedule that proves that the channel works; none when not given."""
    budget: BudgetEntry | Literal[False] | None = None
    """How many messages one recipient gets at most. Left out: 30 in 10 minutes by email and Slack, as many as there are to a
    webhook. `false`: as many as there are."""
    fallback: Name | None = None
    """Name of the channel that stands in when this one refuses a message, or has taken none for a minute."""
