"""The JSON Schema (draft 2020-12) of documents, from their dataclasses: what `reports.documents.plain` makes of each type."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from sentinel.core.rule import Severity

Json = dict[str, Any]

_PLAIN: Final[Mapping[Any, Json]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    NoneType: {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    timedelta: {"type": "number", "description": "seconds"},
}


class Schemas:
    """Collects the schemas of documents, each once under its name."""

    def __init__(self) -> None:
        self.found: dict[str, Json] = {}
        self._of: dict[str, type[Any]] = {}

    def of(self, kind: Any) -> Json:
        """The schema of a type; of a document a reference.

        Raises:
            TypeError: no document has anything like that, or two have one name.
        """
        if kind in _PLAIN:
            return dict(_PLAIN[kind])
        if get_origin(kind) is not None:
            return self._generic(get_origin(kind), get_args(kind))
        if isinstance(kind, type) and issubclass(kind, Severity):
            return {"type": "string", "enum": [one.label for one in kind]}
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"type": "string", "enum": [one.value for one in kind]}
        if isinstance(kind, type) and is_dataclass(kind):
            return self._document(kind)
        raise TypeError(f"{kind} is nothing that a document has")

    def _generic(self, origin: Any, parts: tuple[Any, ...]) -> Json:
        if origin in (Union, UnionType):
            return _any_of([self.of(part) for part in parts])
        if origin is tuple and parts[1:] != (...,):
            raise TypeError("a tuple of a document is as long as it is")
        if issubclass(origin, Mapping):
            return {"type": "object", "additionalProperties": self.of(parts[1])}
        if issubclass(origin, Sequence | frozenset):
            return {"type": "array", "items": self.of(parts[0])}
        raise TypeError(f"{origin} is nothing that a document has")

    def _document(self, kind: type[Any]) -> Json:
        name = kind.__name__
        if self._of.setdefault(name, kind) is not kind:
            raise TypeError(f"two documents are called {name}")
        if name not in self.found:
            self.found[name] = {}  # a document may hold another of its kind
            hints = get_type_hints(kind)
            self.found[name] = {
                "type": "object",
                "description": (kind.__doc__ or "").strip().split("\n")[0],
                "properties": {one.name: self.of(hints[one.name]) for one in fields(kind)},
                "required": [one.name for one in fields(kind)],
            }
        return {"$ref": f"#/components/schemas/{name}"}


def _any_of(kinds: list[Json]) -> Json:
    """One of these; of something plain or nothing, the short form."""
    nothing = {"type": "null"}
    rest = [kind for kind in kinds if kind != nothing]
    if len(rest) == 1 and nothing in kinds and "enum" not in rest[0] and isinstance(rest[0].get("type"), str):
        return rest[0] | {"type": [rest[0]["type"], "null"]}
    return {"anyOf": kinds}
