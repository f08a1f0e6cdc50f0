"""A deployment some time after its end (EM-9): how its system has done since, beside as long before it, and what is left."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.base.units import Unit
from sentinel.core.rule import Severity
from sentinel.reports.documents import DeploymentLine


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceFigure:
    """One figure of one check before the deployment and since."""

    check: str  # empty: all checks of the system together
    title: str
    name: str  # such as `error_rate` or `p95`
    label: str  # the same for people: `p95 of response time`
    unit: Unit
    before: float | None
    since: float | None
    before_samples: int
    since_samples: int
    worse: bool  # by more than chance and habit explain; see `deployment_reviewing.MUCH`


@dataclass(frozen=True, slots=True, kw_only=True)
class SinceIncident:
    """An incident of the system that was open after its end."""

    id: int
    check: str
    severity: Severity
    opened_at: datetime
    resolved_at: datetime | None
    suspected: bool  # of coming of this deployment
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentReview:
    """The part of a report that looks back at a deployment."""

    line: DeploymentLine
    after: timedelta  # its end
    due: str  # such as `1h` where it is one of those that are made by themselves; else empty
    length: timedelta  # before its start, that is compared with
    severity: Severity
    verdict: str  # in one sentence
    early: bool  # too early to say anything
    figures: tuple[SinceFigure, ...]  # of the whole first, then by check
    incidents: tuple[SinceIncident, ...]  # the newest first
    unjudged: tuple[str, ...]  # checks that were not judged since
    open_points: tuple[str, ...]  # that Sentinel knows of, in one sentence each
    for_people: tuple[str, ...]  # what the guide asks of people at this time
