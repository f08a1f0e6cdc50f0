"""The audit log's past: records of seven years, and the faults that take some out or change them."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from examples.healthcare.audit import AuditLog, Entry
from examples.healthcare.database import Database
from examples.healthcare.faults import Fault

YEARS = 7  # one more than the six that 45 CFR 164.316(b)(2) asks for
MONTH = timedelta(days=30)
NEWEST = timedelta(minutes=5)  # the age of the last record of the past
SOMEBODY = "ward-nurse"  # who is no monitor; nobody can log in by this name

#: By fault: which records it strikes, and what it does to them. Never the newest, to which new ones are chained.
STRIKES: dict[StrEnum, tuple[str, str]] = {
    Fault.AUDIT_DELETED: ("seq = 40", "DELETE FROM audit_log"),
    Fault.AUDIT_ALTERED: ("seq = 42", "UPDATE audit_log SET actor = 'nobody'"),
    Fault.AUDIT_PURGED: ("at < datetime('now', '-1 year')", "DELETE FROM audit_log"),
}
RESTORE = "REPLACE INTO audit_log SELECT * FROM audit_log_aside; DELETE FROM audit_log_aside"


def seed(database: Database, log: AuditLog) -> None:
    """Writes the past into an empty log, and puts right what faults did to one that is there."""
    database.script(RESTORE)
    if database.query("SELECT 1 FROM audit_log LIMIT 1"):
        return
    newest = datetime.now(UTC) - NEWEST
    with database.transaction():
        for months in reversed(range(YEARS * 365 // MONTH.days)):
            log.record(reading(newest - months * MONTH, months))


def reading(at: datetime, number: int) -> Entry:
    """One nurse who read one synthetic patient's record."""
    return Entry(
        at=at,
        actor=SOMEBODY,
        action="patients.read",
        resource_type="patient",
        resource_id=str(number % 24 + 1),
        source_ip="127.0.0.1",
        outcome="allowed",
        correlation_id=uuid4().hex,
    )


def strike(database: Database, fault: StrEnum) -> None:
    """Does what a fault does to the log's past."""
    which, what = STRIKES[fault]
    database.script(f"INSERT INTO audit_log_aside SELECT * FROM audit_log WHERE {which}; {what} WHERE {which}")


def restore(database: Database) -> None:
    """Puts all records back as they were."""
    database.script(RESTORE)
