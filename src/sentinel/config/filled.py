"""The options of a check or channel with the defaults of its kind written out."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel


def filled(given: Mapping[str, Any], options: object) -> Mapping[str, Any]:
    """What the file says, as it says it, and after it what its kind adds.

    Defaults that are empty say nothing and are left out.

    Args:
        given: as the file has it, references followed.
        options: what it was read into.
    """
    if not isinstance(options, BaseModel):
        return given
    full: dict[str, Any] = _filled(
        given, options.model_dump(mode="json", by_alias=True, exclude_none=True, fallback=str)
    )
    return full


def _filled(given: Any, full: Any) -> Any:
    if isinstance(given, Mapping) and isinstance(full, Mapping):
        known = {key: _filled(value, full.get(key)) for key, value in given.items()}
        return {**known, **{key: value for key, value in _without_empty(full).items() if key not in given}}
    if isinstance(given, list) and isinstance(full, list) and len(given) == len(full):
        return [_filled(one, whole) for one, whole in zip(given, full, strict=True)]
    return given


def _without_empty(full: Mapping[str, Any]) -> dict[str, Any]:
    tree = {key: _without_empty(value) if isinstance(value, Mapping) else value for key, value in full.items()}
    return {key: value for key, value in tree.items() if value not in ({}, [], "")}
