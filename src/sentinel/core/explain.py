"""Why a check is judged as it is, and why people are told of it or not: every rule with its numbers, every counter, every mute.

All of it is read from what is remembered; nothing is judged again, and nothing changes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sentinel.base.units import format_duration, format_value
from sentinel.core.escalation import level_due, levels_left, reminder_due
from sentinel.core.flapping import ABOVE
from sentinel.core.history import History
from sentinel.core.incident import Around, Because, Incident, Mute, Phase
from sentinel.core.judge import speaks
from sentinel.core.memories.base import allowed, beyond
from sentinel.core.reason import Reason
from sentinel.core.result import Outcome, Result
from sentinel.core.rule import Rule, Severity, Threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSight:
    """What one rule sees, also when it has nothing to say."""

    reason: Reason  # what it would say
    severity: Severity
    text: str  # the numbers beside the bounds, or what it lacks
    asleep: str = ""  # the calendar that keeps it quiet now; empty: it speaks


def sights(history: History, now: datetime) -> tuple[RuleSight, ...]:
    """What every rule of a check sees, in the order of the configuration; before them, whether the last run failed."""
    return (*_outcome(history), *(_sight(history, rule, now) for rule in history.check.rules))


def counters(history: History) -> tuple[str, ...]:
    """How far a trouble is on its way to an incident, or out of it; sentences."""
    return tuple(_counters(history))


def suppressed(history: History, around: Around) -> tuple[str, ...]:
    """What keeps an incident from opening, or people from being told; sentences."""
    return tuple(_suppressed(history, around))


def outlook(incident: Incident, now: datetime) -> tuple[str, ...]:
    """What will be told when, if nothing changes, and what will not be, and why; sentences."""
    if not incident.is_open:
        return ()
    return tuple(_outlook(incident, now))


# --- Rules ----------------------------------------------------------------------------------------------------------


def _outcome(history: History) -> Iterator[RuleSight]:
    last = history.last
    if last is None:
        return
    match last.outcome:
        case Outcome.PASS:
            yield RuleSight(reason=Reason.WITHIN_BOUNDS, severity=Severity.OK, text="the last run did what it should")
        case Outcome.FAIL:
            told = next((f for f in history.verdict.findings if f.reason in (Reason.FAILED, Reason.SECURITY)), None)
            severity = told.severity if told else history.check.failure_severity
            yield RuleSight(reason=Reason.FAILED, severity=severity, text=last.measurement.explanation)
        case Outcome.UNKNOWN:
            text = f"not judged, and no rule looked at it: {last.measurement.explanation}"
            yield RuleSight(reason=Reason.NOT_JUDGED, severity=Severity.UNKNOWN, text=text)


def _sight(history: History, rule: Rule, now: datetime) -> RuleSight:
    asleep = "" if speaks(rule, now) else rule.when.name if rule.when else ""
    if isinstance(rule, Threshold):
        severity, text = _threshold(rule, history.last)
        return RuleSight(reason=Reason.BEYOND_BOUND, severity=severity, text=text, asleep=asleep)
    memory = history.memories[rule]
    look = memory.look()
    return RuleSight(reason=memory.reason, severity=look.severity, text=memory.stands(look), asleep=asleep)


def _threshold(rule: Threshold, last: Result | None) -> tuple[Severity, str]:
    reading = last.reading(rule.reading) if last else None
    if reading is None:
        return Severity.OK, f"{rule.reading} was not measured; {allowed(rule.bounds, rule.unit)}"
    severity, bound = rule.bounds.severity(reading.value), rule.bounds.breached(reading.value)
    if bound is not None:
        return severity, beyond(rule.reading, reading.value, bound, rule.bounds.direction, rule.unit)
    value = format_value(reading.value, rule.unit)
    return severity, f"{rule.reading} is {value}; {allowed(rule.bounds, rule.unit)}"


# --- Counters -------------------------------------------------------------------------------------------------------


def _counters(history: History) -> Iterator[str]:
    incident, check = history.incident, history.check
    if incident is None:
        yield f"nothing is wrong; {check.open_after} bad results in a row would open an incident"
        return
    if incident.phase is Phase.PENDING:
        yield f"{incident.breaches} of {check.open_after} bad results in a row that open an incident"
    else:
        yield f"{incident.passes} of {check.close_after} good results in a row that end the incident"
    if incident.severity is not Severity.CRITICAL and incident.criticals:
        yield f"{incident.criticals} of {check.open_after} critical results in a row that make it critical"
    if incident.severity is Severity.CRITICAL and incident.eases:
        yield f"{incident.eases} of {check.close_after} in a row that were no worse than a warning, which ease it"


# --- What keeps people from being told ------------------------------------------------------------------------------


def _suppressed(history: History, around: Around) -> Iterator[str]:
    incident = history.incident
    policy = incident.policy if incident is not None else history.policy
    if not any(level.names_anybody for level in policy.levels):
        yield f"policy {policy.name} names nobody to tell"
    if around.excuse:
        yield f"window {around.excuse} excuses what the check finds: nothing opens until it ends; then it is looked at afresh"
    if history.flapping.flaps:
        yield f"it flaps: {history.flapping.share:.0%} of its last results were changes, more than {ABOVE:.0%}"
    if incident is None:
        yield from (f"an incident now would not be told: {_because(mute)}" for mute in _would_mute(around))
        return
    mute = incident.mute if incident.is_open else around.mute(incident)
    if mute is not None:
        yield f"nobody is told: {_because(mute)}"
    if (taken := incident.acknowledgement) is not None:
        yield f"{taken.by} has taken it until {_clock(taken.until)}: nothing escalates until then"
    if incident.excused:
        yield f"window {incident.excused} kept it from opening until it ended"
    if incident.paused:
        yield f"{format_duration(incident.paused)} did not count for escalation: it was taken or muted"


def _would_mute(around: Around) -> Iterator[Mute]:
    seen = {
        mute for mute in (around.warning, around.critical) if mute is not None and mute.because is not Because.WINDOW
    }
    return iter(sorted(seen, key=str))


def _because(mute: Mute) -> str:
    match mute.because:
        case Because.SILENCE:
            return f"silence {mute.by} covers it"
        case Because.WINDOW:
            return f"window {mute.by} covers it"
        case Because.DEPENDENCY:
            return f"{mute.by}, which it depends on, is down; it is named in that one's messages"
        case Because.LOOKING:
            return f"held for a moment, until it is known how what it depends on is ({mute.by})"
        case Because.QUIET:
            return f"quiet hours of policy {mute.by}: only critical incidents are told of now"
        case Because.GROUP:
            return f"it broke together with {mute.by}, and is named in the messages about that (incident {mute.bundle})"


# --- What comes next ------------------------------------------------------------------------------------------------


def _outlook(incident: Incident, now: datetime) -> Iterator[str]:
    stopped = incident.mute is not None or incident.phase is Phase.ACKNOWLEDGED
    for number in levels_left(incident):
        level = incident.policy.levels[number - 1]
        whom = ", ".join((*level.channels, *level.on_call))
        due = level_due(incident, number)
        if due is None:
            yield f"level {number} ({whom}) is told of critical incidents only"
        elif stopped:
            yield f"level {number} ({whom}) waits: the time now does not count"
        else:
            yield f"level {number} ({whom}) is due {_when(due, now)}"
    if not stopped and (reminder := reminder_due(incident)) is not None:
        yield f"a reminder is due {_when(reminder, now)}"


def _when(due: datetime, now: datetime) -> str:
    return f"at {_clock(due)}, in {format_duration(due - now)}" if due > now else "now"


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
