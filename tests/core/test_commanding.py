"""What ordering a command and its end put into the outbox."""

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from sentinel.core.changes import cancels
from sentinel.core.commanding import ended, order
from sentinel.core.incident import Address, Effect, EffectKind, Incident, Level, Round
from sentinel.core.notification import Ambiguous, Cause, Failed, Kind, Notification, State, after_attempt
from sentinel.core.routing import tell
from tests.core.life import SENDER
from tests.core.made import NOW, check
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


# --- As levels order them --------------------------------------------------------------------------------------------

MACHINES = replace(SENDER, recipients={**SENDER.recipients, "rollback": ("",)}, commands={"rollback": VETO})
LEVELS = (Level(after=0 * VETO, channels=("chat", "rollback")), Level(after=VETO, channels=("rollback",)))
OPEN = replace(incident(), policy=replace(incident().policy, levels=LEVELS), told=())


def kinds(told: Incident, *effects: Effect) -> list[tuple[str, str]]:
    rows = tell(check(), told, effects, MACHINES, NOW).notifications
    return [(row.address.channel, row.message.kind.value) for row in rows]


def test_a_level_tells_its_people_and_then_orders_its_command() -> None:
    told = kinds(OPEN, Effect(kind=EffectKind.OPENED, level=1))
    assert told == [("chat", "opened"), ("chat", "command_planned"), ("rollback", "command")]


def test_whoever_was_told_before_hears_of_a_command_that_a_later_level_orders() -> None:
    told = kinds(replace(OPEN, told=(CHAT,)), Effect(kind=EffectKind.ESCALATED, level=2))
    assert told == [("chat", "command_planned"), ("rollback", "command")]


def test_a_machine_does_not_count_as_told_and_gets_no_messages() -> None:
    telling = tell(check(), OPEN, (Effect(kind=EffectKind.OPENED, level=1),), MACHINES, NOW)
    assert telling.incident.told == (CHAT,)
    assert kinds(telling.incident, Effect(kind=EffectKind.RESOLVED)) == [("chat", "resolved")]


def test_a_level_that_repeats_orders_nothing_more() -> None:
    again = replace(OPEN, rounds=(Round(1, 1, NOW),))
    assert kinds(again, Effect(kind=EffectKind.ESCALATED, level=1)) == [("chat", "escalated")]


def test_numbers_of_messages_are_not_given_twice() -> None:
    effects = (Effect(kind=EffectKind.OPENED, level=1), Effect(kind=EffectKind.ESCALATED, level=2))
    rows = tell(check(), OPEN, effects, MACHINES, NOW).notifications
    assert [row.message.sequence for row in rows] == [1, 2, 3, 6, 7]  # 4 and 8 are for their ends; 5 reached nobody


@pytest.mark.parametrize(
    "kind", [EffectKind.ACKNOWLEDGED, EffectKind.RESOLVED, EffectKind.WITHDRAWN, EffectKind.MUTED, EffectKind.LEFT]
)
def test_what_ends_the_telling_stops_a_command_that_waits(kind: EffectKind) -> None:
    (cancel,) = cancels(OPEN, (Effect(kind=kind),), NOW)
    assert {Kind.COMMAND, Kind.COMMAND_PLANNED} <= set(cancel.kinds)
    assert cancel.why


def test_a_command_is_attempted_once_whatever_came_of_it() -> None:
    run = replace(ordered()[-1], state=State.SENDING, attempts=1)
    for outcome in (Failed(cause=Cause.SERVER_ERROR), Ambiguous(cause=Cause.TIMEOUT)):
        assert after_attempt(run, outcome, NOW, Random(1)).state is State.DEAD
