"""The overview: what is wrong now, first; then every check with how it did over the last day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sentinel.core.rule import Severity
from sentinel.reports.documents import (
    FORMAT,
    CheckLine,
    Document,
    IncidentLine,
    OutboxLine,
    SilenceLine,
    WindowLine,
)
from sentinel.reports.figures import Figures
from sentinel.reports.strips import Spark, Strip

#: Checks on one page.
PER_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which checks are shown. Empty parts let everything through; a check has to pass every part."""

    text: str = ""  # in its name or title, whatever the case
    tag: str = ""
    system: str = ""
    severities: frozenset[Severity] = field(default_factory=frozenset)
    page: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One check of the overview."""

    line: CheckLine
    strip: Strip  # of the last 24 hours
    spark: Spark | None  # of its main reading over the same steps


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewDocument(Document):
    """What the first page shows."""

    format: int = FORMAT
    at: datetime
    version: str
    source: str  # name of this Sentinel
    started_at: datetime | None
    overall: Severity
    store_problem: str
    counts: Mapping[str, int]  # checks by severity, by its label; of all, whatever is shown
    incidents: tuple[IncidentLine, ...]  # open ones, the most urgent first
    silences: tuple[SilenceLine, ...]  # active
    windows: tuple[WindowLine, ...]  # open
    outbox: OutboxLine
    figures: Figures
    asked: Filter
    rows: tuple[CheckRow, ...]  # of this page, the most urgent first
    matching: int  # checks that pass the filter
    pages: int  # at least 1
    tags: tuple[str, ...]  # that there are
    systems: tuple[str, ...]
