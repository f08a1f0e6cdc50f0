"""When canaries are due, and which channels are in doubt."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.proof import DAY, FAILING_FOR, Canary, Proof, doubts

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
MORNING = Canary(at=time(9, 0), zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("canary", "now", "due"),
    [
        (MORNING, "2026-03-02T10:00", "2026-03-02T08:00"),
        (MORNING, "2026-03-02T07:59", "2026-03-01T08:00"),
        (MORNING, "2026-03-29T07:00", "2026-03-29T07:00"),  # summer time has begun
        (Canary(at=time(2, 30), zone="Europe/Berlin"), "2026-03-29T12:00", "2026-03-29T01:30"),  # skipped by the clock
        (Canary(every=timedelta(hours=1)), "2026-03-02T10:20", "2026-03-02T10:00"),
    ],
)
def test_a_canary_is_due_at_its_time_of_day_or_by_its_interval(canary: Canary, now: str, due: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert canary.due(at) == datetime.fromisoformat(due).replace(tzinfo=UTC)


@given(
    st.integers(0, 10 * 365 * 24 * 60),
    st.integers(1, 10),
    st.times(),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
)
def test_the_moment_a_canary_is_due_is_past_and_stays_until_the_next(
    minutes: int, days: int, at: time, zone: str
) -> None:
    canary = Canary(every=days * DAY, at=at, zone=zone)
    here = NOW + timedelta(minutes=minutes)
    due = canary.due(here)
    assert due <= here + timedelta(hours=1)  # an hour that comes twice
    assert here - due < canary.every + timedelta(hours=2)
    assert canary.due(due.astimezone(ZoneInfo(zone)) + timedelta(minutes=1)) == due


def doubted(proof: Proof, started: timedelta = 10 * DAY) -> list[str]:
    return [doubt.channel for doubt in doubts([proof], NOW - started, NOW)]


def test_a_channel_that_refuses_for_ten_minutes_is_in_doubt() -> None:
    for_long = Proof(channel="mail", last_success=NOW, deaf_since=NOW - FAILING_FOR - timedelta(seconds=1))
    assert doubted(for_long) == ["mail"]
    assert doubted(Proof(channel="mail", last_success=NOW, deaf_since=NOW - FAILING_FOR)) == []


def test_a_channel_that_nothing_went_through_is_in_doubt_only_when_canaries_should_have() -> None:
    assert doubted(Proof(channel="mail", last_success=NOW - 3 * DAY, canary=Canary())) == ["mail"]
    assert doubted(Proof(channel="mail", last_success=NOW - 3 * DAY)) == []
    assert doubted(Proof(channel="mail", last_success=None, canary=Canary()), started=DAY) == []


def test_what_is_told_of_a_doubt_names_the_channel_since_when_and_why() -> None:
    (doubt,) = doubts([Proof(channel="chat", last_success=None, deaf_since=NOW - DAY, why="unreachable")], NOW, NOW)
    assert doubt.why == "has taken nothing since 2026-03-01 10:00 UTC (unreachable)"
