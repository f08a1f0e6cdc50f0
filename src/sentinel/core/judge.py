"""From a measurement to a verdict: every rule of the check looks at the result and at the windows behind it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.memories import Memory
from sentinel.core.memories.base import beyond
from sentinel.core.reason import OVER_TIME, Reason
from sentinel.core.result import IN_PART, MINOR, SECURITY, Outcome, Result
from sentinel.core.rule import Rule, Severity, Threshold
from sentinel.core.slo import Standing

__all__ = ["GOOD", "Finding", "Reason", "Verdict", "judge", "speaks", "standing", "standing_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule says."""

    severity: Severity
    reason: Reason
    explanation: str
    hint: str = ""
    reading: str = ""  # name of the value that was judged
    value: float | None = None
    bound: float | None = None  # the bound that the value lies beyond
    unit: Unit = Unit.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How bad a check is right now, and why. `findings` has the worst first."""

    severity: Severity
    findings: tuple[Finding, ...] = ()
    point: Severity = Severity.OK  # from this one result alone, without what windows remember
    at_once: Severity = Severity.OK  # the part that needs no confirmation by further results

    @property
    def worst(self) -> Finding:
        return self.findings[0] if self.findings else _GOOD

    @property
    def reason(self) -> Reason:
        return self.worst.reason

    @property
    def explanation(self) -> str:
        return self.worst.explanation

    @property
    def hint(self) -> str:
        return self.worst.hint


_GOOD = Finding(severity=Severity.OK, reason=Reason.WITHIN_BOUNDS, explanation="within all bounds")
GOOD = Verdict(severity=Severity.OK)


def judge(check: Check, result: Result, memories: Iterable[Memory] = ()) -> Verdict:
    """The verdict on a result, seen beside what the rules over time remember, which is to hold it already.

    An unknown result is judged unknown, and no rule looks at it; unless Sentinel saw a part of what it was to look at, and
    that part is beyond a bound: a full disk does not wait for the right to look at a process.
    """
    if result.outcome is Outcome.UNKNOWN:
        return _judged_in_part(check, result)
    point = tuple(_point_findings(check, result))
    over_time = tuple(_findings_over_time(memories, result.finished_at))
    if not point and not over_time:
        return GOOD
    findings = sorted(point + over_time, key=lambda finding: -finding.severity)
    urgent = [f.severity for f in (*point, *over_time) if f.reason in _AT_ONCE]
    return Verdict(
        severity=findings[0].severity,
        findings=tuple(findings),
        point=max((f.severity for f in point), default=Severity.OK),
        at_once=max(urgent, default=Severity.OK),
    )


#: A hole in security cannot wait for a second look either.
_AT_ONCE = OVER_TIME | {Reason.SECURITY}


def speaks(rule: Rule, at: datetime) -> bool:
    """Whether the rule's calendar, if it has one, covers the moment."""
    return rule.when is None or rule.when.covers(at)


def standing(result: Result, verdict: Verdict) -> Standing:
    """What the time after this result counts as."""
    return standing_of(result, verdict.point)


def standing_of(result: Result, point: Severity) -> Standing:
    """What the time after this result counts as, from the severity of the result by itself."""
    match result.outcome:
        case Outcome.UNKNOWN:
            return Standing.UNKNOWN
        case Outcome.FAIL:
            return Standing.DEGRADED if result.measurement.failure in MINOR else Standing.DOWN
        case Outcome.PASS:
            return Standing.DEGRADED if point > Severity.OK else Standing.UP


def _judged_in_part(check: Check, result: Result) -> Verdict:
    unknown = Finding(
        severity=Severity.UNKNOWN,
        reason=Reason.NOT_JUDGED,
        explanation=result.measurement.explanation,
        hint=result.measurement.hint,
    )
    seen = tuple(_point_findings(check, result)) if result.measurement.failure in IN_PART else ()
    if not seen:
        return Verdict(severity=Severity.UNKNOWN, findings=(unknown,))
    worst = max(finding.severity for finding in seen)
    return Verdict(
        severity=worst, findings=(*sorted(seen, key=lambda finding: -finding.severity), unknown), point=worst
    )


def _point_findings(check: Check, result: Result) -> Iterator[Finding]:
    if result.outcome is Outcome.FAIL:
        yield _failure(check, result)
    for rule in check.rules:
        if isinstance(rule, Threshold) and speaks(rule, result.finished_at):
            yield from _beyond_bound(rule, result)


def _beyond_bound(rule: Threshold, result: Result) -> Iterator[Finding]:
    reading = result.reading(rule.reading)
    if reading is None:
        return
    bounds, value = rule.bounds, reading.value
    bound = bounds.breached(value)
    if bound is not None:
        yield Finding(
            severity=bounds.severity(value),
            reason=Reason.BEYOND_BOUND,
            explanation=beyond(rule.reading, value, bound, bounds.direction, rule.unit),
            hint=(result.measurement.hints or {}).get(rule.reading, ""),
            reading=rule.reading,
            value=value,
            bound=bound,
            unit=rule.unit,
        )


def _failure(check: Check, result: Result) -> Finding:
    measurement = result.measurement
    security = measurement.failure in SECURITY
    minor = measurement.failure in MINOR
    return Finding(
        severity=Severity.CRITICAL if security else Severity.WARNING if minor else check.failure_severity,
        reason=Reason.SECURITY if security else Reason.FAILED,
        explanation=measurement.explanation,
        hint=measurement.hint,
    )


def _findings_over_time(memories: Iterable[Memory], now: datetime) -> Iterator[Finding]:
    for memory in memories:
        when = memory.rule.when
        if when is not None and not when.covers(now):
            continue
        look = memory.look()
        if look.severity:
            yield Finding(
                severity=look.severity,
                reason=memory.reason,
                explanation=memory.explain(look),
                hint=memory.hint,
                reading=memory.reading,
                value=look.value,
                bound=look.bound,
                unit=memory.unit,
            )
