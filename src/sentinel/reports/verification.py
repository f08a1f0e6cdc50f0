"""What is shown of a verification: one document, many faces (command, program, JUnit)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.core.deployment.deployment import Judged, Verification, VerifiedCheck
from sentinel.core.result import Outcome
from sentinel.reports.documents import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationDocument(Document):
    """Checks of a system that are run once, to know whether one may go on."""

    source: str
    number: int  # 0: it was made without a daemon
    system: str  # empty: the checks of the whole file
    environment: str  # as configured
    tags: tuple[str, ...]  # empty: all checks
    by: str
    began_at: datetime
    ended_at: datetime | None  # None while it goes on
    took: timedelta | None
    planned: int
    passed: int  # what warns has passed
    failed: int
    unknown: int
    verdict: Judged | None  # None while it goes on
    done: int  # of those that are planned
    checks: tuple[VerifiedCheck, ...]  # that are done; of an old one with many checks, those that did not pass


def document(one: Verification, *, source: str, environment: str = "", brief: bool = False) -> VerificationDocument:
    """How far a verification has come, or what came of it.

    Args:
        brief: without the checks.
    """
    unknown = sum(check.outcome is Outcome.UNKNOWN for check in one.checks)
    return VerificationDocument(
        source=source,
        number=one.number,
        system=one.system,
        environment=environment,
        tags=one.tags,
        by=one.by,
        began_at=one.began_at,
        ended_at=one.ended_at,
        took=one.ended_at - one.began_at if one.ended_at else None,
        planned=one.planned,
        passed=one.passed,
        failed=one.left_out + len(one.checks) - one.passed - unknown,
        unknown=unknown,
        verdict=one.judged if one.ended_at else None,
        done=one.left_out + len(one.checks),
        checks=() if brief else one.checks,
    )
