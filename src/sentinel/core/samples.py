"""The last results of a check within a sliding window: how many failed, and how one reading was distributed."""

from datetime import timedelta

from sentinel.core.histogram import Histogram

#: A window is divided into so many parts; the oldest part is forgotten at once. So a window of an hour covers the last
#: 55 to 60 minutes, and its memory does not grow with the rate of checking.
PARTS = 12


class _Part:
    __slots__ = ("failures", "histogram", "index", "packed", "samples")

    def __init__(self, index: int) -> None:
        self.index = index  # number of this part since the epoch
        self.samples = 0
        self.failures = 0
        self.histogram: Histogram | None = None
        self.packed = b""  # the histogram of a part that nothing is added to any more: a twentieth of the room

    def pack(self) -> None:
        if self.histogram is not None:
            self.packed, self.histogram = self.histogram.encode(), None


class SampleWindow:
    """Samples of one check over one window. Added to by the pipeline, in the order in which results arrive."""

    __slots__ = ("_older", "_parts", "_step", "failures", "histogram", "samples")

    def __init__(self, window: timedelta, older: "SampleWindow | None" = None) -> None:
        """An empty window.

        Args:
            window: how long it is.
            older: the window of the same length right before this one: it takes over what this one gives up.
        """
        self._older = older
        self._step = window.total_seconds() / PARTS
        self._parts: list[_Part] = []
        self.samples = 0  # passed and failed results within the window
        self.failures = 0
        self.histogram = Histogram()  # of the reading, over the same window

    def add(self, at: float, *, failed: bool, value: float | None) -> None:
        """Count one result.

        Args:
            at: seconds since the epoch. A clock that stepped back adds to the newest part; one that stepped back by more
                than the window was wrong before, and the window begins anew.
            failed: whether the result was a failure.
            value: the reading that is watched, or None when this run did not take it.
        """
        part = self._part(int(at // self._step))
        part.samples += 1
        self.samples += 1
        if failed:
            part.failures += 1
            self.failures += 1
        if value is not None:
            if part.histogram is None:
                part.histogram = Histogram()
            part.histogram.add(value)
            self.histogram.add(value)

    def absorb(self, at: float, samples: int, failures: int, histogram: Histogram | None) -> None:
        """Count many results at once, such as those of a roll-up; the arguments are as for `add`."""
        part = self._part(int(at // self._step))
        part.samples += samples
        part.failures += failures
        self.samples += samples
        self.failures += failures
        if histogram is not None:
            if part.histogram is None:
                part.histogram = Histogram()
            part.histogram.include(histogram)
            self.histogram.include(histogram)

    def forget(self) -> None:
        """Drop all samples: an incident told of them, so they must not be told of again."""
        self._parts.clear()
        self.samples = self.failures = 0
        self.histogram = Histogram()

    @property
    def error_rate(self) -> float:
        """Failed results as a share of all, 0 when there are none."""
        return self.failures / self.samples if self.samples else 0.0

    def _part(self, index: int) -> _Part:
        if self._parts and index <= self._parts[-1].index - PARTS:
            self.forget()  # else nothing would be forgotten until the clock is there again
            if self._older is not None:
                self._older.forget()
        if self._parts and index <= self._parts[-1].index:
            return self._parts[-1]
        self._drop_before(index - PARTS + 1)
        if self._parts:
            self._parts[-1].pack()
        part = _Part(index)
        self._parts.append(part)
        return part

    def _drop_before(self, index: int) -> None:
        while self._parts and self._parts[0].index < index:
            part = self._parts.pop(0)
            self._retire(part)
            if self._older is not None:
                self._older._take_over(part)
        if self._older is not None:
            self._older._drop_before(index - PARTS)

    def _take_over(self, part: _Part) -> None:
        self._parts.append(part)
        self.samples += part.samples
        self.failures += part.failures
        part.pack()
        if part.packed:
            self.histogram.include(Histogram.decode(part.packed))

    def _retire(self, part: _Part) -> None:
        self.samples -= part.samples
        self.failures -= part.failures
        part.pack()
        if part.packed:
            self.histogram.exclude(Histogram.decode(part.packed))
