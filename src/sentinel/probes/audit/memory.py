"""What the look at a log remembers between runs, and how that is noted. Numbers, times and hashes: nothing about people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Self

from sentinel.base.fields import Options
from sentinel.core.result import Note
from sentinel.probes.audit.blocks import Block, Gone
from sentinel.probes.audit.walking import Position


@dataclass(slots=True, kw_only=True)
class Memory:
    """How far the entries of one log are known."""

    identity: str  # of what it is about: another one, another log
    head: Position | None = None  # the last entry that was in order
    lap: Position | None = None  # how far the second look at old entries came
    oldest: int | None = None  # number of the oldest entry in the last run
    blocks: tuple[Block, ...] = ()  # how many entries there were
    gone: Gone | None = None  # what was missing when they were counted
    counted_at: datetime | None = None
    earliest: datetime | None = None  # the time of the oldest entry that was ever seen

    @classmethod
    def read(cls, note: Mapping[str, Any] | None, identity: str) -> Self:
        """From a note; nothing is remembered where it is about something else, or has another shape."""
        if note is None or note.get("of") != identity:
            return cls(identity=identity)
        try:
            return cls(
                identity=identity,
                head=_position(note["head"]),
                lap=_position(note["lap"]),
                oldest=None if note["oldest"] is None else int(note["oldest"]),
                blocks=tuple(Block(int(after), int(last), int(count)) for after, last, count in note["blocks"]),
                gone=None if note["gone"] is None else Gone(*map(int, note["gone"])),
                counted_at=_moment(note["counted_at"]),
                earliest=_moment(note["earliest"]),
            )
        except (KeyError, TypeError, ValueError):
            return cls(identity=identity)

    def note(self) -> Note:
        return {
            "of": self.identity,
            "head": _listed(self.head),
            "lap": _listed(self.lap),
            "oldest": self.oldest,
            "blocks": [list(block) for block in self.blocks],
            "gone": self.gone and list(self.gone),
            "counted_at": self.counted_at and self.counted_at.isoformat(),
            "earliest": self.earliest and self.earliest.isoformat(),
        }


def identity_of(*about: str | int | Options | None) -> str:
    """Equal for what is equal. Secrets are no part of it: another key changes what is found, not what it is about."""
    parts = [part.model_dump(mode="json") if isinstance(part, Options) else part for part in about]
    return sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _position(value: Any) -> Position | None:
    if value is None:
        return None
    sequence, at, made = value
    if _moment(at) is None:
        raise ValueError("a position without a time")
    return Position(sequence=int(sequence), at=str(at), hash=str(made))


def _listed(position: Position | None) -> list[int | str] | None:
    return None if position is None else [position.sequence, position.at, position.hash]


def _moment(value: Any) -> datetime | None:
    """An aware time; ValueError for another."""
    if value is None:
        return None
    at = datetime.fromisoformat(str(value))
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    return at
