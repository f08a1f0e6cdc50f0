"""Rules: from what the file says to rules with units, checked against what the check measures and Sentinel keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from sentinel.base.units import Unit, write_duration
from sentinel.config.bounds import parse_bound
from sentinel.config.calendars import refuse_unknown_calendar
from sentinel.config.keypath import KeyPath
from sentinel.config.problems import Problems, listed
from sentinel.config.rules import Known
from sentinel.config.schema.own import KeepEntry
from sentinel.config.schema.rules import (
    AbsenceRule,
    BaselineRule,
    BurnRateRule,
    BurnWindows,
    CountRule,
    ErrorRateRule,
    GrowthRule,
    QuantileRule,
    RuleEntry,
    ThresholdRule,
    UptimeRule,
)
from sentinel.core.hours import Calendar
from sentinel.core.memories.growth import FEWEST
from sentinel.core.rule import (
    PAST_WEEKS,
    WORKBOOK,
    Absence,
    Against,
    Baseline,
    Bounds,
    Burn,
    BurnRate,
    Count,
    Direction,
    ErrorRate,
    Growth,
    Quantile,
    Rule,
    Severity,
    Threshold,
    Uptime,
)
from sentinel.core.samples import PARTS

_SEVERITIES = {"warning": Severity.WARNING, "critical": Severity.CRITICAL}

_PER = {"day": timedelta(days=1), "week": timedelta(days=7)}

_WEEK = timedelta(days=7)

Sided = ThresholdRule | QuantileRule | BaselineRule
Bounded = Sided | ErrorRateRule | UptimeRule | GrowthRule | AbsenceRule


def compile_rules(
    entries: Sequence[tuple[KeyPath, RuleEntry]],
    known: Known,
    keep: KeepEntry,
    calendars: Mapping[str, Calendar],
    problems: Problems,
) -> tuple[Rule, ...]:
    """The rules of one check; what is wrong with one of them is noted.

    Args:
        entries: the rules with the place of each.
        known: what the check measures, and how often.
        keep: how long results and roll-ups are kept: from these memories are filled after a restart.
        calendars: by name.
        problems: takes the notes.
    """
    compiler = _Compiler(known, keep, calendars, problems)
    rules = [compiler.compile(path, entry) for path, entry in entries]
    _refuse_doubles([path for path, _ in entries], rules, problems)
    return tuple(rule for rule in rules if rule is not None)


class _Compiler:
    def __init__(self, known: Known, keep: KeepEntry, calendars: Mapping[str, Calendar], problems: Problems) -> None:
        self._known = known
        self._keep = keep
        self._calendars = calendars
        self._problems = problems

    def compile(self, path: KeyPath, entry: RuleEntry) -> Rule | None:
        rule = self._compile(path, entry)
        if not entry.when:
            return rule
        refuse_unknown_calendar((*path, "when"), entry.when, self._calendars, self._problems)
        return replace(rule, when=self._calendars.get(entry.when)) if rule is not None else None

    def _compile(self, path: KeyPath, entry: RuleEntry) -> Rule | None:
        match entry:
            case ThresholdRule():
                return self._threshold(path, entry)
            case CountRule():
                return self._count(path, entry)
            case ErrorRateRule():
                return self._error_rate(path, entry)
            case QuantileRule():
                return self._quantile(path, entry)
            case UptimeRule():
                return self._uptime(path, entry)
            case BurnRateRule():
                return self._burn_rate(path, entry)
            case BaselineRule():
                return self._baseline(path, entry)
            case GrowthRule():
                return self._growth(path, entry)
            case AbsenceRule():
                return self._absence(path, entry)
            case _:
                assert_never(entry)

    # --- Each type --------------------------------------------------------------------------------------------------

    def _threshold(self, path: KeyPath, entry: ThresholdRule) -> Threshold | None:
        unit = self._unit(path, entry.reading)
        bounds = self._bounds(path, entry, unit, self._direction(entry)) if unit is not None else None
        if unit is None or bounds is None:
            return None
        return Threshold(reading=entry.reading, unit=unit, bounds=bounds)

    def _count(self, path: KeyPath, entry: CountRule) -> Count | None:
        if entry.bad > entry.of:
            self._problems.add((*path, "bad"), str(entry.bad), f"no more than `of` ({entry.of})")
        rule = Count(bad=entry.bad, of=entry.of, severity=_SEVERITIES[entry.severity])
        if not entry.reading:
            return rule if self._counts_failures(path, entry) else None
        unit = self._unit(path, entry.reading)
        bounds = self._one_bound(path, entry, unit) if unit is not None else None
        if unit is None or bounds is None:
            return None
        return replace(rule, reading=entry.reading, unit=unit, bounds=bounds)

    def _counts_failures(self, path: KeyPath, entry: CountRule) -> bool:
        for side in ("above", "below"):
            if getattr(entry, side) is not None:
                self._problems.add((*path, side), "a bound without a reading", "a `reading`, or no bound")
                return False
        return True

    def _one_bound(self, path: KeyPath, entry: CountRule, unit: Unit) -> Bounds | None:
        if (entry.above is None) == (entry.below is None):
            found = "a reading without a bound" if entry.above is None else "a bound on both sides"
            self._problems.add(path, found, "`above` or `below`")
            return None
        side = Direction.ABOVE if entry.below is None else Direction.BELOW
        bound, fine = self._bound((*path, side.value), getattr(entry, side.value), unit)
        return Bounds(critical=bound, direction=side) if fine else None

    def _error_rate(self, path: KeyPath, entry: ErrorRateRule) -> ErrorRate | None:
        bounds = self._bounds(path, entry, Unit.RATIO, Direction.ABOVE)
        if bounds is None or not self._are_shares(path, bounds, "an error rate", "0.02 or '2%'"):
            return None
        self._check_kept(path, entry.window, rolled=True)
        self._check_room(path, entry.window, entry.min_samples)
        return ErrorRate(window=entry.window, min_samples=entry.min_samples, bounds=bounds)

    def _quantile(self, path: KeyPath, entry: QuantileRule) -> Quantile | None:
        unit = self._unit(path, entry.reading)
        bounds = self._bounds(path, entry, unit, self._direction(entry)) if unit is not None else None
        if unit is None or bounds is None:
            return None
        self._check_kept(path, entry.window, rolled=entry.reading == self._known.main)
        self._check_room(path, entry.window, entry.min_samples)
        return Quantile(
            reading=entry.reading,
            unit=unit,
            quantile=entry.quantile,
            window=entry.window,
            min_samples=entry.min_samples,
            bounds=bounds,
        )

    def _uptime(self, path: KeyPath, entry: UptimeRule) -> Uptime | None:
        bounds = self._bounds(path, entry, Unit.RATIO, Direction.BELOW)
        least, fine = self._bound((*path, "min_known"), entry.min_known, Unit.RATIO)
        if bounds is None or not fine or least is None or not self._are_shares(path, bounds, "an uptime", "'99.9%'"):
            return None
        if not 0 <= least <= 1:
            found = self._problems.shown((*path, "min_known"), secret=False)
            self._problems.add((*path, "min_known"), found, "a share such as '10%'")
        self._check_kept(path, entry.window, rolled=True)
        return Uptime(window=entry.window, bounds=bounds, min_known=least)

    def _burn_rate(self, path: KeyPath, entry: BurnRateRule) -> BurnRate | None:
        objective, fine = self._bound((*path, "objective"), entry.objective, Unit.RATIO)
        if not fine or objective is None:
            return None
        if not 0 < objective < 1:
            found = self._problems.shown((*path, "objective"), secret=False)
            self._problems.add((*path, "objective"), found, "a share below 100 %, such as '99.9%'")
            return None
        pairs = [self._burn((*path, "windows", index), one) for index, one in enumerate(entry.windows)]
        for number, pair in enumerate(pairs or WORKBOOK):
            place = (*path, "windows", number) if pairs else path
            self._check_kept(place, pair.long, rolled=True, key="long" if pairs else "")
            self._check_short(place, pair, own=bool(pairs))
        return BurnRate(objective=objective, pairs=tuple(pairs) or WORKBOOK, min_failures=entry.min_failures)

    def _burn(self, path: KeyPath, entry: BurnWindows) -> Burn:
        if entry.short >= entry.long:
            found = f"{write_duration(entry.short)}, not shorter than the long window"
            self._problems.add((*path, "short"), found, "a window that is shorter, such as a twelfth of it")
        return Burn(long=entry.long, short=entry.short, factor=entry.factor, severity=_SEVERITIES[entry.severity])

    def _check_short(self, path: KeyPath, pair: Burn, *, own: bool) -> None:
        if self._held(pair.short) < 1:
            every = write_duration(self._known.interval)
            found = f"a window of {write_duration(pair.short)}, which may hold no run at an interval of {every}"
            hint = "" if own else "the usual windows are for checks that run at least every 4 minutes"
            self._problems.add((*path, "short") if own else path, found, "`windows` that hold a few runs each", hint)

    def _baseline(self, path: KeyPath, entry: BaselineRule) -> Baseline | None:
        unit = self._unit(path, entry.reading) if entry.reading else Unit.RATIO
        bounds = self._bounds(path, entry, Unit.RATIO, Direction.ABOVE)
        if unit is None or bounds is None:
            return None
        floor, fine = self._bound((*path, "floor"), entry.floor, unit)
        if not fine or not self._can_be_compared(path, entry):
            return None
        self._check_room(path, entry.window, entry.min_samples)
        return Baseline(
            window=entry.window,
            against=Against(entry.against),
            bounds=bounds,
            min_samples=entry.min_samples,
            reading=entry.reading,
            unit=unit,
            quantile=entry.quantile,
            lower_is_worse=bool(entry.reading) and self._direction(entry) is Direction.BELOW,
            floor=floor or 0.0,
        )

    def _can_be_compared(self, path: KeyPath, entry: BaselineRule) -> bool:
        rolled = entry.reading in ("", self._known.main)
        if entry.quantile is not None and not entry.reading:
            self._problems.add((*path, "quantile"), "a quantile of nothing", "a `reading`, or no quantile")
            return False
        if entry.against == "before":
            return self._check_kept(path, entry.window * 2, rolled=rolled, what="twice the window, ")
        if not rolled:
            found = f"past weeks of {entry.reading!r}, of which roll-ups keep nothing"
            expected = f"the main reading ({self._known.main}), or none for the error rate"
            self._problems.add((*path, "reading"), found, expected, 'or "against": "before"')
            return False
        return self._check_kept(path, _WEEK * PAST_WEEKS + entry.window, rolled=True, what="with the past weeks ")

    def _growth(self, path: KeyPath, entry: GrowthRule) -> Growth | None:
        unit = self._unit(path, entry.reading)
        bounds = self._bounds(path, entry, unit, Direction.ABOVE) if unit is not None else None
        if unit is None or bounds is None:
            return None
        self._check_kept(path, entry.window, rolled=False)
        if entry.window / self._known.interval < FEWEST * 2:
            every = write_duration(self._known.interval)
            found = f"a window of {write_duration(entry.window)} at an interval of {every}"
            self._problems.add((*path, "window"), found, f"a window that holds at least {FEWEST * 2} runs")
        return Growth(
            reading=entry.reading,
            unit=unit,
            window=entry.window,
            per=_PER[entry.per],
            bounds=bounds,
            falling=entry.direction == "below",
        )

    def _absence(self, path: KeyPath, entry: AbsenceRule) -> Absence | None:
        unit = self._unit(path, entry.reading)
        bounds = self._bounds(path, entry, Unit.SECONDS, Direction.ABOVE) if unit is not None else None
        if bounds is None:
            return None
        for key, bound in (("warning", bounds.warning), ("critical", bounds.critical)):
            if bound is not None and not 0 < bound <= self._keep.results.total_seconds():
                found = self._problems.shown((*path, key), secret=False)
                self._problems.add((*path, key), found, "a duration no longer than store.keep.results")
        return Absence(reading=entry.reading, bounds=bounds)

    # --- What several have ------------------------------------------------------------------------------------------

    def _unit(self, path: KeyPath, reading: str) -> Unit | None:
        unit = self._known.unit(reading)
        if unit is None:
            expected = f"one of {listed(self._known.readings)}"
            self._problems.add((*path, "reading"), repr(reading), expected, self._known.hint(reading))
        return unit

    def _direction(self, entry: Sided) -> Direction:
        if entry.direction is not None:
            return Direction(entry.direction)
        return Direction.BELOW if self._known.is_lower_worse(entry.reading) else Direction.ABOVE

    def _are_shares(self, path: KeyPath, bounds: Bounds, what: str, such: str) -> bool:
        fine = all(0 <= bound <= 1 for bound in (bounds.warning, bounds.critical) if bound is not None)
        if not fine:
            self._problems.add(path, f"{what} outside of 0 to 1", f"a ratio such as {such}")
        return fine

    def _check_kept(
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

    def _check_room(self, path: KeyPath, window: timedelta, min_samples: int) -> None:
        """A window that never holds enough samples would be a rule that never speaks."""
        held = self._held(window)
        if held < min_samples:
            every = write_duration(self._known.interval)
            found = f"a window of {write_duration(window)}, which holds {held} runs at an interval of {every}"
            expected = f"room for min_samples ({min_samples})"
            self._problems.add((*path, "window"), found, expected, "make the window longer or min_samples smaller")

    def _held(self, window: timedelta) -> int:
        """Runs that a window always holds: the oldest part of a window is forgotten at once."""
        return int(window * (PARTS - 1) / PARTS / self._known.interval)

    def _bounds(self, path: KeyPath, entry: Bounded, unit: Unit, direction: Direction) -> Bounds | None:
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

    def _refuse_order(self, path: KeyPath, entry: Bounded, side: Direction) -> None:
        found = f"a warning bound of {entry.warning} that lies {side} the critical bound of {entry.critical}"
        other = "below" if side is Direction.ABOVE else "above"
        sided = isinstance(entry, ThresholdRule | QuantileRule)
        hint = "" if not sided else f'if the trouble lies {other}, write "direction": "{other}"'
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
    """What two rules of one check must not have in common. With different calendars they may."""
    return type(rule), rule.when.name if rule.when else "", *_subject(rule)


def _subject(rule: Rule) -> tuple[object, ...]:
    match rule:
        case Threshold():
            return rule.reading, rule.bounds.direction
        case Count():
            return rule.reading, rule.severity, rule.bounds.direction if rule.bounds else ""
        case ErrorRate() | Uptime():
            return (rule.window,)
        case Quantile():
            return rule.reading, rule.quantile, rule.window, rule.bounds.direction
        case BurnRate():
            return ()
        case Baseline():
            return rule.reading, rule.quantile, rule.window, rule.against, rule.lower_is_worse
        case Growth():
            return rule.reading, rule.window, rule.falling
        case Absence():
            return (rule.reading,)
        case _:
            assert_never(rule)
