"""What `sentinel --status` says, made from values: the same for a running daemon and for what a store remembers of one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel import __version__
from sentinel.base.units import Unit
from sentinel.core import cadence
from sentinel.core.check import Check
from sentinel.core.history import CheckState, History
from sentinel.core.incident import Incident
from sentinel.core.judge import GOOD, Finding, Reason, Verdict, speaks
from sentinel.core.notification import Notification, State
from sentinel.core.plan import Plan
from sentinel.core.result import Result
from sentinel.core.rule import Bounds, Direction, ErrorRate, Quantile, Rule, Severity, Threshold, Uptime
from sentinel.core.slo import Rollup, combine
from sentinel.reports.documents import (
    CheckLine,
    DeploymentLine,
    IncidentLine,
    NotificationLine,
    OutboxLine,
    OwnHealth,
    ReadingLine,
    RunLine,
    SilenceLine,
    StatusDocument,
    TakenReading,
    WindowLine,
)
from sentinel.reports.quiet import NOTHING, Quiet

NO_RESULT_YET = "waits for its first result"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """What is known of one check, wherever it comes from."""

    check: Check
    state: CheckState | None = None  # None before the first result
    last: Result | None = None
    day: Rollup | None = None  # the last 24 hours, as far as they are stored
    span: Rollup | None = None  # the span that is not over yet


def facts(history: History, day: Rollup | None, *, span: bool = True) -> CheckFacts:
    """What a running engine knows of one check, as a value: `build` may use it on another thread.

    Args:
        history: of the check.
        day: the last 24 hours, as far as they are stored.
        span: whether the span that is not over is wanted; to sum it up is most of the work.
    """
    return CheckFacts(
        check=history.check,
        state=history.state,
        last=history.last,
        day=day,
        span=history.tally.current() if span else None,
    )


def build(
    plan: Plan,
    checks: Iterable[CheckFacts],
    *,
    now: datetime,
    started_at: datetime | None,
    outbox: OutboxLine,
    own: OwnHealth | None,
    quiet: Quiet = NOTHING,
    store_problem: str = "",
    deployments: Sequence[DeploymentLine] = (),
) -> StatusDocument:
    """The status of everything in the plan.

    Args:
        plan: what is watched.
        checks: one per check of the plan, in any order.
        now: aware.
        started_at: when the daemon started; None when none runs, and then this is what the store remembers.
        outbox: how telling goes.
        own: how the daemon does; None when none runs.
        quiet: what keeps people from being told.
        store_problem: why the store cannot be used now.
        deployments: that go on, and the last of each system.
    """
    known = tuple(checks)
    places = [place_of(one, now, started_at) for one in known]
    ranked = sorted(zip(places, known, strict=True), key=lambda pair: pair[0].urgency)
    troubles = Troubles.among(known, now, quiet)
    return StatusDocument(
        version=__version__,
        source=plan.name,
        at=now,
        started_at=started_at,
        config=str(plan.file),
        fingerprint=plan.fingerprint,
        from_store=started_at is None,
        store_problem=store_problem,
        overall=overall(
            places,
            troubles,
            outbox,
            running=started_at is not None,
            store_problem=store_problem,
        ),
        checks=tuple(check_line(one, now, started_at, quiet) for _, one in ranked),
        incidents=troubles.incidents,
        outbox=outbox,
        own=own,
        silences=troubles.silences,
        windows=troubles.windows,
        deployments=tuple(one for one in deployments if one.concerns),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What the place of a check among the others hangs on; quickly found, of thousands too."""

    check: Check
    severity: Severity
    overdue: bool
    ran: bool  # whether it had a result yet

    @property
    def urgency(self) -> tuple[int, bool, str]:
        """For sorting: the most urgent first."""
        return -self.severity.urgency, not self.overdue, self.check.name


def place_of(one: CheckFacts, now: datetime, started_at: datetime | None) -> Place:
    """The place of one check."""
    verdict, last = _verdict(one.state, one.last), one.last
    return Place(
        check=one.check,
        severity=verdict.severity if verdict else Severity.UNKNOWN,
        overdue=cadence.overdue(one.check, last.scheduled_at if last else None, started_at, now),
        ran=last is not None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubles:
    """Open incidents, and what keeps people from being told of them."""

    incidents: tuple[IncidentLine, ...]  # the most urgent first
    silences: tuple[SilenceLine, ...]  # active
    windows: tuple[WindowLine, ...]  # open
    excused: frozenset[str]  # checks whose troubles are none, since a window covers them

    @classmethod
    def among(cls, known: Sequence[CheckFacts], now: datetime, quiet: Quiet) -> "Troubles":
        """Those of these checks."""
        checks = [one.check for one in known]
        found = [(one.state.incident, one) for one in known if one.state and one.state.incident]
        opened = [(incident, one) for incident, one in found if incident.is_open]
        lines = (incident_line(incident, now, one, quiet) for incident, one in opened)
        return cls(
            incidents=tuple(sorted(lines, key=_incident_urgency)),
            silences=quiet.silence_lines(checks, [(one.check, incident) for incident, one in opened], now),
            windows=quiet.window_lines(checks, now),
            excused=frozenset(check.name for check in checks if quiet.excuses(check, now)),
        )


def check_line(one: CheckFacts, now: datetime, started_at: datetime | None, quiet: Quiet = NOTHING) -> CheckLine:
    """One check as it stands."""
    check, state, last, day = one.check, one.state, one.last, _up_to_now(one, now, quiet)
    verdict = _verdict(state, last)
    return CheckLine(
        name=check.name,
        title=check.label,
        kind=check.kind,
        tags=tuple(sorted(check.tags)),
        severity=verdict.severity if verdict else Severity.UNKNOWN,
        since=state.since if state else None,
        explanation=_explanation(verdict),
        hint=verdict.hint if verdict else "",
        last_at=last.finished_at if last else None,
        reading=reading_line(check, check.main, last, now),
        judged=_judged(check, verdict.worst) if verdict else None,
        interval=check.interval,
        overdue=cadence.overdue(check, last.scheduled_at if last else None, started_at, now),
        pending=_pending(check, state.incident if state else None),
        uptime=day.uptime if day else None,
        degraded=timedelta(seconds=day.degraded if day else 0),
        p95=day.quantile(0.95) if day and day.histogram else None,
        samples=day.samples if day else 0,
        quiet=quiet.of(check, verdict.severity if verdict else Severity.OK, now),
        system=check.system,
        excused=quiet.excuses(check, now),
    )


def run_line(check: Check, result: Result, verdict: Verdict) -> RunLine:
    """One run that somebody asked for."""
    measurement = result.measurement
    return RunLine(
        name=check.name,
        kind=check.kind,
        severity=verdict.severity,
        outcome=measurement.outcome,
        failure=measurement.failure,
        explanation=verdict.explanation,
        hint=verdict.hint,
        readings=tuple(TakenReading(name=name, value=value, unit=unit) for name, value, unit in measurement.readings),
        main=check.main,
    )


def reading_line(check: Check, name: str, last: Result | None, now: datetime) -> ReadingLine | None:
    """A reading of the last run beside the bounds that hold now; None where there is neither a value nor such a rule."""
    reading = last.reading(name) if last else None
    rule = rule_on(check, name, now)
    if reading is not None:
        bounds = rule.bounds if rule else Bounds()
        return _line(name, reading.value, bounds, reading.unit)
    return _line(name, None, rule.bounds, rule.unit) if rule else None


def rule_on(check: Check, reading: str, now: datetime | None = None) -> Threshold | Quantile | None:
    """The rule that judges a reading: one on single results if there is one, else one on a quantile.

    Args:
        now: only what speaks then counts; None: what speaks at whatever hour.
    """
    rules = [rule for rule in check.rules if isinstance(rule, Threshold | Quantile) and rule.reading == reading]
    speaking = [rule for rule in rules if now is None or speaks(rule, now)]
    # Of several the one that holds at some hours only is the more particular.
    return min(speaking, key=lambda rule: (isinstance(rule, Quantile), rule.when is None), default=None)


def incident_line(
    incident: Incident, now: datetime, one: CheckFacts | None = None, quiet: Quiet = NOTHING
) -> IncidentLine:
    """One incident as it stands.

    Args:
        incident: as far as the caller knows it.
        now: aware.
        one: what is known of its check now. A store keeps of an open incident what it was opened for; this says how it goes on.
        quiet: what keeps people from being told.
    """
    state = one.state if one else None
    if state is not None and state.incident is not None and state.incident.id == incident.id and incident.is_open:
        incident = state.incident
    taken = incident.acknowledgement
    return IncidentLine(
        id=incident.id,
        check=incident.check,
        severity=incident.severity,
        phase=incident.phase,
        explanation=incident.verdict.explanation,
        hint=incident.verdict.hint,
        began_at=incident.began_at,
        opened_at=incident.opened_at,
        resolved_at=incident.resolved_at,
        age=max((incident.resolved_at or now) - incident.began_at, timedelta(0)),
        level=max(incident.levels, default=0),
        levels=len(incident.policy.levels),
        acknowledged_by=taken.by if taken else "",
        acknowledged_why=taken.why if taken else "",
        acknowledged_until=taken.until if taken else None,
        meanwhile=_meanwhile(incident, one) if one and incident.is_open else "",
        quiet=quiet.why(incident, one.check, now) if one and incident.is_open else "",
        muted=f"{incident.mute.because.value} {incident.mute.by}" if incident.mute else "",
        assigned_to=incident.assigned_to,
        bundle=0 if incident.leads else incident.bundle,
        policy=incident.policy.name,
    )


def notification_line(row: Notification) -> NotificationLine:
    """One row of the outbox as people are shown it."""
    return NotificationLine(
        id=row.id,
        state=row.state.value,
        channel=row.address.channel,
        recipient=row.address.recipient,
        kind=row.message.kind.value,
        check=row.message.check.name if row.message.check else "",
        incident=None if row.deployment else row.incident,
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        ambiguous=row.ambiguous,
        reason=row.reason,
        detail=row.detail,
        carried_by=row.carried_by,
        copy_of=row.copy_of,
        copied_at=row.copied_at,
        deployment=row.deployment,
    )


def outbox_line(
    counts: Mapping[State, int], oldest: datetime | None, failing: Mapping[str, str], now: datetime
) -> OutboxLine:
    """How telling goes.

    Args:
        counts: rows by state.
        oldest: when the oldest row that waits was made.
        failing: channel -> why its last attempt failed, for channels whose last attempt did.
        now: aware.
    """
    return OutboxLine(
        waiting=counts.get(State.QUEUED, 0) + counts.get(State.SENDING, 0),
        dead=counts.get(State.DEAD, 0),
        oldest=max(now - oldest, timedelta(0)) if oldest else None,
        errors=dict(failing),
    )


def _line(name: str, value: float | None, bounds: Bounds, unit: Unit) -> ReadingLine:
    return ReadingLine(
        name=name,
        value=value,
        unit=unit,
        warning=bounds.warning,
        critical=bounds.critical,
        direction=bounds.direction,
    )


def _judged(check: Check, finding: Finding) -> ReadingLine | None:
    """The value that a finding is about, beside the bounds it was judged by; None where it is about none."""
    if not finding.reading:
        return None
    all_bounds = (_bounds(rule, finding) for rule in check.rules)
    bounds = next((bounds for bounds in all_bounds if bounds is not None), None)
    return _line(finding.reading, finding.value, bounds or _only(finding), finding.unit)


def _bounds(rule: Rule, finding: Finding) -> Bounds | None:
    """The bounds of the rule if that finding comes from it."""
    match rule:
        case Threshold(reading=reading):
            reason = Reason.BEYOND_BOUND
        case Quantile(reading=reading):
            reason = Reason.QUANTILE
        case ErrorRate():
            reason, reading = Reason.ERROR_RATE, finding.reading
        case Uptime():
            reason, reading = Reason.UPTIME, finding.reading
        case _:
            return None  # what it compares are no two bounds of one value
    if (reason, reading) != (finding.reason, finding.reading) or finding.value is None:
        return None
    return rule.bounds if rule.bounds.breached(finding.value) == finding.bound else None


def _only(finding: Finding) -> Bounds:
    """The one bound that is known of a rule which the plan does not have any more."""
    below = finding.value is not None and finding.bound is not None and finding.value < finding.bound
    direction = Direction.BELOW if below else Direction.ABOVE
    if finding.severity is Severity.CRITICAL:
        return Bounds(critical=finding.bound, direction=direction)
    return Bounds(warning=finding.bound, direction=direction)


def _meanwhile(incident: Incident, one: CheckFacts) -> str:
    """How the check of an open incident is now, where it is not as bad as the incident says."""
    if one.state is not None and one.state.verdict.severity is Severity.UNKNOWN:
        return "not judged now"
    if incident.passes >= one.check.close_after:
        return "good again"  # what a rule over time saw keeps it open
    return f"{incident.passes} of {one.check.close_after} good" if incident.passes else ""


def _verdict(state: CheckState | None, last: Result | None) -> Verdict | None:
    """The last verdict, None before the first result. A store keeps no state of a check that was never in trouble."""
    if state is not None and state.since is not None:
        return state.verdict
    return None if last is None else GOOD


def _up_to_now(one: CheckFacts, now: datetime, quiet: Quiet) -> Rollup | None:
    """The last day with the span that is not over, which does not count while a window is open."""
    span = None if quiet.excuses(one.check, now) else one.span
    return combine(one.day, span) if one.day and span else one.day or span


def _explanation(verdict: Verdict | None) -> str:
    if verdict is None:
        return NO_RESULT_YET
    return "" if verdict.severity is Severity.OK else verdict.explanation


def _pending(check: Check, incident: Incident | None) -> str:
    # There may be more than open one, where a window holds it back.
    if incident is None or incident.is_open or not 0 < incident.breaches < check.open_after:
        return ""
    return f"{incident.breaches} of {check.open_after}"


def overall(
    places: Iterable[Place], troubles: Troubles, outbox: OutboxLine, *, running: bool, store_problem: str
) -> Severity:
    """The most urgent of everything. Whoever does not run watches nothing, so all it remembers is unknown.

    What a window excuses is left out. A check that waits for its first result says nothing yet, unless all of
    them do or it is overdue. Messages that were given up, or wait for a channel that fails, and a store that cannot be
    used are at least a warning: somebody was not told.
    """
    if not running:
        return Severity.UNKNOWN
    counted = [one for one in places if one.check.name not in troubles.excused and (one.ran or one.overdue)]
    found = [Severity.UNKNOWN if one.overdue else one.severity for one in counted]
    found += [line.severity for line in troubles.incidents if line.check not in troubles.excused]
    if outbox.dead or outbox.stuck or store_problem:
        found.append(Severity.WARNING)
    return max(found, key=lambda severity: severity.urgency, default=Severity.UNKNOWN)


def _incident_urgency(line: IncidentLine) -> tuple[int, int]:
    return -line.severity.urgency, line.id
