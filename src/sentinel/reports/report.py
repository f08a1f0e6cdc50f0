"""What happened in a period, against the targets that the rules of each check set."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel import __version__
from sentinel.base.units import Unit, format_duration, format_value
from sentinel.core.calendar import Period
from sentinel.core.check import Check
from sentinel.core.incident import EffectKind, Incident
from sentinel.core.plan import Content, Plan
from sentinel.core.planned import Stretch
from sentinel.core.rule import Bounds, ErrorRate, Severity
from sentinel.core.selection import EVERYTHING, Selection
from sentinel.core.slo import Rollup
from sentinel.reports import auditing, checklist, describing, operating, releases
from sentinel.reports.audit import Audit
from sentinel.reports.course import CourseLine
from sentinel.reports.deployment import DeploymentDocument, severity
from sentinel.reports.deployment_review import DeploymentReview
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
from sentinel.reports.past import Account, Past, accounts, added, chosen
from sentinel.reports.quiet import held_line, past_silence_line
from sentinel.reports.releases import Releases
from sentinel.reports.review import Review
from sentinel.reports.rounding import rounded, rounded_share, rounded_time
from sentinel.reports.status import incident_line, rule_on
from sentinel.reports.targets import UPTIME, compared, uptime_bounds
from sentinel.reports.text import share


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
    notifications: (
        int  # messages about these incidents that receivers took in the period; reports and tests are not among them
    )
    overall: (
        Severity  # the worst of its checks; of a review, how the check has done since; of a deployment, what came of it
    )
    silences: tuple[SilenceLine, ...] = ()  # that were active in the period, the newest first
    windows: tuple[HeldLine, ...] = ()  # that were open in it, the latest first
    contents: tuple[Content, ...] = (Content.OPERATIONS,)  # which of the parts it has, in this order
    operations: Operations | None = None
    audit: Audit | None = None
    hipaa: Hipaa | None = None
    review: Review | None = None
    deployment: DeploymentDocument | None = None
    deployment_review: DeploymentReview | None = None
    releases: Releases | None = None  # None: nothing was deployed, and the report is not about that
    method: Method | None = None
    course: tuple[CourseLine, ...] = ()  # of the worst checks, in their order
    formula: str = (
        "uptime = (up + degraded) / (up + degraded + down), by time; degraded time, beyond a bound, counts as up, but keeps no "
        "target; unknown time and time in windows are shown apart and count neither way"
    )


def build(
    plan: Plan,
    name: str,
    period: Period,
    zone: str,
    past: Past,
    now: datetime,
    *,
    contents: Sequence[Content] = (Content.OPERATIONS,),
    selection: Selection = EVERYTHING,
    review: Review | None = None,
    deployment: DeploymentDocument | None = None,
    deployment_review: DeploymentReview | None = None,
) -> ReportDocument:
    """The report of one period.

    Args:
        plan: names the checks and their targets; Sentinel's own check stands with the incidents only.
        name: of the report.
        period: what it is about.
        zone: IANA name; times are shown in it.
        past: what happened.
        now: aware.
        contents: which parts it has.
        selection: which checks it is about.
        review: the part about one incident, where there is one.
        deployment: the part about one deployment, likewise.
        deployment_review: the part that looks back at one, likewise.
    """
    stretch = Stretch(period.since, period.until)
    checks = [check for check in plan.checks if selection.covers(check)]
    past = chosen(past, checks, selection, stretch)
    found = accounts(checks, past, stretch)
    lines = sorted(map(_check, found), key=_worst_first)
    incidents = [incident_report(incident, past, period.until) for incident in past.incidents]
    whole = added(one.counted for one in found)
    return ReportDocument(
        version=__version__,
        source=plan.name,
        name=name,
        period=period.key,
        since=period.since,
        until=period.until,
        zone=zone,
        made_at=min(now, period.until),
        config=str(plan.file),
        fingerprint=plan.fingerprint,
        checks=tuple(lines),
        incidents=tuple(sorted(incidents, key=lambda incident: -incident.line.id)),
        uptime=rounded_share(whole.uptime),
        uptime_warning=UPTIME.warning or 0.0,
        uptime_critical=UPTIME.critical or 0.0,
        samples=whole.samples,
        failures=whole.failures,
        downtime=rounded_time(whole.down),
        unknown=sum((line.unknown for line in lines), timedelta(0)),
        opened=sum(stretch.has(incident.opened_at) for incident in past.incidents),
        notifications=sum(incident.notifications for incident in incidents),
        overall=_overall(review or deployment_review, deployment, lines),
        silences=tuple(past_silence_line(silence, period.until) for silence in past.silences),
        windows=tuple(held_line(held) for held in past.held),
        contents=tuple(contents),
        operations=operating.build(plan, checks, past, found, stretch, zone)
        if Content.OPERATIONS in contents
        else None,
        audit=auditing.build(found, stretch.length) if Content.AUDIT in contents else None,
        hipaa=checklist.build(found, plan.hipaa) if Content.HIPAA in contents else None,
        review=review,
        deployment=deployment,
        deployment_review=deployment_review,
        releases=_releases(plan, selection, checks, past, stretch) if _WITH_RELEASES & set(contents) else None,
        method=describing.build(plan, selection, checks, past, found, stretch),
    )


#: Reports that list what was deployed: those for who runs the systems, and those for who audits them.
_WITH_RELEASES = {Content.OPERATIONS, Content.AUDIT}


def _releases(
    plan: Plan, selection: Selection, checks: Sequence[Check], past: Past, period: Stretch
) -> Releases | None:
    """The deployments of the systems that a report is about; None where there are none to tell of."""

    of = {
        system: tuple(check.name for check in checks if about.covers(check))
        for system, about in plan.deployments.items()
    }

    def covers(system: str) -> bool:
        return selection.is_everything or bool(of.get(system))

    now = [one for one in past.deployments if covers(one.system)]
    before = [one for one in past.before.deployments if covers(one.system)] if past.before is not None else []
    return releases.build(now, before, period, of) if now or before else None


def _overall(
    review: Review | DeploymentReview | None, deployment: DeploymentDocument | None, lines: Iterable[CheckReport]
) -> Severity:
    """How bad the whole is: what it is about says so, or else the worst of its checks."""
    if review is not None:
        return review.severity
    return severity(deployment.line) if deployment is not None else _worst(line.severity for line in lines)


def _worst(severities: Iterable[Severity]) -> Severity:
    return max(severities, key=lambda severity: severity.urgency, default=Severity.UNKNOWN)


def _check(one: Account) -> CheckReport:
    check, rollup = one.check, one.counted
    reading = _reading(check, rollup)
    error_bounds = next((rule.bounds for rule in check.rules if isinstance(rule, ErrorRate)), Bounds())
    findings = [*_findings(check, rollup, error_bounds, reading), *_beside(rollup, one.incidents)]
    judged = rollup.samples > rollup.unknowns
    return CheckReport(
        name=check.name,
        title=check.label,
        kind=check.kind,
        uptime=rounded_share(rollup.uptime),
        up=rounded_time(rollup.up),
        degraded=rounded_time(rollup.degraded),
        down=rounded_time(rollup.down),
        unknown=rounded_time(one.unknown.total_seconds()),
        planned=one.planned,
        samples=rollup.samples,
        failures=rollup.failures,
        error_rate=rounded_share(rollup.error_rate),
        error_rate_warning=error_bounds.warning,
        error_rate_critical=error_bounds.critical,
        reading=reading,
        p50=rounded(rollup.quantile(0.5)),
        p95=rounded(rollup.quantile(0.95)),
        p99=rounded(rollup.quantile(0.99)),
        incidents=len(one.incidents),
        severity=max((severity for severity, _ in findings), default=Severity.OK if judged else Severity.UNKNOWN),
        missed=tuple(text for _, text in findings),
    )


def _reading(check: Check, rollup: Rollup) -> ReadingLine | None:
    """The main reading with its bounds; its value is the quantile that is held against them."""
    rule = rule_on(check, check.main)
    value = rounded(rollup.quantile(compared(rule)))
    if rule is None and value is None:
        return None
    bounds = rule.bounds if rule else Bounds()
    return ReadingLine(
        name=check.main,
        value=value,
        unit=rule.unit if rule else check.main_unit,
        warning=bounds.warning,
        critical=bounds.critical,
        direction=bounds.direction,
    )


def _findings(
    check: Check, rollup: Rollup, error_rate: Bounds, reading: ReadingLine | None
) -> Iterator[tuple[Severity, str]]:
    """Which targets the figures of the period miss."""
    yield from _against("uptime", rollup.uptime, uptime_bounds(check)[0], Unit.RATIO)
    yield from _against("error rate", rollup.error_rate, error_rate, Unit.RATIO)
    if reading is not None:
        bounds = Bounds(warning=reading.warning, critical=reading.critical, direction=reading.direction)
        name = f"p{compared(rule_on(check, check.main)) * 100:.3g} of {reading.name}"
        yield from _against(name, reading.value, bounds, reading.unit)


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


def incident_report(incident: Incident, past: Past, until: datetime) -> IncidentReport:
    """One incident as it stood at a moment."""
    opened = incident.opened_at or incident.began_at
    # An acknowledgement that expired stands on the timeline only.
    timeline = past.timelines.get(incident.id, ())
    taken = next((entry for entry in timeline if entry.kind == EffectKind.ACKNOWLEDGED.value), None)
    delivered = past.delivered.get(incident.id)
    return IncidentReport(
        line=incident_line(incident, until),
        duration=max(min(incident.resolved_at or until, until) - incident.began_at, timedelta(0)),
        acknowledged_by=taken.by if taken else "",
        acknowledged_why=taken.text if taken else "",
        acknowledged_after=max(taken.at - opened, timedelta(0)) if taken else None,
        notifications=delivered.messages if delivered else 0,
        told=len(incident.told),
    )


def _worst_first(check: CheckReport) -> tuple[int, float, str]:
    return -check.severity.urgency, check.uptime if check.uptime is not None else 2.0, check.name
