"""The sections about Sentinel itself."""

from typing import Annotated, Literal

from pydantic import Field

from sentinel.base.fields import Options, PositiveDuration, SecretField


class KeepEntry(Options):
    """How long things are kept."""

    results: PositiveDuration = Field(default="7d", validate_default=True)
    """Single results."""
    rollups: PositiveDuration = Field(default="90d", validate_default=True)
    """Sums over 5 minutes."""
    hours: PositiveDuration = Field(default="730d", validate_default=True)
    """Sums over an hour."""
    days: PositiveDuration = Field(default="730d", validate_default=True)
    """Sums over a day (UTC)."""
    incidents: PositiveDuration = Field(default="2555d", validate_default=True)
    """Incidents with their timeline, silences, windows and changes of who is on call, from their end on: seven years."""
    deliveries: PositiveDuration = Field(default="2555d", validate_default=True)
    """Messages and what became of them. Those of an incident that is not over are kept whatever their age."""
    journal: PositiveDuration = Field(default="2555d", validate_default=True)
    """What people and Sentinel did: the journal."""


class StoreEntry(Options):
    """Where Sentinel keeps its results, incidents and messages."""

    url: SecretField | None = None
    """`sqlite:///path` or `postgresql://user@host/database`; a secret, because it may hold a password."""
    path: str | None = None
    """Path of an SQLite file, instead of `url`. Default: `sentinel.db` in the state folder."""
    keep: KeepEntry = KeepEntry()
    """How long things are kept."""


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
