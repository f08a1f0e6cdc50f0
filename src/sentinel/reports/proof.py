"""A check as evidence: how often it ran, how much of the period it judged, and what it found."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sentinel.core.rule import Severity


class Answer(StrEnum):
    """What a question came to. A closed list."""

    YES = "yes"  # every check that answers it was good, and judged nearly all the time
    TROUBLE = "trouble"  # one of them failed at some time
    PARTLY = "partly"  # none failed, but one was not judged for a good part of the period
    GAP = "gap"  # no check answers it, or none was judged at all


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofLine:
    """What one check says about one question over the period."""

    check: str
    title: str
    kind: str
    proves: str  # what a check of its kind looks at, in words
    runs: int
    failures: int
    unknowns: int  # runs that could not judge
    coverage: float  # share of the period outside windows in which it was judged, 0 to 1
    down: timedelta
    incidents: tuple[int, ...]  # numbers of those that were open in the period, the oldest first
    severity: (
        Severity  # the worst of its incidents, failures and what was asked of it; UNKNOWN where nothing was judged
    )
    found: str = ""  # what it says about the question, in words; empty: whether it was good is all there is to say
