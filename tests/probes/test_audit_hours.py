"""When entries of a log are expected, and how old one is by that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.core.result import FailureClass, Outcome
from sentinel.probes.audit.hours import ExpectedHours
from tests.kit.bench import Bench, problem, readings
from tests.kit.clock import FakeClock
from tests.kit.http_receiver import Answer, HttpReceiver

if TYPE_CHECKING:
    from sentinel.core.result import Measurement

OFFICE: dict[str, Any] = {
    "hours": "08:00-18:00",
    "weekdays": ["mon", "tue", "wed", "thu", "fri"],
    "zone": "Europe/Berlin",
}


def hours(since: str, until: str, **expected: Any) -> float:
    """The expected hours between two times of March 2026; the 2nd is a Monday."""
    known = ExpectedHours.model_validate(expected)
    start, end = (datetime.fromisoformat(f"2026-{text}+00:00") for text in (since, until))
    return known.between(start, end) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("since", "until", "expected", "meant"),
    [
        ("03-02T06:00", "03-02T09:00", {}, 3),
        ("03-02T06:00", "03-02T09:00", OFFICE, 2),  # Berlin's 8:00 is 7:00 UTC
        ("03-02T16:30", "03-03T07:15", OFFICE, 0.75),
        ("03-06T16:30", "03-09T07:15", OFFICE, 0.75),  # over a weekend
        ("03-07T10:00", "03-08T10:00", OFFICE, 0),
        ("03-02T20:00", "03-03T08:00", {"hours": "22:00-06:00"}, 8),
        ("03-03T02:00", "03-03T08:00", {"hours": "22:00-06:00", "weekdays": ["mon"]}, 4),
        ("03-02T00:00", "03-04T00:00", {"hours": "00:00-24:00", "weekdays": ["tue"]}, 24),
        ("03-28T12:00", "03-29T12:00", {"zone": "Europe/Berlin"}, 24),  # a day of 23 hours in between
        ("03-29T00:00", "03-29T06:00", {"hours": "00:00-06:00", "zone": "Europe/Berlin"}, 4),
        ("03-02T09:00", "03-02T08:00", {}, 0),
    ],
)
def test_only_expected_hours_count(since: str, until: str, expected: dict[str, Any], meant: float) -> None:
    assert hours(since, until, **expected) == pytest.approx(meant)


def test_years_are_counted_quickly() -> None:
    known = ExpectedHours.model_validate(OFFICE)
    assert known.between(datetime(1990, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)) > timedelta(days=100)


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"hours": "8-18"}, "hours such as"),
        ({"hours": "08:00-08:00"}, "hours such as"),
        ({"hours": "08:00-25:00"}, "hours such as"),
        ({"weekdays": ["monday"]}, "'mon'"),
        ({"weekdays": ["mon", "mon"]}, "each weekday once"),
        ({"weekdays": []}, "at least 1"),
        ({"zone": "Berlin"}, "a time zone"),
    ],
)
def test_hours_that_are_none_are_refused(expected: dict[str, Any], said: str) -> None:
    freshness = {"request": {"url": "http://x/"}, "max_age": "1h", "expected": expected}
    assert said in problem("audit", freshness=freshness)


async def judged(receiver: HttpReceiver, now: datetime) -> Measurement:
    """A look at a log whose newest record is of Friday evening."""
    receiver.answer = Answer(body=b'[{"at": "2026-03-06T16:50:00Z"}]')
    async with Bench(FakeClock(now)) as bench:
        freshness = {"request": {"url": receiver.url}, "max_age": "30m", "expected": OFFICE}
        return await bench.measure("audit", freshness=freshness)


async def test_a_quiet_weekend_is_no_fault(receiver: HttpReceiver) -> None:
    found = await judged(receiver, datetime(2026, 3, 9, 7, 10, tzinfo=UTC))
    assert found.outcome is Outcome.PASS
    assert readings(found)["freshness"] == 20 * 60


async def test_a_quiet_morning_is(receiver: HttpReceiver) -> None:
    found = await judged(receiver, datetime(2026, 3, 9, 8, 0, tzinfo=UTC))
    assert found.failure is FailureClass.STALE
    assert "1 h 10 min old, counted in the hours" in found.explanation
