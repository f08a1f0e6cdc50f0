"""The history of sizes: hourly for a day, every six hours for eight days, so that it fits into a note."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sentinel.core.result import Note

DAY: Final = 24  # hours
WEEK: Final = 7 * DAY

_FINE: Final = 30  # hours that every hour is kept for
_COARSE: Final = 6  # hours between two points that are kept for longer
_OLDEST: Final = 8 * DAY
_KIB: Final = 1024

Sizes = Mapping[str, int]  # bytes by the table's name


class Growth:
    """Sizes at full hours. A value: `with_sizes` answers another one."""

    def __init__(self, points: Mapping[int, Sizes]) -> None:
        self._points = points  # by hours since the epoch; sizes in KiB

    @classmethod
    def from_note(cls, note: Note) -> "Growth":
        """What `as_note` wrote; nothing of a note of another shape."""
        try:
            columns = {str(name): list(sizes) for name, sizes in note["sizes"].items()}
            points = {
                int(hour): {name: int(sizes[number]) for name, sizes in columns.items() if sizes[number] is not None}
                for number, hour in enumerate(note["hours"])
            }
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            return cls({})
        return cls(points)

    def as_note(self) -> dict[str, Any]:
        """By table, as names are longer than sizes."""
        hours = sorted(self._points)
        names = sorted({name for sizes in self._points.values() for name in sizes})
        return {"hours": hours, "sizes": {name: [self._points[hour].get(name) for hour in hours] for name in names}}

    def with_sizes(self, hour: int, sizes: Sizes, names: Iterable[str]) -> "Growth":
        """With the sizes of this hour, unless it has some already; without what is too old or has none of these names."""
        points = {known: self._points[known] for known in _kept(self._points, hour)}
        points.setdefault(hour, {name: size // _KIB for name, size in sizes.items()})
        kept = frozenset(names)
        return Growth({known: {name: of[name] for name in kept & of.keys()} for known, of in points.items()})

    def over(self, hours: int, hour: int, name: str, size: int) -> float | None:
        """By what share it grew in so many hours until now: 0.5 for half as much again, below 0 when it shrank.

        From the point nearest to that age, a sixth of it earlier or later at most, and scaled to it; None where there is none.
        """
        points = [(hour - known, sizes[name]) for known, sizes in self._points.items() if name in sizes]
        near = [(age, then) for age, then in points if abs(age - hours) <= hours / 6 and then > 0]
        if not near:
            return None
        age, then = min(near, key=lambda point: abs(point[0] - hours))
        return (size / _KIB / then - 1) * hours / age


def _kept(hours: Iterable[int], now: int) -> list[int]:
    """All of the last day, and of each six hours before that the first: a check may run but once a day, at any hour."""
    recent = [hour for hour in hours if 0 <= now - hour <= _FINE]
    slots: dict[int, int] = {}
    for hour in sorted(hours):
        if _FINE < now - hour <= _OLDEST:
            slots.setdefault(hour // _COARSE, hour)
    return [*slots.values(), *recent]
