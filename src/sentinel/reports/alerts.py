"""What incidents cost: how long each step took, who was told how often, and whether anybody had to do anything."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from sentinel.core.check import Check
from sentinel.core.incident import Because, EffectKind, Incident
from sentinel.core.night import in_words, is_night
from sentinel.core.notification import State
from sentinel.core.plan import Plan
from sentinel.core.planned import Stretch
from sentinel.core.timeline import TimelineEntry
from sentinel.reports.operations import (
    MOST_NOISY,
    MOST_TOLD,
    AlertQuality,
    ChannelLine,
    IncidentTimes,
    NoisyLine,
    TimeFigure,
    ToldLine,
)
from sentinel.reports.past import Past
from sentinel.reports.rounding import rounded

#: What people do about an incident, by the kind of its entry on the timeline.
_ACTS: Mapping[str, str] = {
    EffectKind.ACKNOWLEDGED.value: "acknowledged",
    EffectKind.ASSIGNED.value: "assigned",
    EffectKind.COMMENTED.value: "commented",
    EffectKind.RESOLVED.value: "resolved by hand",
}
_SILENCED = "silenced"

#: How the reasons of a mute begin on a timeline, as `core.incident.Mute` writes them.
_MUTES: Mapping[str, Because] = {
    "silence ": Because.SILENCE,
    "window ": Because.WINDOW,
    "what it depends on": Because.DEPENDENCY,
    "held back until": Because.LOOKING,
    "quiet hours": Because.QUIET,
    "it is told of with": Because.GROUP,
}

_TIMES: Sequence[tuple[str, str, Callable[[IncidentTimes], timedelta | None]]] = (
    ("detect", "Time to detect", lambda times: times.detect),
    ("tell", "Time to tell", lambda times: times.tell),
    ("acknowledge", "Time to acknowledge", lambda times: times.acknowledge),
    ("resolve", "Time to resolve", lambda times: times.resolve),
)


# --- How long each step took ----------------------------------------------------------------------------------------


def times(past: Past, period: Stretch) -> list[IncidentTimes]:
    """Of the incidents that opened in the period, the newest first."""
    opened = [one for one in past.incidents if period.has(one.opened_at)]
    return sorted((times_of(one, past) for one in opened), key=lambda one: -one.id)


def times_of(incident: Incident, past: Past) -> IncidentTimes:
    """The steps of one incident."""
    assert incident.opened_at is not None, "only those that opened are told of"
    opened, entries = incident.opened_at, past.timelines.get(incident.id, ())
    told = past.delivered.get(incident.id)
    taken = next((entry.at for entry in entries if entry.kind == EffectKind.ACKNOWLEDGED.value), None)
    return IncidentTimes(
        id=incident.id,
        check=incident.check,
        severity=incident.severity,
        explanation=incident.verdict.explanation,
        began_at=incident.began_at,
        opened_at=opened,
        detect=_from(incident.began_at, opened),
        tell=_from(opened, told.first_at if told else None),
        acknowledge=_from(opened, taken),
        resolve=_from(opened, incident.resolved_at),
        messages=told.messages if told else 0,
        acted_on=next(acts_on(entries), ""),
        ended_by=_ended_by(incident, entries),
    )


def figures(now: Sequence[IncidentTimes], before: Sequence[IncidentTimes]) -> tuple[TimeFigure, ...]:
    """The four times over all incidents."""
    return tuple(_figure(name, title, _known(get, now), _known(get, before)) for name, title, get in _TIMES)


def acts_on(entries: Iterable[TimelineEntry]) -> Iterator[str]:
    """What people did, in order."""
    for entry in entries:
        if entry.kind == EffectKind.MUTED.value and entry.text.startswith("silence "):
            yield _SILENCED
        elif entry.by and entry.kind in _ACTS:
            yield _ACTS[entry.kind]


def _from(start: datetime, end: datetime | None) -> timedelta | None:
    return None if end is None else max(end - start, timedelta(0))


def _known(get: Callable[[IncidentTimes], timedelta | None], incidents: Iterable[IncidentTimes]) -> Sequence[timedelta]:
    return [found for one in incidents if (found := get(one)) is not None]


def _figure(name: str, title: str, now: Sequence[timedelta], before: Sequence[timedelta]) -> TimeFigure:
    return TimeFigure(
        name=name,
        title=title,
        count=len(now),
        median=_median(now),
        longest=max(now, default=None),
        before=_median(before),
    )


def _median(found: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(one.total_seconds() for one in found)) if found else None


def _ended_by(incident: Incident, entries: Iterable[TimelineEntry]) -> str:
    if incident.resolved_at is None:
        return ""
    for entry in entries:
        if entry.kind == EffectKind.RESOLVED.value and entry.by:
            return "a person"
        if entry.kind == EffectKind.WITHDRAWN.value:
            return "the configuration"
    return "itself"


# --- Whether alerts were worth reading ------------------------------------------------------------------------------


def quality(
    checks: Sequence[Check],
    past: Past,
    period: Stretch,
    zone: str,
    now: Sequence[IncidentTimes],
    before: Sequence[IncidentTimes],
) -> AlertQuality:
    """How many, and how many of them somebody did something about."""
    opened = [one for one in past.incidents if period.has(one.opened_at)]
    entries = {one.id: past.timelines.get(one.id, ()) for one in opened}
    idle = [one for one in now if not one.acted_on]
    messages = sum(one.messages for one in now)
    return AlertQuality(
        incidents=len(now),
        incidents_before=len(before),
        messages=messages,
        messages_before=sum(one.messages for one in before),
        per_incident=rounded(messages / len(now)) if now else None,
        acted_on=len(now) - len(idle),
        acts=_count(set(acts_on(entries[one.id])) for one in opened),
        by_themselves=sum(1 for one in idle if one.ended_by == "itself"),
        untouched=sum(1 for one in idle if not one.ended_by),
        untold=sum(1 for one in opened if not one.told and one.id not in past.delivered),
        muted=_count(set(_mutes(entries[one.id])) for one in opened),
        flapping=sum(1 for one in opened if _has(entries[one.id], EffectKind.FLAPPING)),
        at_night=sum(1 for one in now if is_night(one.opened_at, zone)),
        messages_at_night=sum(one.at_night for one in past.told),
        night=in_words(zone),
        told=tuple(_told(past))[:MOST_TOLD],
        noisy=tuple(_noisy(checks, now))[:MOST_NOISY],
    )


def _count(found: Iterable[set[str]]) -> dict[str, int]:
    """How many of these sets each word is in, by word."""
    every = [word for words in found for word in words]
    return {word: every.count(word) for word in sorted(set(every))}


def _mutes(entries: Iterable[TimelineEntry]) -> Iterator[str]:
    for entry in entries:
        if entry.kind == EffectKind.MUTED.value:
            yield next((why.value for start, why in _MUTES.items() if entry.text.startswith(start)), "other")


def _has(entries: Iterable[TimelineEntry], kind: EffectKind) -> bool:
    return any(entry.kind == kind.value for entry in entries)


def _told(past: Past) -> Iterator[ToldLine]:
    for one in past.told:
        yield ToldLine(
            channel=one.address.channel,
            recipient=one.address.recipient,
            messages=one.messages,
            incidents=one.incidents,
            at_night=one.at_night,
        )


def _noisy(checks: Iterable[Check], now: Sequence[IncidentTimes]) -> list[NoisyLine]:
    titles = {check.name: check.label for check in checks}
    lines = []
    for name in {one.check for one in now}:
        own = [one for one in now if one.check == name]
        line = NoisyLine(
            check=name,
            title=titles.get(name, name),
            incidents=len(own),
            messages=sum(one.messages for one in own),
            acted_on=sum(1 for one in own if one.acted_on),
        )
        lines.append(line)
    return sorted(lines, key=lambda line: (-line.messages, -line.incidents, line.check))


# --- Channels -------------------------------------------------------------------------------------------------------


def channels(plan: Plan, past: Past) -> tuple[ChannelLine, ...]:
    """What became of what each channel was given, by name; of those too that were given nothing."""
    kinds = {channel.name: channel.kind for channel in plan.channels}
    given = {one.channel: one for one in past.channels}
    lines = []
    for name in sorted(kinds | given):
        one = given.get(name)
        states = one.states if one else {}
        line = ChannelLine(
            channel=name,
            kind=kinds.get(name, ""),
            rows=one.rows if one else 0,
            sent=states.get(State.SENT.value, 0),
            waiting=states.get(State.QUEUED.value, 0) + states.get(State.SENDING.value, 0),
            dead=states.get(State.DEAD.value, 0),
            dropped=states.get(State.DROPPED.value, 0),
            cancelled=states.get(State.CANCELLED.value, 0),
            retried=one.retried if one else 0,
            ambiguous=one.ambiguous if one else 0,
            copied=one.copied if one else 0,
            slowest=one.slowest if one else None,
            causes=one.causes if one else {},
        )
        lines.append(line)
    return tuple(lines)
