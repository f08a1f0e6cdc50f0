"""What a check remembers of backups that it has looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Final, Self

from sentinel.probes.backup.copies import Copy

_SIZES: Final = 30  # backups whose size is remembered
_FEWEST: Final = 3  # that one is compared with


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A backup that was read to its end, or restored, with success."""

    key: str  # of the copy
    at: float  # when, seconds since 1970
    values: Mapping[str, float] = field(default_factory=dict)  # what was read of it, by the names of readings

    def noted(self) -> list[Any]:
        return [self.key, self.at, dict(self.values)]

    @classmethod
    def from_note(cls, note: Any) -> Self | None:
        """None when the note has another shape."""
        match note:
            case [str(key), int() | float() as at, dict(values)]:
                kept = {str(name): float(value) for name, value in values.items() if isinstance(value, int | float)}
                return cls(key=key, at=float(at), values=kept)
        return None


class Sizes:
    """The sizes of the last backups, the newest last."""

    def __init__(self, noted: Any) -> None:
        parts = noted if isinstance(noted, list) else []
        self._sizes: list[tuple[str, int]] = [
            (part[0], part[1])
            for part in parts
            if isinstance(part, list) and len(part) == 2 and isinstance(part[0], str) and isinstance(part[1], int)
        ]

    def ratio(self, copy: Copy) -> float | None:
        """Its size as a multiple of what is usual; None while too few are known. The copy is remembered."""
        before = [size for key, size in self._sizes if key != copy.key]
        if all(key != copy.key for key, _ in self._sizes):
            self._sizes = [*self._sizes, (copy.key, copy.size)][-_SIZES:]
        usual = median(before) if len(before) >= _FEWEST else 0
        return copy.size / usual if usual else None

    def noted(self) -> list[Any]:
        return [list(part) for part in self._sizes]
