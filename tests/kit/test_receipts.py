"""The judge of what arrived: each broken promise is found, and a kept one is not."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.kit.ledger import Ledger
from tests.kit.receipts import Receipt, faults

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = "key, channel, recipient, incident, kind, state, attempts, ambiguous, reason, message"


class Book:
    """A store that a test writes by hand."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._run(f"CREATE TABLE outbox (id INTEGER PRIMARY KEY, {COLUMNS})")
        self._run("CREATE TABLE timeline (id INTEGER PRIMARY KEY, incident, kind)")
        self.ledger = Ledger(file)

    def tell(
        self, key: str, kind: str = "opened", *, state: str = "sent", sequence: int = 1, ambiguous: int = 0
    ) -> None:
        """A transition of incident 1 with its one message."""
        self.queue(key, "hook", kind, state=state, sequence=sequence, ambiguous=ambiguous)
        self._run("INSERT INTO timeline (incident, kind) VALUES (1, ?)", kind)

    def queue(
        self, key: str, channel: str, kind: str, *, state: str = "sent", sequence: int = 1, ambiguous: int = 0
    ) -> None:
        message = json.dumps({"sequence": sequence})
        row = (key, channel, "", 1, kind, state, 1, ambiguous, "", message)
        self._run(f"INSERT INTO outbox ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", *row)

    def note(self) -> None:
        self._run("INSERT INTO timeline (incident, kind) VALUES (1, 'worsened')")

    def _run(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as database:
            database.execute(statement, values)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "store.db")


def got(*keys: str, channel: str = "hook") -> list[Receipt]:
    return [Receipt(channel=channel, key=key) for key in keys]


def test_everything_once_and_in_order_is_without_fault(book: Book) -> None:
    book.tell("a")
    book.tell("b", "resolved", sequence=2)
    assert faults(book.ledger, got("a", "b")) == []


def test_a_message_that_never_arrived_is_found(book: Book) -> None:
    book.tell("a")
    assert faults(book.ledger, [])[0].startswith("counts as sent and never arrived")


def test_a_message_that_is_still_waiting_is_found(book: Book) -> None:
    book.tell("a", state="queued")
    assert faults(book.ledger, [])[0].startswith("not sent")


def test_a_repeat_without_a_reason_is_found(book: Book) -> None:
    book.tell("a")
    assert faults(book.ledger, got("a", "a"))[0].startswith("arrived 2 times")


def test_a_repeat_after_an_ambiguous_attempt_is_as_promised(book: Book) -> None:
    book.tell("a", ambiguous=1)
    assert faults(book.ledger, got("a", "a")) == []


def test_what_was_told_and_never_committed_is_found(book: Book) -> None:
    assert faults(book.ledger, got("a")) == ["told and never committed: a"]


def test_a_message_that_overtook_another_is_found(book: Book) -> None:
    book.tell("a")
    book.tell("b", "resolved", sequence=2)
    assert faults(book.ledger, got("b", "a"))[0].startswith("came after number 2")


def test_a_transition_without_a_message_is_found(book: Book) -> None:
    book.tell("a")
    book.note()
    assert faults(book.ledger, got("a")) == ["incident 1: 2 entries on the timeline, 1 messages"]


def test_whoever_is_not_told_of_the_end_is_found(book: Book) -> None:
    book.tell("a")
    book.queue("b", "mail", "opened")
    book.tell("c", "resolved", sequence=2)
    assert faults(book.ledger, [*got("a", "c"), *got("b", channel="mail")]) == [
        "never told of the end: (1, 'mail', '')"
    ]


def test_a_cancelled_message_that_arrived_all_the_same_is_found(book: Book) -> None:
    book.tell("a")
    book.tell("b", "escalated", sequence=2, state="cancelled")
    assert len(faults(book.ledger, got("a", "b"))) == 1
