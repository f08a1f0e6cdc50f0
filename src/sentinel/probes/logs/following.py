"""How far each file was read, and where its next lines stand, whatever was done to the file meanwhile.

A position holds the file's identity, the bytes read, and a hash of the last bytes before that place. So it is known again

1. where it grew: the same identity, and the same bytes before the place;
2. where it was renamed and a new one begun: its identity under another name in the same folder;
3. where it was copied and cut (logrotate's `copytruncate`): the same bytes under another identity in the same folder;
4. where it was cut, or its inode was used again: the bytes before the place are others, and it is read from its start.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Self

from sentinel.probes.local.worker import Halt
from sentinel.probes.logs.listing import LogFile, neighbours

_TAIL: Final = 256  # bytes before a position that it is known again by
_LINE: Final = 65_536  # bytes from the end in which the last line's end is looked for
_FORGET: Final = 3600.0  # seconds after which a rotated file is no longer expected to be written to
_MOST_TRIED: Final = 50  # files whose bytes are compared with those of a position


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a file was read."""

    offset: int  # bytes; behind the end of a line
    tail: str  # a hash of the last bytes before it

    def noted(self) -> list[Any]:
        return [self.offset, self.tail]

    @classmethod
    def from_note(cls, note: Any) -> Self | None:
        """None when the note has another shape."""
        match note:
            case [int(offset), str(tail)] if offset >= 0:
                return cls(offset=offset, tail=tail)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A file and where its next line begins."""

    file: LogFile
    start: int  # bytes

    @property
    def length(self) -> int:
        return max(self.file.size - self.start, 0)


def follow(
    files: Sequence[LogFile], known: Mapping[str, Position], from_end: Mapping[str, bool], now: float, halt: Halt
) -> list[Stretch]:
    """Where to read on.

    Args:
        files: what is there now.
        known: how far files were read, by their identity.
        from_end: by path of the options, whether files that are seen for the first time are read from their end.
        now: seconds since 1970.
        halt: ends the work early.
    """
    here = {file.identity: file for file in files}
    if any(place not in here or not _holds(here[place], known[place]) for place in known):
        around = neighbours((file.path for file in files), halt)
        here |= {file.identity: file for file in around if file.identity not in here and now - file.written < _FORGET}
    begun = _begun(known, here, halt)
    for file in files:
        if file.identity not in begun:
            is_new = file.identity not in known
            start = _end_of_lines(file) if is_new and from_end[file.named_by] else 0
            begun[file.identity] = Stretch(file=file, start=start)
    return list(begun.values())


def _begun(known: Mapping[str, Position], here: Mapping[str, LogFile], halt: Halt) -> dict[str, Stretch]:
    """The files that hold what was read before.

    The positions of which most was read choose first: a head that every file begins with makes one look like the copy of
    another, and an inode that was given back may be another file's by now.
    """
    begun: dict[str, Stretch] = {}
    recent = sorted(here.values(), key=lambda file: -file.written)[:_MOST_TRIED]
    for identity, position in sorted(known.items(), key=lambda one: -one[1].offset):
        if halt.is_due:
            break
        same = [here[identity]] if identity in here else []
        copies = [file for file in recent if file.identity != identity] if position.offset else []
        for file in (*same, *copies):
            if file.identity not in begun and _holds(file, position, unreadable=file.identity == identity):
                begun[file.identity] = Stretch(file=file, start=position.offset)
                break
    return begun


def _holds(file: LogFile, position: Position, *, unreadable: bool = False) -> bool:
    """Whether the file begins with what was read up to that position; `unreadable` is the answer where nobody can tell."""
    if file.size < position.offset:
        return False
    try:
        with open(file.path, "rb", buffering=0) as opened:
            return tail_of(opened.fileno(), position.offset) == position.tail
    except OSError:
        return unreadable


def tail_of(file: int, offset: int) -> str:
    """What a place in an open file (its descriptor) is known again by."""
    start = max(offset - _TAIL, 0)
    return blake2b(os.pread(file, offset - start, start), digest_size=6).hexdigest()


def _end_of_lines(file: LogFile) -> int:
    """Behind the last line that is whole."""
    start = max(file.size - _LINE, 0)
    try:
        with open(file.path, "rb", buffering=0) as opened:
            end = os.pread(opened.fileno(), file.size - start, start)
    except OSError:
        return file.size
    return start + end.rfind(b"\n") + 1 if b"\n" in end else file.size if start else 0
