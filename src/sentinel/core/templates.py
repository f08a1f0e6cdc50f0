"""The templates that a user may write in place of the built-in words."""

from collections.abc import Mapping
from typing import Final

#: Name of the file, and what it makes.
TEMPLATES: Final[Mapping[str, str]] = {
    "headline.txt": "the first line of every message on all channels, without its state and number",
    "subject.txt": "the subject of mails",
    "text.txt": "the text of mails",
    "mail.html": "the page of mails",
}

#: Bytes that one of them may have.
MOST_BYTES: Final = 64 * 1024
