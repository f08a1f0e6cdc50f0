"""When time alone has something to say about an incident: levels, their repeats, reminders, and words for those who are kept
informed. Time under an acknowledgement or a mute does not count."""

from collections.abc import Iterator
from datetime import datetime

from sentinel.core.incident import Incident, Phase, Round
from sentinel.core.rule import Severity


def next_tick(incident: Incident) -> datetime | None:
    """When time alone will change something; None when it never will."""
    if not incident.is_open:
        return None
    return min(_moments(incident), default=None)


def _moments(incident: Incident) -> Iterator[datetime]:
    if incident.acknowledgement is not None:
        yield incident.acknowledgement.until
    if incident.mute is not None:
        return
    yield from _known((update_due(incident), progress_due(incident)))
    if incident.phase is Phase.OPEN:
        yield from _known(level_due(incident, number) for number in levels_left(incident))
        yield from _known(repeat_due(incident, one) for one in incident.rounds)
        yield from _known((reminder_due(incident),))


def _known(moments: "Iterator[datetime | None] | tuple[datetime | None, ...]") -> Iterator[datetime]:
    return (at for at in moments if at is not None)


def levels_left(incident: Incident) -> tuple[int, ...]:
    """Numbers, from 1, of the levels that were not told yet."""
    return tuple(n for n in range(1, len(incident.policy.levels) + 1) if n not in incident.levels)


def level_due(incident: Incident, number: int) -> datetime | None:
    """When a level is due, or None while the incident is not bad enough for it."""
    level = incident.policy.levels[number - 1]
    if level.severity is Severity.CRITICAL:
        since, paused = incident.critical_at, incident.paused - incident.paused_earlier
    else:
        since, paused = incident.counts_from or incident.opened_at, incident.paused
    return None if since is None else since + level.after + paused


def repeat_due(incident: Incident, last: Round) -> datetime | None:
    """When a level that was told is told again; None when it was often enough, or the incident is not as bad any more."""
    level = incident.policy.levels[last.level - 1]
    if not level.repeat or last.times >= level.repeats or incident.severity < level.severity:
        return None
    return last.at + level.repeat


def reminder_due(incident: Incident) -> datetime | None:
    """When everybody who was told is reminded; None when never."""
    every = incident.policy.remind_every(incident.severity)
    return incident.told_at + every if every and incident.told_at is not None else None


def progress_due(incident: Incident) -> datetime | None:
    """When those who are kept informed hear of it next; None when they do not."""
    updates = incident.policy.updates
    if updates is None or incident.severity < updates.severity or incident.opened_at is None:
        return None
    if incident.progress_at is not None:
        return incident.progress_at + updates.every
    return (incident.critical_at or incident.opened_at) + updates.after


def update_due(incident: Incident) -> datetime | None:
    """When the news about the others in its bundle is told; None when there is none."""
    if incident.news_at is None:
        return None
    due = incident.news_at + incident.policy.group_wait
    return due if incident.updated_at is None else max(due, incident.updated_at + incident.policy.group_every)
