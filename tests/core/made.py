"""Values to decide about, made in few words. All times hang on `NOW`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st

from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.incident import Judged, Level, Policy
from sentinel.core.judge import GOOD, Finding, Reason, Verdict, standing_of
from sentinel.core.memories import Sample
from sentinel.core.result import FailureClass, Measurement, Outcome, Reading, Result, failed, passed
from sentinel.core.rule import Rule, Severity

#: Modest, because two cores run the whole suite; a failure found once becomes an ordinary test.
PROPERTY = settings(max_examples=80, deadline=None)

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

#: HC-10: at once, after 15 and after 30 minutes. Reminders are far away, so that stories need not speak of them.
POLICY = Policy(
    name="default",
    levels=(
        Level(after=0 * MINUTE, channels=("mail",)),
        Level(after=15 * MINUTE, channels=("mail", "chat")),
        Level(after=30 * MINUTE, channels=("hook",)),
    ),
    remind_warning=48 * HOUR,
    remind_critical=48 * HOUR,
)

REFUSED = failed(FailureClass.REFUSED, "connection refused")
BLIND = failed(FailureClass.NETWORK_DOWN, "this host has no network")
BREACH = failed(FailureClass.ACCESS_GAINED, "a clerk may read prescriptions")

#: Any moment of our time, to the microsecond.
moments = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=20_000)).map(
    lambda since: datetime(2000, 1, 1, tzinfo=UTC) + since
)


def check(*rules: Rule, **more: object) -> Check:
    """An HTTP check each minute; opens after 3 and closes after 2."""
    whole = Check(name="api", kind="http", interval=MINUTE, timeout=10 * SECOND, main="response_time", rules=rules)
    return replace(whole, **more)  # type: ignore[arg-type]  # whichever fields a test wants


def took(seconds: float) -> Measurement:
    """A pass with a response time."""
    return passed((Reading("response_time", seconds, Unit.SECONDS),))


def result(measurement: Measurement, at: datetime = NOW) -> Result:
    return Result(check="api", scheduled_at=at, finished_at=at, measurement=measurement)


def sample(
    measurement: Measurement, at: datetime = NOW, *, interval: timedelta = MINUTE, extra: bool = False
) -> Sample:
    """A result as memories take it in."""
    one = replace(result(measurement, at), extra=extra)
    unknown = measurement.outcome is Outcome.UNKNOWN
    return Sample(
        at=at.timestamp(),
        result=one,
        standing=standing_of(one, Severity.OK),
        interval=interval.total_seconds(),
        counts=not (unknown or extra),
    )


def verdict(severity: Severity, *, at_once: bool = False, window: bool = False) -> Verdict:
    """A verdict of that severity; from a window alone when `window`, which needs no confirmation either."""
    if severity is Severity.OK:
        return GOOD
    if severity is Severity.UNKNOWN:
        unclear = Finding(severity=severity, reason=Reason.NOT_JUDGED, explanation="no network")
        return Verdict(severity=severity, findings=(unclear,))
    reason = Reason.ERROR_RATE if window else Reason.SECURITY if at_once else Reason.FAILED
    finding = Finding(severity=severity, reason=reason, explanation="it fails", hint="look at it")
    return Verdict(
        severity=severity,
        findings=(finding,),
        point=Severity.OK if window else severity,
        at_once=severity if at_once or window else Severity.OK,
    )


def judged(what: Verdict, policy: Policy = POLICY, open_after: int = 3, close_after: int = 2) -> Judged:
    return Judged(check="api", verdict=what, policy=policy, open_after=open_after, close_after=close_after)
