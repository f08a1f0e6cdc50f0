"""From a measurement to a verdict: every rule of the check looks at the result and at the windows behind it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sentinel.base.units import Unit, format_duration, format_value
from sentinel.core.check import Check
from sentinel.core.result import IN_PART, MINOR, SECURITY, Outcome, Result
from sentinel.core.rule import Bounds, Direction, ErrorRate, Quantile, Rule, Severity, Threshold
from sentinel.core.samples import SampleWindow
from sentinel.core.slo import Standing


class Reason(StrEnum):
    """Why a verdict is what it is. A closed list."""

    WITHIN_BOUNDS = "within_bounds"
    FAILED = "failed"  # the result is a failure
    SECURITY = "security"  # it is one that opens at once
    BEYOND_BOUND = "beyond_bound"  # a reading lies beyond its bound
    ERROR_RATE = "error_rate"
    QUANTILE = "quantile"
    NOT_JUDGED = "not_judged"  # the result is unknown


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

#: The samples behind each rule that looks at a window.
Windows = Mapping[Rule, SampleWindow]


def judge(check: Check, result: Result, windows: Windows) -> Verdict:
    """The verdict on a result, seen beside the windows, which already hold it.

    An unknown result is judged unknown, and no rule looks at it; unless Sentinel saw a part of what it was to look at, and
    that part is beyond a bound: a full disk does not wait for the right to look at a process.
    """
    if result.outcome is Outcome.UNKNOWN:
        return _judged_in_part(check, result)
    point = tuple(_point_findings(check, result))
    over_time = tuple(_window_findings(check, windows))
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


#: Windows have seen enough samples already, and a hole in security cannot wait for a second look.
_AT_ONCE = frozenset({Reason.SECURITY, Reason.ERROR_RATE, Reason.QUANTILE})


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
        if isinstance(rule, Threshold):
            reading = result.reading(rule.reading)
            if reading is not None and (severity := rule.bounds.severity(reading.value)):
                found = _beyond(
                    Reason.BEYOND_BOUND,
                    severity,
                    rule.reading,
                    rule.reading,
                    reading.value,
                    rule.bounds,
                    rule.unit,
                )
                yield replace(found, hint=(result.measurement.hints or {}).get(rule.reading, ""))


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


def _window_findings(check: Check, windows: Windows) -> Iterator[Finding]:
    for rule in check.rules:
        if isinstance(rule, ErrorRate):
            yield from _error_rate(rule, windows[rule])
        elif isinstance(rule, Quantile):
            yield from _quantile(rule, windows[rule])


def _error_rate(rule: ErrorRate, window: SampleWindow) -> Iterator[Finding]:
    if window.samples >= rule.min_samples and (severity := rule.bounds.severity(window.error_rate)):
        what = f"error rate over {format_duration(rule.window)} ({window.failures} of {window.samples} runs failed)"
        yield _beyond(Reason.ERROR_RATE, severity, what, "error_rate", window.error_rate, rule.bounds, Unit.RATIO)


def _quantile(rule: Quantile, window: SampleWindow) -> Iterator[Finding]:
    if window.histogram.total < rule.min_samples:
        return
    value = window.histogram.quantile(rule.quantile)
    if value is not None and (severity := rule.bounds.severity(value)):
        what = f"p{rule.quantile * 100:g} of {rule.reading} over {format_duration(rule.window)}"
        yield _beyond(Reason.QUANTILE, severity, what, rule.reading, value, rule.bounds, rule.unit)


def _beyond(
    reason: Reason, severity: Severity, what: str, reading: str, value: float, bounds: Bounds, unit: Unit
) -> Finding:
    bound = bounds.breached(value)
    assert bound is not None, "a severity above OK comes from a bound"
    side = "above" if bounds.direction is Direction.ABOVE else "below"
    return Finding(
        severity=severity,
        reason=reason,
        explanation=f"{what} is {format_value(value, unit)}, {side} {format_value(bound, unit)}",
        reading=reading,
        value=value,
        bound=bound,
        unit=unit,
    )
