"""What is wrong with a job, by what it has reported and what was expected of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sentinel.base.units import Unit, format_duration
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.finding import Finding
from sentinel.probes.heartbeat.life import Life
from sentinel.probes.heartbeat.schedule import Schedule

#: A report that comes so little before its time counts for that time: clocks of two hosts differ.
EARLY: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What is expected of a job."""

    schedule: Schedule
    grace: timedelta  # how late a report may be
    longest: timedelta | None  # how long a run may take; None: until the next one is due

    def due(self, life: Life) -> datetime:
        """When the next report is expected, or was."""
        heard = life.heard
        return self.schedule.next_after(life.since if heard is None else heard + EARLY)

    def late_by(self, life: Life, now: datetime) -> timedelta:
        """How long a report is missing. While a run takes no longer than it may, none is."""
        if life.running and self.longest is not None:
            return timedelta(0)
        return max(now - self.due(life), timedelta(0))


def findings(life: Life, expected: Expectation, now: datetime) -> Iterator[Finding]:
    """Everything that is wrong; the state of what runs comes first."""
    late = expected.late_by(life, now) > expected.grace
    if life.running and (late or _too_long(life, expected, now)):
        yield _stuck(life, expected, now)
    if life.failing:
        yield _failed(life, expected)
    if late and not life.running:
        yield _overdue(life, expected)


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


_STUCK_HINT: Final = (
    "See whether the job still runs and what it waits for; if it ended, why its last report did not come."
)
_FAILED_HINT: Final = "See the job's own log for that run. The check is well again when a run reports success."
_OVERDUE_HINT: Final = (
    "Did the job start (cron, timers, `systemctl list-timers`), and can its host reach Sentinel's port?"
)
_NEVER_HINT: Final = "Does the job call this check's address? Try it from the job's host: `curl -fsS …/ping/TOKEN`."
