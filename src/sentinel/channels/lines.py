"""The lines of a message, in the order in which they are read: what, since when, how bad, why, what else, what to do.

Before all that a note says why a message comes late, or through this channel.
"""

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from sentinel.base.units import format_duration, format_lasted, format_value
from sentinel.channels import deployment
from sentinel.channels.clean import moment
from sentinel.channels.headline import WINDOW_KINDS, level
from sentinel.core.incident import Acknowledgement, Phase
from sentinel.core.judge import Finding
from sentinel.core.notification import OF_DEPLOYMENTS, AboutIncident, AboutOther, AboutWindow, Bond, Kind, Message
from sentinel.core.rule import Severity

MORE_FINDINGS: Final = 5  # findings shown beside the worst
NAMED: Final = 8  # others that a line names

LINKED: Final = frozenset({"Runbook", "Look at"})  # labels of lines whose text is an address
TYPED: Final = frozenset({"Stop it with", "Acknowledge with"})  # of those whose text is a command

_OVER: Final = frozenset({Kind.RESOLVED, Kind.WITHDRAWN})

_COMMANDS: Final = {Kind.COMMAND_PLANNED: "What will happen", Kind.COMMAND_ENDED: "What happened"}

#: Told to those who keep themselves informed, or about something that nobody has to take.
_NOTHING_TO_TAKE: Final = frozenset({Kind.PROGRESS})

Labelled = tuple[str, str]


def lines(message: Message) -> Iterator[Labelled]:
    """Label and text of each line; an empty text leaves the line out. They are not cleaned yet."""
    yield "Note", message.note
    yield from _what(message)
    if message.window is not None:
        yield from _window(message.window)
    if message.deployment is not None:
        yield from deployment.lines(message, message.deployment)
    if message.incident is not None:
        yield from _when(message, message.incident)
    if message.deployment is None:
        yield from _why(message)
    if message.suspect is not None and message.incident is not None:
        yield "Suspect", deployment.suspected(message.suspect, message.incident)
    yield from _others(message)
    if message.incident is not None:
        yield from _who(message, message.incident)
    if message.kind not in _OVER:
        yield "What follows" if message.kind in OF_DEPLOYMENTS else "What to do", message.hint
    yield "Runbook", message.check.runbook if message.check else ""
    if message.incident is not None:
        yield from _commands(message, message.incident)
    if message.deployment is not None:
        yield from deployment.commands(message.deployment)
    yield "Look at", message.link


def _what(message: Message) -> Iterator[Labelled]:
    check = message.check
    if check is not None:
        yield "What", f"{check.title or check.name} ({check.kind} check {check.name})"
    match message.kind:
        case Kind.TEST:
            yield "What", "a test: nothing is wrong, nobody has to do anything"
        case Kind.CANARY:
            yield "What", "sent now and then to prove that this channel works; nobody has to do anything"
        case Kind.DIGEST:
            yield "What", "more happened than this channel may send one by one, so it is told in one message"


def _window(window: AboutWindow) -> Iterator[Labelled]:
    yield "Window", f"{window.title} ({window.id})" if window.title else window.id
    yield "Covers", window.covers
    yield "From", moment(window.starts_at)
    yield "To", moment(window.ends_at)
    yield "Expected", "to be down" if window.expects_down else "to be up, but nobody is called for what breaks"
    yield "Planned by", window.by
    yield "What for", window.why


#: A shorter time is not worth a word.
_A_WHILE: Final = timedelta(seconds=1)


def _when(message: Message, incident: AboutIncident) -> Iterator[Labelled]:
    if incident.resolved_at is None:
        lasts = message.at - incident.began_at
        yield "Since", moment(incident.began_at) + (f" ({format_duration(lasts)})" if lasts >= _A_WHILE else "")
        return
    yield "From", moment(incident.began_at)
    yield "To", moment(incident.resolved_at)
    yield "Lasted", format_lasted(incident.resolved_at - incident.began_at)


def _why(message: Message) -> Iterator[Labelled]:
    if message.kind is Kind.RESOLVED:
        yield "It was", message.explanation
        return
    if message.kind is Kind.WITHDRAWN:
        yield "Why", "the check was removed from the configuration, so its incident is closed"
        return
    if message.kind in _COMMANDS:
        yield _COMMANDS[message.kind], message.title
    if message.incident is not None:
        yield "How bad", how_bad(message)
    yield "Now" if message.kind in WINDOW_KINDS else "Why", message.explanation
    for finding in message.findings[1 : 1 + MORE_FINDINGS]:
        yield "Also", finding.explanation
    if message.kind is Kind.FLAPPING:
        yield "What next", "turns are counted and not told until it settles; then you hear how it ended"


def how_bad(message: Message) -> str:
    """The severity, with the value beside its bound: `critical: 6.2 s, above 5 s`."""
    beside = _beside_bound(message.findings[0]) if message.findings else ""
    return f"{message.severity.label.lower()}: {beside}" if beside else message.severity.label.lower()


def _beside_bound(finding: Finding) -> str:
    if finding.value is None or finding.bound is None or not math.isfinite(finding.value + finding.bound):
        return ""
    side = "above" if finding.value > finding.bound else "below"
    return f"{format_value(finding.value, finding.unit)}, {side} {format_value(finding.bound, finding.unit)}"


# --- Others ----------------------------------------------------------------------------------------------------------


def _others(message: Message) -> Iterator[Labelled]:
    """Who else is affected: those that broke with it, those that depend on it, and those that are well again."""
    if message.kind is Kind.DIGEST:
        return
    bad = [other for other in message.others if other.severity is not Severity.OK]
    together = [other for other in bad if other.bond is Bond.TOGETHER]
    unlisted = max(message.others_count - len(message.others), 0)
    yield "Not yet well" if message.kind in _OVER else "Also affected", _named(together, unlisted)
    yield "Depend on it", _named([other for other in bad if other.bond is Bond.DEPENDS], 0)
    yield "Well again", _named([other for other in message.others if other.severity is Severity.OK], 0)


def _named(others: list[AboutOther], unlisted: int) -> str:
    """The first of them by name, and how many more there are."""
    names = [_other(other) for other in others[:NAMED]]
    more = len(others) - len(names) + unlisted
    if not names:
        return f"{more} more" if more else ""
    return ", ".join(names) + (f" and {more} more" if more else "")


def _other(other: AboutOther) -> str:
    facts = [] if other.severity is Severity.OK else [other.severity.label.lower()]
    facts += [f"incident {other.incident}"] if other.incident else []
    return (other.title or other.check) + (f" ({', '.join(facts)})" if facts else "")


# --- People ----------------------------------------------------------------------------------------------------------


def _who(message: Message, incident: AboutIncident) -> Iterator[Labelled]:
    nobody = "by nobody yet" if message.kind is Kind.PROGRESS and incident.resolved_at is None else ""
    yield "Acknowledged", _acknowledged(incident.acknowledgement) or nobody
    yield "Assigned to", incident.assigned_to
    yield "Level", level(message)


def _acknowledged(taken: Acknowledgement | None) -> str:
    if taken is None:
        return ""
    why = f": {taken.why}" if taken.why else ""
    return f"by {taken.by} at {moment(taken.at)}, until {moment(taken.until)}{why}"


def _commands(message: Message, incident: AboutIncident) -> Iterator[Labelled]:
    if message.kind in _NOTHING_TO_TAKE:
        return
    if message.kind is Kind.COMMAND_PLANNED:
        yield "Stop it with", f'sentinel veto {incident.id} --why "not now"'
    if incident.phase is Phase.OPEN:
        yield "Acknowledge with", f'sentinel ack {incident.id} --why "on it"'


# --- Rows ------------------------------------------------------------------------------------------------------------


def other_text(other: AboutOther) -> str:
    """What a row says of another check beside its name."""
    bond = "depends on it" if other.bond is Bond.DEPENDS else "broke together with it"
    return f"{bond}, incident {other.incident}" if other.incident else bond
