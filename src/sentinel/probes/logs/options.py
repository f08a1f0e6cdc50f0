"""How a person writes which logs are followed, and what is counted in them."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from sentinel.base.fields import Options, PositiveDuration
from sentinel.probes.database.options import NameField
from sentinel.probes.expect.patterns import LinePattern

_MIB: Final = 1 << 20
_MOST_SHOWN: Final = 5

GroupName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w{0,49}$")]
UnitName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9:_.\\@-]{1,255}$")]
JsonKey = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class PatternOptions(Options):
    """One pattern, counted by lines."""

    match: LinePattern
    """What makes a line count."""
    unless: tuple[LinePattern, ...] = ()
    """Lines that one of these is found in do not count."""
    warning: float | None = Field(default=None, ge=0)
    """Warn above so many lines in the window: a usual rule, unless the check has its own for this pattern."""
    critical: float | None = Field(default=None, ge=0)
    """Likewise critical."""
    show: tuple[GroupName, ...] = Field(default=(), max_length=_MOST_SHOWN)
    """Named groups of `match`, such as `(?P<code>E[0-9]+)`, whose values an alert may show. Never one with a person's data."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if unknown := sorted(set(self.show) - self.match.groups):
            raise ValueError(f"names of groups of `match`, as in (?P<{unknown[0]}>...), under show")
        if self.warning is not None and self.critical is not None and self.warning > self.critical:
            raise ValueError("a warning bound that is not above the critical bound")
        return self

    @property
    def rule(self) -> Mapping[str, float]:
        """Its own bounds, as a rule has them; empty when it has none."""
        bounds = {"warning": self.warning, "critical": self.critical}
        return {key: bound for key, bound in bounds.items() if bound is not None}


def _pattern(value: object) -> object:
    return {"match": value} if isinstance(value, str) else value


PatternField = Annotated[PatternOptions, BeforeValidator(_pattern, json_schema_input_type=str | PatternOptions)]


class JournalOptions(Options):
    """The systemd journal of one unit."""

    unit: UnitName
    """Its name, such as `employee-system.service`."""
    program: str = Field(default="journalctl", min_length=1)
    """`journalctl`, by its name in PATH or by its path."""


class JsonOptions(Options):
    """Logs that are written as JSON, one object a line."""

    required: tuple[JsonKey, ...] = ()
    """Fields that each line must have, such as `request_id`; with dots for fields within fields."""


class LogsOptions(Options):
    """Follows files and the journal of a unit, and counts the lines that patterns are found in."""

    files: tuple[Path, ...] = Field(default=(), max_length=50)
    """Paths, with `*`, `?`, `[...]` and `**` as a shell has them. Compressed files are left out."""
    journal: JournalOptions | None = None
    """The journal of a unit."""
    patterns: dict[NameField, PatternField] = Field(default_factory=dict, max_length=50)
    """What is counted, by name: a pattern, or an object with more about it."""
    window: PositiveDuration = timedelta(minutes=5)
    """The time that `patterns.<name>` and `rates.<name>` are about: the last so many minutes."""
    quiet_after: PositiveDuration | None = None
    """Fail when nothing at all was written for so long."""
    json_: JsonOptions | None = Field(default=None, alias="json")
    """Look whether every line is JSON, with these fields."""
    from_: Literal["end", "start"] = Field(default="end", alias="from")
    """Where the very first look begins: `end` counts only what is written from then on."""
    missing: Literal["fail", "fine"] = "fail"
    """What it is when no file is there."""
    bytes_per_run: int = Field(default=16 * _MIB, ge=_MIB, le=256 * _MIB)
    """Bytes that one run reads at most. What is left is read by the next runs; `behind` says how much it is."""

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        if not self.files and self.journal is None:
            raise ValueError("files, journal or both")
        return self
