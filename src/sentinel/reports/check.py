"""One check: how its readings went over a time, beside their bounds, with what happened meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Outcome
from sentinel.core.rule import Direction, Severity
from sentinel.reports.documents import FORMAT, CheckLine, Document, IncidentLine, TakenReading
from sentinel.reports.explanation import ExplanationDocument
from sentinel.reports.strips import Strip


class Stretch(Enum):
    """The times that a page can show."""

    HOURS_6 = "6h"
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"
    YEAR = "1y"

    @property
    def length(self) -> timedelta:
        return _LENGTHS[self]


_LENGTHS: Mapping[Stretch, timedelta] = {
    Stretch.HOURS_6: timedelta(hours=6),
    Stretch.DAY: timedelta(days=1),
    Stretch.WEEK: timedelta(days=7),
    Stretch.MONTH: timedelta(days=30),
    Stretch.QUARTER: timedelta(days=90),
    Stretch.YEAR: timedelta(days=365),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A reading over one step of a chart; a step without values is left out."""

    at: datetime  # its beginning
    mean: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingChart:
    """One reading over the time, beside the bounds of the rule on it that hold now."""

    reading: str
    unit: Unit
    step: timedelta
    points: tuple[Mean, ...]
    warning: float | None = None
    critical: float | None = None
    direction: Direction = Direction.ABOVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that happened meanwhile, to be drawn into the charts."""

    kind: str  # `incident`, `window` or `deployment`
    title: str
    since: datetime
    until: datetime | None  # None: it goes on
    severity: Severity | None = None  # of an incident
    incident: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """How the main reading was distributed, at most 2 % off."""

    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLine:
    """One result."""

    at: datetime  # when the run ended
    took: timedelta
    severity: Severity
    outcome: Outcome
    failure: FailureClass | None
    explanation: str
    hint: str
    readings: tuple[TakenReading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDocument(Document):
    """What the page of a check shows."""

    format: int = FORMAT
    at: datetime
    line: CheckLine
    stretch: Stretch
    since: datetime
    until: datetime
    runbook: str
    policy: str
    group: str
    depends_on: tuple[str, ...]
    uptime: float | None  # over the stretch, by time
    up: timedelta
    degraded: timedelta
    down: timedelta
    unknown: timedelta  # what nobody could tell or watched
    error_rate: float | None
    quantiles: Quantiles
    before: Quantiles | None  # of the same length of time before; None where nothing is known of it
    strip: Strip
    charts: tuple[ReadingChart, ...]  # the main reading first
    marks: tuple[Mark, ...]
    incidents: tuple[IncidentLine, ...]  # that were open in the stretch, the newest first; at most 50
    explanation: ExplanationDocument | None
    results: tuple[ResultLine, ...]  # the last ones, the newest first
