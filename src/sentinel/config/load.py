"""From a file to a tree: read strictly, references followed, the guide's short form rewritten into the full one.

What a file may not do, because it hides a mistake: a key that stands twice, a number that is none, endless depth or size.
"""

import json
import math
import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentinel.base.errors import ConfigError, Problem
from sentinel.base.redact import Secret
from sentinel.config.collector import collector_paused
from sentinel.config.guide import rewrite
from sentinel.config.keypath import KeyPath
from sentinel.config.lines import spots
from sentinel.config.places import Places
from sentinel.config.problems import Problems
from sentinel.config.references import BadReference, has_reference, substitute
from sentinel.config.secret_files import SecretFiles, without_waiting

MOST_BYTES = 16 * 1024 * 1024  # of a file; 20,000 checks take about 5 MiB
MOST_DEPTH = 32  # of objects and lists within each other
MOST_DIGITS = 30  # of a whole number: no setting is anywhere near

#: Stands for what a reference led to that cannot be followed, where that is allowed; an address, since most of them are.
UNRESOLVED = "https://unresolved.invalid"

#: The parts of a file that may hold such references, and how many steps of a path lead to one entry of it.
_ENTRIES = {"checks": 2, "channels": 2, "alerting": 2, "api_url": 1}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Loaded:
    """A file that was read: not checked yet against what the keys mean. Its repr shows no content, which may be secret."""

    file: Path  # absolute
    mode: int  # the permission bits of the file
    text: str
    tree: Mapping[str, Any]  # the full form, references followed
    problems: Problems  # so far; `problems.raw` is the tree as written
    places: Places
    secrets: tuple[Secret, ...]  # contents of secret files
    followed: tuple[Secret, ...]  # every value that came from outside: none of them belongs into a message

    def __repr__(self) -> str:
        return f"Loaded({str(self.file)!r})"


def load(path: Path, environment: Mapping[str, str], *, lenient: bool = False) -> Loaded:
    """Read a file of configuration, JSON or TOML by its suffix.

    Args:
        lenient: checks and channels may hold references that cannot be followed here, such as a service's credentials in a
            person's shell. For commands that only read the store; nothing may be probed or sent by it.

    Raises:
        ConfigError: the file cannot be read or is no JSON or TOML. Lesser problems stay with the answer.
    """
    with collector_paused():
        return _load(path.absolute(), environment, lenient=lenient)


def _load(file: Path, environment: Mapping[str, str], *, lenient: bool) -> Loaded:
    content, mode = _read(file)
    text = _decode(file, content)
    parser = _Parser()
    raw = _parse(file, text, parser)
    problems = Problems(raw)
    if parser.double_keys:
        _note_double_keys(text, problems)
    places = Places.of(file, environment)
    follower = _Follower(environment, SecretFiles(places, environment), problems, lenient=lenient)
    resolved = follower.follow(raw, ())
    tree = rewrite(resolved if isinstance(resolved, dict) else {}, problems)
    return Loaded(
        file=file,
        mode=mode,
        text=text if file.suffix != ".toml" else "",
        tree=tree,
        problems=problems,
        places=places,
        secrets=tuple(follower.files.secrets()),
        followed=tuple(Secret(_clean(value)) for value in follower.values),
    )


class _Follower:
    """Copies a tree with its references followed. Notes what cannot be followed, and leaves it as written."""

    def __init__(
        self, environment: Mapping[str, str], files: SecretFiles, problems: Problems, *, lenient: bool = False
    ) -> None:
        self.files = files
        self._lenient = lenient
        self.values: set[str] = set()
        self._environment = environment
        self._problems = problems

    def follow(self, node: object, path: KeyPath) -> object:
        if isinstance(node, str):
            return node if _is_plain(node) else self._text(node, path)
        if isinstance(node, dict):
            return self._object(node, path) if self._room(path) else {}
        if isinstance(node, list):
            return [self.follow(value, (*path, i)) for i, value in enumerate(node)] if self._room(path) else []
        if isinstance(node, float) and not math.isfinite(node):
            self._problems.add(path, "a number that is not finite", "a finite number")
        return node

    def _object(self, node: dict[str, object], path: KeyPath) -> dict[str, object]:
        if not all(map(_is_plain, node)):
            node = {self._in_unicode(key, (*path, key)): value for key, value in node.items()}
        # Most values are texts without a reference: for these not even a path is made.
        return {
            key: value if isinstance(value, str) and _is_plain(value) else self.follow(value, (*path, key))
            for key, value in node.items()
        }

    def _text(self, text: str, path: KeyPath) -> str:
        if path[:1] == ("$schema",):
            return text
        try:
            value = substitute(text, self._variable, self.files.read)
        except BadReference as error:
            if self._lenient and path[0] in _ENTRIES:
                return self._without(text, path)
            self._problems.add_reference(path, error.found, error.expected, error.hint)
            return text
        if has_reference(text):
            self.values.add(value)
        return self._in_unicode(value, path)

    def _without(self, text: str, path: KeyPath) -> str:
        """The text with a marker for each reference; what is wrong with the entry around it is told no more."""
        self._problems.excuse(path[: _ENTRIES[str(path[0])]])
        try:
            return substitute(text, lambda _: UNRESOLVED, lambda _: UNRESOLVED)
        except BadReference:
            return UNRESOLVED

    def _in_unicode(self, text: str, path: KeyPath) -> str:
        """The text without half a surrogate pair and without NUL: JSON may have them, no file name or table takes them."""
        clean = _clean(text)
        if clean != text:
            self._problems.add(path, "a character that is none (NUL, or half of a surrogate pair)", "text in Unicode")
        return clean

    def _variable(self, name: str) -> str:
        value = self._environment.get(name, "")
        if value:
            self.values.add(value)
        return value

    def _room(self, path: KeyPath) -> bool:
        if len(path) < MOST_DEPTH:
            return True
        self._problems.add(path[:8], f"more than {MOST_DEPTH} levels of objects and lists", f"at most {MOST_DEPTH}")
        return False


def _is_plain(text: str) -> bool:
    """Whether there is nothing to follow or to look at in the text."""
    return text.isascii() and "${" not in text and "\0" not in text


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def _read(file: Path) -> tuple[bytes, int]:
    """The content and the permission bits."""
    if file.suffix not in {".json", ".toml"}:
        raise _broken(file, f"a file named {file.name}", "a name that ends in .json or .toml")
    try:
        with open(file, "rb", opener=without_waiting) as opened:
            about = os.fstat(opened.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise _broken(file, "something that is no file", "a file")
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise _broken(file, f"{os.strerror(error.errno or 0)}", "a file that can be read", _hint(error)) from None
    if len(content) > MOST_BYTES:
        raise _broken(file, f"more than {MOST_BYTES // 1024**2} MiB", "a smaller file")
    return content, stat.S_IMODE(about.st_mode)


def _hint(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "name the file with --config FILE"
    if isinstance(error, PermissionError):
        return "let the user that Sentinel runs as read the file"
    return ""


def _decode(file: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")  # editors on Windows put a byte order mark in front
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _broken(file, "bytes that are no UTF-8", "text in UTF-8", line=line) from None


class _Parser:
    """JSON by Python's parser, which would not tell of a key that stands twice."""

    def __init__(self) -> None:
        self.double_keys = False

    def parse(self, text: str) -> object:
        return json.loads(text, object_pairs_hook=self._object, parse_int=_whole_number)

    def _object(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        entries = dict(pairs)
        self.double_keys = self.double_keys or len(entries) != len(pairs)
        return entries


def _parse(file: Path, text: str, parser: _Parser) -> dict[str, Any]:
    if not text.strip():
        raise _broken(file, "nothing", "a configuration")
    try:
        tree = tomllib.loads(text) if file.suffix == ".toml" else parser.parse(text)
    except json.JSONDecodeError as error:
        found = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise _broken(file, found, "JSON", _json_hint(text, error), line=error.lineno) from None
    except tomllib.TOMLDecodeError as error:
        raise _broken(file, str(error), "TOML") from None
    except RecursionError:
        raise _broken(file, "endless depth", f"at most {MOST_DEPTH} levels of objects and lists") from None
    except ValueError:
        raise _broken(file, "a number of thousands of digits", "numbers that mean something") from None
    if not isinstance(tree, dict):
        raise _broken(file, f"a {type(tree).__name__} at the top", "an object at the top")
    return tree


def _whole_number(digits: str) -> float:
    return int(digits) if len(digits) <= MOST_DIGITS else math.inf


def _json_hint(text: str, error: json.JSONDecodeError) -> str:
    before, rest = text[: error.pos].rstrip(), text[error.pos : error.pos + 2]
    if before.endswith(",") and rest[:1] in {"}", "]"}:
        return "the comma before it is one too many"
    if rest in {"//", "/*"} or rest[:1] == "#":
        return "JSON has no comments; a configuration in TOML may have them"
    if rest[:1] == "'":
        return "JSON wants double quotes"
    return ""


def _note_double_keys(text: str, problems: Problems) -> None:
    """Note keys that stand twice, of which Python's parser keeps the last one silently."""
    first: dict[KeyPath, int] = {}
    for spot in spots(text):
        if not spot.is_key:
            continue
        if spot.path in first:
            found = f"the key twice, first in line {first[spot.path]}"
            problems.add(spot.path, found, "each key once in an object", line=spot.line)
        first.setdefault(spot.path, spot.line)


def _broken(file: Path, found: str, expected: str, hint: str = "", line: int | None = None) -> ConfigError:
    return ConfigError(str(file), (Problem(key="", found=found, expected=expected, hint=hint, line=line),))
