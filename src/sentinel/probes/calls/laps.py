"""How long the steps of one run took, for kinds whose steps are not those of an HTTP exchange."""

from collections.abc import Mapping
from time import perf_counter
from typing import Final

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.wire.failure import CONNECTING, TIMEOUTS, Phase, WireError

#: What the end of the deadline means, by the step that it came in; in any other an answer was waited for.
_TOO_SLOW: Final = {phase.value: failure for phase, failure in TIMEOUTS.items()}


class Laps:
    """The steps so far. Each is named like its reading, and lasts until the next begins."""

    def __init__(self, first: str = Phase.RESOLVE, *, place: str = "") -> None:
        self._place = place  # host and port that the run connects to
        self._started = self._begun = perf_counter()
        self._seconds: dict[str, float] = {}
        self.step = str(first)  # the one under way; empty after `end`

    def begin(self, step: str) -> None:
        """The step under way ends, and this one begins. A step may come again: its times are added."""
        now = perf_counter()
        if self.step:
            self._seconds[self.step] = self._seconds.get(self.step, 0.0) + now - self._begun
        self.step, self._begun = str(step), now

    def end(self) -> None:
        """The last step is over."""
        self.begin("")

    @property
    def seconds(self) -> Mapping[str, float]:
        """Per step that is over, in the order in which they began."""
        return self._seconds

    @property
    def total(self) -> float:
        """Seconds from the beginning to the end of the last step."""
        return self._begun - self._started

    def readings(self) -> list[Reading]:
        """One per step that was begun; the one under way ends now."""
        self.end()
        return [Reading(step, seconds, Unit.SECONDS) for step, seconds in self._seconds.items()]

    def too_slow(self) -> WireError:
        """What the end of the deadline means in the step that is under way."""
        error = WireError(*_TOO_SLOW.get(self.step, (FailureClass.READ_TIMEOUT, "no answer in time")))
        return error.at(self._place) if self.step in CONNECTING else error
