"""Which making of a report this is: the first, or a correction of an earlier one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A numbered revision of a report."""

    number: int = 1
    corrects: tuple[str, ...] = ()  # what differs from the revision before, in words; empty for the first

    @property
    def words(self) -> str:
        """What the report says of itself; empty for the first."""
        if self.number == 1:
            return ""
        differs = f": {'; '.join(self.corrects)}" if self.corrects else ""
        return f"Revision {self.number}, corrects revision {self.number - 1}{differs}"
