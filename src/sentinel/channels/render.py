"""From the facts of a Message to the words that people read. Mail, Slack and the webhook's summary share them.

What stands here is only what the Message carries, cleaned: no control character, no lone surrogate, nothing that turns the
direction of writing. Times are in UTC and say so.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from sentinel.base.units import format_duration, format_value
from sentinel.core.incident import Acknowledgement, Phase
from sentinel.core.judge import Finding
from sentinel.core.notification import AboutIncident, Kind, Message
from sentinel.core.rule import Severity

SUBJECT_LIMIT: Final = 180  # characters: what a list of mails still shows in part
LINE_LIMIT: Final = 1_000  # characters of one line's text
NAME_LIMIT: Final = 100  # characters of the name of a Sentinel
BODY_LIMIT: Final = 20_000  # characters of a report's text
MORE_FINDINGS: Final = 5  # findings shown beside the worst

#: Controls (C0, DEL, C1), lone surrogates, line and paragraph separators, and marks that turn the direction of writing
#: (Unicode TR36, 2.10), with which a text could look like another one.
_UNSAFE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+"
)
_UNSAFE_IN_BLOCK: Final = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+"
)


class Tone(StrEnum):
    """How a message should strike the eye."""

    CRITICAL = "critical"
    WARNING = "warning"
    GOOD = "good"
    CALM = "calm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a message: what it is about, and the text."""

    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A message as people read it. Each field is plain text; whoever shows it escapes it."""

    tone: Tone
    tag: str  # state in one word or two: `CRITICAL`, `RESOLVED`, `TEST`
    subject: str  # one line that says it all
    headline: str  # the subject without its tag and number
    lines: tuple[Line, ...]  # in the order in which they are read
    body: str  # of a report or a test; may have several lines
    link: str  # http or https, or empty
    footer: str  # who says so, and when


def words(message: Message) -> Words:
    """The words for a message."""
    headline = shorten(one_line(_headline(message)), SUBJECT_LIMIT)
    tag = _tag(message)
    return Words(
        tone=_tone(message),
        tag=tag,
        subject=shorten(f"[{tag}] {headline}", SUBJECT_LIMIT) + _number(message),
        headline=headline,
        lines=tuple(
            Line(label=label, text=shorten(one_line(text), LINE_LIMIT)) for label, text in _lines(message) if text
        ),
        body=shorten(block(message.text), BODY_LIMIT),
        link=_web_address(one_line(message.link)),
        footer=f"Sentinel {shorten(one_line(message.source), NAME_LIMIT)}, {moment(message.at)}",
    )


def _web_address(link: str) -> str:
    """The link, if it leads to a page: other schemes can run code in a reader."""
    return link if link.startswith(("https://", "http://")) else ""


def one_line(text: str) -> str:
    """The text on one line, without anything that could break out of it or deceive the eye."""
    return _UNSAFE.sub(" ", text).strip()


def block(text: str) -> str:
    """The text with its line ends, without anything else that could deceive the eye."""
    unified = text.replace("\r\n", "\n").replace("\t", "    ")
    return _UNSAFE_IN_BLOCK.sub(" ", unified).strip("\n")


def shorten(text: str, limit: int) -> str:
    """The text, cut to so many characters with an ellipsis as the last."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def moment(at: datetime) -> str:
    """A moment as people read it, in UTC: `2026-03-01 14:05:09 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


# --- The one line ----------------------------------------------------------------------------------------------------

#: What comes after the name of the check, before the explanation.
_TURNS: Final = {
    Kind.WORSENED: " got worse",
    Kind.EASED: " got better, but is not well",
    Kind.REMINDED: ", still",
    Kind.ACKNOWLEDGEMENT_EXPIRED: ", acknowledgement has run out",
}

_TAGS: Final = {
    Kind.ACKNOWLEDGED: "ACKNOWLEDGED",
    Kind.RESOLVED: "RESOLVED",
    Kind.WITHDRAWN: "WITHDRAWN",
    Kind.REPORT: "REPORT",
    Kind.TEST: "TEST",
    Kind.STORE_DOWN: "CRITICAL",
    Kind.STORE_UP: "RESOLVED",
}

_CALM: Final = frozenset({Kind.ACKNOWLEDGED, Kind.WITHDRAWN, Kind.REPORT, Kind.TEST})


def _tag(message: Message) -> str:
    return _TAGS.get(message.kind, message.severity.label)


def _tone(message: Message) -> Tone:
    if message.kind in _CALM:
        return Tone.CALM
    if message.kind in (Kind.RESOLVED, Kind.STORE_UP):
        return Tone.GOOD
    if message.kind is Kind.STORE_DOWN or message.severity is Severity.CRITICAL:
        return Tone.CRITICAL
    return Tone.WARNING


def _headline(message: Message) -> str:
    name = _name(message)
    match message.kind:
        case Kind.REPORT | Kind.TEST:
            return name
        case Kind.ACKNOWLEDGED:
            taken = message.incident and message.incident.acknowledgement
            return f"{name}: taken by {taken.by}" if taken else f"{name}: taken"
        case Kind.RESOLVED:
            return f"{name}: well again{_after(message.incident)}"
        case Kind.WITHDRAWN:
            return f"{name}: no longer watched"
        case kind:
            begin = name + _TURNS.get(kind, "")
            return f"{begin}: {message.explanation}" if message.explanation else begin


_NAMELESS: Final = {
    Kind.REPORT: "Report",
    Kind.TEST: "Test message, nothing is wrong",
    Kind.STORE_DOWN: "Sentinel cannot write to its store",
    Kind.STORE_UP: "Sentinel can write to its store again",
}


def _name(message: Message) -> str:
    about = message.check.title or message.check.name if message.check else ""
    return about or message.title or _NAMELESS.get(message.kind, f"Sentinel {message.source}")


def _number(message: Message) -> str:
    incident = message.incident
    if incident is None:
        return ""
    level = _level(message)
    return f" (incident {incident.id}, level {level})" if level else f" (incident {incident.id})"


def _level(message: Message) -> str:
    """The level of escalation that this message is for, when there is more than one."""
    incident = message.incident
    if incident is None or incident.level == 0 or (incident.levels < 2 and message.kind is not Kind.ESCALATED):
        return ""
    return f"{incident.level} of {incident.levels}"


def _after(incident: AboutIncident | None) -> str:
    if incident is None or incident.resolved_at is None:
        return ""
    return f" after {format_duration(incident.resolved_at - incident.began_at)}"


# --- The lines -------------------------------------------------------------------------------------------------------

_OVER: Final = frozenset({Kind.RESOLVED, Kind.WITHDRAWN})


def _lines(message: Message) -> Iterator[tuple[str, str]]:
    """Label and text of each line; an empty text leaves the line out."""
    yield from _what(message)
    if message.incident is not None:
        yield from _when(message, message.incident)
    yield from _why(message)
    if message.incident is not None:
        yield "Acknowledged", _acknowledged(message.incident.acknowledgement)
        yield "Level", _level(message)
    if message.kind not in _OVER:
        yield "What to do", message.hint
    yield "Runbook", message.check.runbook if message.check else ""
    if message.incident is not None and message.incident.phase is Phase.OPEN:
        yield "Acknowledge with", f'sentinel ack {message.incident.id} --why "on it"'
    yield "Look at", message.link


def _what(message: Message) -> Iterator[tuple[str, str]]:
    check = message.check
    if check is not None:
        yield "What", f"{check.title or check.name} ({check.kind} check {check.name})"
    if message.kind is Kind.TEST:
        yield "What", "a test: nothing is wrong, nobody has to do anything"


def _when(message: Message, incident: AboutIncident) -> Iterator[tuple[str, str]]:
    if incident.resolved_at is None:
        yield "Since", f"{moment(incident.began_at)} ({format_duration(message.at - incident.began_at)})"
        return
    yield "From", moment(incident.began_at)
    yield "To", moment(incident.resolved_at)
    yield "Lasted", format_duration(incident.resolved_at - incident.began_at)


def _why(message: Message) -> Iterator[tuple[str, str]]:
    if message.kind is Kind.RESOLVED:
        yield "It was", message.explanation
        return
    if message.kind is Kind.WITHDRAWN:
        yield "Why", "the check was removed from the configuration, so its incident is closed"
        return
    if message.incident is not None:
        yield "How bad", _how_bad(message)
    yield "Why", message.explanation
    for finding in message.findings[1 : 1 + MORE_FINDINGS]:
        yield "Also", finding.explanation


def _how_bad(message: Message) -> str:
    beside = _beside_bound(message.findings[0]) if message.findings else ""
    return f"{message.severity.label.lower()}: {beside}" if beside else message.severity.label.lower()


def _beside_bound(finding: Finding) -> str:
    """The value beside its bound: `6.2 s, above 5 s`."""
    if finding.value is None or finding.bound is None or not math.isfinite(finding.value + finding.bound):
        return ""
    side = "above" if finding.value > finding.bound else "below"
    return f"{format_value(finding.value, finding.unit)}, {side} {format_value(finding.bound, finding.unit)}"


def _acknowledged(taken: Acknowledgement | None) -> str:
    if taken is None:
        return ""
    why = f": {taken.why}" if taken.why else ""
    return f"by {taken.by} at {moment(taken.at)}, until {moment(taken.until)}{why}"
