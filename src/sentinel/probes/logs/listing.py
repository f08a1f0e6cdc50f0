"""Which files the paths of the options name just now."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import has_magic
from itertools import islice
from pathlib import Path
from typing import Final

from sentinel.probes.local.globs import folder_of, named_by
from sentinel.probes.local.worker import Halt

MOST_FILES: Final = 200  # that one check follows: those that were written to last
_MOST_NAMES: Final = 10_000  # that are looked at for one path
_COMPRESSED: Final = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip", ".Z", ".tgz", ".br")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """A file as it was found."""

    path: str
    identity: str  # device and inode: what stays when it is renamed
    size: int  # bytes
    written: float  # seconds since 1970, when it was last written to
    named_by: str  # the path of the options


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What was found."""

    files: tuple[LogFile, ...]
    nothing_at: tuple[str, ...]  # paths of the options that name no file
    closed: tuple[str, ...]  # folders that Sentinel may not look into


def listing(paths: Sequence[Path], halt: Halt) -> Listing:
    """The files that the paths name, each once, the ones written to last first."""
    found: dict[str, LogFile] = {}
    nothing, closed = [], []
    for path in map(str, paths):
        named = list(_files(path, islice(named_by(path, halt, hidden=True), _MOST_NAMES), halt))
        found.update((file.identity, file) for file in named if file.identity not in found)
        if not named and (folder := _closed_folder(path)):
            closed.append(folder)
        elif not named:
            nothing.append(path)
    files = sorted(found.values(), key=lambda file: -file.written)[:MOST_FILES]
    return Listing(files=tuple(files), nothing_at=tuple(nothing), closed=tuple(closed))


def neighbours(files: Iterable[str], halt: Halt) -> list[LogFile]:
    """All files in the folders of these paths, compressed ones left out."""
    folders = {os.path.dirname(path) for path in files}
    return [file for folder in folders for file in _files("", islice(_names(folder), _MOST_NAMES), halt)]


def identity_of(known: os.stat_result) -> str:
    """What a file is known again by after it was renamed."""
    return f"{known.st_dev}:{known.st_ino}"


def _files(named_by: str, paths: Iterable[str], halt: Halt) -> Iterator[LogFile]:
    for path in paths:
        if halt.is_due:
            return
        if path.endswith(_COMPRESSED):
            continue
        try:
            known = os.stat(path)
        except OSError:  # it is gone again, or its folder is closed
            continue
        if stat.S_ISREG(known.st_mode):  # a pipe or device would block
            yield LogFile(
                path=path,
                identity=identity_of(known),
                size=known.st_size,
                written=known.st_mtime,
                named_by=named_by,
            )


def _names(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry.path for entry in entries)
    except OSError:
        return


def _closed_folder(path: str) -> str:
    """The folder on the way to a path that Sentinel may not look into; empty when it is not for that."""
    folder = folder_of(path)
    try:
        with os.scandir(folder) as entries:
            next(entries, None)
        if not has_magic(path):
            os.stat(path)
    except PermissionError:
        return folder
    except OSError:
        return ""
    return ""
