"""What happened in a period, against the targets that the rules of each check set."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sentinel import __version__
from sentinel.base.units import Unit, format_duration, format_value
from sentinel.core.calendar import Period
from sentinel.core.check import Check
from sentinel.core.holding import Held
from sentinel.core.incident import EffectKind, Incident
from sentinel.core.plan import Content, Plan
from sentinel.core.rule import Bounds, Direction, ErrorRate, Severity
from sentinel.core.silence import Silence
from sentinel.core.slo import Rollup
from sentinel.core.timeline import TimelineEntry
from sentinel.reports.audit import Audit
from sentinel.reports.documents import (
    FORMAT,
    CheckReport,
    Document,
    HeldLine,
    IncidentReport,
    ReadingLine,
    SilenceLine,
)
from sentinel.reports.hipaa import Hipaa
from sentinel.reports.method import Method
from sentinel.reports.operations import Operations
from sentinel.reports.quiet import held_line, past_silence_line
from sentinel.reports.review import Review
from sentinel.reports.status import incident_line, rule_on
from sentinel.reports.text import share

#: Availability that is aimed at, and that below which things are critical. The healthcare guide asks for these two.
UPTIME = Bounds(warning=0.999, critical=0.99, direction=Direction.BELOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDocument(Document):
    """What happened in a period, against the targets."""

    format: int = FORMAT
    version: str
    source: str
    name: str  # of the report
    period: str  # key of the period, such as `2026-11-21`
    since: datetime
    until: datetime
    zone: str  # IANA name; times are shown in it
    made_at: datetime  # the end of its period, or when it was asked for where that was earlier
    config: str
    fingerprint: str
    checks: tuple[CheckReport, ...]  # the worst first
    incidents: tuple[IncidentReport, ...]  # the newest first
    uptime: float | None  # of all checks together, by time; None when nothing was judged
    uptime_warning: float  # target
    uptime_critical: float
    samples: int  # results that the figures are made of
    failures: int
    downtime: timedelta  # summed over checks
    unknown: timedelta  # summed over checks
    opened: int  # incidents
    notifications: int  # messages about these incidents; reports and tests are not among them
    overall: Severity
    silences: tuple[SilenceLine, ...] = ()  # that were active in the period, the newest first
    windows: tuple[HeldLine, ...] = ()  # that were open in it, the latest first
    contents: tuple[Content, ...] = (Content.OPERATIONS,)  # which of the parts it has, in this order
    operations: Operations | None = None
    audit: Audit | None = None
    hipaa: Hipaa | None = None
    review: Review | None = None
    method: Method | None = None
    formula: str = (
        "uptime = (up + degraded) / (up + degraded + down), by time; degraded time, beyond a bound, counts as up, but keeps no "
        "target; unknown time is shown apart and counts neither way"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a store knows of a period."""

    rollups: Mapping[str, Rollup]  # one per check, over the whole period
    incidents: Sequence[Incident]  # open in the period or resolved in it
    timelines: Mapping[int, Sequence[TimelineEntry]]  # by incident
    silences: Sequence[Silence] = ()  # active in the period, the newest first
    held: Sequence[Held] = ()  # occurrences of windows in the period, the latest first


def build(plan: Plan, name: str, period: Period, zone: str, past: Past, now: datetime) -> ReportDocument:
    """The report of one period.

    Args:
        plan: names the checks and their targets; Sentinel's own check stands with the incidents only.
        name: of the report.
        period: what it is about.
        zone: IANA name; times are shown in it.
        past: what happened.
        now: aware.
    """
    checks = sorted((_check(check, check.main, past, period) for check in plan.checks), key=_worst_first)
    incidents = [_incident(incident, past.timelines.get(incident.id, ()), period) for incident in past.incidents]
    whole = _added((past.rollups.get(check.name) for check in plan.checks), period)
    return ReportDocument(
        version=__version__,
        source=plan.name,
        name=name,
        period=period.key,
        since=period.since,
        until=period.until,
        zone=zone,
        made_at=now,
        config=str(plan.file),
        fingerprint=plan.fingerprint,
        checks=tuple(checks),
        incidents=tuple(sorted(incidents, key=lambda incident: -incident.line.id)),
        uptime=whole.uptime,
        uptime_warning=UPTIME.warning or 0.0,
        uptime_critical=UPTIME.critical or 0.0,
        samples=whole.samples,
        failures=whole.failures,
        downtime=timedelta(seconds=whole.down),
        unknown=sum((check.unknown for check in checks), timedelta(0)),
        opened=sum(_opened_in(incident, period) for incident in past.incidents),
        notifications=sum(incident.notifications for incident in incidents),
        overall=max(
            (check.severity for check in checks), key=lambda severity: severity.urgency, default=Severity.UNKNOWN
        ),
        silences=tuple(past_silence_line(silence, period.until) for silence in past.silences),
        windows=tuple(held_line(held) for held in past.held),
    )


def _check(check: Check, main: str, past: Past, period: Period) -> CheckReport:
    rollup = past.rollups.get(check.name) or _nothing(check.name, period)
    accounted = rollup.up + rollup.degraded + rollup.down
    reading = _reading(check, main, rollup)
    error_bounds = next((rule.bounds for rule in check.rules if isinstance(rule, ErrorRate)), Bounds())
    incidents = [incident for incident in past.incidents if incident.check == check.name]
    findings = [*_findings(rollup, error_bounds, reading), *_beside(rollup, incidents)]
    judged = rollup.samples > rollup.unknowns
    return CheckReport(
        name=check.name,
        title=check.label,
        kind=check.kind,
        uptime=rollup.uptime,
        up=timedelta(seconds=rollup.up),
        degraded=timedelta(seconds=rollup.degraded),
        down=timedelta(seconds=rollup.down),
        unknown=max(period.until - period.since - timedelta(seconds=accounted), timedelta(0)),
        samples=rollup.samples,
        failures=rollup.failures,
        error_rate=rollup.error_rate,
        error_rate_warning=error_bounds.warning,
        error_rate_critical=error_bounds.critical,
        reading=reading,
        p50=rollup.quantile(0.5),
        p95=rollup.quantile(0.95),
        p99=rollup.quantile(0.99),
        incidents=len(incidents),
        severity=max((severity for severity, _ in findings), default=Severity.OK if judged else Severity.UNKNOWN),
        missed=tuple(text for _, text in findings),
    )


def _reading(check: Check, main: str, rollup: Rollup) -> ReadingLine | None:
    """The main reading with its bounds; its value is the 95th percentile."""
    rule, p95 = rule_on(check, main), rollup.quantile(0.95)
    if rule is None and p95 is None:
        return None
    bounds = rule.bounds if rule else Bounds()
    return ReadingLine(
        name=main,
        value=p95,
        unit=rule.unit if rule else check.main_unit,
        warning=bounds.warning,
        critical=bounds.critical,
        direction=bounds.direction,
    )


def _findings(rollup: Rollup, error_rate: Bounds, reading: ReadingLine | None) -> Iterator[tuple[Severity, str]]:
    """Which targets the figures of the period miss."""
    yield from _against("uptime", rollup.uptime, UPTIME, Unit.RATIO)
    yield from _against("error rate", rollup.error_rate, error_rate, Unit.RATIO)
    if reading is not None:
        bounds = Bounds(warning=reading.warning, critical=reading.critical, direction=reading.direction)
        yield from _against(f"p95 of {reading.name}", reading.value, bounds, reading.unit)


def _beside(rollup: Rollup, incidents: Sequence[Incident]) -> Iterator[tuple[Severity, str]]:
    """What keeps no target however small its share is: the bounds of the figures say when it is more than a warning."""
    if incidents:
        worst = max((incident.severity for incident in incidents), key=lambda severity: severity.urgency)
        number = f"{len(incidents)} incidents, at worst" if len(incidents) > 1 else "an incident,"
        yield Severity.WARNING, f"{number} {worst.label.lower()}"
    if rollup.degraded:
        yield Severity.WARNING, f"degraded {format_duration(rollup.degraded)}"


def _against(what: str, value: float | None, bounds: Bounds, unit: Unit) -> Iterator[tuple[Severity, str]]:
    if value is None or not (severity := bounds.severity(value)):
        return
    bound = bounds.breached(value)
    assert bound is not None, "a severity above OK comes from a bound"
    yield severity, f"{what} {_written(value, unit)}, {bounds.direction.value} {_written(bound, unit)}"


def _written(value: float, unit: Unit) -> str:
    return share(value) if unit is Unit.RATIO else format_value(value, unit)


def _incident(incident: Incident, timeline: Sequence[TimelineEntry], period: Period) -> IncidentReport:
    opened = incident.opened_at or incident.began_at
    # An acknowledgement that expired stands on the timeline only.
    taken = next((entry for entry in timeline if entry.kind == EffectKind.ACKNOWLEDGED.value), None)
    return IncidentReport(
        line=incident_line(incident, period.until),
        duration=max(min(incident.resolved_at or period.until, period.until) - incident.began_at, timedelta(0)),
        acknowledged_by=taken.by if taken else "",
        acknowledged_why=taken.text if taken else "",
        acknowledged_after=max(taken.at - opened, timedelta(0)) if taken else None,
        notifications=incident.sequence if incident.told else 0,
        told=len(incident.told),
    )


def _opened_in(incident: Incident, period: Period) -> bool:
    return incident.opened_at is not None and period.since <= incident.opened_at < period.until


def _nothing(check: str, period: Period) -> Rollup:
    return Rollup(check=check, start=period.since, span=period.until - period.since)


def _added(rollups: Iterable[Rollup | None], period: Period) -> Rollup:
    """Times and counts of all checks together. Their readings measure different things and are not mixed."""
    known = [rollup for rollup in rollups if rollup is not None]
    names = ("up", "degraded", "down", "unknown", "samples", "failures", "unknowns")
    sums = {name: sum(getattr(rollup, name) for rollup in known) for name in names}
    return replace(_nothing("", period), **sums)


def _worst_first(check: CheckReport) -> tuple[int, float, str]:
    return -check.severity.urgency, check.uptime if check.uptime is not None else 2.0, check.name
