"""What rules of several types have in common: a reading with its unit, bounds in the right order, a window that can be filled."""

from datetime import timedelta

from sentinel.base.units import Unit, write_duration
from sentinel.config.bounds import parse_bound
from sentinel.config.keypath import KeyPath
from sentinel.config.problems import Problems, listed
from sentinel.config.rules import Known
from sentinel.config.schema.own import KeepEntry
from sentinel.config.schema.rules import (
    AbsenceRule,
    BaselineRule,
    ErrorRateRule,
    GrowthRule,
    QuantileRule,
    ThresholdRule,
    UptimeRule,
)
from sentinel.core.rule import Bounds, Direction
from sentinel.core.samples import PARTS

Sided = ThresholdRule | QuantileRule | BaselineRule
Bounded = Sided | ErrorRateRule | UptimeRule | GrowthRule | AbsenceRule


class RuleParts:
    """Reads the parts of one check's rules, noting what is wrong with each."""

    def __init__(self, known: Known, keep: KeepEntry, problems: Problems) -> None:
        self._known = known
        self._keep = keep
        self._problems = problems

    def unit(self, path: KeyPath, reading: str) -> Unit | None:
        unit = self._known.unit(reading)
        if unit is None:
            expected = f"one of {listed(self._known.readings)}"
            self._problems.add((*path, "reading"), repr(reading), expected, self._known.hint(reading))
        return unit

    def direction(self, entry: Sided) -> Direction:
        if entry.direction is not None:
            return Direction(entry.direction)
        return Direction.BELOW if self._known.is_lower_worse(entry.reading) else Direction.ABOVE

    def are_shares(self, path: KeyPath, bounds: Bounds, what: str, such: str) -> bool:
        fine = all(0 <= bound <= 1 for bound in (bounds.warning, bounds.critical) if bound is not None)
        if not fine:
            self._problems.add(path, f"{what} outside of 0 to 1", f"a ratio such as {such}")
        return fine and self._can_be_exceeded(path, bounds, what)

    def _can_be_exceeded(self, path: KeyPath, bounds: Bounds, what: str) -> bool:
        """A rule speaks beyond its bound, and beyond all or nothing there is nothing."""
        end, words = (1, "100 %") if bounds.direction is Direction.ABOVE else (0, "0 %")
        idle = [key for key, bound in (("warning", bounds.warning), ("critical", bounds.critical)) if bound == end]
        for key in idle:
            found = f"{what} that is never {bounds.direction} {words}"
            self._problems.add((*path, key), found, f"a bound that can be exceeded, such as {'99%' if end else '1%'}")
        return not idle

    def check_kept(
        self, path: KeyPath, window: timedelta, *, rolled: bool, key: str = "window", what: str = "a window of "
    ) -> bool:
        """What is longer than what is kept would begin anew with each restart."""
        longest, of = (self._keep.rollups, "rollups") if rolled else (self._keep.results, "results")
        if window <= longest:
            return True
        kept = "sums over 5 minutes" if rolled else "results"
        found = f"{what}{write_duration(window)}, and {kept} are kept for {write_duration(longest)}"
        self._problems.add((*path, key) if key else path, found, f"a window no longer than store.keep.{of}")
        return False

    def check_room(self, path: KeyPath, window: timedelta, min_samples: int) -> None:
        """A window that never holds enough samples would be a rule that never speaks."""
        held = self.held(window)
        if held < min_samples:
            every = write_duration(self._known.interval)
            found = f"a window of {write_duration(window)}, which holds {held} runs at an interval of {every}"
            expected = f"room for min_samples ({min_samples})"
            self._problems.add((*path, "window"), found, expected, "make the window longer or min_samples smaller")

    def held(self, window: timedelta) -> int:
        """Runs that a window always holds: the oldest part of a window is forgotten at once."""
        return int(window * (PARTS - 1) / PARTS / self._known.interval)

    def bounds(self, path: KeyPath, entry: Bounded, unit: Unit, direction: Direction) -> Bounds | None:
        if entry.warning is None and entry.critical is None:
            self._problems.add(path, "a rule without bounds", "warning, critical or both")
            return None
        warning, fine = self.bound((*path, "warning"), entry.warning, unit)
        critical, fine_too = self.bound((*path, "critical"), entry.critical, unit)
        if not (fine and fine_too):
            return None
        if warning is not None and critical is not None and direction.breached(warning, critical):
            self._refuse_order(path, entry, direction)
            return None
        return Bounds(warning=warning, critical=critical, direction=direction)

    def bound(self, path: KeyPath, value: float | str | None, unit: Unit) -> tuple[float | None, bool]:
        """The bound, and whether it could be read."""
        if value is None:
            return None, True
        try:
            return parse_bound(value, unit), True
        except ValueError as error:
            if not self._problems.concerns(path):
                self._problems.add(path, self._problems.shown(path, secret=False), str(error))
            return None, False

    def _refuse_order(self, path: KeyPath, entry: Bounded, side: Direction) -> None:
        found = f"a warning bound of {entry.warning} that lies {side} the critical bound of {entry.critical}"
        other = "below" if side is Direction.ABOVE else "above"
        sided = isinstance(entry, ThresholdRule | QuantileRule)
        hint = "" if not sided else f'if the trouble lies {other}, write "direction": "{other}"'
        self._problems.add((*path, "warning"), found, "a warning that comes before the critical bound", hint)
