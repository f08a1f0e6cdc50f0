"""A line of what a program wrote, where a check allows that people see it."""

from typing import Final

from sentinel.base.redact import Redactor

#: Characters that are shown.
LONGEST: Final = 200


def first_line(output: bytes, redactor: Redactor) -> str:
    """The first line that is not empty: printable characters, without the secrets that `redactor` knows."""
    text = redactor.clean(output[: 16 * LONGEST].decode("utf-8", "replace"))
    line = text.strip().partition("\n")[0]
    return " ".join("".join(c if c.isprintable() else " " for c in line).split())[:LONGEST]
