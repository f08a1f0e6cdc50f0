"""Collects everything that is wrong in a configuration, and tells it in the order of the file."""

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from sentinel.base.errors import ConfigError, Problem
from sentinel.base.redact import Redactor, Secret
from sentinel.config.keypath import MISSING, KeyPath, value_at, walk, write_path
from sentinel.config.lines import line_numbers
from sentinel.config.references import has_reference

#: More problems than this are counted, not written out: nobody mends a thousand things from one message.
MOST_TOLD = 100

_LONGEST_SHOWN = 60  # characters of a value in a message


class Problems:
    """The problems found so far. Paths are those of the full form; `origins` leads back to what the file really has."""

    def __init__(self, raw: object) -> None:
        self.raw = raw  # the file's own tree, references not followed
        self.origins: dict[KeyPath, KeyPath] = {}
        self._found: dict[tuple[KeyPath, Problem], None] = {}  # in the order in which they were found
        self._broken: set[KeyPath] = set()  # paths with a problem, and those above them
        self._unfollowed: set[KeyPath] = set()  # paths in the file of references that lead nowhere
        self._excused: set[KeyPath] = set()  # paths in the file; what is wrong there is not told

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, path: KeyPath, found: str, expected: str, hint: str = "", line: int | None = None) -> None:
        path = self.origin(path)
        if not self._is_excused(path):
            problem = Problem(key=write_path(path), found=found, expected=expected, hint=hint, line=line)
            self._found[path, problem] = None
        self._broken.update(path[:length] for length in range(1, len(path) + 1))

    def add_reference(self, path: KeyPath, found: str, expected: str, hint: str) -> None:
        """Note a reference that leads nowhere. Where several texts have the same, it is told once."""
        self.add(path, found, expected, hint)
        self._unfollowed.add(self.origin(path))

    def excuse(self, path: KeyPath) -> None:
        """Tell of nothing that is wrong at the path or below it: what stands there could not be followed."""
        self._excused.add(path)

    def excused(self, path: KeyPath) -> bool:
        """Whether nothing is told of the path, since what stands at it or above it could not be followed."""
        return bool(self._excused) and self._is_excused(self.origin(path))

    def _is_excused(self, path: KeyPath) -> bool:
        return bool(self._excused) and any(path[:length] in self._excused for length in range(1, len(path) + 1))

    def concerns(self, path: KeyPath) -> bool:
        """Whether something is wrong at the path or below it."""
        return bool(self._broken) and self.origin(path) in self._broken

    def origin(self, path: KeyPath) -> KeyPath:
        """The path in the file that stands behind a path of the full form."""
        if not self.origins:
            return path
        for length in range(len(path), 0, -1):
            known = self.origins.get(path[:length])
            if known is not None:
                rest = (*known, *path[length:])
                return rest if value_at(self.raw, rest) is not MISSING else known
        return path

    def written(self, path: KeyPath) -> object:
        """What the file itself has at the path, references not followed; MISSING when it has nothing there."""
        return value_at(self.raw, self.origin(path))

    def shown(self, path: KeyPath, *, secret: bool) -> str:
        """What stands at the path, in words that may be shown."""
        return describe(self.written(path), secret=secret)

    def raise_all(self, file: str, text: str, secrets: Iterable[Secret]) -> None:
        """Raise what was collected, if anything was."""
        if not self._found:
            return
        lines = line_numbers(text)
        order = {path: index for index, path in enumerate(walk(self.raw))}
        redactor = Redactor(secrets)
        told = self._each_reference_once(sorted(self._found, key=lambda item: _position(item[0], order)))
        problems = [_clean(problem, redactor, _line(path, lines)) for path, problem in told[:MOST_TOLD]]
        if len(told) > MOST_TOLD:
            problems.append(Problem(key="", found=f"{len(told) - MOST_TOLD} more problems", expected="none"))
        raise ConfigError(file, tuple(problems))

    def _each_reference_once(self, told: Sequence[tuple[KeyPath, Problem]]) -> list[tuple[KeyPath, Problem]]:
        """One variable that is not set stands behind a service's address in twenty checks: it is one thing to mend."""
        same: dict[tuple[KeyPath, str] | str, list[tuple[KeyPath, Problem]]] = {}
        for path, problem in told:
            key = problem.found if path in self._unfollowed else (path, str(problem))
            same.setdefault(key, []).append((path, problem))
        return [(path, _and_more(problem, len(others))) for (path, problem), *others in same.values()]


def _and_more(problem: Problem, others: int) -> Problem:
    if not others:
        return problem
    places = "1 more place" if others == 1 else f"{others} more places"
    return replace(problem, found=f"{problem.found}; the same in {places}")


def describe(value: object, *, secret: bool) -> str:
    """A value in words: its kind, and itself where it is short and no secret. References are shown as they are written."""
    match value:
        case _ if value is MISSING:
            return "nothing"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _describe_text(value, secret=secret)
        case int() | float():
            return "a number" if secret else f"the number {str(value)[:_LONGEST_SHOWN]}"
        case Mapping():
            return "an object" if value else "an empty object"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case _:
            return f"a {type(value).__name__}"  # dates and times, which TOML has


def _describe_text(value: str, *, secret: bool) -> str:
    if not value:
        return "an empty text"
    if secret:
        return "a reference" if has_reference(value) else "a text"
    return repr(value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "…")


def listed(names: Collection[str]) -> str:
    """Names for a message: `a, b or c`."""
    ordered = list(names)
    if len(ordered) < 2:
        return "".join(ordered)
    return f"{', '.join(ordered[:-1])} or {ordered[-1]}"


def did_you_mean(word: str, known: Collection[str]) -> str:
    """A hint when the word looks like a slip of a known one."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else ""


def _position(path: KeyPath, order: Mapping[KeyPath, int]) -> tuple[int, int]:
    """Where a path stands; for what is missing, right behind what should hold it."""
    for length in range(len(path), -1, -1):
        if path[:length] in order:
            return order[path[:length]], len(path) - length
    return 0, 0


def _line(path: KeyPath, lines: Mapping[KeyPath, int]) -> int | None:
    return next((lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in lines), None)


def _clean(problem: Problem, redactor: Redactor, line: int | None) -> Problem:
    return Problem(
        key=problem.key,
        found=redactor.clean(problem.found),
        expected=redactor.clean(problem.expected),
        hint=redactor.clean(problem.hint),
        line=problem.line or line,
    )
