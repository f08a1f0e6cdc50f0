"""What ordering a command and its end put into the outbox."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel.core.commanding import ended, order
from sentinel.core.incident import Address
from sentinel.core.notification import Cause, Kind, Notification, State
from tests.core.made import NOW
from tests.kit.messages import message
from tests.store.values import incident

ROLLBACK, ANN, CHAT = Address("rollback"), Address("mail", "ann@example.org"), Address("chat")
ESCALATED = replace(message(Kind.ESCALATED), sequence=4)
VETO = timedelta(minutes=5)


def ordered(veto: timedelta = VETO, sequence: int = 4) -> tuple[Notification, ...]:
    told = replace(ESCALATED, sequence=sequence)
    return order(told, ROLLBACK, veto, (ANN, CHAT), "store-1", 12, NOW).notifications


def test_everybody_is_told_before_it_runs_and_it_runs_when_the_veto_is_over() -> None:
    *planned, run = ordered()
    assert [row.address for row in planned] == [ANN, CHAT]
    assert {row.message.title for row in planned} == {
        "the command rollback runs at 03:05:00 UTC unless somebody stops it"
    }
    assert (run.address, run.message.kind, run.due_at) == (ROLLBACK, Kind.COMMAND, NOW + VETO)


def test_without_a_veto_it_runs_at_once_and_nobody_is_asked() -> None:
    (run,) = ordered(veto=timedelta(0))
    assert (run.message.kind, run.due_at) == (Kind.COMMAND, NOW)


def test_a_level_that_is_told_again_orders_nothing_new() -> None:
    assert [row.key for row in ordered(sequence=4)] == [row.key for row in ordered(sequence=9)]


def test_every_row_of_an_order_has_a_key_of_its_own() -> None:
    assert len({row.key for row in ordered()}) == 3


@pytest.mark.parametrize(
    ("changes", "title", "text"),
    [
        (
            {"state": State.SENT, "receipt": {"took": "12 s", "wrote": "rolled back"}},
            "the command rollback ended well after 12 s",
            "rolled back",
        ),
        (
            {"state": State.DEAD, "reason": Cause.COMMAND_FAILED.value, "detail": "sh ended with status 3\nno release"},
            "the command rollback failed: sh ended with status 3",
            "no release",
        ),
        (
            {"state": State.DEAD, "reason": Cause.INTERRUPTED.value},
            "the command rollback was interrupted: Sentinel stopped while it ran, and it may have run in part",
            "",
        ),
        (
            {"state": State.DEAD, "reason": Cause.TOO_LATE.value, "detail": "it was due 2 h ago"},
            "the command rollback was not started: it was due 2 h ago",
            "",
        ),
        ({"state": State.CANCELLED}, "the command rollback was stopped by ann before it ran: wrong release", ""),
    ],
)
def test_the_end_says_what_happened(changes: dict[str, object], title: str, text: str) -> None:
    run = replace(ordered()[-1], **changes)  # type: ignore[arg-type]  # whichever fields differ
    over = ended(run, replace(incident(), told=(ANN,)), NOW, by="ann", why="wrong release")
    (row,) = over.notifications
    assert (row.address, row.message.kind) == (ANN, Kind.COMMAND_ENDED)
    assert (row.message.title, row.message.text) == (title, text)
    assert over.entries[0].text.startswith(title)
