"""Rules in the form of the file, for the expanded configuration: read again, they are the same rules."""

from typing import Any, assert_never

from sentinel.base.units import Unit, write_duration
from sentinel.config.bounds import write_bound
from sentinel.core.rule import (
    Absence,
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
    Threshold,
    Uptime,
)

Tree = dict[str, Any]


def written_rule(rule: Rule) -> Tree:
    """The rule as a file would have it."""
    return {**_of_its_type(rule), **({"when": rule.when.name} if rule.when else {})}


def _of_its_type(rule: Rule) -> Tree:
    match rule:
        case Threshold():
            return {"type": "threshold", "reading": rule.reading, **_sided(rule.bounds, rule.unit)}
        case Count():
            counts = {"bad": rule.bad, "of": rule.of, "severity": rule.severity.label.lower()}
            return {"type": "count", **counts, **_counted(rule)}
        case ErrorRate():
            window = {"window": write_duration(rule.window), "min_samples": rule.min_samples}
            return {"type": "error_rate", **window, **_bounds(rule.bounds, Unit.RATIO)}
        case Quantile():
            window = {"window": write_duration(rule.window), "min_samples": rule.min_samples}
            reading = {"reading": rule.reading, "quantile": rule.quantile}
            return {"type": "quantile", **reading, **window, **_sided(rule.bounds, rule.unit)}
        case Uptime():
            window = {"window": write_duration(rule.window), "min_known": rule.min_known}
            return {"type": "uptime", **window, **_bounds(rule.bounds, Unit.RATIO)}
        case BurnRate():
            pairs = [_burn(pair) for pair in rule.pairs]
            return {
                "type": "burn_rate",
                "objective": rule.objective,
                "windows": pairs,
                "min_failures": rule.min_failures,
            }
        case Baseline():
            return _baseline(rule)
        case Growth():
            course = {"window": write_duration(rule.window), "per": "day" if rule.per.days == 1 else "week"}
            side = {"direction": "below" if rule.falling else "above"}
            return {"type": "growth", "reading": rule.reading, **course, **_bounds(rule.bounds, rule.unit), **side}
        case Absence():
            return {"type": "absence", "reading": rule.reading, **_bounds(rule.bounds, Unit.SECONDS)}
        case _:
            assert_never(rule)


def _counted(rule: Count) -> Tree:
    if rule.bounds is None or rule.bounds.critical is None:
        return {}
    return {"reading": rule.reading, rule.bounds.direction.value: write_bound(rule.bounds.critical, rule.unit)}


def _burn(pair: Burn) -> Tree:
    windows = {"long": write_duration(pair.long), "short": write_duration(pair.short)}
    return {**windows, "factor": pair.factor, "severity": pair.severity.label.lower()}


def _baseline(rule: Baseline) -> Tree:
    tree: Tree = {"type": "baseline"}
    if rule.reading:
        side = Direction.BELOW if rule.lower_is_worse else Direction.ABOVE
        tree |= {"reading": rule.reading, "direction": side.value}
    if rule.quantile is not None:
        tree["quantile"] = rule.quantile
    tree |= {"window": write_duration(rule.window), "against": rule.against.value, "min_samples": rule.min_samples}
    return {**tree, "floor": write_bound(rule.floor, rule.unit), **_bounds(rule.bounds, Unit.RATIO)}


def _sided(bounds: Bounds, unit: Unit) -> Tree:
    return {**_bounds(bounds, unit), "direction": bounds.direction.value}


def _bounds(bounds: Bounds, unit: Unit) -> Tree:
    tree = {"warning": bounds.warning, "critical": bounds.critical}
    return {key: write_bound(value, unit) for key, value in tree.items() if value is not None}
