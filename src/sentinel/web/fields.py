"""The fields of requests: how each is read, and how the document of the interface describes it. One definition serves both.

A field that is missing, or null, is read as `None`; whether that is a mistake, the field says.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

import orjson

from sentinel.base.moments import read_moment
from sentinel.base.units import parse_duration
from sentinel.web.payload import BadRequest, duration, line, moment

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
D = TypeVar("D")
E = TypeVar("E", bound=StrEnum)

Json = dict[str, Any]

#: The largest number that every reader of JSON keeps exactly (RFC 8259, 6), and that every store holds.
HIGHEST = (1 << 53) - 1


@dataclass(frozen=True, slots=True)
class Field(Generic[T_co]):
    """One field."""

    name: str
    read: Callable[[object, str], T_co]  # the value and the name of the field; raises BadRequest
    schema: Json = field(hash=False)
    says: str = ""
    needed: bool = True  # whether the document says so


class Given:
    """The fields of one request, read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, asked: Field[T]) -> T:
        value: T = self._values[asked.name]
        return value


class Shape:
    """Fields that belong together: a body, or the parameters of an address."""

    def __init__(self, *fields: Field[Any], also: Json | None = None) -> None:
        self.fields = fields
        self.also = also or {}  # what the document says of all of them together
        self._names = {one.name for one in fields}

    def read(self, content: bytes) -> Given:
        """Read a body. orjson bounds its depth (1,024) and refuses NaN.

        Raises:
            BadRequest: it is no JSON, no object, or has other fields or values.
        """
        try:
            value = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise BadRequest("the body is not JSON") from error
        if not isinstance(value, dict):
            raise BadRequest(f"expected an object{self._with_fields()}")
        return self.of(value)

    def of(self, values: Mapping[str, Any]) -> Given:
        """Read fields; raises BadRequest for those that there are not."""
        if not values.keys() <= self._names:
            raise BadRequest(f"expected an object{self._with_fields()}")
        return self.among(values)

    def among(self, values: Mapping[str, Any]) -> Given:
        """Read fields, and leave others alone, as in an address; raises BadRequest."""
        return Given({one.name: one.read(values.get(one.name), one.name) for one in self.fields})

    def _with_fields(self) -> str:
        return f" with {', '.join(sorted(self._names))}" if self._names else " without fields"


#: Of what needs nothing said.
NOTHING = Shape()


def optional(one: Field[T], default: D, *, empty: bool = False) -> Field[T | D]:
    """A field that may be missing; with `empty` an empty one is as good as none."""

    def read(value: object, name: str) -> T | D:
        missing = value is None or (empty and value in ("", 0))
        return default if missing else one.read(value, name)

    kinds = [one.schema, {"type": "null"}, *([{"const": ""}] if empty else [])]
    return Field(one.name, read, {"anyOf": kinds}, one.says, needed=False)


def text(name: str, longest: int, says: str = "") -> Field[str]:
    """One line of text that is not empty."""
    schema = {"type": "string", "minLength": 1, "maxLength": longest}
    return Field(name, lambda value, name: line({name: value}, name, longest), schema, says)


def maybe_text(name: str, longest: int, says: str = "") -> Field[str]:
    """One line of text, perhaps empty."""
    return optional(text(name, longest, says), "", empty=True)


def flag(name: str, says: str = "") -> Field[bool]:
    """Yes or no; no where nothing is said."""

    def read(value: object, name: str) -> bool:
        if not isinstance(value, bool):
            raise BadRequest(f"`{name}` has to be true or false")
        return value

    return optional(Field(name, read, {"type": "boolean"}, says), default=False)


def words(name: str, most: int, longest: int, says: str = "") -> Field[tuple[str, ...]]:
    """A list of texts; none where nothing is said. Each counts once."""
    return optional(some_words(name, most, longest, says, fewest=0), ())


def some_words(name: str, most: int, longest: int, says: str = "", *, fewest: int = 1) -> Field[tuple[str, ...]]:
    """A list of texts, at least one. Each counts once."""

    def read(value: object, name: str) -> tuple[str, ...]:
        fits = isinstance(value, list) and fewest <= len(value) <= most and all(_is_word(one, longest) for one in value)
        if not isinstance(value, list) or not fits:
            raise BadRequest(f"`{name}` has to be a list of at most {most} texts")
        return tuple(dict.fromkeys(value))

    items = {"type": "string", "minLength": 1, "maxLength": longest}
    return Field(name, read, {"type": "array", "minItems": fewest, "maxItems": most, "items": items}, says)


def _is_word(value: object, longest: int) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= longest


def number(name: str, says: str = "", *, least: int = 0, most: int = HIGHEST) -> Field[int]:
    """A whole number."""

    def read(value: object, name: str) -> int:
        if type(value) is not int or not least <= value <= most:
            raise BadRequest(f"`{name}` has to be a number")
        return value

    return Field(name, read, {"type": "integer", "minimum": least, "maximum": most}, says)


def numbers(name: str, most: int, says: str = "") -> Field[tuple[int, ...]]:
    """A list of whole numbers, at least one."""
    one = number(name, least=1)

    def read(value: object, name: str) -> tuple[int, ...]:
        if not isinstance(value, list) or not 0 < len(value) <= most:
            raise BadRequest(f"`{name}` has to be a list of at most {most} numbers")
        return tuple(one.read(part, name) for part in value)

    return Field(name, read, {"type": "array", "minItems": 1, "maxItems": most, "items": one.schema}, says)


def choice(name: str, kinds: type[E], says: str = "") -> Field[E]:
    """One of a closed list of words."""

    def read(value: object, name: str) -> E:
        if isinstance(value, str) and value in set(kinds):
            return kinds(value)
        raise BadRequest(f"`{name}` has to be one of {', '.join(kinds)}")

    return Field(name, read, {"type": "string", "enum": [str(kind) for kind in kinds]}, says)


#: As `base.units.parse_duration` reads it.
_DURATION: Json = {
    "anyOf": [
        {"type": "string", "pattern": "^[1-9][0-9]{0,2}(s|m|h|d)([1-9][0-9]?(s|m|h))?$", "examples": ["2h", "1h30m"]},
        {"type": "number", "exclusiveMinimum": 0, "maximum": 3_000_000_000, "description": "seconds"},
    ]
}


def lasting(name: str, says: str = "") -> Field[timedelta]:
    """A duration that is not 0, however long."""

    def read(value: object, name: str) -> timedelta:
        try:
            lasts = parse_duration(value) if isinstance(value, str | int | float) else timedelta(0)
        except (ValueError, OverflowError):
            lasts = timedelta(0)
        if lasts <= timedelta(0):
            raise BadRequest(f"`{name}` has to be a duration such as '2h'")
        return lasts

    return Field(name, read, _DURATION, says)


def hold(name: str, says: str = "") -> Field[timedelta]:
    """A duration of 30 days at most."""
    return Field(name, lambda value, _: duration(value), _DURATION, says)


def time(name: str, says: str = "") -> Field[datetime]:
    """A time with its zone."""

    def read(value: object, name: str) -> datetime:
        try:
            return moment(value if isinstance(value, str) else "")
        except ValueError:
            raise BadRequest(f"`{name}` has to be a time with its zone, such as '2026-12-24T22:00:00+01:00'") from None

    return Field(name, read, {"type": "string", "format": "date-time"}, says)


def local_time(name: str, says: str = "") -> Field[datetime]:
    """A time; naive where it names no zone."""

    def read(value: object, name: str) -> datetime:
        try:
            return read_moment(value if isinstance(value, str) else "")
        except ValueError:
            raise BadRequest(f"`{name}` has to be a time such as 2026-12-24T09:00") from None

    return Field(name, read, {"type": "string", "examples": ["2026-12-24T09:00"], "maxLength": 50}, says)


# --- Of addresses -----------------------------------------------------------------------------------------------------


def asked_flag(name: str, says: str = "") -> Field[bool]:
    """`true` or `false` in an address."""

    def read(value: object, name: str) -> bool:
        if value not in ("true", "false"):
            raise BadRequest(f"the parameter `{name}` has to be true or false")
        return value == "true"

    return asked(Field(name, read, {"type": "boolean"}, says), default=False)


def asked_number(name: str, default: int, says: str = "", *, most: int = HIGHEST) -> Field[int]:
    """A whole number from 1 in an address."""

    def read(value: object, name: str) -> int:
        found = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 16 else 0
        if not 1 <= found <= most:
            raise BadRequest(f"the parameter `{name}` has to be a number from 1 to {most}")
        return found

    return asked(Field(name, read, {"type": "integer", "minimum": 1, "maximum": most}, says), default)


def asked_words(name: str, among: Sequence[str], says: str = "") -> Field[tuple[str, ...]]:
    """Words of a closed list in an address, with commas between them, whatever their case."""

    def read(value: object, name: str) -> tuple[str, ...]:
        found = tuple(str(value).lower().split(","))
        if not set(found) <= set(among):
            raise BadRequest(f"the parameter `{name}` has to be of {', '.join(among)}, with commas between them")
        return found

    items = {"type": "string", "enum": list(among)}
    return asked(Field(name, read, {"type": "array", "minItems": 1, "items": items}, says), ())


def asked_word(name: str, among: Sequence[str], default: str, says: str = "") -> Field[str]:
    """One word of a closed list in an address."""

    def read(value: object, name: str) -> str:
        if value not in among:
            raise BadRequest(f"the parameter `{name}` has to be one of {', '.join(among)}")
        return str(value)

    return asked(Field(name, read, {"type": "string", "enum": list(among)}, says), default)


def asked_text(name: str, longest: int, says: str = "") -> Field[str]:
    """A text in an address; empty where nothing is said."""

    def read(value: object, name: str) -> str:
        if not isinstance(value, str) or len(value) > longest or not value.isprintable():
            raise BadRequest(f"the parameter `{name}` has to have at most {longest} characters that can be printed")
        return value.strip()

    return asked(Field(name, read, {"type": "string", "maxLength": longest}, says), "")


def asked(one: Field[T], default: D) -> Field[T | D]:
    """A parameter that may be missing. An address has no null."""

    def read(value: object, name: str) -> T | D:
        return default if value is None else one.read(value, name)

    return Field(one.name, read, one.schema, one.says, needed=False)
