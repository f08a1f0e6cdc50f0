"""Where the keys of a JSON text stand. Only looked up once something is wrong, so that a good file costs nothing."""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from sentinel.config.keypath import KeyPath

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


class Spot(NamedTuple):
    """One key, or one value that holds no others."""

    path: KeyPath
    line: int  # from 1
    token: str  # as written
    is_key: bool


def spots(text: str) -> Iterator[Spot]:
    """The spots of a JSON text that parses, in its order."""
    path: list[str | int] = []
    key_comes = False
    line, seen = 1, 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        line, seen = line + text.count("\n", seen, match.start()), match.start()
        if token in "{[":
            if path and isinstance(path[-1], int):
                yield Spot(tuple(path), line, token, is_key=False)
            path.append("" if token == "{" else 0)
            key_comes = token == "{"
        elif token in "}]":
            path.pop()
            key_comes = False
        elif token == ",":
            key_comes = _next_entry(path)
        elif token != ":":
            if key_comes:
                path[-1] = json.loads(token)
            yield Spot(tuple(path), line, token, is_key=key_comes)
            key_comes = False


def _next_entry(path: list[str | int]) -> bool:
    """Go on behind a comma. Answers whether a key comes, as in an object."""
    last = path[-1]
    if isinstance(last, int):
        path[-1] = last + 1
        return False
    return True


def line_numbers(text: str) -> dict[KeyPath, int]:
    """The line of each path; of a key that stands twice, the first."""
    lines: dict[KeyPath, int] = {}
    for spot in spots(text):
        lines.setdefault(spot.path, spot.line)
    return lines
