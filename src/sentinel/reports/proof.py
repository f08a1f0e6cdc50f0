"""A check as evidence: how often it ran, how much of the period it judged, and what it found."""

from dataclasses import dataclass
from datetime import timedelta

from sentinel.core.rule import Severity


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
    severity: Severity  # the worst of its incidents and failures; UNKNOWN where nothing was judged
