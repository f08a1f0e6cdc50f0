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

_BODY_LIMIT: Final = 4_800  # of a report's text, escaped: leaves room for the lines
_LINES_LIMIT: Final = 2_800  # of the lines together, escaped
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
    header = f"{_SIGNS[words.tone]} {shorten(f'{words.tag}{mark}: {words.headline}', HEADER_LIMIT - 25)}"
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": header, "emoji": True}},
        *({"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in _sections(words, mention) if text),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": escape(words.footer)}]},
    ]
    return Post(text=escape(words.subject + mark), blocks=tuple(blocks))


def escape(text: str) -> str:
    """The text with Slack's three special characters escaped, so that it can call nobody and link nowhere."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sections(words: Words, mention: str) -> Iterator[str]:
    yield mention
    yield _lines(words)
    for piece in _pieces(_escaped_body(words.body), SECTION_LIMIT - _CODE):
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


def _escaped_body(body: str) -> str:
    text = escape(body.replace("```", "'''"))
    return text if len(text) <= _BODY_LIMIT else text[: _before_escape(text, _BODY_LIMIT - 1)] + "…"


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
