from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sentinel.core.calendar import Period, due, named
from sentinel.core.plan import ReportPlan

NEW_YORK = ZoneInfo("America/New_York")


def report(every: str = "day", at: str = "06:00", zone: str = "America/New_York") -> ReportPlan:
    return ReportPlan(name="daily", every=every, at=at, zone=zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def owed(plan: ReportPlan, last: str | None, now: str) -> Period | None:
    return due(plan, last, utc(now))


def fired(plan: ReportPlan, since: str, until: str, step: timedelta = timedelta(minutes=10)) -> list[str]:
    """The keys of all reports that are made when somebody asks every ten minutes."""
    now, keys, last = utc(since), [], owed(plan, None, since)
    key = last.key if last else None
    while now < utc(until):
        if period := due(plan, key, now):
            key = period.key
            keys.append(f"{key} at {now:%m-%dT%H:%M}Z")
        now += step
    return keys


def test_a_daily_report_covers_the_day_before() -> None:
    period = owed(report(zone="Europe/Berlin"), "2026-11-19", "2026-11-21T05:00")
    assert period == Period(key="2026-11-20", since=utc("2026-11-19T23:00"), until=utc("2026-11-20T23:00"))


def test_before_its_time_of_day_nothing_is_due() -> None:
    assert owed(report(zone="UTC"), "2026-11-19", "2026-11-21T05:59") is None


def test_a_period_settles_before_it_is_reported() -> None:
    midnight = report(at="00:00", zone="UTC")
    assert owed(midnight, "2026-11-19", "2026-11-21T00:09") is None
    assert owed(midnight, "2026-11-19", "2026-11-21T00:10") is not None


def test_a_report_that_was_made_is_not_due_again() -> None:
    assert owed(report(zone="UTC"), "2026-11-20", "2026-11-21T18:00") is None


def test_a_clock_that_stepped_back_makes_no_old_report_again() -> None:
    assert owed(report(zone="UTC"), "2026-11-22", "2026-11-21T18:00") is None


def test_after_days_of_standstill_the_newest_day_is_reported() -> None:
    period = owed(report(zone="UTC"), "2026-11-10", "2026-11-21T18:00")
    assert period is not None
    assert period.key == "2026-11-20"


def test_another_rhythm_does_not_compare_with_the_old_key() -> None:
    assert owed(report(zone="UTC"), "2026-W47", "2026-11-21T18:00") is not None


def test_a_week_runs_from_monday_to_monday() -> None:
    period = owed(report("week", zone="UTC"), None, "2026-11-22T23:00")
    assert period == Period(key="2026-W46", since=utc("2026-11-09T00:00"), until=utc("2026-11-16T00:00"))


def test_the_week_that_crosses_new_year_keeps_its_iso_number() -> None:
    period = owed(report("week", zone="UTC"), None, "2027-01-04T07:00")
    assert period is not None
    assert period.key == "2026-W53"


def test_a_month_is_reported_on_the_first() -> None:
    period = owed(report("month", zone="UTC"), "2026-01", "2026-03-01T06:00")
    assert period == Period(key="2026-02", since=utc("2026-02-01T00:00"), until=utc("2026-03-01T00:00"))


def test_half_past_one_in_autumn_comes_twice_and_is_reported_once() -> None:
    """A trigger on the time of day fires at 05:30Z and again at 06:30Z."""
    keys = fired(report(at="01:30"), "2026-10-31T12:00", "2026-11-02T12:00")
    assert keys == ["2026-10-31 at 11-01T05:30Z", "2026-11-01 at 11-02T06:30Z"]


def test_half_past_two_in_spring_does_not_exist_and_is_reported_once() -> None:
    keys = fired(report(at="02:30"), "2026-03-07T12:00", "2026-03-09T12:00")
    assert keys == ["2026-03-07 at 03-08T07:30Z", "2026-03-08 at 03-09T06:30Z"]


@pytest.mark.parametrize(("now", "hours"), [("2026-03-09T12:00", 23), ("2026-11-02T12:00", 25)])
def test_the_day_of_a_change_is_a_whole_day(now: str, hours: int) -> None:
    period = owed(report(), None, now)
    assert period is not None
    assert period.until - period.since == timedelta(hours=hours)


def test_a_quarter_and_a_year_are_periods_too() -> None:
    quarter = owed(report("quarter", zone="UTC"), None, "2026-11-21T18:00")
    year = owed(report("year", zone="UTC"), None, "2026-11-21T18:00")
    assert quarter == Period(key="2026-Q3", since=utc("2026-07-01T00:00"), until=utc("2026-10-01T00:00"))
    assert year == Period(key="2025", since=utc("2025-01-01T00:00"), until=utc("2026-01-01T00:00"))


def test_a_quarter_does_not_stand_in_the_way_of_months() -> None:
    period = owed(report("month", zone="UTC"), "2026-Q3", "2026-11-21T18:00")
    assert period is not None
    assert period.key == "2026-10"


@pytest.mark.parametrize(
    ("key", "since", "until"),
    [
        ("2026-11-01", "2026-11-01T04:00", "2026-11-02T05:00"),
        ("2026-W53", "2026-12-28T05:00", "2027-01-04T05:00"),
        ("2026-02", "2026-02-01T05:00", "2026-03-01T05:00"),
        ("2026-Q1", "2026-01-01T05:00", "2026-04-01T04:00"),
        ("2024", "2024-01-01T05:00", "2025-01-01T05:00"),
    ],
)
def test_a_key_names_its_period(key: str, since: str, until: str) -> None:
    assert named(key, NEW_YORK) == Period(key=key, since=utc(since), until=utc(until))


@pytest.mark.parametrize("key", ["2026-13", "2026-W54", "2026-Q5", "2026-02-30", "yesterday", ""])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whichever part of it is wrong
        named(key, ZoneInfo("UTC"))
