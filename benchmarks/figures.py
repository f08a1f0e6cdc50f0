"""What was measured, beside what it may be at most, as a table that is Markdown too."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value. Smaller is better wherever there is a bound."""

    name: str
    value: float | None  # None: it could not be measured
    unit: str = ""
    digits: int = 0  # after the point
    bound: float | None = None  # at most so much
    aim: float | None = None  # better still
    note: str = ""

    @property
    def judged(self) -> str:
        """Where the value stands; empty when there is nothing to compare it with."""
        if self.value is None:
            return "not measured"
        if self.bound is not None and self.value > self.bound:
            return "over" if not self.bound else f"over by {(self.value / self.bound - 1) * 100:.0f} %"
        if self.aim is not None:
            return "aim met" if self.value <= self.aim else "bound met"
        return "bound met" if self.bound is not None else ""

    def row(self) -> tuple[str, ...]:
        """The cells of its row."""
        more = ", ".join(filter(None, (self.judged, self.note)))
        return (self.name, self._show(self.value, self.digits), self._show(self.bound), self._show(self.aim), more)

    def _show(self, value: float | None, digits: int | None = None) -> str:
        if value is None:
            return ""
        number = f"{value:g}" if digits is None else f"{value:,.{digits}f}"
        return f"{number} {self.unit}".rstrip()


HEADER = ("figure", "measured", "bound", "aim", "")


def table(figures: Sequence[Figure]) -> str:
    """The figures below each other, aligned."""
    rows = [HEADER, *(figure.row() for figure in figures)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADER))]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return f"| {' | '.join(cells)} |"
