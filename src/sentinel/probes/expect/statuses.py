"""HTTP statuses as a person writes them: numbers, classes such as `2xx`, spans such as `200-204`."""

import re
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, WithJsonSchema

_STATUS: Final = re.compile(r"([1-5])xx|(\d{3})(?:\s*-\s*(\d{3}))?")
_EXPECTED: Final = "a status such as 200, '2xx' or '200-204', or a list of them"


def _statuses(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list | tuple) else (value,)
    texts = tuple(str(part).strip() for part in listed)
    if not texts:
        raise ValueError("at least one status")
    for text in texts:
        _span(text)
    return texts


def _span(text: str) -> range:
    found = _STATUS.fullmatch(text)
    if found is None:
        raise ValueError(_EXPECTED)
    if found[1]:
        return range(int(found[1]) * 100, int(found[1]) * 100 + 100)
    first, last = int(found[2]), int(found[3] or found[2])
    if not 100 <= first <= last <= 599:
        raise ValueError("a status between 100 and 599, the smaller first")
    return range(first, last + 1)


@lru_cache(maxsize=256)  # thousands of checks expect the same ones: a set of a hundred takes 8 KiB
def all_of(statuses: tuple[str, ...]) -> frozenset[int]:
    """Every number that is meant."""
    return frozenset(status for text in statuses for status in _span(text))


_ONE: Final = {"anyOf": [{"type": "integer", "minimum": 100, "maximum": 599}, {"type": "string"}]}

StatusField = Annotated[
    tuple[str, ...],
    BeforeValidator(_statuses),
    WithJsonSchema({"anyOf": [*_ONE["anyOf"], {"type": "array", "items": _ONE, "minItems": 1}]}),
]
