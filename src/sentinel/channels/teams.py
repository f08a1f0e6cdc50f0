"""The Microsoft Teams channel: an Adaptive Card for each message, posted to the address of a workflow.

In Teams a workflow *When a Teams webhook request is received* takes a message with cards (learn.microsoft.com, "Create incoming
webhooks with Workflows"). It answers 202 before the card is posted, has no threads, and can change nothing it posted.

All texts are `TextRun`s, in which Teams reads no markup; a `TextBlock` or a `Fact` would read Markdown, and link whatever looks
like an address.
"""

from collections.abc import Iterator
from typing import Any, Final

from pydantic import field_validator

from sentinel.base.addresses import checked_url
from sentinel.base.clock import Clock
from sentinel.base.fields import Options, SecretField
from sentinel.base.redact import Secret
from sentinel.channels.base import FOR_PEOPLE, ChannelKind, ChannelTools
from sentinel.channels.fields import CaFile
from sentinel.channels.payload import dump, size
from sentinel.channels.plain import more
from sentinel.channels.poster import TIMEOUT, Post, Poster
from sentinel.channels.render import Line, Row, Tone, Words, shorten
from sentinel.channels.wording import Wording
from sentinel.core.notification import Notification, Outcome, Receipt

#: Teams takes messages of "about 28 KB"; larger ones come back as 413, some of them from 21 KB on.
CARD_LIMIT: Final = 20_000  # bytes of the whole body
_TEXT_LIMIT: Final = 600  # characters of one text, so that one alone cannot fill the card
_STYLES: Final = {Tone.CRITICAL: "attention", Tone.WARNING: "warning", Tone.GOOD: "good", Tone.CALM: "emphasis"}
_COLOURS: Final = {Tone.CRITICAL: "Attention", Tone.WARNING: "Warning", Tone.GOOD: "Good", Tone.CALM: "Default"}

Json = dict[str, Any]


class TeamsOptions(Options):
    """The address of a workflow."""

    url: SecretField
    """Address of the workflow, as it shows when it is made. It is kept secret: whoever has it can post."""

    ca_file: CaFile | None = None
    """File of certificate authorities (PEM) to trust for this address instead of the system's."""

    _url = field_validator("url")(checked_url)


class Teams:
    """Posts to one workflow."""

    def __init__(self, options: TeamsOptions, clock: Clock, wording: Wording) -> None:
        self._url: Secret = options.url
        self._wording = wording
        self._poster = Poster(options.url, clock, ca_file=options.ca_file)

    async def send(self, notification: Notification, first: Receipt | None, deadline: float) -> Outcome:  # noqa: ARG002
        said = self._wording.words(notification.message)
        content = dump(card(said, repeat=notification.is_repeat))
        return await self._poster.post((Post(url=self._url, content=content, headers={}),), deadline)

    async def close(self) -> None:
        """Holds nothing between attempts."""


def card(said: Words, *, repeat: bool = False) -> Json:
    """The message with its card, as the workflow takes it.

    Args:
        said: the words.
        repeat: it may be there already; it is marked, since Teams drops no repeats.
    """
    subject = said.subject + (" (repeat)" if repeat else "")
    made = _message(subject, [_heading(subject, said.tone)], list(_actions(said)))
    body: list[Json] = made["attachments"][0]["content"]["body"]
    room = CARD_LIMIT - size(made) - size(_small(more(10_000)))
    parts = [*_lines(said), _small(said.footer), *_rows(said)]
    for number, part in enumerate(parts):
        room -= size(part) + 2
        if room < 0:
            body.append(_small(more(len(parts) - number)))
            break
        body.append(part)
    return made


def _message(subject: str, body: list[Json], actions: list[Json]) -> Json:
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": subject,
        "msteams": {"width": "Full"},
        "body": body,
        "actions": actions,
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": content}]}


def _heading(subject: str, tone: Tone) -> Json:
    text = {**_run(subject), "weight": "Bolder", "size": "Medium"}
    return {"type": "Container", "style": _STYLES[tone], "bleed": True, "items": [_paragraph(text)]}


def _lines(said: Words) -> Iterator[Json]:
    yield from map(_line, said.lines)
    for text in filter(None, said.body.splitlines()):
        yield _paragraph(_run(text)) | {"spacing": "None"}


def _line(line: Line) -> Json:
    text = _run(line.text) | ({"fontType": "Monospace"} if line.command else {})
    return _paragraph({**_run(f"{line.label}: "), "weight": "Bolder"}, text) | {"spacing": "Small"}


def _rows(said: Words) -> Iterator[Json]:
    for row in said.rows:
        tag = {**_run(f"{row.tag} "), "weight": "Bolder", "color": _COLOURS[row.tone]}
        yield _paragraph(tag, _run(_row_text(row))) | {"spacing": "None"}


def _row_text(row: Row) -> str:
    number = f" (incident {row.incident})" if row.incident else ""
    return (f"{row.title}: {row.text}" if row.text else row.title) + number


def _actions(said: Words) -> Iterator[Json]:
    for line in said.lines:
        if line.link:
            yield {"type": "Action.OpenUrl", "title": line.label, "url": line.link}


def _small(text: str) -> Json:
    return _paragraph({**_run(text), "size": "Small", "isSubtle": True})


def _paragraph(*runs: Json) -> Json:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str) -> Json:
    return {"type": "TextRun", "text": shorten(text, _TEXT_LIMIT)}


def _build(_name: str, options: TeamsOptions, tools: ChannelTools) -> Teams:
    return Teams(options, tools.clock, tools.wording)


TEAMS: Final = ChannelKind(
    name="teams",
    summary="Posts a card for each message to a workflow of Microsoft Teams.",
    options=TeamsOptions,
    build=_build,
    timeout=TIMEOUT,
    gap=1.0,  # Teams takes four requests a second of one connector
    budget=FOR_PEOPLE,
)
