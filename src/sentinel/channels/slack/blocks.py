"""A message as Slack shows it: Block Kit within Slack's limits, and the text that notifications and old clients show.

What others wrote stands in `plain_text` and `rich_text` only. Slack reads no markup there, so it calls nobody, links nowhere
and looks like nothing else; and what is copied from it is what was written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sentinel.channels.clean import shorten, web_address
from sentinel.channels.render import Line, Row, Tone, Words

Block = dict[str, Any]

# Limits of Slack (docs.slack.dev, Block Kit). The last is not documented: 9,597 characters in all blocks of a message were
# accepted and 11,341 refused (slackapi/bolt-js#2867).
HEADER_LIMIT: Final = 150
SECTION_LIMIT: Final = 3_000
BLOCKS_LIMIT: Final = 50
TOTAL_LIMIT: Final = 9_000
TEXT_LIMIT: Final = 4_000  # of the text beside the blocks; Slack cuts at 40,000
LINK_LIMIT: Final = 3_000  # of an address

# What each part may take of it. All of them together stay below `TOTAL_LIMIT`.
_LINES_LIMIT: Final = 2_800
_LINE_LIMITS: Final = (500, 250, 120, 60)  # of one line; the next one when all of them together have no room
_BODY_LIMIT: Final = 4_800
_ROWS_LIMIT: Final = 2_600  # of a body that is not there: reports and digests are different messages
_ROW_LIMIT: Final = 160
_MENTION_LIMIT: Final = 500

_SIGNS: Final = {
    Tone.CRITICAL: ":red_circle:",
    Tone.WARNING: ":large_yellow_circle:",
    Tone.GOOD: ":large_green_circle:",
    Tone.CALM: ":white_circle:",
}

_ADDRESSES: Final = frozenset({"Runbook", "Look at"})  # lines that hold an address from the configuration
_COMMANDS: Final = frozenset({"Acknowledge with", "Stop it with"})  # lines that hold a command to copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What is posted."""

    text: str
    blocks: tuple[Block, ...]


def post(words: Words, *, mention: str = "", repeat: bool = False, actions: Block | None = None) -> Post:
    """The message for Slack.

    Args:
        mention: who is called, in Slack's own syntax, such as `<!here>`.
        repeat: the receiver may have it already; it is marked, since Slack drops no repeats.
        actions: the block with the buttons.
    """
    mark = " (repeat)" if repeat else ""
    header = f"{_SIGNS[words.tone]} {shorten(f'{words.tag}{mark}: {words.headline}', HEADER_LIMIT - 25)}"
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": header, "emoji": True}},
        *_mention(mention[:_MENTION_LIMIT]),
        *_rich(list(_lines(words))),
        *_rich(list(_rows(words.rows, words.link))),
        *_preformatted(words.body),
        *([actions] if actions else []),
        note(words.footer),
    ]
    return Post(text=escape(words.subject + mark), blocks=tuple(blocks))


def note(text: str) -> Block:
    """A line in small letters."""
    return {"type": "context", "elements": [{"type": "plain_text", "text": text, "emoji": False}]}


def escape(text: str) -> str:
    """The text with Slack's three special characters escaped, so that it can call nobody and link nowhere."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mention(mention: str) -> Iterator[Block]:
    if mention:
        yield {"type": "section", "text": {"type": "mrkdwn", "text": mention}}


def _rich(elements: Sequence[Block]) -> Iterator[Block]:
    """The elements as one block, without the line end after the last."""
    if elements:
        *most, last = elements
        whole = [*most, {**last, "text": last["text"].removesuffix("\n")}]
        yield {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": whole}]}


def _lines(words: Words) -> Iterator[Block]:
    for line, text in _fitting(words.lines):
        yield {"type": "text", "text": f"{line.label}: ", "style": {"bold": True}}
        if line.label in _ADDRESSES and web_address(line.text) and len(line.text) <= LINK_LIMIT:
            yield {"type": "link", "url": line.text, "text": text}
            yield _text("\n")
        elif line.label in _COMMANDS:
            yield {"type": "text", "text": text, "style": {"code": True}}
            yield _text("\n")
        else:
            yield _text(f"{text}\n")


def _fitting(lines: Sequence[Line]) -> list[tuple[Line, str]]:
    """The lines with their texts, cut so far that there is room for all: the last ones say what to do and where to look."""
    for limit in _LINE_LIMITS:
        cut = [(line, shorten(line.text, limit)) for line in lines]
        if sum(len(line.label) + len(text) + len(": \n") for line, text in cut) <= _LINES_LIMIT:
            return cut
    return cut[: _LINES_LIMIT // (_LINE_LIMITS[-1] + 30)]


def _rows(rows: Sequence[Row], link: str) -> Iterator[Block]:
    """As many rows as there is room for, the urgent ones first, then how many more there are and where they stand."""
    room, shown = _ROWS_LIMIT, 0
    for row in rows:
        line = f"{_row(row)}\n"
        if len(line) > room:
            break
        room, shown = room - len(line), shown + 1
        yield _text(line)
    left = len(rows) - shown
    if left:
        yield _text(f"and {left} more" + (" on " if link else ", see `sentinel incidents`"))
        if link and len(link) <= LINK_LIMIT:
            yield {"type": "link", "url": link, "text": shorten(link, 200)}


def _row(row: Row) -> str:
    number = f" (incident {row.incident})" if row.incident else ""
    said = f": {row.text}" if row.text else ""
    return f"• {row.tag} {shorten(row.title + said, _ROW_LIMIT)}{number}"


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _preformatted(body: str) -> Iterator[Block]:
    for piece in _pieces(shorten(body, _BODY_LIMIT), SECTION_LIMIT):
        yield {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [_text(piece)]}]}


def _pieces(text: str, limit: int) -> Iterator[str]:
    """The text in pieces of at most `limit` characters, cut at line ends where there are any."""
    while len(text) > limit:
        end = text.rfind("\n", 1, limit)
        end = end if end > 0 else limit
        yield text[:end]
        text = text[end:].removeprefix("\n")
    if text:
        yield text
