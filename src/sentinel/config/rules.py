"""Rules: from what the file says to rules with units, checked against the readings that the check really has."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sentinel.base.units import Unit, write_duration
from sentinel.config.bounds import parse_bound
from sentinel.config.keypath import KeyPath
from sentinel.config.problems import Problems, did_you_mean, listed
from sentinel.config.read import read
from sentinel.config.schema.rules import RULES, ErrorRateRule, QuantileRule, RuleEntry, ThresholdRule
from sentinel.core.rule import Bounds, Direction, ErrorRate, Quantile, Rule, Threshold
from sentinel.core.samples import PARTS

FAMILY = ".*"  # ends the name of a family of readings

Readings = Mapping[str, Unit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What rules of one check can look at."""

    readings: Readings  # those that it has
    of_kind: Readings  # those that checks of its kind can have
    idle: Mapping[str, str] = field(
        default_factory=dict
    )  # of these, those it leaves off, with what would switch them on

    def leaves_off(self, rule: RuleEntry) -> bool:
        """Whether other checks of its kind have the reading that the rule is about, and this one has not."""
        if isinstance(rule, ErrorRateRule):
            return False
        return unit_of(rule.reading, self.readings) is None and unit_of(rule.reading, self.of_kind) is not None

    def hint(self, reading: str) -> str:
        """For a reading that is not there: what switches it on, or the name that was meant."""
        switches = [switch for name, switch in self.idle.items() if _is_among(reading, [name])]
        return f"{switches[0]} switches {reading} on" if switches else did_you_mean(reading, list(self.readings))


def read_rules(data: object, path: KeyPath, problems: Problems) -> list[tuple[KeyPath, RuleEntry]]:
    """The rules of a list with the place of each; those that something is wrong with are noted and left out."""
    if not isinstance(data, list):
        problems.add(path, problems.shown(path, secret=False), "a list of rules")
        return []
    rules = [((*path, index), _read_rule(rule, (*path, index), problems)) for index, rule in enumerate(data)]
    return [(place, rule) for place, rule in rules if rule is not None]


def _read_rule(data: object, path: KeyPath, problems: Problems) -> RuleEntry | None:
    model = RULES.get(_rule_type(data))
    if model is not None:
        return read(model, data, path, problems)
    place = (*path, "type")
    problems.add(place, problems.shown(place, secret=False), listed(RULES), did_you_mean(_rule_type(data), RULES))
    return None


def _rule_type(data: object) -> str:
    """The type of a rule, which only one that looks at a window without a reading has to name."""
    if not isinstance(data, Mapping):
        return "threshold"
    return str(data.get("type", "quantile" if "quantile" in data else "threshold"))


def compile_rules(
    entries: Sequence[tuple[KeyPath, RuleEntry]],
    known: Known,
    lower_is_worse: Collection[str],
    interval: timedelta,
    keep: timedelta,
    problems: Problems,
) -> tuple[Rule, ...]:
    """The rules of one check; what is wrong with one of them is noted.

    Args:
        entries: the rules with the place of each.
        known: what the check measures.
        lower_is_worse: those of them, families too, that a rule bounds from below unless it says otherwise.
        interval: of the check: a window has to hold enough runs.
        keep: how long results are kept: windows are filled from them after a restart.
    """
    compiler = _Compiler(known, lower_is_worse, interval, keep, problems)
    rules = [compiler.compile(path, entry) for path, entry in entries]
    _refuse_doubles([path for path, _ in entries], rules, problems)
    return tuple(rule for rule in rules if rule is not None)


def with_defaults(
    own: Sequence[tuple[KeyPath, RuleEntry]], defaults: Iterable[tuple[KeyPath, RuleEntry]]
) -> list[tuple[KeyPath, RuleEntry]]:
    """The check's own rules, and the default ones for what it has no rule for."""
    covered = {_subject(entry) for _, entry in own}
    return [*own, *((path, entry) for path, entry in defaults if _subject(entry) not in covered)]


def unit_of(reading: str, readings: Readings) -> Unit | None:
    """The unit of a reading, also of one that belongs to a family; None when there is no such reading."""
    if reading in readings:
        return None if reading.endswith(FAMILY) else readings[reading]
    return next((unit for name, unit in readings.items() if _belongs(reading, name)), None)


def _belongs(reading: str, family: str) -> bool:
    return family.endswith(FAMILY) and reading.startswith(family[:-1]) and len(reading) >= len(family)


def _is_among(reading: str, names: Collection[str]) -> bool:
    return reading in names or any(_belongs(reading, name) for name in names)


def _subject(entry: RuleEntry) -> tuple[str, str]:
    return entry.type, "" if isinstance(entry, ErrorRateRule) else entry.reading


class _Compiler:
    def __init__(
        self,
        known: Known,
        lower_is_worse: Collection[str],
        interval: timedelta,
        keep: timedelta,
        problems: Problems,
    ) -> None:
        self._known = known
        self._lower_is_worse = lower_is_worse
        self._interval = interval
        self._keep = keep
        self._problems = problems

    def compile(self, path: KeyPath, entry: RuleEntry) -> Rule | None:
        if isinstance(entry, ErrorRateRule):
            bounds = self._bounds(path, entry, Unit.RATIO, Direction.ABOVE)
            return self._error_rate(path, entry, bounds) if bounds else None
        unit = unit_of(entry.reading, self._known.readings)
        if unit is None:
            hint = self._known.hint(entry.reading)
            expected = f"one of {listed(self._known.readings)}"
            self._problems.add((*path, "reading"), repr(entry.reading), expected, hint)
            return None
        bounds = self._bounds(path, entry, unit, self._direction(entry))
        if bounds is None:
            return None
        if isinstance(entry, ThresholdRule):
            return Threshold(reading=entry.reading, unit=unit, bounds=bounds)
        return self._quantile(path, entry, unit, bounds)

    def _direction(self, entry: ThresholdRule | QuantileRule) -> Direction:
        if entry.direction is not None:
            return Direction(entry.direction)
        return Direction.BELOW if _is_among(entry.reading, self._lower_is_worse) else Direction.ABOVE

    def _error_rate(self, path: KeyPath, entry: ErrorRateRule, bounds: Bounds) -> ErrorRate | None:
        if not all(0 <= bound <= 1 for bound in (bounds.warning, bounds.critical) if bound is not None):
            self._problems.add(path, "an error rate outside of 0 to 1", "a ratio such as 0.02 or '2%'")
            return None
        self._check_window(path, entry)
        return ErrorRate(window=entry.window, min_samples=entry.min_samples, bounds=bounds)

    def _quantile(self, path: KeyPath, entry: QuantileRule, unit: Unit, bounds: Bounds) -> Quantile:
        self._check_window(path, entry)
        return Quantile(
            reading=entry.reading,
            unit=unit,
            quantile=entry.quantile,
            window=entry.window,
            min_samples=entry.min_samples,
            bounds=bounds,
        )

    def _check_window(self, path: KeyPath, entry: ErrorRateRule | QuantileRule) -> None:
        """A window that never holds enough samples would be a rule that never speaks."""
        window = write_duration(entry.window)
        if entry.window > self._keep:
            found = f"a window of {window}, and results are kept for {write_duration(self._keep)}"
            self._problems.add((*path, "window"), found, "a window no longer than store.keep.results")
        # The oldest part of a window is forgotten at once.
        held = int(entry.window * (PARTS - 1) / PARTS / self._interval)
        if held < entry.min_samples:
            found = f"a window of {window}, which holds {held} runs at an interval of {write_duration(self._interval)}"
            expected = f"room for min_samples ({entry.min_samples})"
            self._problems.add((*path, "window"), found, expected, "make the window longer or min_samples smaller")

    def _bounds(
        self, path: KeyPath, entry: ThresholdRule | ErrorRateRule | QuantileRule, unit: Unit, direction: Direction
    ) -> Bounds | None:
        if entry.warning is None and entry.critical is None:
            self._problems.add(path, "a rule without bounds", "warning, critical or both")
            return None
        warning, fine = self._bound((*path, "warning"), entry.warning, unit)
        critical, fine_too = self._bound((*path, "critical"), entry.critical, unit)
        if not (fine and fine_too):
            return None
        if warning is not None and critical is not None and direction.breached(warning, critical):
            self._refuse_order(path, entry, direction)
            return None
        return Bounds(warning=warning, critical=critical, direction=direction)

    def _bound(self, path: KeyPath, value: float | str | None, unit: Unit) -> tuple[float | None, bool]:
        """The bound, and whether it could be read."""
        if value is None:
            return None, True
        try:
            return parse_bound(value, unit), True
        except ValueError as error:
            if not self._problems.concerns(path):
                self._problems.add(path, self._problems.shown(path, secret=False), str(error))
            return None, False

    def _refuse_order(
        self, path: KeyPath, entry: ThresholdRule | ErrorRateRule | QuantileRule, side: Direction
    ) -> None:
        found = f"a warning bound of {entry.warning} that lies {side} the critical bound of {entry.critical}"
        other = "below" if side is Direction.ABOVE else "above"
        hint = "" if isinstance(entry, ErrorRateRule) else f'if the trouble lies {other}, write "direction": "{other}"'
        self._problems.add((*path, "warning"), found, "a warning that comes before the critical bound", hint)


def _refuse_doubles(paths: Sequence[KeyPath], rules: Sequence[Rule | None], problems: Problems) -> None:
    seen: dict[tuple[object, ...], KeyPath] = {}
    for path, rule in zip(paths, rules, strict=True):
        if rule is None:
            continue
        key = _identity(rule)
        if key in seen:
            problems.add(path, "a second rule for the same", "one rule with both bounds")
        seen.setdefault(key, path)


def _identity(rule: Rule) -> tuple[object, ...]:
    match rule:
        case Threshold():
            return "threshold", rule.reading, rule.bounds.direction
        case ErrorRate():
            return "error_rate", rule.window
        case Quantile():
            return "quantile", rule.reading, rule.quantile, rule.window, rule.bounds.direction
