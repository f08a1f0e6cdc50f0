"""Small drawings: a strip of states and a line without scales. A page has dozens of them, so each is a few hundred bytes."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby, pairwise
from typing import Final

from sentinel.base.units import format_lasted, format_value
from sentinel.core.plot import scale
from sentinel.reports.drawing.palette import LIGHT, Palette, spoken, template
from sentinel.reports.strips import Cell, Spark, Strip

# --- Strips -----------------------------------------------------------------------------------------------------------

#: Parts that a cell is divided into from top to bottom. However short a state was, it gets one: a minute in a day is seen.
_PARTS: Final = 4

#: What a cell is made of, from top to bottom: the worst comes first, and gets its part first.
_STATES: Final = ("down", "degraded", "unknown", "none", "up")


def strip(shown: Strip, theme: Palette = LIGHT) -> str:
    """A strip of states, one cell per step. It is stretched to the room that there is.

    A line of dashes per state and height makes all its cells at once, so that fifty strips are a small part of a page.
    """
    last = len(shown.cells) - 1
    columns = [_column(cell, shown.step, over=n < last) for n, cell in enumerate(shown.cells)]
    blocks = sorted({block for column in columns for block in column})
    rows = [
        {
            "name": name,
            "colour": getattr(theme, name),
            "thick": height,
            "path": "".join(run for block in alike for run in _runs(columns, block)),
        }
        for (name, height), alike in groupby(blocks, key=lambda block: block[:2])
    ]
    return template("strip.svg").render(width=len(shown.cells), height=_PARTS, rows=rows, words=strip_in_words(shown))


#: A state, how high it is and where it begins, in parts of a cell.
_Block = tuple[str, int, int]


def _column(cell: Cell, step: timedelta, *, over: bool) -> list[_Block]:
    """What one cell is made of, from top to bottom."""
    known = cell.up + cell.degraded + cell.down + cell.unknown
    missing = max(step.total_seconds() - known, 0.0) if over and known else 0.0
    seconds = {"down": cell.down, "degraded": cell.degraded, "unknown": cell.unknown, "none": missing, "up": cell.up}
    whole = known + missing
    if not known:
        return [("none", _PARTS, 0)]
    blocks: list[_Block] = []
    top = 0
    for name in _STATES:
        share = seconds[name] / whole * _PARTS
        # Trouble is never too short to be seen; what is fine, or not known, is rounded.
        height = max(round(share), 1) if name in ("down", "degraded") and share else round(share)
        height = min(height, _PARTS - top)
        if height:
            blocks.append((name, height, top))
            top += height
    if top < _PARTS:  # rounding left a part: it belongs to the last
        name, height, start = blocks.pop() if blocks else ("up", 0, 0)
        blocks.append((name, height + _PARTS - top, start))
    return blocks


def _runs(columns: Sequence[Sequence[_Block]], block: _Block) -> Iterator[str]:
    """Where neighbours have the same block, as lines of a path through its middle."""
    _, height, top = block
    middle, at = top + height / 2, 0
    for has, run in groupby(columns, key=lambda column: block in column):
        length = len(list(run))
        if has:
            yield f"M{at} {middle:g}h{length}"
        at += length


def strip_in_words(shown: Strip) -> str:
    """What a strip shows: `24 h: up 23 h 40 min, down 20 min`."""
    sums = {
        "down": sum(cell.down for cell in shown.cells),
        "degraded": sum(cell.degraded for cell in shown.cells),
        "not known": sum(cell.unknown for cell in shown.cells),
        "up": sum(cell.up for cell in shown.cells),
    }
    said = ", ".join(f"{name} {format_lasted(seconds)}" for name, seconds in sums.items() if seconds >= 1)
    return f"{format_lasted(shown.step * len(shown.cells))}: {said or 'nothing known'}"


# --- Small lines ------------------------------------------------------------------------------------------------------

_SPARK_HEIGHT: Final = 24
_SPARK_STEP: Final = 2


def sparkline(shown: Spark, theme: Palette = LIGHT) -> str:
    """The means of a reading as one small line without scales; it begins at zero where that shows enough."""
    low, high = scale(value for value in shown.values if value is not None)
    width = max(len(shown.values) - 1, 1) * _SPARK_STEP + 2

    def place(value: float) -> int:
        part = (value - low) / (high - low)
        return round(_SPARK_HEIGHT - 2 - part * (_SPARK_HEIGHT - 4))

    path = ""
    for known, run in groupby(enumerate(shown.values), key=lambda one: one[1] is not None):
        if known:
            points = [(n, place(value)) for n, value in run if value is not None]
            path += f"M{1 + points[0][0] * _SPARK_STEP} {points[0][1]}{_moves([y for _, y in points])}"
    words = spark_in_words(shown)
    return template("sparkline.svg").render(width=width, height=_SPARK_HEIGHT, path=path, colours=theme, words=words)


def _moves(ys: Sequence[int]) -> str:
    """From each point to the next, a step to the right; shorter than their places."""
    moves = (f"{_SPARK_STEP}{later - earlier: d}" for earlier, later in pairwise(ys))  # a sign parts numbers, too
    return "l" + " ".join(moves) if len(ys) > 1 else "h0"


def spark_in_words(shown: Spark) -> str:
    """What a small line shows: `response time 180 ms to 420 ms, last 200 ms`."""
    values = [value for value in shown.values if value is not None]
    low, high, last = (format_value(value, shown.unit) for value in (min(values), max(values), values[-1]))
    return f"{spoken(shown.reading)} {low} to {high}, last {last}"
