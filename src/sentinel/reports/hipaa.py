"""The HIPAA checklist: each line with the paragraph it serves, the checks that prove it, and where proof is missing.

The paragraphs are those of the Security Rule's technical safeguards, 45 CFR 164.312, and for backups of 164.308. The lines are
the healthcare guide's.
"""

from dataclasses import dataclass

from sentinel.core.rule import Severity
from sentinel.reports.proof import Answer, ProofLine

#: What the checklist is, and what it is not.
EVIDENCE = (
    "This is evidence of what the checks saw, not a legal judgement: whether safeguards are sufficient is for those to "
    "decide who are responsible for them."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HipaaLine:
    """One line of the checklist."""

    id: str  # such as `encryption_in_transit`; also its key under `reports.hipaa`
    title: str
    paragraph: str  # such as `45 CFR 164.312(e)(1)`
    requires: str  # what the paragraph asks for, in words
    chosen: str  # how its checks were found: `configuration` or `kinds and tags`
    answer: Answer
    why: str
    coverage: float | None  # the least of its checks; None where there is none
    severity: Severity
    failures: int
    incidents: tuple[int, ...]
    proofs: tuple[ProofLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hipaa:
    """The part of a report that goes through the checklist."""

    lines: tuple[HipaaLine, ...]
    proven: int
    troubles: int
    partly: int
    gaps: int
    enough: float  # coverage from which on a line counts as proven
    note: str = EVIDENCE
