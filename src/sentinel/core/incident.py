"""The life of an incident.

Rule 1: everything that decides about a transition stands in this file.
Rule 2: `step` is total: in every phase each event is either followed or refused, and a refusal changes nothing.
Rule 3: an unknown verdict moves no counter, opens nothing and resolves nothing.

    (none) ──bad──► PENDING ──confirmed──► OPEN ◄──expiry, worsening──► ACKNOWLEDGED
       ▲               │ good               │ good often enough            │ good often enough
       └───────────────┘                    └────────► RESOLVED ◄──────────┘

Confirmed means: bad `open_after` times in a row, or at once when the verdict says so (a hole in security; a window with
enough samples). Good often enough means `close_after` good verdicts in a row. The same two numbers confirm that a warning
has become critical and that it is no more than a warning again.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, assert_never

from sentinel.core.hours import Calendar
from sentinel.core.judge import GOOD, Reason, Verdict
from sentinel.core.rule import Severity


class Phase(StrEnum):
    PENDING = "pending"  # bad, not yet confirmed; nobody is told
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"  # somebody has taken it; nothing escalates
    RESOLVED = "resolved"


class Cause(StrEnum):
    """What confirmed the trouble, and so what has to get better."""

    RESULTS = "results"  # single results: failures, bounds, security
    WINDOW = "window"  # a rule over a window of time


class Refusal(StrEnum):
    """Why an event changed nothing."""

    NO_INCIDENT = "no_incident"
    NOT_OPEN_YET = "not_open_yet"
    ALREADY_RESOLVED = "already_resolved"


class Address(NamedTuple):
    """Where a message goes: a channel and, where the channel has several, one of its recipients."""

    channel: str
    recipient: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level of escalation."""

    after: timedelta  # since the incident opened (or since it became critical, if the level is for critical ones)
    channels: tuple[str, ...]
    severity: Severity = Severity.WARNING  # the least severity that reaches this level
    on_call: tuple[str, ...] = ()  # names of schedules: whoever is on call then is told
    repeat: timedelta = timedelta(0)  # told again so long after it was told, while nobody has taken it; zero: never
    repeats: int = 5  # how often at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Updates:
    """Who is kept informed while an incident lasts."""

    channels: tuple[str, ...]
    every: timedelta
    after: timedelta = timedelta(0)  # since the incident opened, the first
    severity: Severity = Severity.CRITICAL  # the least of which they hear


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who is told when. An incident keeps the policy it opened with, whatever a reload brings."""

    name: str
    levels: tuple[Level, ...]
    remind_warning: timedelta = timedelta(hours=4)  # zero: never
    remind_critical: timedelta = timedelta(minutes=30)  # zero: never
    acknowledge_warning: timedelta = timedelta(hours=4)  # how long an acknowledgement holds unless it says otherwise
    acknowledge_critical: timedelta = timedelta(hours=1)
    updates: Updates | None = None
    quiet: tuple[Calendar, ...] = ()  # hours in which only critical incidents are told of; the others are when they end

    def remind_every(self, severity: Severity) -> timedelta:
        return self.remind_critical if severity is Severity.CRITICAL else self.remind_warning

    def acknowledged_for(self, severity: Severity) -> timedelta:
        return self.acknowledge_critical if severity is Severity.CRITICAL else self.acknowledge_warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    by: str
    why: str
    at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One trouble of one check. `id` is 0 until it opens."""

    check: str
    policy: Policy
    began_at: datetime  # when the first bad result came
    id: int = 0
    phase: Phase = Phase.PENDING
    severity: Severity = Severity.OK
    cause: Cause = Cause.RESULTS
    verdict: Verdict = GOOD  # the latest that was not good
    breaches: int = 0  # bad results in a row
    criticals: int = 0  # critical ones in a row
    passes: int = 0  # good ones in a row, once open
    eases: int = 0  # in a row no more than a warning, while critical
    hole: bool = False  # whether people were told of a hole in security
    opened_at: datetime | None = None
    critical_at: datetime | None = None  # since when it is critical
    paused: timedelta = timedelta(0)  # time under acknowledgements, which escalation does not count
    levels: tuple[int, ...] = ()  # numbers of the levels that were told, from 1
    acknowledgement: Acknowledgement | None = None
    told_at: datetime | None = None  # when somebody was last told that it goes on
    resolved_at: datetime | None = None
    sequence: int = 0  # how many messages it has caused
    told: tuple[Address, ...] = ()  # everybody who was told of it, in the order in which they were

    @property
    def is_open(self) -> bool:
        return self.phase in (Phase.OPEN, Phase.ACKNOWLEDGED)


# --- Events: what can happen to an incident -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A result was judged."""

    check: str
    verdict: Verdict
    policy: Policy  # of the check now; taken when an incident begins
    open_after: int
    close_after: int


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """Somebody takes it."""

    by: str
    why: str
    hold: timedelta | None = None  # for how long; the policy's time when None


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The check is gone from the plan, so nothing can resolve its incident any more."""


Event = Judged | Ticked | Acknowledge | Withdraw


# --- Effects: what a transition asks for ----------------------------------------------------------------------------


class EffectKind(StrEnum):
    OPENED = "opened"
    WORSENED = "worsened"
    EASED = "eased"
    ESCALATED = "escalated"
    REMINDED = "reminded"
    ACKNOWLEDGED = "acknowledged"
    ACKNOWLEDGEMENT_EXPIRED = "acknowledgement_expired"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"  # resolved because the check was removed


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a transition asks for. The incident beside it is the one after the transition."""

    kind: EffectKind
    level: int = 0  # the level of escalation that is told, from 1; 0: those who were told already


class Step(NamedTuple):
    """The answer of `step`."""

    incident: Incident | None  # None: there is no trouble
    effects: tuple[Effect, ...] = ()
    refusal: Refusal | None = None


# --- Transitions ----------------------------------------------------------------------------------------------------


def step(incident: Incident | None, event: Event, now: datetime) -> Step:
    """What an event does to an incident, and what has to be done about it."""
    match event:
        case Judged():
            return _judged(incident, event, now)
        case Ticked():
            return _ticked(incident, now)
        case Acknowledge():
            return _acknowledge(incident, event, now)
        case Withdraw():
            return _withdraw(incident, now)
        case _:
            assert_never(event)


def next_tick(incident: Incident) -> datetime | None:
    """When time alone will change something; None when it never will."""
    if incident.phase is Phase.ACKNOWLEDGED and incident.acknowledgement is not None:
        return incident.acknowledgement.until
    if incident.phase is not Phase.OPEN:
        return None
    due = [at for number in _levels_left(incident) if (at := _level_due(incident, number)) is not None]
    if (reminder := _reminder_due(incident)) is not None:
        due.append(reminder)
    return min(due, default=None)


def _judged(incident: Incident | None, event: Judged, now: datetime) -> Step:
    verdict = event.verdict
    if verdict.severity is Severity.UNKNOWN:
        return Step(incident)
    if incident is None:
        if verdict.severity is Severity.OK:
            return Step(None)
        incident = Incident(check=event.check, policy=event.policy, began_at=now)
    if incident.phase is Phase.RESOLVED:
        return Step(incident, refusal=Refusal.ALREADY_RESOLVED)
    counted = _count(incident, verdict)
    if incident.phase is Phase.PENDING:
        return _confirm(counted, event, now)
    return _follow(counted, event, now)


def _count(incident: Incident, verdict: Verdict) -> Incident:
    bad, critical = verdict.point > Severity.OK, verdict.point is Severity.CRITICAL
    return replace(
        incident,
        breaches=incident.breaches + 1 if bad else 0,
        criticals=incident.criticals + 1 if critical else 0,
        verdict=verdict if verdict.severity > Severity.OK else incident.verdict,
    )


def _confirmed(incident: Incident, event: Judged) -> Severity:
    """The worst severity that is beyond doubt."""
    in_a_row = Severity.OK
    if incident.criticals >= event.open_after:
        in_a_row = Severity.CRITICAL
    elif incident.breaches >= event.open_after:
        in_a_row = Severity.WARNING
    return max(in_a_row, event.verdict.at_once)


def _cause(incident: Incident, event: Judged) -> Cause:
    by_results = incident.breaches >= event.open_after or event.verdict.reason is Reason.SECURITY
    return Cause.RESULTS if by_results else Cause.WINDOW


def _confirm(incident: Incident, event: Judged, now: datetime) -> Step:
    severity = _confirmed(incident, event)
    if severity is Severity.OK:
        return Step(incident if incident.breaches else None)
    opened = replace(
        incident,
        phase=Phase.OPEN,
        severity=severity,
        cause=_cause(incident, event),
        hole=event.verdict.reason is Reason.SECURITY,
        opened_at=now,
        critical_at=now if severity is Severity.CRITICAL else None,
        told_at=now,
    )
    opened, levels = _announce_due_levels(opened, now)
    # Those of the first level are told that it opened, not that it escalated.
    first = Effect(kind=EffectKind.OPENED, level=levels[0] if levels else 0)
    return Step(opened, (first, *(Effect(kind=EffectKind.ESCALATED, level=n) for n in levels[1:])))


def _follow(incident: Incident, event: Judged, now: datetime) -> Step:
    """An open incident meets one more verdict."""
    confirmed = _confirmed(incident, event)
    if incident.cause is Cause.WINDOW and _cause(incident, event) is Cause.RESULTS and confirmed > Severity.OK:
        incident = replace(incident, cause=Cause.RESULTS)
    if event.verdict.reason is Reason.SECURITY and not incident.hole:
        return _worsen(replace(incident, hole=True), now)
    if confirmed > incident.severity:
        return _worsen(incident, now)
    # What single results brought is over when single results are good. The window still remembers them, but they have
    # been told of already.
    current = event.verdict.point if incident.cause is Cause.RESULTS else event.verdict.severity
    if current is Severity.OK:
        incident = replace(incident, passes=incident.passes + 1, eases=incident.eases + 1)
        return _resolve(incident, now, EffectKind.RESOLVED) if incident.passes >= event.close_after else Step(incident)
    if current < incident.severity:
        incident = replace(incident, passes=0, eases=incident.eases + 1)
        return _ease(incident, now) if incident.eases >= event.close_after else Step(incident)
    return Step(replace(incident, passes=0, eases=0))


def _worsen(incident: Incident, now: datetime) -> Step:
    """A warning has become critical, or what was an outage has turned out to be a hole in security.

    An acknowledgement was given for what was known before, so it ends. Levels for critical incidents count from when it
    became critical, without the pauses before.
    """
    incident = _unacknowledged(incident, now)
    if incident.critical_at is None:
        incident = replace(incident, critical_at=now, paused=timedelta(0))
    worse = replace(
        incident,
        severity=Severity.CRITICAL,
        passes=0,
        eases=0,
        told_at=now,
    )
    worse, levels = _announce_due_levels(worse, now)
    effects = (Effect(kind=EffectKind.ESCALATED, level=number) for number in levels)
    return Step(worse, (Effect(kind=EffectKind.WORSENED), *effects))


def _ease(incident: Incident, now: datetime) -> Step:
    eased = replace(incident, severity=Severity.WARNING, critical_at=None, eases=0, told_at=now)
    return Step(eased, (Effect(kind=EffectKind.EASED),))


def _resolve(incident: Incident, now: datetime, kind: EffectKind) -> Step:
    return Step(replace(incident, phase=Phase.RESOLVED, resolved_at=now), (Effect(kind=kind),))


def _withdraw(incident: Incident | None, now: datetime) -> Step:
    if incident is None or incident.phase is Phase.PENDING:
        return Step(None)
    if incident.phase is Phase.RESOLVED:
        return Step(incident, refusal=Refusal.ALREADY_RESOLVED)
    return _resolve(incident, now, EffectKind.WITHDRAWN)


def _acknowledge(incident: Incident | None, event: Acknowledge, now: datetime) -> Step:
    if incident is None:
        return Step(None, refusal=Refusal.NO_INCIDENT)
    match incident.phase:
        case Phase.PENDING:
            return Step(incident, refusal=Refusal.NOT_OPEN_YET)
        case Phase.RESOLVED:
            return Step(incident, refusal=Refusal.ALREADY_RESOLVED)
        case Phase.OPEN | Phase.ACKNOWLEDGED:
            # Whoever acknowledges again takes over, or goes on for longer.
            incident = _unacknowledged(incident, now)
            hold = event.hold or incident.policy.acknowledged_for(incident.severity)
            taken = Acknowledgement(by=event.by, why=event.why, at=now, until=now + hold)
            acknowledged = replace(incident, phase=Phase.ACKNOWLEDGED, acknowledgement=taken)
            return Step(acknowledged, (Effect(kind=EffectKind.ACKNOWLEDGED),))


def _ticked(incident: Incident | None, now: datetime) -> Step:
    if incident is None or not incident.is_open:
        return Step(incident)
    effects: list[Effect] = []
    if incident.acknowledgement is not None:
        if now < incident.acknowledgement.until:
            return Step(incident)
        incident = replace(_unacknowledged(incident, now), told_at=now)
        effects.append(Effect(kind=EffectKind.ACKNOWLEDGEMENT_EXPIRED))
    incident, levels = _announce_due_levels(incident, now)
    effects += (Effect(kind=EffectKind.ESCALATED, level=number) for number in levels)
    reminder = _reminder_due(incident)
    if reminder is not None and reminder <= now:
        incident = replace(incident, told_at=now)
        effects.append(Effect(kind=EffectKind.REMINDED))
    return Step(incident, tuple(effects))


def _unacknowledged(incident: Incident, now: datetime) -> Incident:
    if incident.acknowledgement is None:
        return incident
    held = max(now - incident.acknowledgement.at, timedelta(0))
    return replace(incident, phase=Phase.OPEN, acknowledgement=None, paused=incident.paused + held)


# --- Escalation and reminders ---------------------------------------------------------------------------------------


def _announce_due_levels(incident: Incident, now: datetime) -> tuple[Incident, tuple[int, ...]]:
    """Mark every level that is due now as told."""
    due = tuple(n for n in _levels_left(incident) if (at := _level_due(incident, n)) is not None and at <= now)
    return replace(incident, levels=incident.levels + due), due


def _levels_left(incident: Incident) -> tuple[int, ...]:
    return tuple(n for n in range(1, len(incident.policy.levels) + 1) if n not in incident.levels)


def _level_due(incident: Incident, number: int) -> datetime | None:
    """When a level is due, or None while the incident is not bad enough for it."""
    level = incident.policy.levels[number - 1]
    since = incident.critical_at if level.severity is Severity.CRITICAL else incident.opened_at
    return None if since is None else since + level.after + incident.paused


def _reminder_due(incident: Incident) -> datetime | None:
    every = incident.policy.remind_every(incident.severity)
    return incident.told_at + every if every and incident.told_at is not None else None
