"""A message as Slack shows it: Block Kit within Slack's limits, and the text that notifications and old clients show."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sentinel.channels.render import Tone, Words, shorten

Block = dict[str, Any]

# Limits of Slack (docs.slack.dev, Block Kit). The last is not documented: 9,597 characters in all blocks of a message were
# accepted and 11,341 refused (slackapi/bolt-js#2867).
HEADER_LIMIT: Final = 150
SECTION_LIMIT: Final = 3_000
BLOCKS_LIMIT: Final = 50
TOTAL_LIMIT: Final = 9_000
TEXT_LIMIT: Final = 4_000

_BODY_LIMIT: Final = 5_000  # of a report's text: leaves room for the lines
_LINES_LIMIT: Final = 3_000  # of the lines together
_CODE: Final = len("```\n\n```")

_SIGNS: Final = {
    Tone.CRITICAL: ":red_circle:",
    Tone.WARNING: ":large_yellow_circle:",
    Tone.GOOD: ":large_green_circle:",
    Tone.CALM: ":white_circle:",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What is posted."""

    text: str
    blocks: tuple[Block, ...]


def post(words: Words, *, mention: str = "", repeat: bool = False) -> Post:
    """The message for Slack.

    Args:
        mention: who is called, in Slack's own syntax, such as `<!here>`.
        repeat: the receiver may have it already; it is marked, since Slack drops no repeats.
    """
    mark = " (repeat)" if repeat else ""
    sections = [shorten(line, SECTION_LIMIT) for line in _sections(words, mention)]
    header = f"{_SIGNS[words.tone]} {shorten(f'{words.tag}{mark}: {words.headline}', HEADER_LIMIT - 25)}"
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": header, "emoji": True}},
        *({"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in sections if text),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": escape(words.footer)}]},
    ]
    return Post(text=shorten(escape(words.subject + mark), TEXT_LIMIT), blocks=tuple(blocks))


def escape(text: str) -> str:
    """The text with Slack's three special characters escaped, so that it can call nobody and link nowhere."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sections(words: Words, mention: str) -> Iterator[str]:
    yield mention
    yield _lines(words)
    for piece in _pieces(escape(shorten(words.body, _BODY_LIMIT)).replace("```", "'''"), SECTION_LIMIT - _CODE):
        yield f"```\n{piece}\n```"


def _lines(words: Words) -> str:
    """As many lines as there is room for. A line is cut before it is escaped, so that no escape is cut in two."""
    text = ""
    for line in words.lines:
        one = f"*{line.label}:* {escape(shorten(line.text, 500))}\n"
        if len(text) + len(one) > _LINES_LIMIT:
            break
        text += one
    return text.rstrip("\n")


def _pieces(text: str, limit: int) -> Iterator[str]:
    """The text in pieces of at most `limit` characters, cut at line ends where there are any."""
    while len(text) > limit:
        end = text.rfind("\n", 1, limit)
        end = end if end > 0 else _before_escape(text, limit)
        yield text[:end]
        text = text[end:].removeprefix("\n")
    if text:
        yield text


def _before_escape(text: str, end: int) -> int:
    """`end`, or a little before it where it would cut an escape such as `&amp;` in two."""
    start = text.rfind("&", end - 4, end)
    return start if start > 0 and ";" not in text[start:end] else end
