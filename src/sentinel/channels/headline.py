"""The one line of a message: how bad, which check, and what is wrong; what a telephone shows of it."""

from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from sentinel.base.units import format_duration, format_lasted
from sentinel.channels import deployment
from sentinel.channels.clean import one_line, shorten
from sentinel.core.notification import OF_DEPLOYMENTS, AboutIncident, AboutOther, AboutWindow, Bond, Kind, Message, News
from sentinel.core.rule import Severity


class Tone(StrEnum):
    """How a message should strike the eye."""

    CRITICAL = "critical"
    WARNING = "warning"
    GOOD = "good"
    CALM = "calm"


_TAGS: Final = {
    Kind.ACKNOWLEDGED: "ACKNOWLEDGED",
    Kind.RESOLVED: "RESOLVED",
    Kind.WITHDRAWN: "WITHDRAWN",
    Kind.FLAPPING: "FLAPPING",
    Kind.ASSIGNED: "ASSIGNED",
    Kind.WINDOW_PLANNED: "PLANNED",
    Kind.WINDOW_STARTED: "MAINTENANCE",
    Kind.WINDOW_PROGRESS: "MAINTENANCE",
    Kind.WINDOW_ENDED: "MAINTENANCE OVER",
    Kind.COMMAND: "COMMAND",
    Kind.COMMAND_PLANNED: "COMMAND",
    Kind.COMMAND_ENDED: "COMMAND",
    Kind.CANARY: "CANARY",
    Kind.REPORT: "REPORT",
    Kind.TEST: "TEST",
    Kind.STORE_DOWN: "CRITICAL",
    Kind.STORE_UP: "RESOLVED",
}

#: With nothing wrong, these say what they are; with something wrong, how bad it is.
_TAGS_WHEN_WELL: Final = {Kind.DIGEST: "DIGEST", Kind.PROGRESS: "UPDATE", Kind.UPDATED: "UPDATE"}

_COMMANDS: Final = {
    Kind.COMMAND: "a command is to run",
    Kind.COMMAND_PLANNED: "a command will run unless somebody stops it",
    Kind.COMMAND_ENDED: "a command has ended",
}

WINDOW_KINDS: Final = frozenset({Kind.WINDOW_PLANNED, Kind.WINDOW_STARTED, Kind.WINDOW_PROGRESS, Kind.WINDOW_ENDED})

_CALM: Final = WINDOW_KINDS | {
    Kind.ACKNOWLEDGED,
    Kind.ASSIGNED,
    Kind.WITHDRAWN,
    Kind.REPORT,
    Kind.TEST,
    Kind.CANARY,
}
_OVER: Final = frozenset({Kind.RESOLVED, Kind.WITHDRAWN})
_GOOD: Final = frozenset({Kind.RESOLVED, Kind.STORE_UP})
_MAY_BE_WELL: Final = OF_DEPLOYMENTS | {Kind.DIGEST, Kind.PROGRESS, Kind.UPDATED, Kind.ROLLBACK}


def tag(kind: Kind, severity: Severity) -> str:
    """The state in one word or two."""
    if severity is Severity.OK and kind in _TAGS_WHEN_WELL:
        return _TAGS_WHEN_WELL[kind]
    return _TAGS.get(kind, severity.label)


def tone(kind: Kind, severity: Severity) -> Tone:
    """How a message of that kind strikes the eye."""
    if kind is Kind.DEPLOYMENT_ENDED and severity is Severity.OK:
        return Tone.GOOD
    if kind in _CALM or (kind in _MAY_BE_WELL and severity is Severity.OK):
        return Tone.CALM
    if kind in _GOOD:
        return Tone.GOOD
    if kind is Kind.STORE_DOWN or severity is Severity.CRITICAL:
        return Tone.CRITICAL
    return Tone.WARNING


#: What comes after the name of the check, before the explanation.
_TURNS: Final = {
    Kind.WORSENED: " got worse",
    Kind.EASED: " got better, but is not well",
    Kind.REMINDED: ", still",
    Kind.ACKNOWLEDGEMENT_EXPIRED: ", acknowledgement has run out",
    Kind.UNACKNOWLEDGED: ", given back, nobody has it",
    Kind.FLAPPING: " comes and goes",
}


def headline(message: Message) -> str:
    """The line without tag and number. It is not cleaned yet."""
    if message.kind in OF_DEPLOYMENTS or message.kind is Kind.ROLLBACK:
        return deployment.headline(message)
    name = _name(message) + _and_more(message)
    match message.kind:
        case Kind.REPORT | Kind.TEST | Kind.CANARY:
            return name
        case Kind.DIGEST:
            return f"{name}: {told_of(message.news)}"
        case Kind.WINDOW_PLANNED | Kind.WINDOW_STARTED | Kind.WINDOW_PROGRESS | Kind.WINDOW_ENDED:
            return name + _of_window(message)
        case Kind.ACKNOWLEDGED:
            taken = message.incident and message.incident.acknowledgement
            return f"{name}: taken by {taken.by}" if taken else f"{name}: taken"
        case Kind.ASSIGNED:
            person = message.incident.assigned_to if message.incident else ""
            return f"{name}: assigned to {person or 'nobody any more'}"
        case Kind.COMMAND | Kind.COMMAND_PLANNED | Kind.COMMAND_ENDED:
            return f"{name}: {message.title or _COMMANDS[message.kind]}"
        case Kind.RESOLVED:
            return f"{name}: well again" if _first(message) else f"{name}: well again{_after(message.incident)}"
        case Kind.WITHDRAWN:
            return f"{name}: no longer watched"
        case kind:
            turn = _so_far(message) if kind is Kind.PROGRESS else _TURNS.get(kind, "")
            return f"{name}{turn}: {message.explanation}" if message.explanation else name + turn


def number(message: Message) -> str:
    """The number of the incident and the level of escalation, or that of the deployment, in brackets; or nothing."""
    incident = message.incident
    if incident is None:
        return f" (deployment {message.deployment.id})" if message.deployment is not None else ""
    step, first = level(message), _first(message)
    said = first.incident if first else incident.id
    return f" (incident {said}, level {step})" if step else f" (incident {said})"


def level(message: Message) -> str:
    """The level of escalation that this message is for, when there is more than one."""
    incident = message.incident
    if incident is None or incident.level == 0 or (incident.levels < 2 and message.kind is not Kind.ESCALATED):
        return ""
    return f"{incident.level} of {incident.levels}"


_PARTS: Final = ("critical", "warning", "unknown", "well again", "other")
_WELL: Final = _GOOD | {Kind.WITHDRAWN, Kind.UPDATED, Kind.EASED}


def told_of(news: tuple[News, ...]) -> str:
    """What several messages are about, by how bad they are: `480 critical, 20 well again`."""
    counts = Counter(map(_part, news))
    return ", ".join(f"{counts[word]} {word}" for word in _PARTS if counts[word]) or "nothing is wrong"


def _part(news: News) -> str:
    if news.severity is not Severity.OK:
        return news.severity.label.lower()
    return "well again" if news.kind in _WELL else "other"


_NAMELESS: Final = {
    Kind.REPORT: "Report",
    Kind.TEST: "Test message, nothing is wrong",
    Kind.CANARY: "This channel works, nothing is wrong",
    Kind.STORE_DOWN: "Sentinel cannot write to its store",
    Kind.STORE_UP: "Sentinel can write to its store again",
}


def _name(message: Message) -> str:
    if message.kind is Kind.DIGEST:
        return message.title or _messages(max(message.others_count, len(message.news)))
    if first := _first(message):
        return first.title or first.check
    if message.check is not None:
        return message.check.title or message.check.name
    if message.window is not None:
        return _window_name(message.window)
    return message.title or _NAMELESS.get(message.kind, f"Sentinel {message.source}")


#: Characters of what a window covers, and of what it is for, where they stand for its title.
_PART_LIMIT: Final = 60


def _window_name(window: AboutWindow) -> str:
    """Its title; of one without, also what it covers and what for: a number alone tells nobody whether it is theirs."""
    name = window.title or f"Window {window.id}"
    if name not in (window.id, f"Window {window.id}"):
        return name
    parts = (shorten(one_line(part), _PART_LIMIT) for part in (window.covers, window.why))
    said = ": ".join(part for part in parts if part)
    return f"{name} ({said})" if said else name


def _first(message: Message) -> AboutOther | None:
    """At the end of a trouble of several: the one that people were told of first, unless they know that it is well already.

    Which check happens to be well last means nothing to whoever was told of the first.
    """
    incident = message.incident
    if message.kind is not Kind.RESOLVED or incident is None or not incident.thread:
        return None
    return next((one for one in message.others if one.incident == incident.thread), None)


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _and_more(message: Message) -> str:
    """How many others broke together with it and are told of here: those that are not well; at its end those that are."""
    if message.kind is Kind.DIGEST or message.check is None or not message.others_count:
        return ""
    over = message.kind in _OVER
    apart = sum(1 for one in message.others if one.bond is Bond.DEPENDS or (one.severity is Severity.OK) is not over)
    together = max(message.others_count, len(message.others)) - apart
    return f" and {together} more" if together > 0 else _leaning(message)


def _leaning(message: Message) -> str:
    """How many depend on it, where that is the news."""
    count = sum(1 for one in message.others if one.bond is Bond.DEPENDS and one.severity is not Severity.OK)
    if message.kind is not Kind.UPDATED or not count:
        return ""
    return f", {count} depend on it" if count > 1 else ", 1 depends on it"


def _so_far(message: Message) -> str:
    since = message.incident.began_at if message.incident else message.window.starts_at if message.window else None
    return f", after {format_duration(message.at - since)}" if since is not None and since <= message.at else ""


def _after(incident: AboutIncident | None) -> str:
    if incident is None or incident.resolved_at is None:
        return ""
    return f" after {format_lasted(incident.resolved_at - incident.began_at)}"


def _of_window(message: Message) -> str:
    window = message.window
    if window is None:
        return ""
    match message.kind:
        case Kind.WINDOW_PLANNED:
            return f": {span(window)}"
        case Kind.WINDOW_STARTED:
            return f" has begun, until {_until(message.at, window.ends_at)}"
        case Kind.WINDOW_PROGRESS:
            return f" goes on until {_until(message.at, window.ends_at)}: {window.well} of {window.checks} checks well"
        case _ if message.at <= window.starts_at:
            return " is called off"
        case _:
            return f" is over after {format_duration(message.at - window.starts_at)}"


def span(window: AboutWindow) -> str:
    """From when to when: `2026-03-02 22:00 to 23:30 UTC`."""
    return f"{window.starts_at.astimezone(UTC):%Y-%m-%d %H:%M} to {_until(window.starts_at, window.ends_at)}"


def _until(start: datetime, end: datetime) -> str:
    """The end, with its day when that is another one: `23:30 UTC`."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    return f"{end:%H:%M} UTC" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M} UTC"
