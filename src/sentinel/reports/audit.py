"""Audits: the questions that the healthcare guide asks each day, week and month, and the checks that answer them."""

from dataclasses import dataclass
from enum import StrEnum

from sentinel.core.rule import Severity
from sentinel.reports.proof import Answer, ProofLine


class Scope(StrEnum):
    """How wide an audit looks; it goes by the length of the report's period."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuestion:
    """One question of an audit."""

    id: str
    question: str
    answer: Answer
    why: str  # what the answer rests on, in one sentence
    coverage: float | None  # the least of its checks; None where there is none
    severity: Severity
    proofs: tuple[ProofLine, ...]  # the worst first


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSection:
    """What belongs together, such as `Security`."""

    title: str
    asks: str  # what the guide asks for, such as `Weekly: security assessment`
    questions: tuple[AuditQuestion, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The part of a report for those who audit."""

    scope: Scope
    sections: tuple[AuditSection, ...]
    questions: int
    answered: int  # with yes
    troubles: int
    partly: int
    gaps: int
    enough: float  # coverage from which on a question counts as answered
