"""What a model of options says about the places in it: which keys it has there, where secrets and paths of files stand."""

import types
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from sentinel.base.redact import Secret
from sentinel.config.keypath import KeyPath

#: Stands for every key or position in a pattern of places.
EACH = None

#: Places of a model: keys, and EACH for what a list or mapping holds.
Pattern = tuple[str | None, ...]

#: The types that may stand at one place; several where it is a union.
Types = tuple[Any, ...]


def fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields by the keys under which a file has them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def expected_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The keys that are known at a place of the model."""
    known = (fields(kind) for kind in types_at(model, path) if _is_model(kind))
    return list(dict.fromkeys(key for one in known for key in one))


def is_secret(model: type[BaseModel], path: KeyPath) -> bool:
    """Whether the value at a place is, or may hold, a secret. What is not known counts as one."""
    found = types_at(model, path)
    return not found or any(next(_patterns(kind, Secret, ()), None) is not None for kind in found)


def types_at(model: type[BaseModel], path: KeyPath) -> Types:
    """The types that may stand at a place; none when the model knows no such place."""
    found: Types = (model,)
    for part in path:
        found = tuple(kind for one in found for kind in _below(one, part))
    return found


def _below(kind: Any, part: str | int) -> Iterator[Any]:
    if _is_model(kind):
        field = fields(kind).get(str(part))
        if field is not None:
            yield from _alternatives(field.annotation)
        return
    origin, arguments = get_origin(kind), get_args(kind)
    if not isinstance(origin, type) or not arguments:
        return
    if issubclass(origin, Mapping) and isinstance(part, str):
        yield from _alternatives(arguments[-1])
    elif issubclass(origin, Collection) and not issubclass(origin, Mapping) and isinstance(part, int):
        yield from (one for argument in arguments if argument is not Ellipsis for one in _alternatives(argument))


def _alternatives(annotation: Any) -> Iterator[Any]:
    """The types of a union, without what annotates them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _alternatives(get_args(annotation)[0])
    elif origin is Union or origin is types.UnionType:
        for one in get_args(annotation):
            yield from _alternatives(one)
    else:
        yield annotation


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


@cache
def secret_places(model: type[BaseModel]) -> tuple[Pattern, ...]:
    """Where the model has secrets."""
    return tuple(_patterns(model, Secret, ()))


@cache
def path_places(model: type[BaseModel]) -> tuple[Pattern, ...]:
    """Where the model has paths of files."""
    return tuple(_patterns(model, Path, ()))


def matches(data: object, pattern: Pattern) -> Iterator[KeyPath]:
    """The places in the data that a pattern leads to."""
    if not pattern:
        yield ()
        return
    for part, value in _entries(data, pattern[0]):
        for rest in matches(value, pattern[1:]):
            yield part, *rest


def _entries(data: object, part: str | None) -> Iterator[tuple[str | int, object]]:
    if isinstance(data, Mapping):
        keys = data if part is EACH else (part,) if part in data else ()
        yield from ((key, data[key]) for key in keys)
    elif isinstance(data, list) and part is EACH:
        yield from enumerate(data)


def _patterns(kind: Any, wanted: type, above: tuple[type, ...]) -> Iterator[Pattern]:
    if kind is wanted:
        yield ()
    elif _is_model(kind):
        if kind not in above:
            for key, field in fields(kind).items():
                yield from _below_patterns(field.annotation, wanted, (*above, kind), key)
    elif get_origin(kind) is not None:
        for argument in get_args(kind):
            yield from _below_patterns(argument, wanted, above, EACH)


def _below_patterns(annotation: Any, wanted: type, above: tuple[type, ...], part: str | None) -> Iterator[Pattern]:
    for one in _alternatives(annotation):
        for rest in _patterns(one, wanted, above):
            yield part, *rest
