"""Paths with `*`, `?`, `[...]` and `**`: what they name, found step by step, so that work on a thread can be ended.

Python's own `glob` cannot be: it looks through a whole tree before it tells of the first name, and where links lead back up,
it goes around in them.
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fnmatch import translate
from glob import has_magic
from pathlib import Path
from typing import Final

from sentinel.probes.local.worker import Halt

_DEEPEST: Final = 100  # folders below each other that `**` goes into


def named_by(path: str, halt: Halt, *, hidden: bool) -> Iterator[str]:
    """What an absolute path names, in no order. Ends early when `halt` is due; what cannot be looked into is left out.

    Args:
        path: `**` stands for any number of folders, and follows no links.
        halt: asked before each name.
        hidden: whether `*` and `?` stand for a dot at the beginning as well.
    """
    root, *parts = Path(path).parts
    if parts[-1:] == ["**"]:
        parts.append("*")
    return _Search(halt, hidden).below(root, parts)


def folder_of(path: str) -> str:
    """The part of a path before its first `*`, `?` or `[`: as a folder."""
    folder = os.path.dirname(path)
    while has_magic(folder):
        folder = os.path.dirname(folder)
    return folder


class _Search:
    def __init__(self, halt: Halt, hidden: bool) -> None:
        self._halt = halt
        self._hidden = hidden

    def below(self, folder: str, parts: Sequence[str], depth: int = 0) -> Iterator[str]:
        """What the parts of a path name, looked at from a folder."""
        if not parts:
            yield folder
        elif parts[0] == "**":
            yield from self._deep(folder, parts, depth)
        elif has_magic(parts[0]):
            matches = re.compile(translate(parts[0])).match
            for entry in self._entries(folder, matches, hidden=parts[0].startswith(".")):
                if len(parts) == 1 or _is_folder(entry, follow=True):
                    yield from self.below(entry.path, parts[1:], depth)
        elif os.path.lexists(path := os.path.join(folder, parts[0])):
            yield from self.below(path, parts[1:], depth)

    def _deep(self, folder: str, parts: Sequence[str], depth: int) -> Iterator[str]:
        yield from self.below(folder, parts[1:], depth)
        if depth < _DEEPEST:
            for entry in self._entries(folder, bool):
                if _is_folder(entry, follow=False):
                    yield from self.below(entry.path, parts, depth + 1)

    def _entries(
        self, folder: str, matches: Callable[[str], object], *, hidden: bool = False
    ) -> Iterator["os.DirEntry[str]"]:
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if self._halt.is_due:
                    return
                if matches(entry.name) and (hidden or self._hidden or not entry.name.startswith(".")):
                    yield entry


def _is_folder(entry: "os.DirEntry[str]", *, follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:
        return False
