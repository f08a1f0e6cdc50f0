"""What a unit wrote to systemd's journal since the last look, by `journalctl`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from sentinel.base.process import (
    Ended,
    ProgramFailed,
    ProgramForbidden,
    ProgramMissing,
    ProgramTimedOut,
    run_program,
)
from sentinel.core.result import FailureClass
from sentinel.probes.finding import Finding
from sentinel.probes.logs.options import JournalOptions

MOST: Final = 2 << 20  # bytes of journalctl's answer that one look reads
_MESSAGE: Final = 65_536  # characters of one entry
_CURSOR: Final = 1000  # characters; those of systemd have some 120


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalPlace:
    """How far a journal was read."""

    since: float  # when its last entry was written, or it was first looked at; seconds since 1970
    cursor: str = ""  # of the last entry that was read, as systemd names it; empty when there was none yet

    def noted(self) -> list[Any]:
        return [self.since, self.cursor]

    @classmethod
    def from_note(cls, note: Any) -> "JournalPlace | None":
        match note:
            case [int() | float() as since, str(cursor)]:
                return cls(since=float(since), cursor=cursor[:_CURSOR])
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSeen:
    """What one look found."""

    place: JournalPlace
    lines: bytes  # one for each entry
    written: float  # when the last entry was written, seconds since 1970; 0 when there is none
    more: bool  # whether there is more than one look reads


class _CursorRefused(Exception):
    """journalctl cannot find the place."""


async def look_at_journal(
    options: JournalOptions, place: JournalPlace | None, from_end: bool, now: float, deadline: float
) -> JournalSeen:
    """What is new; raises Finding where the journal cannot be read."""
    first = JournalPlace(since=now)
    if place is None and from_end:
        seen = _read(await _ask(options, ["--lines=1"], deadline), first)
        return JournalSeen(place=seen.place, lines=b"", written=seen.written, more=False)
    if place is None:
        return _read(await _ask(options, [], deadline), first)
    if place.cursor:
        try:
            return _read(await _ask(options, [f"--after-cursor={place.cursor}"], deadline), place)
        except _CursorRefused:  # of another version of systemd, or of a journal that was put away
            pass
    return _read(await _ask(options, [f"--since=@{int(place.since)}"], deadline), place)


async def _ask(options: JournalOptions, more: Sequence[str], deadline: float) -> Ended:
    ended = await _run(options, ["--output=json", "--all", *more, "--output-fields=MESSAGE"], deadline)
    if not ended.output:
        # With JSON it says nothing of journals that are not there or that this user may not see (`arg_quiet` in its source).
        await _run(options, ["--lines=0"], deadline)
    return ended


async def _run(options: JournalOptions, more: Sequence[str], deadline: float) -> Ended:
    try:
        ended = await run_program(
            [options.program, "--no-pager", f"--unit={options.unit}", *more],
            deadline,
            environment={"LC_ALL": "C"},
            output_cap=MOST,
            end_when_full=True,
        )
    except ProgramMissing:
        raise Finding(FailureClass.NOT_INSTALLED, f"there is no program {options.program}", MISSING) from None
    except ProgramForbidden as error:
        raise Finding(FailureClass.NOT_PERMITTED, str(error), _GRANT) from None
    except ProgramTimedOut as error:
        raise Finding(FailureClass.READ_TIMEOUT, str(error), _BY_HAND) from None
    except ProgramFailed as error:
        raise Finding(FailureClass.OVERLOADED, str(error)) from None
    _refuse_failure(ended, options)
    return ended


def _refuse_failure(ended: Ended, options: JournalOptions) -> None:
    said = ended.errors.decode("utf-8", "replace")
    if "insufficient permissions" in said or "not seeing messages from other users" in said:
        raise Finding(FailureClass.NOT_PERMITTED, f"Sentinel may not read the journal of {options.unit}", _GRANT)
    if "No journal files were found" in said:
        raise Finding(FailureClass.NOT_INSTALLED, "this host keeps no journal", _NO_JOURNAL)
    if ended.status and "seek to cursor" in said:
        raise _CursorRefused
    if ended.status and not ended.cut:
        raise Finding(FailureClass.NOT_INSTALLED, f"journalctl ended with status {ended.status}", _BY_HAND)


def _read(ended: Ended, place: JournalPlace) -> JournalSeen:
    lines, cursor, written = [], place.cursor, 0.0
    for line in ended.output.split(b"\n")[:-1]:  # behind the last end of a line is nothing, or half an entry
        entry = _entry(line)
        if entry is None:
            continue
        lines.append(_message(entry.get("MESSAGE")))
        cursor = str(entry.get("__CURSOR", cursor))[:_CURSOR]
        written = _time(entry.get("__REALTIME_TIMESTAMP"), written)
    return JournalSeen(
        place=JournalPlace(since=written or place.since, cursor=cursor),
        lines=b"".join(line + b"\n" for line in lines),
        written=written,
        more=ended.cut,
    )


def _entry(line: bytes) -> Mapping[str, Any] | None:
    try:
        entry = orjson.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None


def _message(value: Any) -> bytes:
    """The text of an entry as one line. The journal has bytes that are no text as a list of numbers."""
    if isinstance(value, str):
        text = value[:_MESSAGE].encode("utf-8", "replace")
    elif isinstance(value, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        text = bytes(value[:_MESSAGE])
    else:
        text = b""
    return text.replace(b"\n", b" ")


def _time(value: Any, otherwise: float) -> float:
    """Microseconds since 1970, written as a text."""
    return int(value) / 1e6 if isinstance(value, str) and value.isdecimal() and len(value) < 20 else otherwise


MISSING: Final = (
    "Install systemd's `journalctl`, or give its path as `program`; in a container, follow `files` instead."
)
_GRANT: Final = (
    "Add Sentinel's user to the group `systemd-journal`, "
    "for the service by SupplementaryGroups=systemd-journal in a drop-in."
)
_NO_JOURNAL: Final = (
    "Is systemd-journald running here? In a container, mount the host's /var/log/journal, or follow `files`."
)
_BY_HAND: Final = "Run `journalctl --unit=UNIT --lines=5` by hand as Sentinel's user and see what it says."
