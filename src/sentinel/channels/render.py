"""From the facts of a Message to the words that people read. Mail, Slack and the webhook's summary share them.

What stands here is only what the Message carries, cleaned: no control character, no lone surrogate, nothing that turns the
direction of writing. Times are in UTC and say so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sentinel.channels import deployment
from sentinel.channels.clean import block, moment, one_line, shorten, web_address
from sentinel.channels.headline import Tone, headline, number, tag, tone
from sentinel.channels.lines import LINKED, NAMED, TYPED, lines, other_text
from sentinel.core.notification import AboutOther, Kind, Message, News
from sentinel.core.rule import Severity

__all__ = [
    "BODY_LIMIT",
    "LINE_LIMIT",
    "NAME_LIMIT",
    "SUBJECT_LIMIT",
    "Line",
    "Row",
    "Tone",
    "Words",
    "block",
    "moment",
    "one_line",
    "shorten",
    "words",
]

SUBJECT_LIMIT: Final = 180  # characters: what a list of mails still shows in part
LINE_LIMIT: Final = 1_000  # characters of one line's text
NAME_LIMIT: Final = 100  # characters of the name of a Sentinel or of a check in a row
ROW_LIMIT: Final = 300  # characters of a row's text
BODY_LIMIT: Final = 20_000  # characters of a report's text


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a message: what it is about, and the text."""

    label: str
    text: str
    link: str = ""  # http or https, where the text is the address of a page
    command: bool = False  # whether the text is a command to be typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One of many: a message that a digest stands for, or another check in the same trouble."""

    tone: Tone
    tag: str  # its state in one word or two
    title: str  # what people call the check
    text: str
    at: str  # when it happened; empty for another check
    incident: int  # its number; 0 without one


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A message as people read it. Each field is plain text; whoever shows it escapes it."""

    tone: Tone
    tag: str  # state in one word or two: `CRITICAL`, `RESOLVED`, `TEST`
    subject: str  # one line that says it all
    headline: str  # the subject without its tag and number
    lines: tuple[Line, ...]  # in the order in which they are read
    rows: tuple[Row, ...]  # every message of a digest, or every other check when lines name only some; urgent first
    body: str  # of a report or a test, or the timeline of a deployment; may have several lines
    link: str  # http or https, or empty
    footer: str  # who says so, and when


def words(message: Message) -> Words:
    """The words for a message. Those of a digest of 5,000 messages take some 50 ms."""
    said = shorten(one_line(headline(message)), SUBJECT_LIMIT)
    state = deployment.tag(message) or tag(message.kind, message.severity)
    return Words(
        tone=tone(message.kind, message.severity),
        tag=state,
        subject=shorten(f"[{state}] {said}", SUBJECT_LIMIT) + number(message),
        headline=said,
        lines=tuple(_line(label, shorten(one_line(text), LINE_LIMIT)) for label, text in lines(message) if text),
        rows=tuple(_rows(message)),
        body=shorten(block(message.text or deployment.body(message)), BODY_LIMIT),
        link=web_address(one_line(message.link)),
        footer=f"Sentinel {shorten(one_line(message.source), NAME_LIMIT)}, {moment(message.at)}",
    )


def _line(label: str, text: str) -> Line:
    link = web_address(text) if label in LINKED and " " not in text else ""
    return Line(label=label, text=text, link=link, command=label in TYPED)


def _rows(message: Message) -> Iterator[Row]:
    yield from map(_news, message.news)
    if len(message.others) > NAMED:
        yield from map(_other, message.others)


def _news(news: News) -> Row:
    return Row(
        tone=tone(news.kind, news.severity),
        tag=tag(news.kind, news.severity),
        title=_title(news.title or news.check),
        text=shorten(one_line(news.explanation), ROW_LIMIT),
        at=moment(news.at),
        incident=news.incident,
    )


def _other(other: AboutOther) -> Row:
    well = other.severity is Severity.OK
    return Row(
        tone=Tone.GOOD if well else tone(Kind.OPENED, other.severity),
        tag="WELL AGAIN" if well else other.severity.label,
        title=_title(other.title or other.check),
        text=other_text(other),
        at="",
        incident=other.incident,
    )


def _title(text: str) -> str:
    return shorten(one_line(text), NAME_LIMIT)
