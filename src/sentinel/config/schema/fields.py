"""What the values of several keys have in common: names, lines, counts, bounds."""

import math
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


_NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def checked_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("a name of letters, digits, '.', '_' and '-', at most 64, that starts with a letter or digit")
    return value


def _line(value: str) -> str:
    if len(value) > 200 or not value.isprintable():
        raise ValueError("one line of at most 200 characters")
    return value


def _bound(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a number, or a text such as '500ms' or '2%'")
    if not isinstance(value, str) and not math.isfinite(value):
        raise ValueError("a finite number")
    return value


def time_of_day(value: str) -> str:
    if not TIME_OF_DAY.fullmatch(value):
        raise ValueError("a time of day from 00:00 to 23:59, such as '06:00'")
    return value


def web_link(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        raise ValueError("an address such as 'https://monitor.example.org/'")
    return value


Name = Annotated[str, AfterValidator(checked_name), WithJsonSchema({"type": "string", "pattern": _NAME_PATTERN})]


Line = Annotated[str, AfterValidator(_line), WithJsonSchema({"type": "string", "maxLength": 200})]


Count = Annotated[int, Field(ge=1, le=1000)]


#: A bound in the reading's own unit: `2`, `"500ms"`, `"2%"`, `"512 MiB"`, `"14d"`.
Bound = Annotated[Any, BeforeValidator(_bound), WithJsonSchema({"type": ["number", "string"]})]


HowBad = Literal["warning", "critical"]
