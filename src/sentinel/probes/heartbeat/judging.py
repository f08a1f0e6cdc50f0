"""What is wrong with a job, by what it has reported and what was expected of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sentinel.base.units import Unit, format_duration
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.finding import Finding
from sentinel.probes.heartbeat.life import Life
from sentinel.probes.heartbeat.schedule import EARLY, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What is expected of a job."""

    schedule: Schedule
    grace: timedelta  # how late a report may be
    longest: timedelta | None  # how long a run may take; None: until the next one is due

    def due(self, life: Life) -> datetime:
        """When the next report is expected, or was."""
        heard = life.heard
        return self.schedule.next_after(life.since if heard is None else heard + self.schedule.early)

    def late_by(self, life: Life, now: datetime) -> timedelta:
        """How long a report is missing. While a run takes no longer than it may, none is."""
        if life.running and self.longest is not None:
            return timedelta(0)
        return max(now - self.due(life), timedelta(0))

    def again(self, life: Life) -> datetime | None:
        """When a report is expected that Sentinel will hear, after it was away; None when it was not."""
        return None if life.away_until is None else self.schedule.next_after(life.away_until)

    def may_be_unheard(self, life: Life, now: datetime) -> bool:
        """Whether the report that is missing may have come while Sentinel was away, and no later one is missing, too."""
        again = self.again(life)
        if again is None or life.away_from is None or life.away_until is None or now > again + self.grace:
            return False
        if life.running and life.started is not None:
            return life.away_until > life.started
        due = self.due(life)
        return life.away_from < due + self.grace and life.away_until > due - EARLY


def findings(life: Life, expected: Expectation, now: datetime) -> Iterator[Finding]:
    """Everything that is wrong; the state of what runs comes first."""
    late = expected.late_by(life, now) > expected.grace
    stuck = life.running and (late or _too_long(life, expected, now))
    unheard = expected.may_be_unheard(life, now)
    if stuck and not unheard:
        yield _stuck(life, expected, now)
    if life.failing:
        yield _failed(life, expected)
    if late and not life.running and not unheard:
        yield _overdue(life, expected)
    if unheard and (late or stuck):
        yield _unheard(life, expected)


def readings(life: Life, expected: Expectation, now: datetime) -> Iterator[Reading]:
    """What rules can look at."""
    if life.succeeded is not None:
        yield Reading("age", max((now - life.succeeded).total_seconds(), 0.0), Unit.SECONDS)
    if life.took is not None:
        yield Reading("took", life.took, Unit.SECONDS)
    if life.status is not None:
        yield Reading("exit_code", life.status, Unit.NONE)
    yield Reading("late_by", expected.late_by(life, now).total_seconds(), Unit.SECONDS)


def _too_long(life: Life, expected: Expectation, now: datetime) -> bool:
    return expected.longest is not None and life.started is not None and now - life.started > expected.longest


def _stuck(life: Life, expected: Expectation, now: datetime) -> Finding:
    assert life.started is not None
    may = f"; it may take {format_duration(expected.longest)}" if expected.longest else "; the next run was due by now"
    began = f"begun {expected.schedule.shown(life.started)}, {format_duration(now - life.started)} ago, and not ended"
    return Finding(FailureClass.JOB_STUCK, f"{began}{may}", _STUCK_HINT)


def _failed(life: Life, expected: Expectation) -> Finding:
    assert life.ended is not None
    status = "" if life.status is None else f" with exit status {life.status}"
    said = f": {life.said}" if life.said else ""
    when = expected.schedule.shown(life.ended)
    return Finding(FailureClass.JOB_FAILED, f"the run that ended {when} failed{status}{said}", _FAILED_HINT)


def _overdue(life: Life, expected: Expectation) -> Finding:
    due = expected.schedule.shown(expected.due(life))
    heard = life.heard
    if heard is None:
        explanation = f"it has never reported; a report was expected by {due}"
        return Finding(FailureClass.OVERDUE, explanation, _NEVER_HINT)
    explanation = f"a report was expected by {due}; the last one came {expected.schedule.shown(heard)}"
    return Finding(FailureClass.OVERDUE, explanation, _OVERDUE_HINT)


def _unheard(life: Life, expected: Expectation) -> Finding:
    moments = (life.away_from, life.away_until, expected.again(life))
    left, back, again = (expected.schedule.shown(moment) for moment in moments if moment is not None)
    explanation = (
        f"a report may have come while Sentinel could not hear it, from {left} to {back}; the next is due {again}"
    )
    return Finding(FailureClass.UNHEARD, explanation, _UNHEARD_HINT)


_UNHEARD_HINT: Final = "See the job's own log for that time. Its next report settles it, or the lack of one."
_STUCK_HINT: Final = (
    "See whether the job still runs and what it waits for; if it ended, why its last report did not come."
)
_FAILED_HINT: Final = "See the job's own log for that run. The check is well again when a run reports success."
_OVERDUE_HINT: Final = (
    "Did the job start (cron, timers, `systemctl list-timers`), and can its host reach Sentinel's port?"
)
_NEVER_HINT: Final = "Does the job call this check's address? Try it from the job's host: `curl -fsS …/ping/TOKEN`."
