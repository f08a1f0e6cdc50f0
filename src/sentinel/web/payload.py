"""What comes in, checked into values before anybody acts on it: texts, durations, times, and what jobs report."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sentinel.base.errors import SentinelError
from sentinel.base.moments import read_moment
from sentinel.base.units import parse_duration
from sentinel.probes.heartbeat import Report, Sign

LONGEST_NAME = 100  # characters
LONGEST_REASON = 500  # characters
LONGEST_HOLD = timedelta(days=30)
HIGHEST_STATUS = 255  # of a program that ended

_RUN = re.compile(r"[A-Za-z0-9-]{1,64}\Z")
_SIGNS = {"": Sign.SUCCESS, "start": Sign.START, "fail": Sign.FAIL, "log": Sign.LOG}


class BadRequest(SentinelError):
    """A request that asks for something that does not exist; the text tells the client what is wrong with it."""


def report(word: str, run: str, output: bytes) -> Report | None:
    """What `/ping/<token>/<word>` says; None when there is no such word.

    Args:
        word: empty for a success, or `start`, `fail`, `log`, or an exit status.
        run: the parameter `rid`: an id that the reports of one run have in common.
        output: the body.

    Raises:
        BadRequest: the id is none.
    """
    if run and not _RUN.match(run):
        raise BadRequest("the parameter `rid` has to be an id such as a UUID: letters, digits and `-`, at most 64")
    if word.isascii() and word.isdigit() and len(word) <= 3 and int(word) <= HIGHEST_STATUS:
        sign = Sign.FAIL if int(word) else Sign.SUCCESS
        return Report(sign=sign, status=int(word), run=run, output=output)
    if word not in _SIGNS:
        return None
    return Report(sign=_SIGNS[word], run=run, output=output)


def moment(text: str) -> datetime:
    """A time with its zone, as ISO 8601 has it; raises ValueError."""
    at = read_moment(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at


def line(fields: Mapping[str, Any], name: str, longest: int) -> str:
    """A field as one line of text; raises BadRequest."""
    text = fields.get(name)
    if not isinstance(text, str) or not text.strip():
        raise BadRequest(f"`{name}` has to be a text that is not empty")
    # One line of printable characters: it goes into mails, logs and terminals.
    whole = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not whole:  # nothing of it can be printed
        raise BadRequest(f"`{name}` has to be a text that is not empty")
    if len(whole) > longest:
        raise BadRequest(f"`{name}` has to have at most {longest} characters")
    return whole


def duration(value: object) -> timedelta:
    """How long something is to hold.

    Raises:
        BadRequest: it is no time, or longer than `LONGEST_HOLD`.
    """
    try:
        hold = parse_duration(value) if isinstance(value, str | int | float) else timedelta(0)
    except (ValueError, OverflowError):
        hold = timedelta(0)
    if not timedelta(0) < hold <= LONGEST_HOLD:
        raise BadRequest("`for` has to be a duration such as '2h', at most 30 days")
    return hold
