"""What is counted in the lines of one look. The lines themselves go no further than this."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import orjson

from sentinel.probes.logs.options import JsonOptions, PatternOptions

_MOST_VALUES: Final = 50  # different values of one group that are counted
_VALUE: Final = 40  # characters of a value that are shown
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.:/ -]")


class Tally:
    """Takes whole lines, counts, and forgets them."""

    def __init__(self, patterns: Mapping[str, PatternOptions], structure: JsonOptions | None) -> None:
        self._patterns = patterns
        self._required = None if structure is None else [key.split(".") for key in structure.required]
        self.lines = 0
        self.bytes = 0
        self.structured = 0  # lines that are JSON with the fields that they must have
        self.counts: Counter[str] = Counter()
        self.shown: dict[str, Counter[str]] = {}  # by pattern, what its groups caught, such as "code E42"

    def take(self, lines: bytes) -> None:
        """Lines, each with its end."""
        self.lines += lines.count(b"\n") + (not lines.endswith(b"\n"))
        self.bytes += len(lines)
        for name, pattern in self._patterns.items():
            self._count(name, pattern, lines)
        if self._required is not None:
            self.structured += sum(_has(line, self._required) for line in lines.split(b"\n") if line)

    def _count(self, name: str, pattern: PatternOptions, lines: bytes) -> None:
        for line, groups in pattern.match.lines_of(lines):
            if any(other.found_in(line) for other in pattern.unless):
                continue
            self.counts[name] += 1
            for group in pattern.show:
                if value := groups.get(group):
                    self._show(name, f"{group} {_fit(value)}")

    def _show(self, name: str, value: str) -> None:
        values = self.shown.setdefault(name, Counter())
        if value in values or len(values) < _MOST_VALUES:
            values[value] += 1


def _fit(value: bytes) -> str:
    """What may stand in a message: short, printable, and nothing that a page or shell would take for its own."""
    return _UNFIT.sub("?", value.decode("utf-8", "replace")[:_VALUE])


def _has(line: bytes, required: list[list[str]]) -> bool:
    try:
        entry = orjson.loads(line)
    except ValueError:
        return False
    return isinstance(entry, dict) and all(_at(entry, path) for path in required)


def _at(entry: Any, path: list[str]) -> bool:
    for key in path:
        if not isinstance(entry, dict) or entry.get(key) is None:
            return False
        entry = entry[key]
    return True
