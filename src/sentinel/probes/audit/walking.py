"""Walks along the entries of a log and sees that they are in order, without gaps, and chained. No input or output."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sentinel.base.units import format_duration
from sentinel.core.result import FailureClass
from sentinel.probes.audit.chain import PREVIOUS, ChainOptions
from sentinel.probes.audit.times import moment
from sentinel.probes.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry, as far as it matters here."""

    sequence: int
    at: datetime  # UTC
    hash: str = ""  # of a chain
    previous: str = field(default="", repr=False)
    parts: tuple[str, ...] = field(default=(), repr=False)  # of the hashed text; may be about people


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An entry that was reached: what is remembered of it. Nothing in it is about a person."""

    sequence: int
    at: str  # ISO 8601, UTC: how the database writes a time may change with a setting
    hash: str  # of a chain

    @classmethod
    def of(cls, entry: Entry) -> "Position":
        return cls(sequence=entry.sequence, at=entry.at.isoformat(), hash=entry.hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What must hold from one entry to the next."""

    name: str  # of the part of the check, as it stands in explanations and in the configuration
    gapless: bool
    skew: timedelta  # by which an entry's time may lie before that of the entry before it
    settle: timedelta  # an entry younger than this may still get company before it
    zone: str  # of times that name none
    chain: ChainOptions | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """How far a walk came."""

    position: Position | None  # the last entry that is as it must be
    verified: int  # entries looked at, beside the one it began with
    finding: Finding | None = None  # what stopped it


def read_entry(order: Order, row: Any) -> Entry:
    """An entry from `[sequence, at, hash, previous, part …]`. Raises Finding when it cannot be read."""
    sequence, written_at, made, previous, *parts = row
    if isinstance(sequence, bool) or not isinstance(sequence, int):
        raise Finding(FailureClass.WRONG_ANSWER, f"{order.name}: the sequence is no whole number", _SEQUENCE_HINT)
    at = moment(written_at, order.zone)
    if at is None:
        raise Finding(
            FailureClass.RECORD_INCOMPLETE, f"{order.name}: entry {sequence} has no time that can be read", _TIME_HINT
        )
    texts = tuple("" if part is None else str(part) for part in parts)
    return Entry(
        sequence=sequence,
        at=at,
        hash="" if made is None else str(made),
        previous="" if previous is None else str(previous),
        parts=texts,
    )


def walk(entries: Sequence[Entry], start: Position | None, order: Order, now: datetime) -> Walk:
    """Looks at the entries after `start`, which is the first of them, if there is a start."""
    if start is not None and (lost := _resumed(entries, start, order)):
        return Walk(position=start, verified=0, finding=lost)
    position, before = start, entries[0] if start is not None else None
    verified = 0
    for entry in entries[1:] if start is not None else entries:
        if now - entry.at < order.settle and entry.at - now <= order.skew:
            break
        if wrong := _wrong(entry, before, order, now):
            return Walk(position=position, verified=verified, finding=wrong)
        position, before = Position.of(entry), entry
        verified += 1
    return Walk(position=position, verified=verified)


def _resumed(entries: Sequence[Entry], start: Position, order: Order) -> Finding | None:
    """Whether the entry that the last walk ended with is still what it was."""
    if not entries or entries[0].sequence != start.sequence:
        return _tampered(order, f"entry {start.sequence} was there and is gone", start.sequence)
    known = entries[0]
    if known.at.isoformat() != start.at or (order.chain is not None and known.hash != start.hash):
        return _tampered(order, f"entry {start.sequence} was changed", start.sequence)
    return None


def _wrong(entry: Entry, before: Entry | None, order: Order, now: datetime) -> Finding | None:
    if entry.at - now > order.skew:
        ahead = format_duration(entry.at - now)
        explanation = f"{order.name}: the time of entry {entry.sequence} lies {ahead} ahead"
        return Finding(FailureClass.RECORD_MISPLACED, explanation, _AHEAD_HINT)
    if before is not None:
        if order.gapless and entry.sequence != before.sequence + 1:
            return _gap(order, before.sequence + 1, entry.sequence - 1)
        if before.at - entry.at > order.skew:
            behind = format_duration(before.at - entry.at)
            explanation = f"the time of entry {entry.sequence} lies {behind} before that of the one before it"
            return _misplaced(order, explanation, entry.sequence, "written it in afterwards")
    return None if order.chain is None else _broken(entry, before, order.chain, order)


def _gap(order: Order, first: int, last: int) -> Finding:
    missing = f"entry {first} is" if first == last else f"entries {first} to {last} are"
    return _misplaced(order, f"{missing} missing", last, "deleted what is missing")


def _broken(entry: Entry, before: Entry | None, chain: ChainOptions, order: Order) -> Finding | None:
    follows = before is None or chain.previous is None or chain.written(entry.previous) == chain.written(before.hash)
    if before is not None and not follows:
        explanation = f"entry {entry.sequence} does not follow entry {before.sequence} in the chain"
        return _tampered(order, explanation, entry.sequence)
    parts = _hashed(entry, before, chain)
    if parts is not None and chain.digest(parts) != chain.written(entry.hash):
        return _tampered(order, f"entry {entry.sequence} does not have the hash that it should", entry.sequence)
    return None


def _hashed(entry: Entry, before: Entry | None, chain: ChainOptions) -> list[str] | None:
    """The hashed text's parts; None when the previous hash is not known, as for the first entry that is left."""
    if PREVIOUS not in chain.columns:
        return list(entry.parts)
    if chain.previous is not None:
        previous = entry.previous.removeprefix("\\x")  # what PostgreSQL puts before a binary value
    elif before is not None:
        previous = before.hash.removeprefix("\\x")
    else:
        return None
    parts = iter(entry.parts)
    return [previous if column == PREVIOUS else next(parts, "") for column in chain.columns]


def _tampered(order: Order, explanation: str, sequence: int) -> Finding:
    hint = (
        "Keep the log and its backups as they are, and find out who could write to it; when it is explained, "
        f"set `{order.name}.after` to {sequence} to go on from there."
    )
    return Finding(FailureClass.TAMPERED, f"{order.name}: {explanation}", hint)


def _misplaced(order: Order, explanation: str, sequence: int, deed: str) -> Finding:
    hint = (
        f"Somebody may have {deed}: keep the log and its backups as they are, and find out who could write to it. "
        "A restore, a failed write or two writers leave the same trace. When it is explained, "
        f"set `{order.name}.after` to {sequence} to go on from there."
    )
    return Finding(FailureClass.RECORD_MISPLACED, f"{order.name}: {explanation}", hint)


_SEQUENCE_HINT: Final = "Name a column or field of whole numbers that grow from entry to entry under `sequence`."
_TIME_HINT: Final = "See which version writes the entries, and whether `at` names the right place."
_AHEAD_HINT: Final = (
    "Compare the clocks of this host and of the service (`timedatectl`); where the log writes local times, "
    "name their `zone`."
)
