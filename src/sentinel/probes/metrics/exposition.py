"""Reads Prometheus' text format, version 0.0.4; OpenMetrics is near enough to be read, too.

A page may have tens of thousands of series of which a check needs a handful. So lines are looked for by the names that are
needed, and only those are parsed: a page of 5 MB with 50,000 series takes milliseconds instead of a second.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from sentinel.probes.metrics.selector import NAME, Labels, unescaped

MOST_SAMPLES: Final = 50_000  # of the metrics that a check needs
_LONGEST_LINE: Final = 32_768  # bytes

_LABEL: Final = re.compile(r'[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"[ \t]*(,|(?=\}))')
_END: Final = re.compile(r"[ \t]*\}")
_VALUE: Final = re.compile(r"[ \t]*([^ \t]+)(?:[ \t]+(-?[0-9.eE+]+))?[ \t]*(?:#.*)?")
_FIRST: Final = re.compile(rb"#|" + NAME.encode() + rb"(?:[ \t]*\{|[ \t]+[-+0-9NI])")


class Unreadable(ValueError):
    """The page is not in that format, or says too much. The text names no more than a metric."""


class Sample(NamedTuple):
    """One series as it stands."""

    labels: Labels
    value: float
    taken_at: float | None  # seconds since 1970, where the page says it


class Page(NamedTuple):
    """What a page says of the metrics that were asked for."""

    samples: Mapping[str, Sequence[Sample]]  # by the metric's name
    known: frozenset[str]  # names that the page has, be it with a type and without a series so far


def read_page(body: bytes, names: Collection[str]) -> Page:
    """The samples of these names. Raises Unreadable."""
    # Without the blank lines before it: a pattern that passes over them takes a gigabyte for a page of nothing else.
    first = body.lstrip()[:_LONGEST_LINE]
    if first and not _FIRST.match(first):
        raise Unreadable("this is not a page of metrics in Prometheus' text format")
    samples: dict[str, list[Sample]] = {}
    room = MOST_SAMPLES
    for name in names:
        found = samples[name] = list(_samples(body, name, room))
        room -= len(found)
    return Page(samples, frozenset(name for name in names if samples[name] or _is_announced(body, name)))


def _samples(body: bytes, name: str, room: int) -> Iterator[Sample]:
    for rest in _lines(body, name.encode()):
        room -= 1
        if room < 0:
            raise Unreadable(f"more than {MOST_SAMPLES} series of {name}, too many to look at")
        yield _sample(rest, name)


def _lines(body: bytes, name: bytes) -> Iterator[bytes]:
    """What follows the name in each line that begins with it."""
    for place in _places(body, name):
        if body[place : place + 1] in (b"{", b" ", b"\t"):  # otherwise it is the beginning of a longer name
            end = body.find(b"\n", place)
            yield body[place : min(end if end >= 0 else len(body), place + _LONGEST_LINE)]


def _places(body: bytes, name: bytes) -> Iterator[int]:
    """Where the name ends, wherever a line begins with it."""
    if body.startswith(name):
        yield len(name)
    wanted = b"\n" + name
    place = body.find(wanted)
    while place >= 0:
        yield place + len(wanted)
        place = body.find(wanted, place + len(wanted))


def _sample(rest: bytes, name: str) -> Sample:
    """Raises Unreadable for a line of another form."""
    line = rest.decode("utf-8", "replace").strip()
    try:
        labels, place = _labels(line) if line.startswith("{") else ({}, 0)
        found = _VALUE.fullmatch(line, place)
        if found is not None:
            taken_at = None if found[2] is None else float(found[2]) / 1000
            return Sample(labels, float(found[1]), taken_at)
    except ValueError:
        pass
    raise Unreadable(f"a line of {name} is not in Prometheus' text format")


def _labels(line: str) -> tuple[dict[str, str], int]:
    """The labels, and where the line goes on after them."""
    labels: dict[str, str] = {}
    place = 1
    while (end := _END.match(line, place)) is None:
        found = _LABEL.match(line, place)
        if found is None:
            raise ValueError("a label that cannot be read")
        labels[found[1]] = unescaped(found[2])
        place = found.end()
    return labels, end.end()


def _is_announced(body: bytes, name: str) -> bool:
    """Whether the page names the metric without having a series of it: a counter with labels begins so."""
    family = re.sub(r"_(bucket|sum|count|total)$", "", name)
    announced = [f"\n# {word} {known} ".encode() for word in ("TYPE", "HELP") for known in {name, family}]
    return any(words in body or body.startswith(words[1:]) for words in announced)
