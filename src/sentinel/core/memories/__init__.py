"""What rules over time remember: one memory for each rule of each check. A new rule adds a module here and a line below."""

from typing import assert_never

from sentinel.core.check import Check
from sentinel.core.memories.absence import AbsenceMemory
from sentinel.core.memories.base import Look, Memory, Sample
from sentinel.core.memories.baseline import BaselineMemory
from sentinel.core.memories.burn import BurnMemory
from sentinel.core.memories.count import CountMemory
from sentinel.core.memories.growth import GrowthMemory
from sentinel.core.memories.shares import ErrorRateMemory, QuantileMemory
from sentinel.core.memories.uptime import UptimeMemory
from sentinel.core.rule import (
    Absence,
    Baseline,
    BurnRate,
    Count,
    ErrorRate,
    Growth,
    OverTime,
    Quantile,
    Rule,
    Threshold,
    Uptime,
)

__all__ = ["Look", "Memory", "Sample", "memories_of", "memory_of"]


def memories_of(check: Check) -> dict[Rule, Memory]:
    """An empty memory for each of the check's rules over time."""
    return {rule: memory_of(rule, check) for rule in check.rules if not isinstance(rule, Threshold)}


def memory_of(rule: OverTime, check: Check) -> Memory:
    """An empty memory for a rule of a check."""
    match rule:
        case Count():
            return CountMemory(rule, check.interval)
        case ErrorRate():
            return ErrorRateMemory(rule)
        case Quantile():
            return QuantileMemory(rule, check.main)
        case Uptime():
            return UptimeMemory(rule)
        case BurnRate():
            return BurnMemory(rule)
        case Baseline():
            return BaselineMemory(rule, check.main)
        case Growth():
            return GrowthMemory(rule)
        case Absence():
            return AbsenceMemory(rule)
        case _:
            assert_never(rule)
