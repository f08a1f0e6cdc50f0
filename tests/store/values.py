"""Incidents and notifications for the store's tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sentinel.core.incident import Address, Incident, Level, Phase, Policy
from sentinel.core.judge import Finding, Reason, Verdict
from sentinel.core.notification import AboutCheck, AboutIncident, Kind, Message, Notification
from sentinel.core.result import Result
from sentinel.core.rule import Severity
from sentinel.store.database import Transaction

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MAIL = Address("email", "ops@example.org")
SLACK = Address("slack")
POLICY = Policy(
    name="default",
    levels=(Level(after=timedelta(0), channels=("email",)), Level(after=15 * MINUTE, channels=("slack",))),
)
BAD = Verdict(
    severity=Severity.CRITICAL,
    findings=(
        Finding(severity=Severity.CRITICAL, reason=Reason.FAILED, explanation="status 503, expected 2xx", value=503.0),
    ),
    point=Severity.CRITICAL,
)


def incident(number: int = 7, *, opened: datetime = AT, resolved: datetime | None = None) -> Incident:
    return Incident(
        id=number,
        check="health",
        policy=POLICY,
        began_at=opened - 2 * MINUTE,
        opened_at=opened,
        resolved_at=resolved,
        phase=Phase.RESOLVED if resolved else Phase.OPEN,
        severity=Severity.CRITICAL,
        verdict=BAD,
        levels=(1,),
        told=(MAIL, SLACK),
    )


def notification(
    sequence: int = 1, kind: Kind = Kind.OPENED, address: Address = MAIL, number: int | None = 7, at: datetime = AT
) -> Notification:
    about = None
    if number is not None:
        about = AboutIncident(id=number, phase=Phase.OPEN, severity=Severity.CRITICAL, began_at=AT, opened_at=AT)
    message = Message(
        kind=kind,
        at=at,
        source="ops",
        sequence=sequence,
        check=AboutCheck(name="health", title="Payroll API", kind="http", tags=("core",)),
        incident=about,
        severity=Severity.CRITICAL,
        findings=BAD.findings,
    )
    key = f"{number}-{sequence}-{address.channel}-{address.recipient}"
    return Notification(key=key, address=address, message=message, created_at=at, incident=number)


def found_since(
    tx: Transaction, at: datetime, check: str | None = None, limit: int = 20_000, after: Result | None = None
) -> list[Result]:
    """The results that the store has, without their severities."""
    return [found for found, _ in tx.results.since(at, check, limit, after)]
