"""Rules: from what the file says to rules with units, checked against what the check measures and Sentinel keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from sentinel.base.units import Unit, write_duration
from sentinel.config.calendars import refuse_unknown_calendar
from sentinel.config.keypath import KeyPath
from sentinel.config.problems import Problems
from sentinel.config.rule_parts import RuleParts
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

_SEVERITIES = {"warning": Severity.WARNING, "critical": Severity.CRITICAL}

_PER = {"day": timedelta(days=1), "week": timedelta(days=7)}

_WEEK = timedelta(days=7)


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


class _Compiler(RuleParts):
    def __init__(self, known: Known, keep: KeepEntry, calendars: Mapping[str, Calendar], problems: Problems) -> None:
        super().__init__(known, keep, problems)
        self._calendars = calendars

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
        unit = self.unit(path, entry.reading)
        bounds = self.bounds(path, entry, unit, self.direction(entry)) if unit is not None else None
        if unit is None or bounds is None:
            return None
        return Threshold(reading=entry.reading, unit=unit, bounds=bounds)

    def _count(self, path: KeyPath, entry: CountRule) -> Count | None:
        if entry.bad > entry.of:
            self._problems.add((*path, "bad"), str(entry.bad), f"no more than `of` ({entry.of})")
        rule = Count(bad=entry.bad, of=entry.of, severity=_SEVERITIES[entry.severity])
        if not entry.reading:
            return rule if self._counts_failures(path, entry) else None
        unit = self.unit(path, entry.reading)
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
        bound, fine = self.bound((*path, side.value), getattr(entry, side.value), unit)
        return Bounds(critical=bound, direction=side) if fine else None

    def _error_rate(self, path: KeyPath, entry: ErrorRateRule) -> ErrorRate | None:
        bounds = self.bounds(path, entry, Unit.RATIO, Direction.ABOVE)
        if bounds is None or not self.are_shares(path, bounds, "an error rate", "0.02 or '2%'"):
            return None
        self.check_kept(path, entry.window, rolled=True)
        self.check_room(path, entry.window, entry.min_samples)
        return ErrorRate(window=entry.window, min_samples=entry.min_samples, bounds=bounds)

    def _quantile(self, path: KeyPath, entry: QuantileRule) -> Quantile | None:
        unit = self.unit(path, entry.reading)
        bounds = self.bounds(path, entry, unit, self.direction(entry)) if unit is not None else None
        if unit is None or bounds is None:
            return None
        self.check_kept(path, entry.window, rolled=entry.reading == self._known.main)
        self.check_room(path, entry.window, entry.min_samples)
        return Quantile(
            reading=entry.reading,
            unit=unit,
            quantile=entry.quantile,
            window=entry.window,
            min_samples=entry.min_samples,
            bounds=bounds,
        )

    def _uptime(self, path: KeyPath, entry: UptimeRule) -> Uptime | None:
        bounds = self.bounds(path, entry, Unit.RATIO, Direction.BELOW)
        least, fine = self.bound((*path, "min_known"), entry.min_known, Unit.RATIO)
        if bounds is None or not fine or least is None or not self.are_shares(path, bounds, "an uptime", "'99.9%'"):
            return None
        if not 0 <= least <= 1:
            found = self._problems.shown((*path, "min_known"), secret=False)
            self._problems.add((*path, "min_known"), found, "a share such as '10%'")
        self.check_kept(path, entry.window, rolled=True)
        return Uptime(window=entry.window, bounds=bounds, min_known=least)

    def _burn_rate(self, path: KeyPath, entry: BurnRateRule) -> BurnRate | None:
        objective, fine = self.bound((*path, "objective"), entry.objective, Unit.RATIO)
        if not fine or objective is None:
            return None
        if not 0 < objective < 1:
            found = self._problems.shown((*path, "objective"), secret=False)
            self._problems.add((*path, "objective"), found, "a share below 100 %, such as '99.9%'")
            return None
        pairs = [self._burn((*path, "windows", index), one) for index, one in enumerate(entry.windows)]
        for number, pair in enumerate(pairs):
            self._check_factor((*path, "windows", number, "factor"), pair, objective)
        for number, pair in enumerate(pairs or WORKBOOK):
            place = (*path, "windows", number) if pairs else path
            self.check_kept(place, pair.long, rolled=True, key="long" if pairs else "")
            self._check_short(place, pair, own=bool(pairs))
        return BurnRate(objective=objective, pairs=tuple(pairs) or WORKBOOK, min_failures=entry.min_failures)

    def _burn(self, path: KeyPath, entry: BurnWindows) -> Burn:
        if entry.short >= entry.long:
            found = f"{write_duration(entry.short)}, not shorter than the long window"
            self._problems.add((*path, "short"), found, "a window that is shorter, such as a twelfth of it")
        return Burn(long=entry.long, short=entry.short, factor=entry.factor, severity=_SEVERITIES[entry.severity])

    def _check_factor(self, path: KeyPath, pair: Burn, objective: float) -> None:
        """When everything fails, a budget burns 1 / (1 - objective) times as fast as it may: nothing is faster."""
        fastest = 1 / (1 - objective)
        if pair.factor >= fastest:
            self._problems.add(path, f"{pair.factor:g}", f"less than {fastest:.6g}: this budget never burns faster")

    def _check_short(self, path: KeyPath, pair: Burn, *, own: bool) -> None:
        if self.held(pair.short) < 1:
            every = write_duration(self._known.interval)
            found = f"a window of {write_duration(pair.short)}, which may hold no run at an interval of {every}"
            hint = "" if own else "the usual windows are for checks that run at least every 4 minutes"
            self._problems.add((*path, "short") if own else path, found, "`windows` that hold a few runs each", hint)

    def _baseline(self, path: KeyPath, entry: BaselineRule) -> Baseline | None:
        unit = self.unit(path, entry.reading) if entry.reading else Unit.RATIO
        bounds = self.bounds(path, entry, Unit.RATIO, Direction.ABOVE)
        if unit is None or bounds is None:
            return None
        floor, fine = self.bound((*path, "floor"), entry.floor, unit)
        if not fine or not self._can_be_compared(path, entry):
            return None
        self.check_room(path, entry.window, entry.min_samples)
        return Baseline(
            window=entry.window,
            against=Against(entry.against),
            bounds=bounds,
            min_samples=entry.min_samples,
            reading=entry.reading,
            unit=unit,
            quantile=entry.quantile,
            lower_is_worse=bool(entry.reading) and self.direction(entry) is Direction.BELOW,
            floor=floor or 0.0,
        )

    def _can_be_compared(self, path: KeyPath, entry: BaselineRule) -> bool:
        rolled = entry.reading in ("", self._known.main)
        if entry.quantile is not None and not entry.reading:
            self._problems.add((*path, "quantile"), "a quantile of nothing", "a `reading`, or no quantile")
            return False
        if entry.against == "before":
            return self.check_kept(path, entry.window * 2, rolled=rolled, what="twice the window, ")
        if not rolled:
            found = f"past weeks of {entry.reading!r}, of which roll-ups keep nothing"
            expected = f"the main reading ({self._known.main}), or none for the error rate"
            self._problems.add((*path, "reading"), found, expected, 'or "against": "before"')
            return False
        return self.check_kept(path, _WEEK * PAST_WEEKS + entry.window, rolled=True, what="with the past weeks ")

    def _growth(self, path: KeyPath, entry: GrowthRule) -> Growth | None:
        unit = self.unit(path, entry.reading)
        bounds = self.bounds(path, entry, unit, Direction.ABOVE) if unit is not None else None
        if unit is None or bounds is None:
            return None
        self.check_kept(path, entry.window, rolled=False)
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
        unit = self.unit(path, entry.reading)
        bounds = self.bounds(path, entry, Unit.SECONDS, Direction.ABOVE) if unit is not None else None
        if bounds is None:
            return None
        for key, bound in (("warning", bounds.warning), ("critical", bounds.critical)):
            if bound is not None and not 0 < bound <= self._keep.results.total_seconds():
                found = self._problems.shown((*path, key), secret=False)
                self._problems.add((*path, key), found, "a duration no longer than store.keep.results")
        return Absence(reading=entry.reading, bounds=bounds)


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
