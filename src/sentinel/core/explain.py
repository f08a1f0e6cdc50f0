"""Why a check is judged as it is, and why people are told of it or not: every rule with its numbers, every counter, every mute.

All of it is read from what is remembered; nothing is judged again, and nothing changes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sentinel.base.units import format_duration, format_value
from sentinel.core.escalation import level_due, levels_left, reminder_due
from sentinel.core.flapping import ABOVE
from sentinel.core.history import History
from sentinel.core.incident import Around, Because, Incident, Mute, Phase, Policy
from sentinel.core.judge import speaks
from sentinel.core.memories.base import allowed, beyond
from sentinel.core.preview import quiet_until
from sentinel.core.reason import Reason
from sentinel.core.result import Outcome, Result
from sentinel.core.rule import Rule, Severity, Threshold
from sentinel.core.silence import Silence
from sentinel.core.untold import why_untold


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


def suppressed(history: History, around: Around, now: datetime, silences: Iterable[Silence] = ()) -> tuple[str, ...]:
    """What keeps an incident from opening, or people from being told; sentences, one for each cause.

    Args:
        now: aware.
        silences: that there are, to say whose one is that mutes.
    """
    return tuple(_suppressed(history, around, _Words(now, tuple(silences))))


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
        yield f"{min(incident.passes, check.close_after)} of {check.close_after} good results in a row that end the incident"
    if incident.severity is not Severity.CRITICAL and incident.criticals:
        yield f"{incident.criticals} of {check.open_after} critical results in a row that make it critical"
    if incident.severity is Severity.CRITICAL and incident.eases:
        eases = min(incident.eases, check.close_after)
        yield f"{eases} of {check.close_after} in a row that were no worse than a warning, which ease it"


# --- What keeps people from being told ------------------------------------------------------------------------------


class _Words(NamedTuple):
    """What it takes to say why nobody is told."""

    now: datetime
    silences: tuple[Silence, ...]

    def because(self, mute: Mute) -> str:
        return why_untold(mute, self.now, self.silences)


def _suppressed(history: History, around: Around, words: _Words) -> Iterator[str]:
    incident = history.incident
    opened = incident if incident is not None and incident.is_open else None
    yield from _names_nobody(history, around, opened)
    if around.excuse and opened is None:
        yield f"window {around.excuse} excuses what the check finds: nothing opens until it ends; then it is looked at afresh"
    if history.flapping.flaps:
        yield f"it flaps: {history.flapping.share:.0%} of its last results were changes, more than {ABOVE:.0%}"
    if opened is None:
        yield from _would_mute(history, around, words)
    elif opened.mute is not None:
        yield f"nobody is told: {words.because(opened.mute)}"
    if incident is not None:
        yield from _held_before(incident, around)


def _held_before(incident: Incident, around: Around) -> Iterator[str]:
    if (taken := incident.acknowledgement) is not None:
        yield f"{taken.by} has taken it until {_clock(taken.until)}: nothing escalates until then"
    if incident.excused and incident.excused != around.excuse:
        yield f"window {incident.excused} kept it from opening until it ended"
    if incident.paused:
        yield f"{format_duration(incident.paused)} did not count for escalation: it was taken or muted"


def _names_nobody(history: History, around: Around, opened: Incident | None) -> Iterator[str]:
    ways = (around.policy or history.policy, around.critical_policy or history.policy)
    for policy in dict.fromkeys((opened.policy,) if opened is not None else ways):
        if not any(level.names_anybody for level in policy.levels):
            yield f"policy {policy.name} names nobody to tell"


def _would_mute(history: History, around: Around, words: _Words) -> Iterator[str]:
    """What would become of an incident that opened now: a line for both severities where it is the same for both."""
    warning, critical = (None if _says_nothing(mute) else mute for mute in (around.warning, around.critical))
    if warning is not None and warning == critical:
        yield f"an incident now would not be told: {words.because(warning)}"
        return
    if warning is not None:
        policy = around.policy or history.policy
        yield f"a warning now would wait{_quiet_until(warning, policy, words.now)}: {words.because(warning)}"
        if critical is None:
            yield _would_be_told("critical incident", Severity.CRITICAL, around.critical_policy or history.policy)
    if critical is not None:
        yield f"a critical incident now would not be told: {words.because(critical)}"
        if warning is None:
            yield _would_be_told("warning", Severity.WARNING, around.policy or history.policy)


def _says_nothing(mute: Mute | None) -> bool:
    """What excuses a check is told of apart; and each incident of a check that depends on something is held back for a moment."""
    return mute is not None and mute.because in (Because.WINDOW, Because.LOOKING)


def _quiet_until(mute: Mute, policy: Policy, now: datetime) -> str:
    until = quiet_until(policy.quiet, now) if mute.because is Because.QUIET else None
    return f" until {_clock(until)}" if until is not None else ""


def _would_be_told(what: str, severity: Severity, policy: Policy) -> str:
    after = (level.after for level in policy.levels if level.severity <= severity and level.names_anybody)
    first = min(after, default=None)
    if first is None:
        return f"a {what} now would be told to nobody: policy {policy.name} has no level for it"
    return f"a {what} now would be told by policy {policy.name} {f'after {format_duration(first)}' if first else 'at once'}"


# --- What comes next ------------------------------------------------------------------------------------------------


def _outlook(incident: Incident, now: datetime) -> Iterator[str]:
    stopped = _stopped(incident)
    for number in levels_left(incident):
        level = incident.policy.levels[number - 1]
        whom = ", ".join((*level.channels, *level.on_call))
        due = level_due(incident, number)
        if due is None:
            yield f"level {number} ({whom}) is told of critical incidents only"
        elif stopped:
            yield f"level {number} ({whom}) waits: {stopped}"
        else:
            yield f"level {number} ({whom}) is due {_when(due, now)}"
    if not stopped and (reminder := reminder_due(incident)) is not None:
        yield f"a reminder is due {_when(reminder, now)}"


def _stopped(incident: Incident) -> str:
    """Why the time now does not count for escalation; empty: it does."""
    since = f" since {_clock(incident.paused_at)}" if incident.paused_at is not None else ""
    if incident.mute is not None:
        return f"nobody is told{since} ({incident.mute})"
    taken = incident.acknowledgement
    return f"{taken.by} has taken it{since}" if taken is not None else ""


def _when(due: datetime, now: datetime) -> str:
    return f"at {_clock(due)}, in {format_duration(due - now)}" if due > now else "now"


def _clock(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
