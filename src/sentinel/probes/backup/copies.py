"""Which backups there are, and in which places."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.local.globs import folder_of, named_by
from sentinel.probes.local.worker import Halt

_MOST_FILES: Final = 10_000  # of one place
_BESIDE: Final = (
    ".sha256",
    ".md5",
    ".sig",
    ".asc",
    ".tmp",
    ".part",
    ".partial",
    ".log",
)  # of a backup, and none itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One backup in one place."""

    path: Path
    size: int  # bytes
    written: float  # seconds since 1970
    mode: int

    @property
    def key(self) -> str:
        """What it is known again by. Another file, or one that was written again, has another."""
        return f"{self.path.name}:{self.size}:{self.written:.3f}"

    @property
    def readable_by_all(self) -> bool:
        return bool(self.mode & stat.S_IROTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What one path of the options names."""

    path: Path
    copies: tuple[Copy, ...]  # the newest first; without those that may not be whole yet, unless there are no others
    closed: Path | None = None  # a folder on the way that Sentinel may not look into
    is_folder: bool = False  # the path names a folder, and not what is in it

    @property
    def newest(self) -> Copy | None:
        return self.copies[0] if self.copies else None


def places(paths: Sequence[Path], settled_before: float, halt: Halt) -> list[Place]:
    """What is in each place. `settled_before`: files that were written to since then (seconds since 1970) are not whole yet.

    Raises Finding where the file system is so slow that not all of them were seen in time.
    """
    return [_place(path, settled_before, halt) for path in paths]


def _place(path: Path, settled_before: float, halt: Halt) -> Place:
    found: list[Copy] = []
    for name in islice(named_by(str(path), halt, hidden=False), _MOST_FILES):
        if name.endswith(_BESIDE):
            continue
        try:
            known = os.stat(name)
        except OSError:  # taken away meanwhile
            continue
        if stat.S_ISREG(known.st_mode):
            found.append(Copy(path=Path(name), size=known.st_size, written=known.st_mtime, mode=known.st_mode))
    if halt.is_due:
        raise Finding(FailureClass.READ_TIMEOUT, f"what is at {path} was not seen in time", _SLOW)
    found.sort(key=lambda copy: -copy.written)
    settled = [copy for copy in found if copy.written <= settled_before]
    if found:
        return Place(path=path, copies=tuple(settled or found))
    return Place(path=path, copies=(), closed=_closed(path), is_folder=os.path.isdir(path))


def _closed(path: Path) -> Path | None:
    """The folder on the way to a path that Sentinel may not look into."""
    folder = Path(folder_of(str(path)))
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
    except PermissionError:
        return folder
    except OSError:
        return None
    return None


_SLOW: Final = (
    "Is the place's file system up, and does its path name no more than backups? `ls` by hand shows how long it takes."
)
