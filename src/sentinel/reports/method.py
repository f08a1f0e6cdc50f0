"""How the figures of a report were made: formulas, what was left out, and what they rest on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """One time that a window was open: planned downtime, kept apart from uptime."""

    window: str  # id
    title: str
    since: datetime  # within the period
    until: datetime
    by: str
    why: str
    checks: int  # of the report that it covers
    time: timedelta  # kept apart, summed over these checks; where windows overlap it is counted once, with the first
    down: timedelta  # of that


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigChange:
    """A configuration that came into force in the period."""

    at: datetime
    by: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where figures come from."""

    table: str  # of the store
    gives: str  # which figures, in words
    rows: int  # that the period has of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """Everything somebody needs to know who wants to make the figures anew."""

    selection: str  # which checks, in words
    formulas: Mapping[str, str]  # name of a figure -> how it is worked out
    exclusions: tuple[Exclusion, ...]  # the earliest first
    excluded: timedelta  # summed over checks
    edge: (
        timedelta  # how far an end of a window or of the period may be off: zero where it lies on the edge of a roll-up
    )
    unknown: timedelta  # that nobody could judge or watched, summed over checks
    quantile_error: float  # relative
    fingerprint: str  # of the configuration whose checks and targets are reported
    changes: tuple[ConfigChange, ...]
    sources: tuple[Source, ...]
    limits: tuple[str, ...]  # what the report does not say, or says only in part
