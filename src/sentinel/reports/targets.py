"""How checks kept their targets over a period: uptime, error budgets, distributions, the slowest and those that came and went."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.histogram import Histogram
from sentinel.core.incident import EffectKind
from sentinel.core.planned import Stretch
from sentinel.core.rule import Bounds, BurnRate, Direction, Quantile, Severity, Threshold, Uptime
from sentinel.reports.operations import (
    MOST_FLAKY,
    MOST_SLOW,
    BudgetLine,
    FlakyLine,
    QuantileLine,
    QuantileTarget,
    SlowLine,
    UptimeLine,
)
from sentinel.reports.past import Account, Past, added
from sentinel.reports.rounding import rounded, rounded_share, rounded_time
from sentinel.reports.status import rule_on

#: Availability that is aimed at, and that below which things are critical. The healthcare guide asks for these two.
UPTIME = Bounds(warning=0.999, critical=0.99, direction=Direction.BELOW)

#: Of a rule on single results this quantile is compared: the guides ask for 95 of 100.
OF_SINGLE = 0.95


def uptime_bounds(check: Check) -> tuple[Bounds, str]:
    """What a check's availability is held against, and what sets it: `uptime`, `burn rate` or `usual`."""
    for rule in check.rules:
        if isinstance(rule, Uptime):
            return rule.bounds, "uptime"
    for rule in check.rules:
        if isinstance(rule, BurnRate):
            critical = UPTIME.critical if rule.objective > (UPTIME.critical or 0.0) else None
            return Bounds(warning=rule.objective, critical=critical, direction=Direction.BELOW), "burn rate"
    return UPTIME, "usual"


def target(bounds: Bounds) -> float:
    """The share that is aimed at."""
    aim = target_of(bounds)
    return 1.0 if aim is None else aim


# --- Uptime ---------------------------------------------------------------------------------------------------------


def uptime_of_checks(now: Iterable[Account], before: Mapping[str, Account]) -> Iterator[UptimeLine]:
    """A line for each check."""
    for one in now:
        earlier = before.get(one.check.name)
        yield _uptime(one.check.name, one.check.label, [one], [earlier] if earlier else [], uptime_bounds(one.check)[0])


def uptime_of_systems(now: Sequence[Account], before: Mapping[str, Account]) -> Iterator[UptimeLine]:
    """A line for each system that a check names."""
    for name in sorted({one.check.system for one in now} - {""}):
        own = [one for one in now if one.check.system == name]
        yield _uptime(name, name, own, _earlier(own, before), UPTIME)


def uptime_of_all(now: Sequence[Account], before: Mapping[str, Account]) -> UptimeLine:
    """All checks together."""
    return _uptime("", "All checks", now, _earlier(now, before), UPTIME)


def worst_first(line: UptimeLine) -> tuple[int, float, str]:
    return -line.severity.urgency, line.uptime if line.uptime is not None else 2.0, line.name


def _earlier(now: Iterable[Account], before: Mapping[str, Account]) -> list[Account]:
    return [before[one.check.name] for one in now if one.check.name in before]


def _uptime(name: str, title: str, now: Sequence[Account], before: Sequence[Account], bounds: Bounds) -> UptimeLine:
    whole = added(one.counted for one in now)
    uptime = rounded_share(whole.uptime)
    return UptimeLine(
        name=name,
        title=title,
        checks=len(now),
        uptime=uptime,
        before=rounded_share(added(one.counted for one in before).uptime),
        up=rounded_time(whole.up),
        degraded=rounded_time(whole.degraded),
        down=rounded_time(whole.down),
        unknown=rounded_time(sum(one.unknown.total_seconds() for one in now)),
        planned=rounded_time(sum(one.planned.total_seconds() for one in now)),
        target=target(bounds),
        severity=Severity.UNKNOWN if uptime is None else bounds.severity(uptime),
    )


# --- Error budgets --------------------------------------------------------------------------------------------------


def budgets(now: Iterable[Account], before: Mapping[str, Account]) -> list[BudgetLine]:
    """How much of its error budget each check has used, who used most first."""
    lines = [_budget(one, before.get(one.check.name)) for one in now]
    return sorted(lines, key=lambda line: (-(line.burn if line.burn is not None else -1.0), line.check))


def _budget(one: Account, earlier: Account | None) -> BudgetLine:
    bounds, source = uptime_bounds(one.check)
    aim = target(bounds)
    allowed, used = (1 - aim) * one.judged, one.counted.down
    burn = _burn(one, aim)
    return BudgetLine(
        check=one.check.name,
        title=one.check.label,
        target=aim,
        source=source,
        allowed=rounded_time(allowed),
        used=rounded_time(used),
        left=rounded_time(allowed - used),
        burn=burn,
        before=_burn(earlier, aim) if earlier else None,
        kept=None if burn is None else burn <= 1,
    )


def _burn(one: Account, aim: float) -> float | None:
    """The share of the budget that was used; None when nothing was judged, or nothing may fail."""
    allowed = (1 - aim) * one.judged
    return rounded(one.counted.down / allowed) if allowed else None


# --- Distributions --------------------------------------------------------------------------------------------------


def quantiles(now: Iterable[Account], before: Mapping[str, Account]) -> list[QuantileLine]:
    """How the main readings were distributed, by name; of checks that measured one."""
    lines = [_distribution(one, before.get(one.check.name)) for one in now]
    return sorted((line for line in lines if line.samples), key=lambda line: line.check)


def _distribution(one: Account, earlier: Account | None) -> QuantileLine:
    check, values = one.check, Histogram.decode(one.counted.histogram)
    rule = rule_on(check, check.main)
    return QuantileLine(
        check=check.name,
        title=check.label,
        reading=check.main,
        unit=rule.unit if rule else check.main_unit,
        samples=values.total,
        p50=rounded(values.quantile(0.5)),
        p95=rounded(values.quantile(0.95)),
        p99=rounded(values.quantile(0.99)),
        before=rounded(earlier.counted.quantile(0.95)) if earlier else None,
        targets=tuple(_quantile_target(rule, values) for rule in _rules_on_main(check)),
    )


def _rules_on_main(check: Check) -> list[Threshold | Quantile]:
    """Those that hold at every hour: one of some hours says nothing of a whole period."""
    rules = [rule for rule in check.rules if isinstance(rule, Threshold | Quantile)]
    return [rule for rule in rules if rule.reading == check.main and rule.when is None]


def _quantile_target(rule: Threshold | Quantile, values: Histogram) -> QuantileTarget:
    quantile, bounds = compared(rule), rule.bounds
    value = values.quantile(quantile)
    aim = target_of(bounds)
    return QuantileTarget(
        quantile=quantile,
        each=isinstance(rule, Threshold),
        value=rounded(value),
        warning=bounds.warning,
        critical=bounds.critical,
        direction=bounds.direction,
        within=_within(values, bounds.warning, bounds.direction),
        within_critical=_within(values, bounds.critical, bounds.direction),
        kept=None if value is None else not bounds.direction.breached(value, aim),
    )


def compared(rule: Threshold | Quantile | None) -> float:
    """The quantile of a period that a rule is held against: its own, or of one on single results that which 95 of 100 keep."""
    if isinstance(rule, Quantile):
        return rule.quantile
    return OF_SINGLE if rule is None or rule.bounds.direction is Direction.ABOVE else round(1 - OF_SINGLE, 6)


def target_of(bounds: Bounds) -> float | None:
    """The bound that is aimed at: the warning one, or the only one."""
    return bounds.warning if bounds.warning is not None else bounds.critical


def _within(values: Histogram, bound: float | None, direction: Direction) -> float | None:
    """The share of results that keep a bound; a value on the bound keeps it."""
    share = None if bound is None else values.share_up_to(bound)
    if share is None or direction is Direction.ABOVE:
        return rounded_share(share)
    return rounded_share(1 - share)


# --- The slowest, and those that came and went ----------------------------------------------------------------------


def slowest(lines: Iterable[QuantileLine]) -> list[SlowLine]:
    """The checks whose p95 comes nearest to its target, or goes furthest beyond."""
    found = [slow for line in lines if (slow := _slow(line)) is not None]
    return sorted(found, key=lambda slow: (-slow.ratio, slow.check))[:MOST_SLOW]


def _slow(line: QuantileLine) -> SlowLine | None:
    targets = [one for one in line.targets if one.direction is Direction.ABOVE and one.quantile == OF_SINGLE]
    if line.unit is not Unit.SECONDS or line.p95 is None or not targets:
        return None
    aims = [aim for one in targets if (aim := one.warning if one.warning is not None else one.critical)]
    if not aims:
        return None
    return SlowLine(
        check=line.check,
        title=line.title,
        reading=line.reading,
        unit=line.unit,
        p95=line.p95,
        before=line.before,
        target=min(aims),
        ratio=rounded(line.p95 / min(aims)) or 0.0,
    )


def flakiest(now: Iterable[Account], past: Past, period: Stretch) -> list[FlakyLine]:
    """The checks that went down most often."""
    lines = [_flaky(one, past, period) for one in now]
    found = [line for line in lines if line.spells or line.flapped]
    return sorted(found, key=lambda line: (-line.spells, -line.flapped, line.check))[:MOST_FLAKY]


def _flaky(one: Account, past: Past, period: Stretch) -> FlakyLine:
    entries = [entry for incident in one.incidents for entry in past.timelines.get(incident.id, ())]
    return FlakyLine(
        check=one.check.name,
        title=one.check.label,
        spells=past.spells.get(one.check.name, 0),
        before=past.before.spells.get(one.check.name, 0) if past.before else 0,
        incidents=sum(1 for incident in one.incidents if period.has(incident.opened_at)),
        flapped=sum(1 for entry in entries if entry.kind == EffectKind.FLAPPING.value and period.has(entry.at)),
    )
