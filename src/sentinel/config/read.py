"""From a part of the tree to a model of it; what pydantic finds wrong becomes a Problem in our words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from sentinel.base.fields import Refused
from sentinel.config.keypath import MISSING, KeyPath, step_into
from sentinel.config.problems import Problems, did_you_mean, listed
from sentinel.config.shape import expected_keys, fields, is_secret

Model = TypeVar("Model", bound=BaseModel)

#: What pydantic's kinds of error expect, where its own words would not help a person who writes a file.
_EXPECTED = {
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "mapping_type": "an object",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "string_type": "a text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "none_required": "nothing",
    "path_type": "a path",
}

_LIMITS = {
    "greater_than": ("gt", "a number above {}"),
    "greater_than_equal": ("ge", "a number of at least {}"),
    "less_than": ("lt", "a number below {}"),
    "less_than_equal": ("le", "a number of at most {}"),
    "string_too_short": ("min_length", "a text of at least {} characters"),
    "string_too_long": ("max_length", "a text of at most {} characters"),
    "too_short": ("min_length", "at least {} in the list"),
    "too_long": ("max_length", "at most {} in the list"),
    "string_pattern_mismatch": ("pattern", "a text that matches {}"),
    "literal_error": ("expected", "{}"),
    "enum": ("expected", "{}"),
}


def read(
    model: type[Model], data: object, path: KeyPath, problems: Problems, folder: Path | None = None
) -> Model | None:
    """The part as a model, or None with its problems noted.

    Args:
        path: where the part stands.
        folder: of the configuration, handed to validators as `info.context["folder"]`: relative paths start there.
    """
    try:
        return model.model_validate(data, context={"folder": folder})
    except ValidationError as error:
        expected: dict[KeyPath, list[tuple[ErrorDetails, str]]] = {}
        for detail in error.errors(include_url=False):
            place = _place(detail, data)
            expected.setdefault(place, []).append((detail, _expected(detail, model, place)))
        for place, details in expected.items():
            _note(model, place, details, path, problems)
        return None


def read_what_is_fine(
    model: type[Model], data: object, path: KeyPath, problems: Problems, folder: Path | None = None
) -> Model | None:
    """The part as a model; when something is wrong, without the keys that are, so that the rest can be looked at too."""
    whole = read(model, data, path, problems, folder)
    if whole is not None or not isinstance(data, Mapping):
        return whole
    fine = {key: data[key] for key in fields(model) if key in data and not problems.concerns((*path, key))}
    try:
        return model.model_validate(fine, context={"folder": folder})
    except ValidationError:
        return None


def _note(
    model: type[BaseModel],
    place: KeyPath,
    details: list[tuple[ErrorDetails, str]],
    path: KeyPath,
    problems: Problems,
) -> None:
    """Note what is wrong at one place, once: a union answers with one error for each of its members."""
    if problems.concerns((*path, *place)):
        return  # a reference there was not followed, or what is wrong stands below
    kinds = {detail["type"] for detail, _ in details}
    expected = listed(list(dict.fromkeys(text for _, text in details)))
    if kinds == {"extra_forbidden"}:
        hint = did_you_mean(str(place[-1]), expected_keys(model, place[:-1]))
        problems.add((*path, *place), "an unknown key", expected, hint)
    elif kinds == {"missing"}:
        problems.add((*path, *place), "nothing", expected)
    else:
        found = problems.shown((*path, *place), secret=is_secret(model, place))
        problems.add((*path, *place), found, expected, _hint(details))


def _hint(details: list[tuple[ErrorDetails, str]]) -> str:
    """What a validator of ours says that a person can do; empty where none says so."""
    errors = (detail.get("ctx", {}).get("error") for detail, _ in details)
    return next((error.hint for error in errors if isinstance(error, Refused)), "")


def _place(detail: ErrorDetails, data: object) -> KeyPath:
    """Where in the data it is: pydantic's location without the names of a union's members, which no file has."""
    place: list[str | int] = []
    location = detail["loc"]
    for index, part in enumerate(location):
        below = step_into(data, part)
        if below is not MISSING or (index == len(location) - 1 and detail["type"] == "missing"):
            place.append(part)
            data = below
    return tuple(place)


def _expected(detail: ErrorDetails, model: type[BaseModel], place: KeyPath) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return listed(expected_keys(model, place[:-1])) or "no key here"
    if kind == "missing":
        return f"the key {place[-1]}"
    if kind in _LIMITS:
        name, words = _LIMITS[kind]
        return words.format(_or(context.get(name, "")))
    return _EXPECTED.get(kind) or _own_words(detail)


def _own_words(detail: ErrorDetails) -> str:
    """What a validator of ours says, or pydantic where we have no better words."""
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message.removeprefix("Input should be ").strip() or "another value"


def _or(value: Any) -> str:
    plain = str(value).replace("False", "false").replace("True", "true")
    return plain.replace("''", "an empty text").replace("'", "")
