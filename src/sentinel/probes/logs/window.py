"""How often each pattern was found in the last minutes, kept over restarts."""

from collections import Counter, deque
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

_PARTS: Final = 20  # of a window; the oldest is forgotten at once


class Window:
    """Counts of the last `length`."""

    def __init__(self, length: timedelta, noted: Any = None) -> None:
        self._length = length.total_seconds()
        self._part = max(self._length / _PARTS, 1.0)
        self._parts: deque[tuple[float, dict[str, int]]] = deque(_from_note(noted))

    @property
    def minutes(self) -> float:
        return self._length / 60

    def add(self, counts: Mapping[str, int], now: float) -> None:
        """Counts of a look at `now` (seconds since 1970)."""
        start = now - now % self._part
        self._parts = deque(part for part in self._parts if now - self._length < part[0] <= start)
        if not self._parts or self._parts[-1][0] != start:
            self._parts.append((start, {}))
        held = self._parts[-1][1]
        held.update(Counter(held) + Counter(counts))

    def totals(self) -> Mapping[str, int]:
        """The counts by name; those that are 0 are left out."""
        return sum((Counter(counts) for _, counts in self._parts), Counter())

    def noted(self) -> list[Any]:
        return [[start, counts] for start, counts in self._parts]


def _from_note(noted: Any) -> list[tuple[float, dict[str, int]]]:
    if not isinstance(noted, list):
        return []
    return [(float(start), _counts(counts)) for start, counts in (part for part in noted if _is_part(part))]


def _is_part(part: Any) -> bool:
    return isinstance(part, list) and len(part) == 2 and isinstance(part[0], int | float) and isinstance(part[1], dict)


def _counts(noted: Mapping[Any, Any]) -> dict[str, int]:
    return {str(name): count for name, count in noted.items() if isinstance(count, int)}
