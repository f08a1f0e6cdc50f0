"""One look at the files: what was written since the last one, up to a number of bytes."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Self

from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.local.worker import Halt
from sentinel.probes.logs.following import Position, Stretch, follow, tail_of
from sentinel.probes.logs.listing import Listing, identity_of, listing
from sentinel.probes.logs.options import LogsOptions
from sentinel.probes.logs.tally import Tally

CHUNK: Final = 64 * 1024  # bytes that are looked at at once; a line that is longer counts as several


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """How far all files were read."""

    positions: Mapping[str, Position]  # by identity of the file
    paths: frozenset[str]  # marks of the paths that were followed: a path that is new to the options begins at its end

    def noted(self) -> dict[str, Any]:
        return {
            "files": {identity: position.noted() for identity, position in self.positions.items()},
            "paths": sorted(self.paths),
        }

    @classmethod
    def from_note(cls, note: Mapping[str, Any]) -> Self:
        files, paths = note.get("files"), note.get("paths")
        read = {key: Position.from_note(value) for key, value in files.items()} if isinstance(files, dict) else {}
        return cls(
            positions={key: position for key, position in read.items() if position is not None},
            paths=frozenset(map(str, paths)) if isinstance(paths, list) else frozenset(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesSeen:
    """What one look found."""

    places: Places
    files: int
    behind: int  # bytes that are not read yet
    written: float  # when one of them was last written to, seconds since 1970; 0 when there is none
    findings: tuple[Finding, ...]


def look_at_files(options: LogsOptions, places: Places, tally: Tally, now: float, halt: Halt) -> FilesSeen:
    """Read on in every file. Small backlogs come first, so that one busy file keeps no other waiting.

    Raises Finding where the file system is so slow that not even the names were read in time.
    """
    found = listing(options.files, halt)
    marks = {str(path): _mark(str(path)) for path in options.files}
    from_end = {path: options.from_ == "end" and mark not in places.paths for path, mark in marks.items()}
    stretches = follow(found.files, places.positions, from_end, now, halt)
    if halt.is_due:
        raise Finding(
            FailureClass.READ_TIMEOUT, "the files were not found in time", "Name fewer files, or by fewer `**`."
        )
    # What is out of sight for a while, as on a file system that is not mounted, is not read again from its start.
    positions = dict(places.positions) if found.nothing_at or found.closed else {}
    unreadable, behind, left = [], 0, options.bytes_per_run
    for stretch in sorted(stretches, key=lambda stretch: stretch.length):
        try:
            positions[stretch.file.identity], spent = _read(stretch, left, tally, halt)
        except FileNotFoundError:  # renamed just now: the next look finds it
            positions |= _kept(stretch, places)
        except OSError as error:
            unreadable.append(_unreadable(stretch.file.path, error))
            positions |= _kept(stretch, places)
        else:
            left -= spent
            behind += max(stretch.length - spent, 0) if left <= 0 or halt.is_due else 0
    return FilesSeen(
        places=Places(positions=positions, paths=frozenset(marks.values())),
        files=len(found.files),
        behind=behind,
        written=max((file.written for file in found.files), default=0.0),
        findings=(*_findings(found, options), *unreadable),
    )


def _kept(stretch: Stretch, places: Places) -> dict[str, Position]:
    known = places.positions.get(stretch.file.identity)
    return {} if known is None else {stretch.file.identity: known}


def _read(stretch: Stretch, most: int, tally: Tally, halt: Halt) -> tuple[Position, int]:
    """Whole lines from where the stretch starts; the position behind them and how many bytes they are."""
    offset = stretch.start
    with open(stretch.file.path, "rb", buffering=0) as file:
        if identity_of(os.fstat(file.fileno())) != stretch.file.identity:
            raise FileNotFoundError
        while offset - stretch.start < most and not halt.is_due:
            block = os.pread(file.fileno(), CHUNK, offset)
            end = block.rfind(b"\n") + 1 or (len(block) if len(block) == CHUNK else 0)
            if not end:  # nothing more, or a line that is still being written
                break
            tally.take(block[:end])
            offset += end
        return Position(offset=offset, tail=tail_of(file.fileno(), offset)), offset - stretch.start


def _findings(found: Listing, options: LogsOptions) -> list[Finding]:
    findings = [
        Finding(FailureClass.NOT_PERMITTED, f"Sentinel may not look into {folder}", _ENTER) for folder in found.closed
    ]
    if options.missing == "fail":
        findings += [Finding(FailureClass.MISSING, f"there is no file {path}", _MISSING) for path in found.nothing_at]
    return findings


def _unreadable(path: str, error: OSError) -> Finding:
    if isinstance(error, PermissionError):
        return Finding(FailureClass.NOT_PERMITTED, f"Sentinel may not read {path}", _GRANT)
    return Finding(FailureClass.READ_TIMEOUT, f"{path} cannot be read ({error.strerror})", "Look at the kernel's log.")


_GRANT: Final = (
    "Add Sentinel's user to the files' group, often `adm` (SupplementaryGroups= in a drop-in of its service), "
    "or give it their folder, for the files of now and later: `setfacl -R -m u:sentinel:rX,d:u:sentinel:rX FOLDER`."
)
_ENTER: Final = (
    "Let Sentinel's user list that folder and pass through those above it (`namei -l` shows which is closed): add it to "
    "their group, often `adm`, or `setfacl -R -m u:sentinel:rX,d:u:sentinel:rX FOLDER` and `setfacl -m u:sentinel:x` above."
)
_MISSING: Final = (
    "Look whether the service logs elsewhere, has not started, or its logs were removed; else mend `files`."
)


def _mark(path: str) -> str:
    return blake2b(path.encode(), digest_size=6).hexdigest()
