"""What one part of a host shows."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sentinel.core.result import Reading
from sentinel.probes.finding import Finding


@dataclass(slots=True, kw_only=True)
class Look:
    """Collected part by part, and joined at the end of a run."""

    findings: list[Finding] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    hints: dict[str, str] = field(default_factory=dict)  # by reading: what stands behind it, and what to do

    @classmethod
    def joined(cls, looks: Iterable["Look"]) -> "Look":
        """All as one, in their order."""
        whole = cls()
        for look in looks:
            whole.findings += look.findings
            whole.readings += look.readings
            whole.hints |= look.hints
        return whole
