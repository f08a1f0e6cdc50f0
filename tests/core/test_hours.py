"""Calendars: spans, days and holidays in a zone, against a slow reference that lays out every span of every day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.hours import Calendar, Span, any_covers
from tests.core.made import PROPERTY

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = timedelta(days=1)

OFFICE = Calendar(
    name="office",
    zone="Europe/Berlin",
    spans=(Span(start=time(8), end=time(18)),),
    weekdays=frozenset(range(5)),
    holidays=frozenset({date(2026, 12, 25)}),
)
NIGHT = Calendar(name="night", zone="Europe/Berlin", spans=(Span(start=time(22), end=time(6)),))
MONTH_END = Calendar(name="month-end", zone="UTC", month_days=frozenset({25, -1}))


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)


@pytest.mark.parametrize(
    ("at", "covered"),
    [
        ("2026-11-20T08:00", True),  # a Friday
        ("2026-11-20T07:59:59", False),
        ("2026-11-20T17:59:59", True),
        ("2026-11-20T18:00", False),
        ("2026-11-21T12:00", False),
        ("2026-12-25T12:00", False),
    ],
)
def test_office_hours_are_those_of_working_days(at: str, covered: bool) -> None:
    assert OFFICE.covers(berlin(at)) is covered


def test_a_moment_is_asked_for_in_any_zone() -> None:
    assert OFFICE.covers(datetime(2026, 11, 20, 7, 30, tzinfo=UTC))
    assert not OFFICE.covers(datetime(2026, 7, 20, 16, 30, tzinfo=UTC))


@pytest.mark.parametrize(("at", "covered"), [("21:59", False), ("22:00", True), ("05:59", True), ("06:00", False)])
def test_hours_over_midnight_are_one_night(at: str, covered: bool) -> None:
    assert NIGHT.covers(berlin(f"2026-11-20T{at}")) is covered


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    friday = Calendar(name="friday", zone="UTC", spans=NIGHT.spans, weekdays=frozenset({4}))
    assert friday.covers(datetime(2026, 11, 21, 5, tzinfo=UTC))
    assert not friday.covers(datetime(2026, 11, 20, 5, tzinfo=UTC))


@pytest.mark.parametrize(("day", "covered"), [(25, True), (26, False), (27, False), (28, True)])
def test_the_last_day_of_a_month_is_known(day: int, covered: bool) -> None:
    assert MONTH_END.covers(datetime(2026, 2, day, 12, tzinfo=UTC)) is covered


def test_rest_is_weekends_and_holidays() -> None:
    rest = Calendar(
        name="rest",
        zone="Europe/Berlin",
        weekdays=frozenset({5, 6}),
        holidays=frozenset({date(2026, 12, 25)}),
        on_holidays=True,
    )
    assert rest.covers(berlin("2026-12-25T12:00"))  # a Friday
    assert rest.covers(berlin("2026-12-26T12:00"))
    assert not rest.covers(berlin("2026-12-24T12:00"))


def test_both_two_o_clocks_of_autumn_count_and_the_missing_one_of_spring_is_nowhere() -> None:
    early = Calendar(name="early", zone="Europe/Berlin", spans=(Span(start=time(2), end=time(3)),))
    assert early.covers(berlin("2026-10-25T02:30"))
    assert early.covers(berlin("2026-10-25T02:30", fold=1))
    assert not any(
        early.covers(datetime(2026, 3, 29, tzinfo=UTC) + minute * timedelta(minutes=1)) for minute in range(1440)
    )


def test_one_of_several_is_enough() -> None:
    assert any_covers((OFFICE, NIGHT), berlin("2026-11-20T23:00"))
    assert not any_covers((OFFICE, NIGHT), berlin("2026-11-20T20:00"))


def test_when_the_office_opens_and_closes_next_is_known() -> None:
    assert OFFICE.until(berlin("2026-11-20T12:00")) == berlin("2026-11-20T18:00")
    assert OFFICE.until(berlin("2026-11-20T18:00")) == berlin("2026-11-23T08:00")


def test_a_calendar_without_limits_never_ends() -> None:
    assert Calendar(name="always", zone="UTC").until(berlin("2026-11-20T12:00")) is None


# --- Against a slow reference ---------------------------------------------------------------------------------------

times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30)))
days = st.dates(date(2026, 1, 1), date(2028, 12, 31))
calendars = st.builds(
    Calendar,
    name=st.just("any"),
    zone=st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")),
    spans=st.lists(st.builds(Span, start=times, end=times), max_size=3).map(tuple),
    weekdays=st.frozensets(st.integers(0, 6), max_size=5),
    month_days=st.frozensets(st.sampled_from((1, 2, 15, 28, 29, 31, -1, -2, -31)), max_size=4),
    holidays=st.frozensets(days, max_size=5),
    on_holidays=st.booleans(),
)
#: Mostly ordinary moments, and often those around a step of the clock.
moments = st.one_of(
    st.integers(0, 1_500_000).map(lambda minutes: datetime(2026, 1, 2, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.builds(
        lambda day, minutes: day + timedelta(minutes=minutes),
        st.sampled_from(
            [datetime(2026, *day, tzinfo=UTC) for day in ((3, 8), (3, 29), (4, 5), (10, 4), (10, 25), (11, 1))]
        ),
        st.integers(-1440, 2880),
    ),
)


def laid_out(calendar: Calendar, day: date) -> Iterator[tuple[datetime, datetime]]:
    """Every span that begins on a day, as times of a clock on the wall."""
    last = max(one for one in range(28, 32) if _is_day(day.year, day.month, one))
    if day in calendar.holidays:
        counts = calendar.on_holidays
    else:
        by_week = not calendar.weekdays or day.weekday() in calendar.weekdays
        by_month = not calendar.month_days or bool({day.day, day.day - last - 1} & calendar.month_days)
        counts = by_week and by_month
    if counts:
        for span in calendar.spans or (Span(start=time(0), end=time(0)),):
            over = DAY if span.end <= span.start else timedelta(0)
            yield datetime.combine(day, span.start), datetime.combine(day, span.end) + over


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def slowly(calendar: Calendar, at: datetime) -> bool:
    wall = at.astimezone(ZoneInfo(calendar.zone)).replace(tzinfo=None)
    around = (wall.date() + step * DAY for step in (-1, 0, 1))
    return any(start <= wall < end for day in around for start, end in laid_out(calendar, day))


@PROPERTY
@given(calendars, moments)
def test_what_is_covered_is_what_the_days_laid_out_say(calendar: Calendar, at: datetime) -> None:
    assert calendar.covers(at) is slowly(calendar, at)


@PROPERTY
@given(calendars, moments)
def test_nothing_changes_before_it_is_said_to(calendar: Calendar, at: datetime) -> None:
    covered, until = calendar.covers(at), calendar.until(at)
    steps = (at + step * timedelta(minutes=5) for step in range(600))
    assert all(calendar.covers(step) is covered for step in steps if until is None or step < until)
    assert until is None or calendar.covers(until) is not covered
