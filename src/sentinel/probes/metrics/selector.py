"""Which series are meant, written as Prometheus writes it: `api_requests_total{status=~"5..", method!="OPTIONS"}`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sentinel.probes.expect.patterns import FromText, Pattern

NAME: Final = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_SELECTOR: Final = re.compile(rf"\s*({NAME})\s*(?:\{{(.*)\}})?\s*", re.DOTALL)
_MATCHER: Final = re.compile(
    r"""\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*(,|$)""", re.ASCII
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_EXPECTED: Final = "a metric's name with or without labels, such as 'api_requests_total{status=~\"5..\"}'"

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label and what it must be."""

    label: str
    value: str
    pattern: Pattern | None  # of the whole value; instead of `value`
    wanted: bool  # False: what it must not be

    def matches(self, labels: Labels) -> bool:
        """A label that is absent is empty, as in PromQL."""
        found = labels.get(self.label, "")
        same = found == self.value if self.pattern is None else self.pattern.found_in(found)
        return same is self.wanted


class Selector(FromText):
    """A metric's name and matchers of labels."""

    __slots__ = ("_matchers", "name")

    def __init__(self, source: str) -> None:
        found = _SELECTOR.fullmatch(source)
        if found is None:
            raise ValueError(_EXPECTED)
        self.name: str = found[1]
        self._matchers = _matchers(found[2] or "")
        super().__init__(source)

    def matches(self, labels: Labels) -> bool:
        return all(matcher.matches(labels) for matcher in self._matchers)

    def suffixed(self, suffix: str) -> "Selector":
        """The same series of the metric whose name goes on so."""
        return Selector(self.source.replace(self.name, f"{self.name}{suffix}", 1))


def unescaped(text: str) -> str:
    """A label's value without its backslashes: `\\n` is a line end, any other sign itself."""
    return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], text) if "\\" in text else text


def _matchers(text: str) -> tuple[Matcher, ...]:
    matchers, place = [], 0
    while text[place:].strip():
        found = _MATCHER.match(text, place)
        if found is None:
            raise ValueError(_EXPECTED)
        matchers.append(_matcher(found[1], found[2], unescaped(found[3][1:-1])))
        place = found.end()
    return tuple(matchers)


def _matcher(label: str, operator: str, value: str) -> Matcher:
    pattern = Pattern(rf"\A(?:{value})\z") if operator.endswith("~") else None  # anchored at both ends, as in PromQL
    return Matcher(label, value, pattern, not operator.startswith("!"))
