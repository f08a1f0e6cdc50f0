"""A user's own words, as a file has them."""

from pathlib import Path

from pydantic import Field

from sentinel.base.fields import Options


class TemplatesEntry(Options):
    """Templates in place of the built-in words of messages. See docs/alerting/messages.md for what they may say."""

    folder: Path = Field(default=...)
    """The folder that holds them: `headline.txt`, `subject.txt`, `text.txt`, `mail.html`, or some of these."""
