"""What is wrong with one step of a probe that takes several."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Self

from sentinel.core.result import MINOR, OWN_SIDE, SECURITY, FailureClass, Measurement, Note, Reading, failed, passed
from sentinel.probes.database import Trouble
from sentinel.probes.wire import ExchangeFailed


class Finding(Exception):
    """One thing that is not as it should be; raised where it ends a run, collected where the run goes on."""

    def __init__(self, failure: FailureClass, explanation: str, hint: str = "") -> None:
        super().__init__(explanation)
        self.failure = failure
        self.explanation = explanation
        self.hint = hint

    @classmethod
    def of_exchange(cls, step: str, error: ExchangeFailed) -> Self:
        """A step got no answer."""
        return cls(error.failure, f"{step}: {error.explanation}")

    @classmethod
    def of_database(cls, step: str, trouble: Trouble) -> Self:
        """A step's query was not answered."""
        return cls(trouble.failure, f"{step}: {trouble.explanation}", trouble.hint)

    @property
    def gravity(self) -> int:
        """Holes in security first, what accuses the target next, then what is only a warning; what could not be judged last."""
        if self.failure in SECURITY:
            return 0
        if self.failure in OWN_SIDE:
            return 3
        return 2 if self.failure in MINOR else 1


def measurement(
    findings: Sequence[Finding],
    readings: Iterable[Reading],
    *,
    note: Note | None = None,
    hints: Mapping[str, str] | None = None,
) -> Measurement:
    """The result of the run: the gravest finding, the first among equals, with the number of the others."""
    if not findings:
        return passed(readings, note=note, hints=hints)
    gravest = min(findings, key=lambda finding: finding.gravity)
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    explanation = f"{gravest.explanation}{more}"
    return failed(gravest.failure, explanation, hint=gravest.hint, readings=readings, note=note, hints=hints)
