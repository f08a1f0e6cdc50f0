"""Whom Sentinel tells, and when, as a file has it."""

from pydantic import Field

from sentinel.base.fields import Duration, Options
from sentinel.config.schema.fields import HowBad, Name


class LevelEntry(Options):
    """One level of escalation."""

    after: Duration
    """Time since the incident opened; for a level of critical incidents, since it became critical."""
    channels: tuple[Name, ...] = Field(min_length=1)
    """Names of the channels that are told."""
    severity: HowBad = "warning"
    """The least severity that reaches this level."""


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


class PolicyEntry(Options):
    """Who is told when."""

    levels: tuple[LevelEntry, ...] = Field(min_length=1)
    """The levels, in the order of their times."""
    remind: PerSeverity = PerSeverity()
    """How often everybody who was told is reminded; 0 is never."""
    acknowledge: Hold = Hold()
    """How long an acknowledgement holds unless it says otherwise; then the escalation goes on."""


class ChannelEntry(Options):
    """A way to tell people. Beside `kind` stand the options of that kind."""

    kind: str
    """What kind of channel it is; each has a section below."""
