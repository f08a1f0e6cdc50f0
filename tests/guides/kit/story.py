"""One id of a guide: the fault that breaks it, and what a monitor must say of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sentinel.core.rule import Severity

if TYPE_CHECKING:
    from sentinel.core.result import FailureClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A fault of a system, and the check that shows it."""

    ids: tuple[str, ...]  # of the requirements
    fault: str  # its name on the service's switchboard
    check: str
    value: float | None = None  # of the fault, where it takes one
    failure: FailureClass | None = None  # None: the run passes, and a rule finds a reading beyond its bound
    severity: Severity = Severity.CRITICAL
    says: str = ""  # what the explanation or the hint must have in it
    also: frozenset[str] = frozenset()  # other checks that have cause to go red with it
    looks: int = 1  # runs until it shows; a rule over a window, or a rate, needs more than one
    lasts: bool = False  # whether it is told of for a time after it was mended, as restarts within the last hour are

    def __str__(self) -> str:
        return f"{'+'.join(self.ids)}-{self.fault}-{self.check}"
