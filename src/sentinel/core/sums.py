"""Sums over a sliding window of time, in little room: what a window of 90 days takes does not depend on how often is added."""

from array import array
from datetime import timedelta


class SlidingSums:
    """Several sums over one window, which is divided into parts; the oldest part is forgotten at once.

    So a window of 60 minutes in 12 parts covers the last 55 to 60 minutes.
    """

    __slots__ = ("_cells", "_columns", "_newest", "_parts", "_step", "totals")

    def __init__(self, window: timedelta, parts: int, columns: int) -> None:
        self._step = window.total_seconds() / parts
        self._parts = parts
        self._columns = columns
        self.forget()

    def forget(self) -> None:
        """Start from zero."""
        self._newest: int | None = None  # number of the newest part since the epoch
        self._cells = array("d", bytes(8 * self._parts * self._columns))
        self.totals = [0.0] * self._columns

    def add(self, at: float, *amounts: float) -> None:
        """Add to the part of a moment, one amount for each sum.

        Args:
            at: seconds since the epoch. A moment within the window may be added later. A clock that stepped back by more than
                the window was wrong before, and the window begins anew.
            amounts: in the order of `totals`.
        """
        index = self.advance(at)
        first = index % self._parts * self._columns
        for column, amount in enumerate(amounts):
            self._cells[first + column] += amount
            self.totals[column] += amount

    def advance(self, at: float) -> int:
        """Forget what is too old at a moment; answers the number of the moment's part."""
        index = int(at // self._step)
        if self._newest is None or abs(index - self._newest) >= self._parts:
            self.forget()
            self._newest = index
        elif index > self._newest:
            for passed in range(self._newest + 1, index + 1):
                self._clear(passed % self._parts * self._columns)
            self._newest = index
            # Anew, since what was added and taken away again would leave rounding errors behind for ever.
            self.totals = [sum(self._cells[column :: self._columns]) for column in range(self._columns)]
        return index

    def _clear(self, first: int) -> None:
        for cell in range(first, first + self._columns):
            self._cells[cell] = 0.0
