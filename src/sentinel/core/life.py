"""The life of an incident.

Rule 1: everything that decides about a transition stands in this file; when time is due, in `core.escalation`.
Rule 2: `step` is total: in every phase each event is either followed or refused, and a refusal changes nothing.
Rule 3: an unknown verdict moves no counter, opens nothing and resolves nothing.
Rule 4: a mute keeps people from being told, never an incident from opening, getting worse or being over.

    (none) ──bad──► PENDING ──confirmed──► OPEN ◄──expiry, worsening──► ACKNOWLEDGED
       ▲               │ good               │ good often enough            │ good often enough
       └───────────────┘                    └────────► RESOLVED ◄──────────┘

Confirmed means: bad `open_after` times in a row, or at once when the verdict says so (a hole in security; a window with
enough samples), or when the check comes and goes. Good often enough means `close_after` good verdicts in a row, and that it
does not come and go any more. The same two numbers confirm that a warning has become critical and that it is no more than a
warning again. What a window excuses stays pending; what is still bad after it is confirmed by that.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from sentinel.core.escalation import level_due, levels_left, progress_due, reminder_due, repeat_due, update_due
from sentinel.core.incident import (
    CALM,
    Acknowledge,
    Acknowledgement,
    Around,
    Assign,
    Cause,
    Close,
    Comment,
    CompanyChanged,
    Effect,
    EffectKind,
    Event,
    Incident,
    Judged,
    Phase,
    Refusal,
    Round,
    Step,
    TakeOver,
    Ticked,
    Unacknowledge,
    Withdraw,
)
from sentinel.core.judge import Finding, Reason, Verdict
from sentinel.core.reason import OVER_TIME
from sentinel.core.rule import Severity

#: Who takes an incident in the same words within so long has asked twice.
TWICE = timedelta(seconds=5)


def step(incident: Incident | None, event: Event, now: datetime) -> Step:
    """What an event does to an incident, and what has to be done about it."""
    match event:
        case Judged():
            return _judged(incident, event, now)
        case Withdraw():
            return _withdraw(incident, now)
        case Ticked() if incident is None or not incident.is_open:
            return Step(incident)
    if incident is None:
        return Step(None, refusal=Refusal.NO_INCIDENT)
    if incident.phase is Phase.PENDING:
        return Step(incident, refusal=Refusal.NOT_OPEN_YET)
    if incident.phase is Phase.RESOLVED:
        return Step(incident, refusal=Refusal.ALREADY_RESOLVED)
    return _met(incident, event, now)


def _met(
    incident: Incident,
    event: Ticked | Acknowledge | Unacknowledge | Close | Comment | Assign | CompanyChanged | TakeOver,
    now: datetime,
) -> Step:
    """An open incident meets something else than a verdict."""
    match event:
        case Ticked():
            return _ticked(incident, event.around, now)
        case Acknowledge():
            return _acknowledge(incident, event, now)
        case Unacknowledge():
            return _give_back(incident, event, now)
        case Close(by=by, why=why):
            return _resolve(incident, now, Effect(kind=EffectKind.RESOLVED, by=by, text=why), CALM)
        case Comment(by=by, text=text):
            return Step(incident, (Effect(kind=EffectKind.COMMENTED, by=by, text=text),))
        case Assign(by=by, to=to):
            return Step(
                replace(incident, assigned_to=to), (Effect(kind=EffectKind.ASSIGNED, by=by, text=to or "nobody"),)
            )
        case CompanyChanged():
            return Step(replace(incident, news_at=min(incident.news_at or now, now)))
        case TakeOver():
            return _take_over(incident, event, now)
        case _:
            assert_never(event)


# --- Verdicts -------------------------------------------------------------------------------------------------------


def _judged(incident: Incident | None, event: Judged, now: datetime) -> Step:
    verdict, flaps = event.verdict, event.around.flapping is not None
    if verdict.severity is Severity.UNKNOWN:
        return Step(incident)
    if incident is None:
        if verdict.severity is Severity.OK and not flaps:
            return Step(None)
        incident = Incident(check=event.check, policy=event.policy, began_at=now)
    if incident.phase is Phase.RESOLVED:
        return Step(incident, refusal=Refusal.ALREADY_RESOLVED)
    counted = _count(incident, verdict)
    if incident.phase is Phase.PENDING:
        return _confirm(counted, event, now)
    followed = _follow(counted, event, now)
    if followed.incident is None or not followed.incident.is_open:
        return followed
    muted, changes = _heed(followed.incident, event.around, now)
    return Step(muted, (*followed.effects, *changes))


def _count(incident: Incident, verdict: Verdict) -> Incident:
    bad, critical = verdict.point > Severity.OK, verdict.point is Severity.CRITICAL
    return replace(
        incident,
        breaches=incident.breaches + 1 if bad else 0,
        criticals=incident.criticals + 1 if critical else 0,
        verdict=_latest(incident, verdict),
    )


def _latest(incident: Incident, verdict: Verdict) -> Verdict:
    """What an incident is told to be about. What single results brought is not about what windows remember of it."""
    if verdict.severity is Severity.OK:
        return incident.verdict
    if incident.cause is Cause.WINDOW:
        return _led_by_windows(verdict)
    return incident.verdict if incident.is_open and verdict.point is Severity.OK else verdict


def _led_by_windows(verdict: Verdict) -> Verdict:
    """The same, with what rules over time say first."""
    over_time = tuple(finding for finding in verdict.findings if finding.reason in OVER_TIME)
    rest = tuple(finding for finding in verdict.findings if finding.reason not in OVER_TIME)
    return replace(verdict, findings=over_time + rest)


def _confirmed(incident: Incident, event: Judged) -> Severity:
    """The worst severity that is beyond doubt."""
    in_a_row = Severity.OK
    if incident.criticals >= event.open_after:
        in_a_row = Severity.CRITICAL
    elif incident.breaches >= event.open_after:
        in_a_row = Severity.WARNING
    if incident.excused and incident.phase is Phase.PENDING:
        in_a_row = max(in_a_row, event.verdict.point)
    if event.around.flapping is not None:
        in_a_row = max(in_a_row, Severity.WARNING, event.verdict.point)
    return max(in_a_row, event.verdict.at_once)


def _cause(incident: Incident, event: Judged) -> Cause:
    by_results = incident.breaches >= event.open_after or event.verdict.reason is Reason.SECURITY
    return Cause.RESULTS if by_results or incident.excused or event.around.flapping is not None else Cause.WINDOW


def _confirm(incident: Incident, event: Judged, now: datetime) -> Step:
    hole = event.verdict.reason is Reason.SECURITY
    if event.around.excuse and not hole:
        return Step(replace(incident, excused=event.around.excuse) if incident.breaches else None)
    severity = _confirmed(incident, event)
    if severity is Severity.OK:
        return Step(incident if incident.breaches else None)
    opened = replace(
        incident,
        phase=Phase.OPEN,
        severity=severity,
        cause=_cause(incident, event),
        hole=hole,
        opened_at=now,
        critical_at=now if severity is Severity.CRITICAL else None,
        told_at=now,
        flapping=event.around.flapping is not None,
    )
    if opened.cause is Cause.WINDOW:
        opened = replace(opened, verdict=_led_by_windows(opened.verdict))
    if opened.flapping and opened.breaches < event.open_after:
        opened = replace(opened, verdict=_comes_and_goes(event.around, opened.verdict))
    return _open(_rerouted(opened, event), event.around, now)


def _open(opened: Incident, around: Around, now: datetime) -> Step:
    mute = around.mute(opened)
    if mute is not None:
        opened, muted = _heed(opened, around, now)
        return Step(opened, (Effect(kind=EffectKind.OPENED), *muted))
    opened, levels = _announce_due_levels(opened, now)
    # Those of the first level are told that it opened, not that it escalated.
    first = Effect(kind=EffectKind.OPENED, level=levels[0] if levels else 0)
    return Step(opened, (first, *_escalations(levels[1:])))


def _follow(incident: Incident, event: Judged, now: datetime) -> Step:
    """An open incident meets one more verdict."""
    confirmed = _confirmed(incident, event)
    if incident.cause is Cause.WINDOW and _cause(incident, event) is Cause.RESULTS and confirmed > Severity.OK:
        incident = replace(incident, cause=Cause.RESULTS)
    if event.verdict.reason is Reason.SECURITY and not incident.hole:
        return _worsen(replace(incident, hole=True), event, now)
    if confirmed > incident.severity:
        return _worsen(incident, event, now)
    incident, flips = _flap(incident, event.around)
    # What single results brought is over when single results are good. The window still remembers them, but they have
    # been told of already.
    current = event.verdict.point if incident.cause is Cause.RESULTS else event.verdict.severity
    if current is Severity.OK:
        incident = replace(incident, passes=incident.passes + 1, eases=incident.eases + 1)
        if incident.passes < event.close_after or incident.flapping:
            return Step(incident, flips)
        over = _resolve(incident, now, Effect(kind=EffectKind.RESOLVED), event.around)
        return Step(over.incident, (*flips, *over.effects))
    if current < incident.severity:
        incident = replace(incident, passes=0, eases=incident.eases + 1)
        if incident.eases < event.close_after or incident.flapping:
            return Step(incident, flips)
        eased = _ease(incident, now)
        return Step(eased.incident, (*flips, *eased.effects))
    return Step(replace(incident, passes=0, eases=0), flips)


def _flap(incident: Incident, around: Around) -> tuple[Incident, tuple[Effect, ...]]:
    """Whether it comes and goes: that is told once, and until it settles it is neither over nor better."""
    flaps = around.flapping is not None
    if flaps == incident.flapping:
        return incident, ()
    kind = EffectKind.FLAPPING if flaps else EffectKind.SETTLED
    text = _comes_and_goes(around, incident.verdict).explanation if flaps else "it has settled"
    return replace(incident, flapping=flaps), (Effect(kind=kind, text=text),)


def _comes_and_goes(around: Around, last: Verdict) -> Verdict:
    finding = Finding(
        severity=Severity.WARNING,
        reason=Reason.FLAPPING,
        explanation=f"comes and goes: {around.flapping or 0.0:.0%} of the last 20 results were changes",
        hint="Look for what makes it unsteady: restarts in a loop, one bad node of several, a bound that is too tight.",
    )
    return Verdict(severity=max(Severity.WARNING, last.severity), findings=(finding, *last.findings), point=last.point)


def _worsen(incident: Incident, event: Judged, now: datetime) -> Step:
    """A warning has become critical, or what was an outage has turned out to be a hole in security.

    An acknowledgement was given for what was known before, so it ends. Levels for critical incidents count from when it
    became critical, without the pauses before.
    """
    incident = _with_its_pause(_unacknowledged(incident, now), now)
    if incident.critical_at is None:
        incident = replace(incident, critical_at=now, paused_earlier=incident.paused)
    worse = replace(incident, severity=Severity.CRITICAL, passes=0, eases=0, told_at=now)
    worse = _rerouted(worse, event)
    worse, changes = _heed(worse, event.around, now)
    worse, levels = _announce_due_levels(worse, now)
    return Step(worse, (Effect(kind=EffectKind.WORSENED), *changes, *_escalations(levels)))


def _rerouted(incident: Incident, event: Judged) -> Incident:
    """Whoever is told of incidents that are as bad as this one may be others than before."""
    critical = incident.severity is Severity.CRITICAL
    policy = event.around.critical_policy if critical else event.around.policy
    if policy is None or policy.name == incident.policy.name:
        return incident
    return replace(incident, policy=policy, routed=policy.name != event.policy.name, levels=(), rounds=())


def _ease(incident: Incident, now: datetime) -> Step:
    eased = replace(incident, severity=Severity.WARNING, critical_at=None, eases=0, told_at=now)
    return Step(eased, (Effect(kind=EffectKind.EASED),))


def _resolve(incident: Incident, now: datetime, effect: Effect, around: Around) -> Step:
    """It is over. While others of its bundle are not, whoever speaks for them then tells of it."""
    if around.company and incident.leads and incident.mute is None:
        effect = replace(effect, kind=EffectKind.LEFT)
    return Step(replace(incident, phase=Phase.RESOLVED, resolved_at=now), (effect,))


def _withdraw(incident: Incident | None, now: datetime) -> Step:
    if incident is None or incident.phase is Phase.PENDING:
        return Step(None)
    if incident.phase is Phase.RESOLVED:
        return Step(incident, refusal=Refusal.ALREADY_RESOLVED)
    return _resolve(incident, now, Effect(kind=EffectKind.WITHDRAWN), CALM)


# --- People ---------------------------------------------------------------------------------------------------------


def _acknowledge(incident: Incident, event: Acknowledge, now: datetime) -> Step:
    # Whoever acknowledges again takes over, or goes on for longer.
    hold = event.hold or incident.policy.acknowledged_for(incident.severity)
    taken = Acknowledgement(by=event.by, why=event.why, at=now, until=now + hold)
    if _is_repeated(incident.acknowledgement, taken):
        return Step(incident, refusal=Refusal.ALREADY_YOURS)
    acknowledged = _under(replace(incident, phase=Phase.ACKNOWLEDGED, acknowledgement=taken), now)
    return Step(acknowledged, (Effect(kind=EffectKind.ACKNOWLEDGED),))


def _is_repeated(before: Acknowledgement | None, after: Acknowledgement) -> bool:
    """Whether the same was asked a moment ago: a button was pressed twice, or a request was sent again."""
    if before is None or (before.by, before.why) != (after.by, after.why):
        return False
    return after.at - before.at <= TWICE and abs(after.until - before.until) <= TWICE


def _give_back(incident: Incident, event: Unacknowledge, now: datetime) -> Step:
    if incident.acknowledgement is None:
        return Step(incident, refusal=Refusal.NOT_ACKNOWLEDGED)
    open_again = replace(_unacknowledged(incident, now), told_at=now)
    open_again, levels = _announce_due_levels(open_again, now)
    given = Effect(kind=EffectKind.UNACKNOWLEDGED, by=event.by, text=event.why)
    return Step(open_again, (given, *_escalations(levels)))


def _unacknowledged(incident: Incident, now: datetime) -> Incident:
    if incident.acknowledgement is None:
        return incident
    # One from before pauses were noted began with the acknowledgement.
    since = incident.paused_at or incident.acknowledgement.at
    return _under(replace(incident, phase=Phase.OPEN, acknowledgement=None, paused_at=since), now)


def _under(incident: Incident, now: datetime) -> Incident:
    """Begin or end the pause of the escalation, as acknowledgement and mute ask for."""
    pauses = incident.acknowledgement is not None or incident.mute is not None
    if pauses:
        return replace(incident, paused_at=incident.paused_at or now)
    return replace(_with_its_pause(incident, now), paused_at=None)


def _with_its_pause(incident: Incident, now: datetime) -> Incident:
    """With the pause that goes on counted up to now."""
    if incident.paused_at is None:
        return incident
    return replace(incident, paused=incident.paused + max(now - incident.paused_at, timedelta(0)), paused_at=now)


# --- Mutes and bundles ----------------------------------------------------------------------------------------------


def _heed(incident: Incident, around: Around, now: datetime) -> tuple[Incident, tuple[Effect, ...]]:
    """Go by the mute that holds now."""
    mute = around.mute(incident)
    if mute == incident.mute:
        return incident, ()
    if mute is not None:
        if mute.bundle and (incident.leads or incident.bundle != mute.bundle):
            told = tuple(dict.fromkeys((*incident.told, *around.heard)))
            incident = replace(incident, bundle=mute.bundle, leads=False, joined=around.sequence, told=told)
        return _under(replace(incident, mute=mute), now), (Effect(kind=EffectKind.MUTED, text=str(mute)),)
    return _speak_up(incident, around, now)


def _speak_up(incident: Incident, around: Around, now: datetime) -> tuple[Incident, tuple[Effect, ...]]:
    """The mute is over: whoever was told before hears that it goes on, and otherwise those who are due hear of it."""
    ended = Effect(kind=EffectKind.UNMUTED, text=str(incident.mute))
    if not incident.leads:
        told = tuple(dict.fromkeys((*incident.told, *around.heard)))
        incident = replace(incident, bundle=0, leads=True, told=told)
    was_told = incident.announced
    incident = _under(replace(incident, mute=None, told_at=now), now)
    incident, levels = _announce_due_levels(incident, now)
    if was_told:
        still = (Effect(kind=EffectKind.REMINDED),) if incident.phase is Phase.OPEN else ()
        return incident, (ended, *still, *_escalations(levels))
    first = (Effect(kind=EffectKind.ANNOUNCED, level=levels[0]),) if levels else ()
    return incident, (ended, *first, *_escalations(levels[1:]))


def _take_over(incident: Incident, event: TakeOver, now: datetime) -> Step:
    """Speak for the bundle from now on, to all who heard of it."""
    before, taken = event.before, Effect(kind=EffectKind.TAKEN_OVER, text=f"after incident {event.before.id}")
    heir = replace(
        incident,
        leads=True,
        bundle=before.bundle or before.id,
        thread=0 if incident.announced else before.conversation,
        sequence=max(before.sequence, incident.sequence),
        named=before.named,
        told=tuple(dict.fromkeys((*before.told, *incident.told))),
        # That the one before is well is news that does not wait as long as a change among the others.
        news_at=now,
        updated_at=None,
    )
    if heir.policy.name == before.policy.name:
        return Step(_inherit(heir, before), (taken,))
    # Those whom its own policy names have not heard of it.
    heir, changes = _heed(heir, event.around, now)
    return Step(heir, (taken, *changes))


def _inherit(heir: Incident, before: Incident) -> Incident:
    """Go on with the escalation as if it had been this one from the beginning."""
    both_critical = heir.critical_at is not None and before.critical_at is not None
    return replace(
        heir,
        mute=heir.mute if heir.mutes_itself else None,
        levels=before.levels,
        rounds=before.rounds,
        told_at=before.told_at,
        progress_at=before.progress_at,
        counts_from=before.counts_from or before.opened_at,
        critical_at=before.critical_at if both_critical else heir.critical_at,
        acknowledgement=before.acknowledgement,
        phase=Phase.ACKNOWLEDGED if before.acknowledgement else Phase.OPEN,
        assigned_to=heir.assigned_to or before.assigned_to,
        paused=before.paused,
        paused_earlier=before.paused_earlier if both_critical else before.paused,
        paused_at=heir.paused_at if heir.mutes_itself else before.paused_at,
    )


# --- Time -----------------------------------------------------------------------------------------------------------


def _ticked(incident: Incident, around: Around, now: datetime) -> Step:
    effects: list[Effect] = []
    if incident.acknowledgement is not None and incident.acknowledgement.until <= now:
        incident = replace(_unacknowledged(incident, now), told_at=now)
        effects.append(Effect(kind=EffectKind.ACKNOWLEDGEMENT_EXPIRED))
    incident, changes = _heed(incident, around, now)
    effects += changes
    if incident.mute is None:
        incident, due = _say_what_is_due(incident, now)
        effects += due
    return Step(incident, tuple(effects))


def _say_what_is_due(incident: Incident, now: datetime) -> tuple[Incident, list[Effect]]:
    effects: list[Effect] = []
    if incident.phase is Phase.OPEN:
        incident, levels = _announce_due_levels(incident, now)
        effects += _escalations(levels)
        incident, again = _repeat_due_levels(incident, now)
        effects += _escalations(again)
        if _has_come(reminder_due(incident), now):
            incident = replace(incident, told_at=now)
            effects.append(Effect(kind=EffectKind.REMINDED))
    if _has_come(progress_due(incident), now):
        incident = replace(incident, progress_at=now)
        effects.append(Effect(kind=EffectKind.PROGRESS))
    if _has_come(update_due(incident), now):
        incident = replace(incident, news_at=None, updated_at=now)
        effects.append(Effect(kind=EffectKind.UPDATED))
    return incident, effects


def _has_come(due: datetime | None, now: datetime) -> bool:
    return due is not None and due <= now


def _announce_due_levels(incident: Incident, now: datetime) -> tuple[Incident, tuple[int, ...]]:
    """Mark every level that is due now as told."""
    if incident.paused_at is not None:
        return incident, ()
    due = tuple(n for n in levels_left(incident) if _has_come(level_due(incident, n), now))
    repeating = tuple(Round(n, 0, now) for n in due if incident.policy.levels[n - 1].repeat)
    return replace(incident, levels=incident.levels + due, rounds=incident.rounds + repeating), due


def _repeat_due_levels(incident: Incident, now: datetime) -> tuple[Incident, tuple[int, ...]]:
    due = tuple(one.level for one in incident.rounds if _has_come(repeat_due(incident, one), now))
    if not due:
        return incident, ()
    rounds = tuple(Round(one.level, one.times + 1, now) if one.level in due else one for one in incident.rounds)
    return replace(incident, rounds=rounds), due


def _escalations(levels: Iterable[int]) -> tuple[Effect, ...]:
    return tuple(Effect(kind=EffectKind.ESCALATED, level=number) for number in levels)
