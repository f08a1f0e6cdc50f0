"""The promises about telling, checked over one history: what arrived, what was committed, and what people did.

It decides by values alone. The names I1 to I4 and I9 are those of the invariants in docs/alerting/promises.md.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.kit.ledger import Book, Course, Entry, Row

#: With these an incident is over.
ENDINGS = frozenset({"resolved", "withdrawn"})

#: Stand on the timeline and are told to nobody.
UNTOLD = frozenset({"muted", "unmuted", "settled", "commented", "left", "taken_over"})

#: Are told to whoever heard of the incident, also while nobody is told of it otherwise.
ALWAYS = ENDINGS | {"acknowledged", "unacknowledged", "assigned"}

#: Tell people who may not have heard of the incident yet.
FIRST = frozenset({"opened", "announced", "escalated"})

#: Do not happen while somebody has the incident.
STOPPED = frozenset({"escalated", "reminded"})

#: End an acknowledgement.
GIVEN_BACK = ENDINGS | {"unacknowledged", "acknowledgement_expired", "worsened", "left"}

#: How much later than the entry that stops it a message may arrive: it was on its way, the commit takes its time.
ON_ITS_WAY = 2.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One message that reached a receiver whole, and that it did not refuse."""

    channel: str
    key: str
    at: float = 0.0  # seconds since 1970; 0: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a person did, with words that nobody else used."""

    why: str
    confirmed: bool = True  # whether Sentinel answered that it is done; if not, it may have happened or not


def broken(book: Book, receipts: Sequence[Receipt], acts: Sequence[Act] = ()) -> list[str]:
    """Everything that is wrong with a history, in words; empty when each promise was kept.

    Args:
        receipts: of all channels; those of one channel in the order in which they arrived.
        acts: what people did.
    """
    return [
        *_lost(book, receipts),
        *_untold(book),
        *_repeated(book, receipts),
        *_out_of_order(book, receipts),
        *_not_stopped(book, receipts),
        *_left_believing(book, receipts),
        *_unwritten(book, acts),
    ]


# --- I1: nothing is lost ----------------------------------------------------------------------------------------------


def _lost(book: Book, receipts: Sequence[Receipt]) -> Iterator[str]:
    """Each message that was committed arrived, by itself or carried by another one."""
    arrived = {receipt.key for receipt in receipts}
    there = {row.id for row in book.rows if row.key in arrived}
    for row in book.rows:
        if row.state not in ("sent", "cancelled"):
            yield f"not sent: {row}"
        if row.state == "sent" and row.key not in arrived and row.carried_by not in there:
            yield f"counts as sent and never arrived: {row}"


def _untold(book: Book) -> Iterator[str]:
    """Each transition that was committed has its messages, and each message its transition."""
    courses = {course.id: course for course in book.courses}
    mutes = _mutes(book.entries)
    for number, entry in enumerate(book.entries):
        course = courses.get(entry.incident)
        if course is None or entry.kind in UNTOLD or entry.kind.startswith("command"):
            continue
        missing = _expected(book, course, entry, muted=mutes[number]) - _reached(book, entry)
        for channel, recipient in sorted(missing):
            yield f"incident {entry.incident}: {entry.kind} was not put into the outbox for {channel} {recipient}"
    yield from _unfounded(book)


def _expected(book: Book, course: Course, entry: Entry, *, muted: bool | None) -> set[tuple[str, str]]:
    """Addresses that a transition must be told to; `*` stands for any. Only what is beyond doubt."""
    if entry.kind in ENDINGS:
        return {address for address in course.told if _knows(book, entry.incident, address)}
    heard = any(row.about == entry.incident and row.at < entry.at for row in book.rows)
    if muted is not False and not (entry.kind in ALWAYS and heard):
        return set()
    begins = entry.kind in FIRST and (course.at_once or entry.kind != "opened")
    if (begins or heard) and not _reached(book, entry):
        return {("*", "")}
    return set()


def _knows(book: Book, incident: int, address: tuple[str, str]) -> bool:
    """Whether not every message to an address that was to come before the end was called off."""
    conversations = {row.incident for row in book.rows if row.about == incident}
    rows = [row for row in book.rows if row.incident in conversations and row.address == address]
    return any(row.state != "cancelled" for row in rows)


def _reached(book: Book, entry: Entry) -> set[tuple[str, str]]:
    kind = "opened" if entry.kind == "announced" else entry.kind
    return {
        row.address
        for row in book.rows
        if row.about == entry.incident and row.kind == kind and abs(row.at - entry.at) < 1e-3
    }


def _unfounded(book: Book) -> Iterator[str]:
    noted = {(entry.incident, "opened" if entry.kind == "announced" else entry.kind) for entry in book.entries}
    for row in book.rows:
        if row.about and not row.kind.startswith("command") and (row.about, row.kind) not in noted:
            yield f"told and not on the timeline: {row}"


def _mutes(entries: Sequence[Entry]) -> list[bool | None]:
    """Whether nobody was told of its incident when an entry was written; None: that cannot be said.

    What is written at one moment was told as it was after it.
    """
    after: dict[tuple[int, float], bool | None] = {}
    muted: dict[int, bool | None] = {}
    for entry in entries:
        if entry.kind == "taken_over":
            muted[entry.incident] = None  # that depends on the policies of both
        elif entry.kind in ("muted", "unmuted"):
            muted[entry.incident] = entry.kind == "muted"
        after[entry.incident, entry.at] = muted.get(entry.incident, False)
    return [after[entry.incident, entry.at] for entry in entries]


# --- I2: repeats are bounded ------------------------------------------------------------------------------------------


def _repeated(book: Book, receipts: Sequence[Receipt]) -> Iterator[str]:
    """Nothing arrives more often than once and once more per attempt of which nobody knows how it ended, under one key."""
    rows = {row.key: row for row in book.rows}
    for (channel, key), times in Counter((receipt.channel, receipt.key) for receipt in receipts).items():
        row = rows.get(key)
        if row is None:
            yield f"told and never committed: {key} through {channel}"
        elif times > 1 + row.ambiguous or row.state == "cancelled":
            yield f"arrived {times} times: {row}"
    keys: dict[tuple[object, ...], set[str]] = {}
    for row in book.rows:
        if row.about:
            keys.setdefault((row.address, row.about, row.sequence), set()).add(row.key)
    yield from (f"one message has {len(several)} keys: {which}" for which, several in keys.items() if len(several) > 1)


# --- I3: order --------------------------------------------------------------------------------------------------------


def _out_of_order(book: Book, receipts: Sequence[Receipt]) -> Iterator[str]:
    """The messages of one conversation reach one address in the order in which they came about."""
    rows = {row.key: row for row in book.rows}
    latest: dict[tuple[object, ...], int] = {}
    for receipt in receipts:
        row = rows.get(receipt.key)
        if row is None or row.incident is None:
            continue
        line = (row.incident, row.address)
        if row.id < latest.get(line, 0):
            yield f"came after row {latest[line]}: {row}"
        latest[line] = max(latest.get(line, 0), row.id)


# --- I4: an acknowledgement stops the escalation ----------------------------------------------------------------------


def _not_stopped(book: Book, receipts: Sequence[Receipt]) -> Iterator[str]:
    """While somebody has an incident nothing escalates or reminds, and nothing of that kind is begun to be sent."""
    spans = list(_spans(book))
    for incident, first, end in spans:
        for entry in book.entries[first + 1 : end]:
            if entry.incident == incident and entry.kind in STOPPED:
                yield f"incident {incident}: {entry.kind} though somebody has it"
    rows = {row.key: row for row in book.rows}
    for receipt in receipts:
        row = rows.get(receipt.key)
        if row is None or row.kind not in STOPPED or row.ambiguous or not receipt.at:
            continue
        for incident, first, end in spans:
            until = book.entries[end].at if end < len(book.entries) else float("inf")
            if row.about == incident and book.entries[first].at + ON_ITS_WAY < receipt.at < until:
                yield f"was begun after somebody took incident {incident}: {row}"


def _spans(book: Book) -> Iterator[tuple[int, int, int]]:
    """Times under an acknowledgement: the incident, and the places of the entries that begin and end it.

    Whoever takes over for an incident that somebody has is had by the same person, if both go by one policy.
    """
    policies = {course.id: course.policy for course in book.courses}
    began: dict[int, int] = {}
    left: dict[int, float] = {}  # incidents that were over while somebody had them, and when
    for place, entry in enumerate(book.entries):
        if entry.kind == "acknowledged":
            began.setdefault(entry.incident, place)
        elif entry.kind in GIVEN_BACK and entry.incident in began:
            yield entry.incident, began.pop(entry.incident), place
            left[entry.incident] = entry.at
        elif entry.kind == "taken_over":
            before = int(entry.what.removeprefix("after incident "))
            if left.get(before) == entry.at and policies.get(before) == policies.get(entry.incident):
                began.setdefault(entry.incident, place)
    yield from ((incident, first, len(book.entries)) for incident, first in began.items())


# --- Recovery parity --------------------------------------------------------------------------------------------------


def _left_believing(book: Book, receipts: Sequence[Receipt]) -> Iterator[str]:
    """Whoever heard that something is bad, in passing too, has heard in the end that it is well.

    What was told later counts, by the times that stand in the messages: of two conversations that waited for one channel either
    may arrive first.
    """
    arrived = {receipt.key for receipt in receipts}
    there = {row.id for row in book.rows if row.key in arrived}
    believed: dict[tuple[str, str], set[int]] = {}
    for row in book.rows:
        if row.about and there & {row.id, row.carried_by}:
            yield from _hear(believed.setdefault(row.address, set()), row)
    yield from _still_believed(book, believed)


def _hear(bad: set[int], row: Row) -> Iterator[str]:
    named = {incident for incident, _ in row.others}
    if row.kind in ENDINGS:
        if not bad & {row.about, *named}:
            yield f"heard of an end without a beginning: {row}"
        bad.discard(row.about)
    else:
        bad.add(row.about)
    bad.difference_update(incident for incident, well in row.others if well)
    bad.update(incident for incident, well in row.others if not well)


def _still_believed(book: Book, believed: Mapping[tuple[str, str], set[int]]) -> Iterator[str]:
    over = {course.id for course in book.courses if not course.is_open}
    for (channel, recipient), bad in believed.items():
        for incident in sorted(bad & over):
            yield f"{channel} {recipient} was never told that incident {incident} is over".replace("  ", " ")


# --- I9: what people do is written down once --------------------------------------------------------------------------


def _unwritten(book: Book, acts: Sequence[Act]) -> Iterator[str]:
    written = [*(entry.what for entry in book.entries), *book.wishes]
    for act in acts:
        times = sum(act.why in text for text in written)
        if times > 1 or (act.confirmed and not times):
            yield f"is written down {times} times: {act.why}"
    known = [act.why for act in acts]
    for entry in book.entries:
        if known and entry.by and not any(why in entry.what for why in known):
            yield f"nobody did that: {entry}"
