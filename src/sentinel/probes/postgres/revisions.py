"""The revisions of a folder of Alembic migrations, read without running any of them."""

import ast
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MOST: Final = 5000  # files
_LARGEST: Final = 4 << 20  # bytes of one file
_NAMES: Final = ("revision", "down_revision")


class Unreadable(Exception):
    """The folder cannot be read; the text says which part of it, and why."""


class NoMigrations(Unreadable):
    """The folder is not one of migrations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One migration."""

    name: str
    after: tuple[str, ...]  # those that it follows; several where branches are merged


class History:
    """Every revision of a folder, and how they follow each other."""

    def __init__(self, revisions: Iterable[Revision]) -> None:
        self._after: Mapping[str, tuple[str, ...]] = {one.name: one.after for one in revisions}

    def __contains__(self, name: str) -> bool:
        return name in self._after

    @property
    def heads(self) -> tuple[str, ...]:
        """Revisions that none follows, in order of their names."""
        followed = {before for after in self._after.values() for before in after}
        return tuple(sorted(self._after.keys() - followed))

    def up_to(self, names: Iterable[str]) -> frozenset[str]:
        """These revisions and all before them."""
        seen: set[str] = set()
        waiting = [name for name in names if name in self._after]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += [before for before in self._after[name] if before in self._after]
        return frozenset(seen)


class Folder:
    """A folder with one file per revision. A file that has not changed is not read again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[Path, tuple[tuple[int, int], Revision | None]] = {}

    def history(self) -> History:
        """What the folder holds now. Blocks. Raises Unreadable."""
        try:
            self._see_that_it_is_there()
            versions = self._path / "versions"
            files = sorted((versions if versions.is_dir() else self._path).glob("*.py"))
            if len(files) > _MOST:
                raise Unreadable(f"more than {_MOST} files")
            self._known = {file: self._entry(file) for file in files}
        except OSError as error:
            raise Unreadable((error.strerror or "it cannot be read").lower()) from None
        revisions = [revision for _, revision in self._known.values() if revision is not None]
        if not revisions:
            raise NoMigrations(f"no file with a revision is in {versions if versions.is_dir() else self._path}")
        return History(revisions)

    def _see_that_it_is_there(self) -> None:
        """A search for files takes a folder that is not there, or is closed, for an empty one. Raises OSError."""
        try:
            os.listdir(self._path)
        except (FileNotFoundError, NotADirectoryError):
            raise NoMigrations(f"there is no folder {self._path}") from None

    def _entry(self, file: Path) -> tuple[tuple[int, int], Revision | None]:
        stat = file.stat()
        state = (stat.st_mtime_ns, stat.st_size)
        known = self._known.get(file)
        if known is not None and known[0] == state:
            return known
        if stat.st_size > _LARGEST:
            raise Unreadable(f"{file.name} has more than {_LARGEST >> 20} MiB")
        return state, _revision(file)


def _revision(file: Path) -> Revision | None:
    """The file's revision; None when it is no migration."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unreadable(f"{file.name} is not Python that can be parsed") from None
    found = dict(pair for statement in tree.body for pair in _assigned(statement))
    name = found.get("revision")
    return Revision(name=name, after=_names(found.get("down_revision"))) if isinstance(name, str) else None


def _assigned(statement: ast.stmt) -> Iterable[tuple[str, object]]:
    """`revision = "…"` and `revision: str = "…"`."""
    match statement:
        case ast.Assign(targets=targets, value=value):
            names = [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            names = [name]
        case _:
            return []
    return [(name, _literal(value)) for name in names if name in _NAMES]


def _literal(value: ast.expr) -> object:
    try:
        literal: object = ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return literal


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, tuple | list) else ()
