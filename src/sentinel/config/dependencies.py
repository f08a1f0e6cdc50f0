"""What checks depend on: names of other checks, never in a circle."""

from collections.abc import Mapping, Sequence

from sentinel.config.checks import CheckPart
from sentinel.config.problems import Problems, did_you_mean
from sentinel.core.check import OWN_CHECK


def refuse_wrong_dependencies(parts: Sequence[CheckPart], problems: Problems) -> None:
    """Note each dependency on a check that there is not, and each circle."""
    known = {part.check.name: part for part in parts}
    for part in parts:
        for index, group in enumerate(part.check.depends_on):
            for name in group:
                _check(part, index, name, known, problems)
    for name, part in known.items():
        if (circle := _circle(name, known)) is not None and name == min(circle):
            found = f"a circle: {' -> '.join((*circle, circle[0]))}"
            problems.add((*part.path, "depends_on"), found, "checks of which none depends on itself")


def _check(part: CheckPart, index: int, name: str, known: Mapping[str, CheckPart], problems: Problems) -> None:
    path = (*part.path, "depends_on", index)
    if name == OWN_CHECK:
        problems.add(path, repr(name), "the name of a configured check")
    elif name not in known:
        problems.add(path, repr(name), "the name of a check", did_you_mean(name, known))


def _circle(start: str, known: Mapping[str, CheckPart]) -> list[str] | None:
    """The way from a check back to itself along what it depends on; None when there is none."""
    todo: list[list[str]] = [[start]]
    seen: set[str] = set()
    while todo:
        way = todo.pop()
        for name in (name for group in known[way[-1]].check.depends_on for name in group if name in known):
            if name == start:
                return way
            if name not in seen:
                seen.add(name)
                todo.append([*way, name])
    return None
