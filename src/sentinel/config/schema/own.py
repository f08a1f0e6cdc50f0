"""The sections about Sentinel itself."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from sentinel.base.fields import Options, PositiveDuration, SecretField, ZoneName
from sentinel.config.schema.fields import TIME_OF_DAY, Name, time_of_day


class KeepEntry(Options):
    """How long things are kept."""

    results: PositiveDuration = Field(default="7d", validate_default=True)
    """Single results."""
    rollups: PositiveDuration = Field(default="90d", validate_default=True)
    """Sums over 5 minutes."""
    hours: PositiveDuration = Field(default="730d", validate_default=True)
    """Sums over an hour."""
    incidents: PositiveDuration = Field(default="2555d", validate_default=True)
    """Incidents with their timeline and deliveries: seven years."""


class StoreEntry(Options):
    """Where Sentinel keeps its results, incidents and messages."""

    url: SecretField | None = None
    """`sqlite:///path` or `postgresql://user@host/database`; a secret, because it may hold a password."""
    path: str | None = None
    """Path of an SQLite file, instead of `url`. Default: `sentinel.db` in the state folder."""
    keep: KeepEntry = KeepEntry()
    """How long things are kept."""


class WebEntry(Options):
    """Where Sentinel answers."""

    socket: str | None = None
    """Path of the Unix socket that `sentinel --status` asks. Default: `sentinel.sock` in the runtime or state folder."""
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address to listen on over TCP; only with `port`."""
    port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """TCP port of status, health and metrics, read-only; none when not given."""


class ScheduleEntry(Options):
    """One report on a schedule."""

    name: Name
    """Name of the report; its files are named after it."""
    every: Literal["day", "week", "month"]
    """The period that each report covers. A week starts on Monday."""
    at: Annotated[
        str, AfterValidator(time_of_day), WithJsonSchema({"type": "string", "pattern": TIME_OF_DAY.pattern})
    ] = "06:00"
    """Time of day at which it is made, in the zone of the reports."""
    channels: tuple[Name, ...] | None = None
    """Channels it is sent to. Not given: the email channels of the first level of the policy `default`."""


class ReportsEntry(Options):
    """Reports on a schedule."""

    folder: str | None = None
    """Where reports are written. Default: `reports/` beside this file, or in the state folder of the service."""
    zone: ZoneName = "UTC"
    """Time zone of the schedule and of the periods, by its IANA name."""
    schedule: tuple[ScheduleEntry, ...] = (ScheduleEntry(name="daily", every="day"),)
    """The reports. An empty list: none."""


class LogsEntry(Options):
    """How Sentinel itself logs."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important events that are logged."""
    format: Literal["auto", "console", "json"] = "auto"
    """`auto` is console on a terminal, else JSON."""
    file: str | None = None
    """A file to log to as well, beside standard output; it is rotated. A relative path starts from `$LOGS_DIRECTORY` where
    systemd sets it, else from the folder of this file."""
    max_bytes: Annotated[int, Field(ge=10_000)] = 20_000_000
    """Size at which the file is rotated."""
    backups: Annotated[int, Field(ge=0, le=100)] = 5
    """How many rotated files are kept."""


class LimitsEntry(Options):
    """What bounds the work."""

    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 500
    """Checks that run at the same time."""
    per_host: Annotated[int, Field(ge=1, le=10_000)] = 50
    """Checks that run at the same time against one host."""
    rechecks: Annotated[int, Field(ge=0, le=100_000)] = 1000
    """Checks that may wait at the same time for a look between two runs (`recheck`); beyond, the next run has to do. `0`: no
    such looks at all."""
    unknown_after: PositiveDuration = Field(default="5m", validate_default=True)
    """When a check could not be judged for so long, Sentinel tells of it as a trouble of its own: with a warning, or as critical
    when it is more than half of all checks, or one whose failure would be critical for more than an hour."""
