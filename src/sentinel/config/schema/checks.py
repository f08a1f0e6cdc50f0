"""Checks as a file has them, and what holds for all of them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from sentinel.base.fields import Duration, Options, PositiveDuration
from sentinel.config.schema.fields import Count, HowBad, Line, Name
from sentinel.config.schema.rules import RuleEntry


class Defaults(Options):
    """What checks do that say nothing else."""

    interval: PositiveDuration = Field(default="60s", validate_default=True)
    """Time from one run to the next."""
    timeout: PositiveDuration | None = None
    """Deadline of one run; 10 s when not given. Never above a check's interval: there it is the interval."""
    open_after: Count = 3
    """Bad results in a row before an incident opens. A hole in security opens one at once."""
    close_after: Count = 2
    """Good results in a row before an incident resolves."""
    recheck: Duration = Field(default="20s", validate_default=True)
    """Time from a bad result to the next look, until an incident opens or the result is good; never above a check's interval.
    `0`: the next run is as soon as any other."""
    flapping: bool = True
    """Whether checks are watched for coming and going: more than 30 % of the last 20 results changed, newer ones counting
    more."""
    system: Line = ""
    """The system that checks belong to which name none, for pages and reports."""
    tags: tuple[Name, ...] = ()
    """Tags that every check has beside its own."""
    rules: Mapping[str, tuple[RuleEntry, ...]] = {}
    """Rules by kind of check, for every check of that kind that has no rule of its own for the same reading."""


class CheckEntry(Options):
    """One check: what is watched, how often, by which rules."""

    name: Name
    """Name of the check; each only once. `sentinel` is taken: it stands for Sentinel's own condition."""
    kind: str
    """What kind of check it is; each has a section below."""
    title: Line = ""
    """What people call it; the name when not given."""
    system: Line | None = None
    """The system that it belongs to, for pages and reports; else the default."""
    enabled: bool = True
    """Whether it runs."""
    interval: PositiveDuration | None = None
    """Time from one run to the next; else the default."""
    timeout: PositiveDuration | None = None
    """Deadline of one run, at most the interval; else the default."""
    tags: tuple[Name, ...] = ()
    """Words to select checks by."""
    runbook: Line = ""
    """Where to read what to do, shown in every message."""
    policy: Name = "default"
    """The escalation policy of its incidents."""
    severity: HowBad = "critical"
    """How bad it is when a run fails."""
    open_after: Count | None = None
    """Bad results in a row before an incident opens; else the default."""
    close_after: Count | None = None
    """Good results in a row before an incident resolves; else the default."""
    recheck: Duration | None = None
    """Time from a bad result to the next look, until an incident opens, at most the interval; else the default."""
    depends_on: tuple[Name | Annotated[tuple[Name, ...], Field(min_length=1)], ...] = ()
    """Names of checks without which this one cannot be well. While one of them is down, nobody is told of this one by itself.
    A list among the names stands for alternatives: one of them that is up will do."""
    group: Line | None = None
    """Checks of the same group that break together are told of in one message. Not given: the host and port, or the file, that
    the check looks at. Empty: each is told of by itself."""
    flapping: bool | None = None
    """Whether it is watched for coming and going; else the default."""
    options: Mapping[str, Any] = {}
    """What this kind of check needs to know."""
    rules: tuple[RuleEntry, ...] = ()
    """Bounds of its readings: the warning bound is the target."""
    usual_rules: bool = True
    """Whether the usual rules of its kind hold for readings that it has no rule of its own for."""
