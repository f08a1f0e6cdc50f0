"""Budgets: never more than the bucket holds and what flows in, and something left for what is urgent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.budget import Budget, filled, full, next_token, replayed, spent

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
TWENTY = Budget(messages=20, per=timedelta(minutes=10))


def test_a_token_comes_back_every_thirty_seconds() -> None:
    empty = spent(full(TWENTY, AT), 20)
    assert filled(TWENTY, empty, AT + 30 * SECOND).tokens == 1
    assert next_token(TWENTY, empty, urgent=True) - AT - 30 * SECOND < SECOND


def test_a_quarter_is_kept_for_what_is_urgent() -> None:
    assert TWENTY.reserve == 5
    bucket = spent(full(TWENTY, AT), 15)
    assert next_token(TWENTY, bucket, urgent=True) == AT
    assert next_token(TWENTY, bucket, urgent=False) - AT - 30 * SECOND < SECOND


def test_of_a_budget_of_one_message_nothing_can_be_kept() -> None:
    assert Budget(messages=1, per=SECOND).reserve == 0


def test_a_clock_that_is_put_back_gives_nothing_and_takes_nothing() -> None:
    bucket = spent(full(TWENTY, AT), 3)
    assert filled(TWENTY, bucket, AT - timedelta(hours=1)).tokens == bucket.tokens


def test_a_restart_goes_on_from_what_was_sent() -> None:
    sent = [AT + n * SECOND for n in range(20)]
    assert replayed(TWENTY, sent, AT + 20 * SECOND).tokens < 1
    assert replayed(TWENTY, [], AT).tokens == 20


@given(
    messages=st.integers(1, 50),
    per=st.integers(1, 3600),
    waits=st.lists(st.floats(0, 600, allow_nan=False), min_size=1, max_size=80),
)
def test_no_recipient_ever_gets_more_than_the_bucket_and_what_flows_in(
    messages: int, per: int, waits: list[float]
) -> None:
    budget = Budget(messages=messages, per=timedelta(seconds=per))
    now, bucket, sent = AT, full(budget, AT), 0
    for wait in waits:
        now += timedelta(seconds=wait)
        bucket = filled(budget, bucket, now)
        if bucket.tokens >= 1:
            bucket, sent = spent(bucket), sent + 1
    assert sent <= messages + (now - AT) / budget.pace + 1e-6
