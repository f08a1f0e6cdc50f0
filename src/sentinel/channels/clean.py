"""Text made safe to show: no control character, no lone surrogate, nothing that turns the direction of writing."""

import re
from datetime import UTC, datetime
from typing import Final

#: Controls (C0, DEL, C1), lone surrogates, line and paragraph separators, and marks that turn the direction of writing
#: (Unicode TR36, 2.10), with which a text could look like another one.
_UNSAFE: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+"
)
_UNSAFE_IN_BLOCK: Final = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+"
)


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


def web_address(link: str) -> str:
    """The link, if it leads to a page: other schemes can run code in a reader."""
    return link if link.startswith(("https://", "http://")) else ""
