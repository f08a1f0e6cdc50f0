"""Messages of every kind, as the engine would write them, for channels and faces to show."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sentinel.base.units import Unit
from sentinel.core.incident import Acknowledgement, Address, Phase
from sentinel.core.judge import Finding, Reason
from sentinel.core.notification import (
    AboutCheck,
    AboutDeployment,
    AboutIncident,
    AboutOther,
    AboutWindow,
    Bond,
    Kind,
    Message,
    News,
    Notification,
)
from sentinel.core.rule import Severity

NOW = datetime(2026, 3, 2, 3, 18, 5, tzinfo=UTC)
BEGAN = NOW - timedelta(minutes=18)
WHY = "response_time is 6.2 s, above 5 s"
CHECK = AboutCheck(
    name="payroll-api",
    title="Payroll API",
    kind="http",
    tags=("payroll",),
    runbook="https://example.org/runbooks/payroll",
)
INCIDENT = AboutIncident(
    id=12,
    phase=Phase.OPEN,
    severity=Severity.CRITICAL,
    began_at=BEGAN,
    opened_at=BEGAN + timedelta(minutes=2),
    level=1,
    levels=3,
)
FINDING = Finding(
    severity=Severity.CRITICAL,
    reason=Reason.BEYOND_BOUND,
    explanation=WHY,
    hint="Look at the service's load.",
    reading="response_time",
    value=6.2,
    bound=5.0,
    unit=Unit.SECONDS,
)
OPENED = Message(
    kind=Kind.OPENED,
    at=NOW,
    source="ward",
    sequence=1,
    check=CHECK,
    incident=INCIDENT,
    severity=Severity.CRITICAL,
    explanation=WHY,
    hint=FINDING.hint,
    findings=(FINDING,),
    link="https://sentinel.example.org/incidents/12",
)
TAKEN = Acknowledgement(by="kim", why="restarting it", at=NOW, until=NOW + timedelta(hours=1))
OTHERS = (
    AboutOther(check="payroll-login", title="Payroll login", incident=13, severity=Severity.CRITICAL),
    AboutOther(check="payslips", title="Payslips", incident=14, severity=Severity.WARNING, bond=Bond.DEPENDS),
    AboutOther(check="payroll-db", title="Payroll database", incident=15, severity=Severity.OK),
)
WINDOW = AboutWindow(
    id="w-7",
    title="Payroll 4.2",
    starts_at=NOW,
    ends_at=NOW + timedelta(minutes=90),
    expects_down=True,
    by="kim",
    why="the new version",
    covers="checks tagged payroll",
)

DEPLOYMENT = AboutDeployment(
    id=7,
    system="payroll",
    version="2.4.1",
    from_version="2.4.0",
    ref="3f2a91c",
    environment="production",
    by="ci",
    started_at=BEGAN,
    window_ends_at=BEGAN + timedelta(minutes=30),
    expects_down=True,
    impact="no payslips meanwhile",
    phase="under_way",
    checks=4,
    well=3,
    troubled=("payroll-api",),
    components=("Payroll API: critical", "Login: well", "Payslips: well", "Payroll database: well"),
    timeline=("03:00 started by ci", "03:10 note by kim: the tables are moved (35 s)"),
)
SLOWER = "Payroll API: 95 of 100 take up to 0.9 s, 0.5 s before (p = 0.0004)"
FAILED = replace(
    DEPLOYMENT, phase="proposed", verdict="fail", findings=(SLOWER,), rollback="ordered", reason="too slow",
    quick=True, runs_at=NOW + timedelta(minutes=5),
)  # fmt: skip


def news(number: int, severity: Severity = Severity.CRITICAL) -> News:
    """One message of a digest."""
    return News(
        kind=Kind.OPENED if severity else Kind.RESOLVED,
        at=NOW,
        check=f"till-{number}",
        title=f"Till {number}",
        incident=number,
        severity=severity,
        explanation="connection refused",
    )


def message(kind: Kind) -> Message:
    """A message of that kind."""
    return _ALL[kind]


def notification(told: Message = OPENED, *, to: str = "", key: str = "m-12-1-mail", ambiguous: int = 0) -> Notification:
    """That message on its way to one recipient."""
    address = Address("alerts", to)
    return Notification(key=key, address=address, message=told, created_at=NOW, attempts=1, ambiguous=ambiguous)


def _of_incident(kind: Kind, now: Severity = Severity.CRITICAL, **changes: object) -> Message:
    incident = replace(INCIDENT, **{"level": 0, **changes})  # type: ignore[arg-type]  # whichever fields differ
    return replace(OPENED, kind=kind, severity=now, incident=incident)


def _alone(kind: Kind, **fields: object) -> Message:
    return replace(Message(kind=kind, at=NOW, source="ward"), **fields)  # type: ignore[arg-type]  # whichever are set


_OVER = {"phase": Phase.RESOLVED, "resolved_at": NOW}
_NEWS = (news(1), news(2), news(3, Severity.WARNING), news(4, Severity.OK))
_ALL = {
    Kind.OPENED: OPENED,
    Kind.WORSENED: _of_incident(Kind.WORSENED),
    Kind.EASED: _of_incident(Kind.EASED, Severity.WARNING, severity=Severity.WARNING),
    Kind.ESCALATED: _of_incident(Kind.ESCALATED, level=2),
    Kind.REMINDED: _of_incident(Kind.REMINDED),
    Kind.ACKNOWLEDGED: _of_incident(Kind.ACKNOWLEDGED, phase=Phase.ACKNOWLEDGED, acknowledgement=TAKEN),
    Kind.ACKNOWLEDGEMENT_EXPIRED: _of_incident(Kind.ACKNOWLEDGEMENT_EXPIRED),
    Kind.RESOLVED: _of_incident(Kind.RESOLVED, Severity.OK, **_OVER),
    Kind.WITHDRAWN: _of_incident(Kind.WITHDRAWN, Severity.OK, **_OVER),
    Kind.UPDATED: replace(_of_incident(Kind.UPDATED), others=OTHERS, others_count=3),
    Kind.PROGRESS: _of_incident(Kind.PROGRESS),
    Kind.FLAPPING: _of_incident(Kind.FLAPPING),
    Kind.UNACKNOWLEDGED: _of_incident(Kind.UNACKNOWLEDGED),
    Kind.ASSIGNED: _of_incident(Kind.ASSIGNED, assigned_to="lee"),
    Kind.WINDOW_PLANNED: _alone(Kind.WINDOW_PLANNED, window=WINDOW),
    Kind.WINDOW_STARTED: _alone(Kind.WINDOW_STARTED, window=WINDOW),
    Kind.WINDOW_PROGRESS: _alone(
        Kind.WINDOW_PROGRESS,
        at=NOW + timedelta(minutes=30),
        window=replace(WINDOW, checks=4, well=3, troubled=("payroll-api",)),
    ),
    Kind.WINDOW_ENDED: _alone(Kind.WINDOW_ENDED, window=WINDOW, at=WINDOW.ends_at),
    Kind.DEPLOYMENT_STARTED: _alone(
        Kind.DEPLOYMENT_STARTED,
        deployment=DEPLOYMENT,
        explanation="From 03:00 to 03:30 UTC payroll goes from 2.4.0 to 2.4.1.",
        hint="You hear every 15 min how it goes.",
        link="https://sentinel.example.org/deployments/7",
    ),
    Kind.DEPLOYMENT_PROGRESS: _alone(
        Kind.DEPLOYMENT_PROGRESS, deployment=DEPLOYMENT, explanation="It has gone on for 18 min."
    ),
    Kind.DEPLOYMENT_FAILED: _alone(
        Kind.DEPLOYMENT_FAILED, severity=Severity.CRITICAL, deployment=FAILED, explanation="it is slower than before"
    ),
    Kind.DEPLOYMENT_ENDED: _alone(
        Kind.DEPLOYMENT_ENDED,
        deployment=replace(
            DEPLOYMENT,
            phase="ended",
            verdict="pass",
            ending="passed",
            ended_at=NOW,
            down_for=timedelta(minutes=4, seconds=10),
            findings=("errors: 0 of 900, 0 of 870 before",),
            as_before=18,
        ),
        explanation="Its watch found nothing that is worse than before.",
    ),
    Kind.ROLLBACK: _alone(Kind.ROLLBACK, deployment=FAILED, title="roll back payroll 2.4.1"),
    Kind.ROLLBACK_PLANNED: _alone(Kind.ROLLBACK_PLANNED, severity=Severity.CRITICAL, deployment=FAILED),
    Kind.ROLLBACK_STARTED: _alone(
        Kind.ROLLBACK_STARTED,
        severity=Severity.WARNING,
        deployment=replace(FAILED, phase="rolling_back", rollback="started", runs_at=None),
    ),
    Kind.ROLLBACK_ENDED: _alone(
        Kind.ROLLBACK_ENDED, deployment=replace(FAILED, phase="verifying", rollback="done", runs_at=None)
    ),
    Kind.COMMAND_PLANNED: replace(
        _of_incident(Kind.COMMAND_PLANNED, level=3), title="roll-back runs at 03:23:05 UTC unless somebody stops it"
    ),
    Kind.COMMAND: replace(_of_incident(Kind.COMMAND, level=3), title="roll-back"),
    Kind.COMMAND_ENDED: replace(
        _of_incident(Kind.COMMAND_ENDED), title="roll-back ended well after 12 s", text="back at 4.1"
    ),
    Kind.DIGEST: _alone(Kind.DIGEST, severity=Severity.CRITICAL, news=_NEWS, others_count=4),
    Kind.CANARY: _alone(Kind.CANARY),
    Kind.REPORT: _alone(
        Kind.REPORT, title="Daily report of 2026-03-01", text="payroll-api  99.95 %\nlogin        100 %"
    ),
    Kind.TEST: _alone(Kind.TEST, text="If you read this, the channel works."),
    Kind.STORE_DOWN: _alone(
        Kind.STORE_DOWN, severity=Severity.CRITICAL, explanation="the disk is full", hint="Make room."
    ),
    Kind.STORE_UP: _alone(Kind.STORE_UP, explanation="after 5 min"),
}
