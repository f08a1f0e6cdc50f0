"""The judge of histories: each broken promise is found, and a kept one is not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.kit.ledger import Book, Course, Entry, Row
from tests.kit.promises import Act, Receipt, broken

MAIL = ("mail", "a@example.org")


class History:
    """A history that a test writes by hand: what happened to incidents, and the messages and receipts that came of it."""

    def __init__(self) -> None:
        self.book = Book()
        self.receipts: list[Receipt] = []

    def happens(self, kind: str, incident: int = 1, *, at: float, by: str = "", what: str = "") -> History:
        """A line of a timeline."""
        entry = Entry(incident=incident, at=at, kind=kind, by=by, what=what)
        self.book = replace(self.book, entries=(*self.book.entries, entry))
        return self

    def row(self, key: str, kind: str = "opened", *, at: float, incident: int = 1, **more: Any) -> History:
        """A message of an incident in the outbox; sent by webhook unless it says otherwise."""
        fields: dict[str, Any] = {"channel": "hook", "recipient": "", "state": "sent", "attempts": 1, "ambiguous": 0}
        fields |= {"incident": incident, "about": incident, "sequence": len(self.book.rows) + 1, "reason": ""}
        row = Row(key=key, kind=kind, at=at, id=len(self.book.rows) + 1, **(fields | more))
        self.book = replace(self.book, rows=(*self.book.rows, row))
        return self

    def got(self, *keys: str, channel: str = "hook", at: float = 0.0) -> History:
        self.receipts += [Receipt(channel=channel, key=key, at=at) for key in keys]
        return self

    def tells(self, key: str, kind: str = "opened", *, at: float, incident: int = 1, **more: Any) -> History:
        """All of it at once."""
        return self.happens(kind, incident, at=at).row(key, kind, at=at, incident=incident, **more).got(key, at=at)

    def knows(
        self, incident: int = 1, *told: tuple[str, str], is_open: bool = False, policy: str = "default"
    ) -> History:
        course = Course(id=incident, is_open=is_open, told=told or (("hook", ""),), policy=policy)
        self.book = replace(self.book, courses=(*self.book.courses, course))
        return self

    def faults(self, *acts: Act) -> list[str]:
        return broken(self.book, self.receipts, acts)


def outage() -> History:
    """A trouble that was told of, and its end."""
    return History().knows().tells("a", at=1).tells("b", "resolved", at=9)


def taken() -> History:
    """A trouble that somebody has."""
    return History().knows(is_open=True).tells("a", at=1).tells("b", "acknowledged", at=2)


def found(history: History, words: str, *acts: Act) -> bool:
    """Whether this is the one thing that is wrong."""
    (fault,) = history.faults(*acts)
    return words in fault


# --- I1 ---


def test_everything_once_and_in_order_is_without_fault() -> None:
    assert outage().faults() == []


def test_a_message_that_never_arrived_is_found() -> None:
    history = outage().happens("eased", at=5).row("c", "eased", at=5)
    assert found(history, "counts as sent and never arrived")


def test_a_message_that_is_still_waiting_is_found() -> None:
    history = outage().happens("eased", at=5).row("c", "eased", at=5, state="queued")
    assert found(history, "not sent")


def test_what_another_message_carried_has_arrived() -> None:
    history = (
        History().knows(is_open=True).tells("a", at=1).happens("eased", at=5).row("b", "eased", at=5, carried_by=3)
    )
    assert history.tells("c", "reminded", at=7).faults() == []


def test_an_opening_without_a_message_is_found() -> None:
    assert found(History().knows(is_open=True).happens("opened", at=1), "opened was not put into the outbox")


def test_an_opening_under_a_mute_needs_no_message() -> None:
    history = History().knows(is_open=True).happens("opened", at=1).happens("muted", at=1)
    assert history.faults() == []


def test_an_escalation_after_the_mute_without_a_message_is_found() -> None:
    history = History().knows(is_open=True).happens("opened", at=1).happens("muted", at=1)
    history.happens("unmuted", at=5).happens("announced", at=5)
    assert found(history, "announced was not put into the outbox")


def test_a_transition_without_a_message_is_found() -> None:
    history = History().knows(is_open=True).tells("a", at=1).happens("worsened", at=5)
    assert found(history, "worsened was not put into the outbox")


def test_a_message_without_a_transition_is_found() -> None:
    history = History().knows(is_open=True).tells("a", at=1).row("c", "reminded", at=5).got("c")
    assert found(history, "told and not on the timeline")


# --- I2 ---


def test_a_repeat_without_a_reason_is_found() -> None:
    assert found(outage().got("b"), "arrived 2 times")


def test_a_repeat_after_an_ambiguous_attempt_is_as_promised() -> None:
    history = History().knows(is_open=True).tells("a", at=1, ambiguous=1).got("a")
    assert history.faults() == []


def test_what_was_told_and_never_committed_is_found() -> None:
    assert found(outage().got("z"), "told and never committed: z")


def test_a_message_under_two_keys_is_found() -> None:
    history = outage().row("c", "resolved", at=9, sequence=2).got("c")
    assert "one message has 2 keys" in " ".join(history.faults())


def test_a_cancelled_message_that_arrived_all_the_same_is_found() -> None:
    history = outage().happens("escalated", at=5).row("c", "escalated", at=5, state="cancelled")
    history.receipts.insert(1, Receipt(channel="hook", key="c"))
    assert "arrived 1 times" in " ".join(history.faults())


# --- I3 ---


def test_a_message_that_overtook_another_is_found() -> None:
    history = History().knows(is_open=True)
    history.happens("opened", at=1).row("a", at=1).tells("b", "eased", at=5).got("a")
    assert found(history, "came after row 2")


def test_another_address_has_an_order_of_its_own() -> None:
    history = History().knows(is_open=True).happens("opened", at=1).row("a", at=1)
    history.row("m", at=1, channel="mail", recipient=MAIL[1]).got("m", channel="mail").got("a")
    assert history.faults() == []


# --- I4 ---


def test_an_escalation_of_what_somebody_has_is_found() -> None:
    history = taken().tells("c", "escalated", at=2.5)
    assert found(history, "escalated though somebody has it")


def test_an_escalation_after_the_acknowledgement_ended_is_right() -> None:
    history = taken().tells("c", "acknowledgement_expired", at=8).tells("d", "escalated", at=8)
    assert history.faults() == []


def test_an_escalation_that_was_sent_long_after_the_acknowledgement_is_found() -> None:
    history = History().knows(is_open=True).tells("a", at=1)
    history.happens("escalated", at=1.5).row("b", "escalated", at=1.5, channel="slack").tells("c", "acknowledged", at=2)
    assert found(history.got("b", channel="slack", at=7), "was begun after somebody took incident 1")


def test_an_escalation_that_was_on_its_way_or_unclear_may_arrive() -> None:
    history = History().knows(is_open=True).tells("a", at=1)
    history.happens("escalated", at=1.5).row("b", "escalated", at=1.5, channel="slack", ambiguous=1)
    history.tells("c", "acknowledged", at=2).got("b", channel="slack", at=2.5).got("b", channel="slack", at=7)
    assert history.faults() == []


def test_whoever_takes_over_is_had_by_the_same_person() -> None:
    history = taken().knows(2, is_open=True).happens("left", at=3)
    history.happens("taken_over", 2, at=3, what="after incident 1")
    history.tells("c", "reminded", at=4, incident=2)
    assert found(history, "incident 2: reminded though somebody has it")


# --- Recovery parity ---


def test_whoever_is_not_told_of_the_end_is_found() -> None:
    history = outage().row("c", at=1, channel="mail", recipient=MAIL[1]).got("c", channel="mail")
    assert found(history, "mail a@example.org was never told that incident 1 is over")


def test_an_end_that_the_outbox_lacks_is_found() -> None:
    history = History().knows().tells("a", at=1).happens("resolved", at=9)
    assert "incident 1: resolved was not put into the outbox for hook" in " ".join(history.faults())


def test_whoever_is_named_in_passing_must_be_named_when_it_is_well() -> None:
    history = History().knows().knows(2).tells("a", at=1, others=((2, False),))
    assert found(history.tells("b", "resolved", at=9), "never told that incident 2 is over")


def test_the_end_of_another_one_may_be_told_with_it() -> None:
    history = History().knows().knows(2).tells("a", at=1, others=((2, False),))
    assert history.tells("b", "resolved", at=9, others=((2, True),)).faults() == []


def test_an_end_without_a_beginning_is_found() -> None:
    history = History().knows(1, MAIL).happens("opened", at=1).happens("muted", at=1).happens("resolved", at=9)
    history.row("b", "resolved", at=9, channel="mail", recipient=MAIL[1]).got("b", channel="mail")
    assert found(history, "heard of an end without a beginning")


# --- I9 ---

ON_IT = Act(why="on it, 1")


def test_what_a_person_did_is_written_down_once() -> None:
    history = outage().happens("commented", at=5, by="ann", what="on it, 1")
    assert history.faults(ON_IT) == []


def test_what_was_confirmed_and_not_written_down_is_found() -> None:
    assert found(outage(), "is written down 0 times: on it, 1", ON_IT)


def test_what_was_not_confirmed_may_be_missing() -> None:
    assert outage().faults(Act(why="on it, 1", confirmed=False)) == []


def test_what_is_written_down_twice_is_found() -> None:
    history = outage().happens("commented", at=5, by="ann", what="on it, 1")
    assert found(history.happens("commented", at=6, by="ann", what="on it, 1"), "is written down 2 times", ON_IT)


def test_what_nobody_did_is_found() -> None:
    history = outage().happens("commented", at=5, by="ann", what="on it, 1")
    assert found(history.happens("commented", at=6, by="bob", what="me too"), "nobody did that", ON_IT)
