from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.incident import UNTOLD, Address, Effect, EffectKind, Incident, Phase
from sentinel.core.notification import (
    FIRST_WAIT,
    GIVE_UP_AFTER,
    LONGEST_QUICK_WAIT,
    MOST_PATIENCE,
    QUICK_ATTEMPTS,
    SLOW_WAIT,
    Ambiguous,
    Cause,
    Failed,
    Kind,
    Message,
    Notification,
    Outcome,
    Sent,
    State,
    about,
    after_attempt,
    backoff,
    compose,
    redriven,
)
from sentinel.core.rule import Severity
from tests.core.made import HOUR, MINUTE, NOW, POLICY, PROPERTY, SECOND, check, verdict

ROW = Notification(
    key="msg_1",
    address=Address("chat"),
    message=Message(kind=Kind.OPENED, at=NOW, source="ward"),
    created_at=NOW,
    state=State.SENDING,
    due_at=NOW,
    attempts=1,
    lease_until=NOW + MINUTE,
)
seeds = st.integers(0, 2**32)

GONE = Failed(cause=Cause.GONE, detail="410", permanent=True)
BUSY = Failed(cause=Cause.SERVER_ERROR, detail="503")
LIMITED = Failed(cause=Cause.RATE_LIMITED, retry_after=7 * MINUTE)
CUT = Ambiguous(cause=Cause.TIMEOUT, detail="no answer")


def after(outcome: Outcome, row: Notification = ROW, at: timedelta = timedelta(0), seed: int = 1) -> Notification:
    return after_attempt(row, outcome, NOW + at, Random(seed))


@pytest.mark.parametrize("attempts", [1, 5, QUICK_ATTEMPTS, QUICK_ATTEMPTS + 1, 200])
@pytest.mark.parametrize(
    ("outcome", "state", "reason", "ambiguous"),
    [
        (Sent(receipt={"ts": "1.2"}), State.SENT, "", 0),
        (GONE, State.DEAD, "gone", 0),
        (BUSY, State.QUEUED, "server_error", 0),
        (LIMITED, State.QUEUED, "rate_limited", 0),
        (CUT, State.QUEUED, "timeout", 1),
    ],
)
def test_what_becomes_of_a_row(outcome: Outcome, attempts: int, state: State, reason: str, ambiguous: int) -> None:
    row = after(outcome, replace(ROW, attempts=attempts))
    assert (row.state, row.reason, row.ambiguous, row.lease_until) == (state, reason, ambiguous, None)
    assert (row.due_at is not None) == (state is State.QUEUED)
    assert (row.key, row.attempts) == (ROW.key, attempts)


def test_what_was_sent_keeps_the_receipt_and_forgets_the_trouble_before() -> None:
    row = after(Sent(receipt={"ts": "1.2"}), replace(ROW, reason="timeout", detail="slow", ambiguous=1))
    assert (row.receipt, row.reason, row.detail, row.is_repeat) == ({"ts": "1.2"}, "", "", True)


def test_only_an_ambiguous_attempt_makes_the_next_one_a_repeat() -> None:
    assert not after(BUSY).is_repeat
    assert after(CUT).is_repeat


@PROPERTY
@given(seeds, st.integers(1, 10_000))
def test_a_wait_lies_between_half_and_one_and_a_half_of_its_step(seed: int, attempts: int) -> None:
    quick = min(LONGEST_QUICK_WAIT, FIRST_WAIT * 2 ** min(attempts - 1, 20))
    middle = quick if attempts <= QUICK_ATTEMPTS else SLOW_WAIT
    assert middle / 2 <= backoff(attempts, Random(seed)).total_seconds() <= middle * 1.5


def test_waits_grow_to_a_minute_and_then_to_five() -> None:
    def middle(attempts: int) -> int:
        waits = [backoff(attempts, Random(seed)).total_seconds() for seed in range(4000)]
        return round(sum(waits) / len(waits))

    assert [middle(n) for n in (1, 2, 3, 4, 5, 6)] == [1, 2, 4, 8, 16, 32]
    assert [round(middle(n), -1) for n in (7, 12, 13, 500)] == [60, 60, 300, 300]


def test_many_rows_do_not_come_back_in_one_moment() -> None:
    dues = {after(BUSY, replace(ROW, attempts=7), seed=seed).due_at for seed in range(50)}
    assert len(dues) == 50


@PROPERTY
@given(seeds, st.timedeltas(min_value=timedelta(days=-1), max_value=timedelta(days=3)))
def test_a_receiver_that_asks_for_patience_gets_it_within_reason(seed: int, asked: timedelta) -> None:
    due = after(Failed(cause=Cause.RATE_LIMITED, retry_after=asked), seed=seed).due_at
    assert due is not None
    patience = min(max(asked, timedelta(0)), MOST_PATIENCE)
    assert patience <= due - NOW <= patience + 2 * SECOND


def test_a_message_that_could_not_be_delivered_for_a_day_is_dead() -> None:
    assert after(BUSY, at=GIVE_UP_AFTER - 10 * MINUTE).state is State.QUEUED
    late = after(BUSY, at=GIVE_UP_AFTER)
    assert (late.state, late.reason, late.detail, late.due_at) == (State.DEAD, "server_error", "503", None)


def test_an_ambiguous_attempt_after_a_day_is_dead_and_still_counts_as_ambiguous() -> None:
    late = after(CUT, at=GIVE_UP_AFTER)
    assert (late.state, late.ambiguous) == (State.DEAD, 1)


@PROPERTY
@given(seeds)
def test_a_receiver_that_is_always_busy_is_asked_a_bounded_number_of_times(seed: int) -> None:
    rng, row, now = Random(seed), replace(ROW, attempts=0), NOW
    while row.state is not State.DEAD:
        row = after_attempt(replace(row, state=State.SENDING, attempts=row.attempts + 1), BUSY, now, rng)
        now = row.due_at or now
    assert 200 < row.attempts < 600
    assert now - NOW <= GIVE_UP_AFTER


def test_a_dead_row_is_sent_again_by_hand_with_its_old_key_and_new_patience() -> None:
    dead = replace(after(CUT, at=GIVE_UP_AFTER), attempts=300)
    again = redriven(dead, NOW + 3 * 24 * HOUR)
    assert (again.state, again.key, again.attempts, again.reason) == (State.QUEUED, dead.key, 0, "")
    assert (again.due_at, again.is_repeat) == (NOW + 3 * 24 * HOUR, True)
    assert after(BUSY, replace(again, attempts=1), at=3 * 24 * HOUR).state is State.QUEUED


OPEN = Incident(
    check="api",
    policy=POLICY,
    began_at=NOW - 2 * MINUTE,
    id=7,
    phase=Phase.OPEN,
    severity=Severity.CRITICAL,
    opened_at=NOW,
    verdict=verdict(Severity.CRITICAL),
    sequence=3,
)


@pytest.mark.parametrize("kind", sorted(set(EffectKind) - UNTOLD - {EffectKind.ANNOUNCED}))
def test_every_effect_becomes_a_message_of_its_kind(kind: EffectKind) -> None:
    message = compose("ward", about(check()), OPEN, Effect(kind=kind, level=2), NOW)
    assert (message.kind, message.sequence, message.version) == (Kind(kind.value), 3, 1)
    over = kind in (EffectKind.RESOLVED, EffectKind.WITHDRAWN)
    assert message.severity is (Severity.OK if over else Severity.CRITICAL)
    assert message.incident is not None
    assert (message.incident.id, message.incident.level, message.incident.levels) == (7, 2, 3)


def test_what_is_announced_late_is_told_as_an_opening() -> None:
    message = compose("ward", about(check()), OPEN, Effect(kind=EffectKind.ANNOUNCED, level=1), NOW)
    assert message.kind is Kind.OPENED


def test_a_message_says_what_is_wrong_and_what_to_do() -> None:
    message = compose("ward", about(check()), OPEN, Effect(kind=EffectKind.OPENED), NOW, "https://example.org/")
    assert (message.explanation, message.hint, message.link) == ("it fails", "look at it", "https://example.org/")
    assert message.findings == OPEN.verdict.findings


def test_a_message_calls_a_check_as_people_do() -> None:
    described = about(check(title="Patient portal", tags=frozenset({"web", "hipaa"}), runbook="https://example.org/r"))
    assert (described.title, described.tags, described.runbook) == (
        "Patient portal", ("hipaa", "web"), "https://example.org/r"
    )  # fmt: skip
    assert about(check()).title == "api"
