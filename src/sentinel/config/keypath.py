"""Where a value stands in a file of configuration: a path of keys and positions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Final

KeyPath = tuple[str | int, ...]


class _Missing(Enum):
    MISSING = "missing"


#: Stands for "there is nothing at that path", which is something else than a null.
MISSING: Final = _Missing.MISSING

_DEEPEST = 64  # a file may nest as deep as Python's own recursion goes before it is refused

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_$-]+")


def write_path(path: KeyPath) -> str:
    """The path as people write it: `checks[2].rules[0].critical`, with odd keys in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            key = part if _PLAIN_KEY.fullmatch(part) else repr(part[:60])
            text += f".{key}" if text else key
    return text


def step_into(node: object, part: str | int) -> object:
    """The value one step below, or MISSING."""
    if isinstance(part, str):
        return node.get(part, MISSING) if isinstance(node, Mapping) else MISSING
    if isinstance(node, Sequence) and not isinstance(node, str) and 0 <= part < len(node):
        return node[part]
    return MISSING


def value_at(tree: object, path: KeyPath) -> object:
    """The value at the path, or MISSING."""
    for part in path:
        tree = step_into(tree, part)
        if tree is MISSING:
            return MISSING
    return tree


def walk(node: object, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Every path of the tree, in the order in which the file has them; not deeper than a file may be by far."""
    yield path
    if len(path) > _DEEPEST:
        return
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from walk(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, (*path, index))
