"""Patterns and JSON paths as a person writes them, compiled when the configuration is read.

Patterns are RE2's: a target can send no text that makes them slow, as it can with Python's own (whose worst case is
exponential, and holds the whole process up while it lasts).
"""

from typing import Annotated, Any, Final, Protocol

import jmespath
import orjson
import re2
from jmespath.exceptions import JMESPathError
from pydantic import GetCoreSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

_LONGEST: Final = 2000  # characters of a pattern or path


class _Compiled(Protocol):
    def search(self, text: str | bytes) -> Any: ...


class Pattern:
    """A regular expression in RE2's syntax, found anywhere in a text."""

    __slots__ = ("_compiled", "source")

    def __init__(self, source: str) -> None:
        options = re2.Options()
        options.log_errors = False  # RE2 would write them to standard error
        options.max_mem = 8 << 20
        try:
            self._compiled: _Compiled = re2.compile(source, options)
        except re2.error as error:
            said = error.args[0] if error.args else ""
            reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
            raise ValueError(
                f"a pattern in RE2's syntax ({reason}); it has no look-around and no back-references"
            ) from None
        self.source = source

    def found_in(self, text: str) -> bool:
        return self._compiled.search(text) is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"Pattern({self.source!r})"


class JsonPath:
    """A path into JSON, in JMESPath's syntax."""

    __slots__ = ("_compiled", "source")

    def __init__(self, source: str) -> None:
        try:
            self._compiled = jmespath.compile(source)
        except (JMESPathError, ValueError):
            raise ValueError("a JMESPath expression, such as 'components.database' or 'items[0].id'") from None
        self.source = source

    def find(self, document: Any) -> Any:
        """What stands there; None where nothing does, or where the document has another shape than the path expects."""
        try:
            return self._compiled.search(document)
        except (JMESPathError, TypeError, ValueError, ArithmeticError, RecursionError):
            return None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonPath) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"JsonPath({self.source!r})"


def read_json(body: bytes) -> Any:
    """The document; ValueError when it is none. Strict: no NaN, nothing after it, at most 1,024 levels deep."""
    return orjson.loads(body)


class _FromText:
    """How pydantic reads a compiled value from a text and writes it back."""

    def __init__(self, kind: type[Pattern] | type[JsonPath]) -> None:
        self._kind = kind

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._read, serialization=core_schema.plain_serializer_function_ser_schema(lambda value: value.source)
        )

    def _read(self, value: object) -> Pattern | JsonPath:
        if isinstance(value, self._kind):
            return value
        if not isinstance(value, str) or not value or len(value) > _LONGEST:
            raise ValueError(f"a text of 1 to {_LONGEST} characters")
        return self._kind(value)


PatternField = Annotated[Pattern, _FromText(Pattern), WithJsonSchema({"type": "string", "minLength": 1})]
JsonPathField = Annotated[JsonPath, _FromText(JsonPath), WithJsonSchema({"type": "string", "minLength": 1})]
