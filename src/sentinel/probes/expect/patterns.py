"""Patterns and JSON paths as a person writes them, compiled when the configuration is read.

Patterns are RE2's: a target can send no text that makes them slow, as it can with Python's own (whose worst case is
exponential, and holds the whole process up while it lasts).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Protocol, Self, cast

import jmespath
import orjson
import re2
from jmespath.exceptions import JMESPathError
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_LONGEST: Final = 2000  # characters of a pattern or path


class _Compiled(Protocol):
    @property
    def groupindex(self) -> Mapping[str, int]: ...

    def search(self, text: str | bytes, pos: int = 0) -> Any: ...

    def finditer(self, text: str) -> Iterator[Any]: ...


class FromText:
    """A value that is written as a text, its `source`, and compiled from it. Equal when the texts are."""

    __slots__ = ("source",)

    def __init__(self, source: str) -> None:
        self.source = source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and other.source == self.source

    def __hash__(self) -> int:
        return hash((type(self), self.source))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.source!r})"

    @classmethod
    def read(cls, value: object) -> Self:
        """The value for a text; ValueError when it is none or cannot be compiled."""
        if isinstance(value, cls):
            return value
        if not isinstance(value, str) or not value or len(value) > _LONGEST:
            raise ValueError(f"a text of 1 to {_LONGEST} characters")
        return cls(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        write = core_schema.plain_serializer_function_ser_schema(lambda value: value.source)
        return core_schema.no_info_plain_validator_function(cls.read, serialization=write)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "minLength": 1, "maxLength": _LONGEST}


class Pattern(FromText):
    """A regular expression in RE2's syntax, found anywhere in a text."""

    __slots__ = ("_compiled",)

    def __init__(self, source: str) -> None:
        self._compiled = _compiled(source)
        super().__init__(source)

    def found_in(self, text: str | bytes) -> bool:
        return self._compiled.search(text) is not None

    def captured(self, text: str) -> str | None:
        """What its first group found, or all of it when it has none; None when it is not in the text."""
        found = self._compiled.search(text)
        if found is None:
            return None
        part: str | None = (found.groups() or (found.group(),))[0]
        return part

    def groups_in(self, text: str) -> Iterator[tuple[str | None, ...]]:
        """What its groups caught, each time that it is found, from the beginning to the end."""
        return (found.groups() for found in self._compiled.finditer(text))


class LinePattern(Pattern):
    """A regular expression that is found in single lines of a text: `^` and `$` are a line's, and nothing matches its end."""

    __slots__ = ("_by_line",)

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self._by_line = _compiled(f"(?m:{source})", by_line=True)

    @property
    def groups(self) -> frozenset[str]:
        """Names of the groups of the pattern."""
        return frozenset(self._by_line.groupindex)

    def lines_of(self, text: bytes) -> Iterator[tuple[bytes, Mapping[str, bytes | None]]]:
        """Every line that it is found in, with what its named groups caught. Costs next to nothing where it is not found."""
        place = 0
        while place < len(text) and (match := self._by_line.search(text, place)) is not None:
            start, end = text.rfind(b"\n", 0, match.start()) + 1, text.find(b"\n", match.end())
            place = end + 1 if end >= 0 else len(text)
            yield text[start : place - 1 if end >= 0 else place], match.groupdict()


def _compiled(source: str, *, by_line: bool = False) -> _Compiled:
    options = re2.Options()
    options.log_errors = False  # RE2 would write them to standard error
    options.max_mem = 8 << 20
    options.never_nl = by_line
    try:
        return cast("_Compiled", re2.compile(source, options))
    except re2.error as error:
        said = error.args[0] if error.args else ""
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise ValueError(
            f"a pattern in RE2's syntax ({reason}); it has no look-around and no back-references"
        ) from None


class JsonPath(FromText):
    """A path into JSON, in JMESPath's syntax."""

    __slots__ = ("_compiled",)

    def __init__(self, source: str) -> None:
        try:
            self._compiled = jmespath.compile(source)
        except (JMESPathError, ValueError):
            raise ValueError("a JMESPath expression, such as 'components.database' or 'items[0].id'") from None
        super().__init__(source)

    def find(self, document: Any) -> Any:
        """What stands there; None where nothing does, or where the document has another shape than the path expects."""
        try:
            return self._compiled.search(document)
        except (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError):
            return None


def read_json(body: bytes) -> Any:
    """The document; ValueError when it is none. Strict: no NaN, nothing after it, at most 1,024 levels deep."""
    return orjson.loads(body)
