"""What comes in: bodies and query parameters, checked into values before anybody acts on them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import orjson

from sentinel.base.errors import SentinelError
from sentinel.base.moments import read_moment
from sentinel.base.units import parse_duration
from sentinel.probes.heartbeat import Report, Sign

T = TypeVar("T")

LONGEST_NAME = 100  # characters
LONGEST_REASON = 500  # characters
LONGEST_HOLD = timedelta(days=30)
MOST_IDS = 10_000
HIGHEST_STATUS = 255  # of a program that ended

_RUN = re.compile(r"[A-Za-z0-9-]{1,64}\Z")
_SIGNS = {"": Sign.SUCCESS, "start": Sign.START, "fail": Sign.FAIL, "log": Sign.LOG}


class BadRequest(SentinelError):
    """A request that asks for something that does not exist; the text tells the client what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadOnes:
    """Dead notifications that are to be sent again, or put away."""

    ids: tuple[int, ...] | None  # all when None


def dead_ones(body: bytes) -> DeadOnes:
    """Read `{"ids": [4, 7]}` or `{"all": true}`.

    Raises:
        BadRequest: it is neither.
    """
    fields = object_of(body, {"ids", "all"})
    if fields.get("all") is True and "ids" not in fields:
        return DeadOnes(ids=None)
    ids = fields.get("ids")
    if not isinstance(ids, list) or not ids or len(ids) > MOST_IDS or not all(type(i) is int and i > 0 for i in ids):
        raise BadRequest('expected {"ids": [numbers]} or {"all": true}')
    return DeadOnes(ids=tuple(ids))


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


def marks(body: bytes) -> tuple[str, ...]:
    """Read `{"marks": ["sentinel-3f0c…"]}`: of runs that a person has cleaned up after.

    Raises:
        BadRequest: it is not that.
    """
    given = object_of(body, {"marks"}).get("marks")
    if not isinstance(given, list) or not 0 < len(given) <= MOST_IDS or not all(isinstance(one, str) for one in given):
        raise BadRequest('expected {"marks": [texts]}')
    return tuple(given)


def query(parameters: Mapping[str, str], name: str, read: Callable[[str], T], default: T) -> T:
    """A query parameter as a value.

    Raises:
        BadRequest: `read` cannot make anything of it.
    """
    if name not in parameters:
        return default
    try:
        return read(parameters[name])
    except (ValueError, KeyError, OverflowError) as error:
        raise BadRequest(f"the parameter `{name}` cannot be read") from error


def moment(text: str) -> datetime:
    """A time with its zone, as ISO 8601 has it; raises ValueError."""
    at = read_moment(text)
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at


def object_of(body: bytes, keys: set[str]) -> dict[str, Any]:
    """A flat JSON object with these keys at most. orjson bounds depth (1,024) and refuses NaN; values are checked after."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest("the body is not JSON") from error
    if not isinstance(value, dict) or not value.keys() <= keys:
        raise BadRequest(f"expected an object with {', '.join(sorted(keys))}")
    return value


def line(fields: Mapping[str, Any], name: str, longest: int) -> str:
    """A field as one line of text; raises BadRequest."""
    text = fields.get(name)
    if not isinstance(text, str) or not text.strip():
        raise BadRequest(f"`{name}` has to be a text that is not empty")
    # One line of printable characters: it goes into mails, logs and terminals.
    whole = " ".join("".join(c if c.isprintable() else " " for c in text).split())
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
