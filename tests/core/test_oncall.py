"""Who is on call: turns by the clock on the wall, shifts of a calendar file, overrides, and gaps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.hours import Calendar, Span
from sentinel.core.incident import Address
from sentinel.core.oncall import OnCall, Override, Person, Rotation, Shift, Shifts, call, first_gap
from tests.core.made import PROPERTY

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
PEOPLE = {
    name: Person(name=name, addresses=(Address("mail", f"{name}@example.org"),)) for name in ("anna", "ben", "cleo")
}
WEEKLY = Rotation(
    people=("anna", "ben", "cleo"),
    zone="Europe/Berlin",
    starts=date(2026, 3, 2),  # a Monday
    handover=time(9),
    turn=7 * DAY,
)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def schedule(plan: Rotation | Shifts = WEEKLY, *overrides: Override) -> OnCall:
    return OnCall(name="primary", plan=plan, people=PEOPLE, overrides=overrides)


def shifts(*given: tuple[str, str, str]) -> Shifts:
    return Shifts(
        shifts=tuple(Shift(starts_at=berlin(start), ends_at=berlin(end), people=(name,)) for start, end, name in given)
    )


@pytest.mark.parametrize(
    ("at", "people"),
    [
        ("2026-03-02T08:59", ()),
        ("2026-03-02T09:00", ("anna",)),
        ("2026-03-09T08:59", ("anna",)),
        ("2026-03-09T09:00", ("ben",)),
        ("2026-03-23T09:00", ("anna",)),
        ("2026-03-30T08:59", ("anna",)),  # the clocks were set forward the day before
        ("2026-03-30T09:00", ("ben",)),
    ],
)
def test_a_week_is_handed_over_by_the_clock_on_the_wall(at: str, people: tuple[str, ...]) -> None:
    assert schedule().on_duty(berlin(at)) == people


def test_twelve_hours_alternate() -> None:
    half_days = schedule(replace(WEEKLY, people=("anna", "ben"), turn=12 * HOUR))
    asked = [half_days.on_duty(berlin(f"2026-03-03T{hour}:00"))[0] for hour in ("08", "09", "20", "21")]
    assert asked == ["ben", "anna", "anna", "ben"]


def test_a_turn_counts_only_while_its_calendar_covers() -> None:
    office = Calendar(name="office", zone="Europe/Berlin", spans=(Span(start=time(8), end=time(18)),))
    by_day = schedule(replace(WEEKLY, calendar=office))
    assert by_day.who(berlin("2026-03-04T12:00")) == (Address("mail", "anna@example.org"),)
    assert by_day.who(berlin("2026-03-04T18:00")) == ()


def test_whoever_has_a_shift_is_on_call_and_both_where_shifts_overlap() -> None:
    plan = schedule(
        shifts(("2026-03-02T09:00", "2026-03-03T09:00", "anna"), ("2026-03-03T08:00", "2026-03-04T09:00", "ben"))
    )
    assert plan.on_duty(berlin("2026-03-03T08:30")) == ("anna", "ben")
    assert plan.on_duty(berlin("2026-03-04T09:00")) == ()


def test_an_override_takes_the_place_of_whoever_it_would_be_and_the_later_one_counts() -> None:
    first = Override(schedule="primary", person="ben", starts_at=berlin("2026-03-03"), ends_at=berlin("2026-03-05"))
    plan = schedule(WEEKLY, first, replace(first, person="cleo", starts_at=berlin("2026-03-04")))
    asked = [plan.on_duty(berlin(f"2026-03-0{day}T12:00"))[0] for day in (2, 3, 4, 5)]
    assert asked == ["anna", "ben", "cleo", "anna"]


def test_overrides_of_other_schedules_are_left_alone() -> None:
    other = Override(schedule="second", person="ben", starts_at=berlin("2026-03-03"), ends_at=berlin("2026-03-05"))
    assert schedule().with_overrides([other]).overrides == ()


def test_turns_follow_each_other_without_holes() -> None:
    turns = list(schedule().turns(berlin("2026-03-01T00:00"), berlin("2026-03-20T00:00")))
    assert [turn.people for turn in turns] == [(), ("anna",), ("ben",), ("cleo",)]
    assert all(turn.ends_at == after.starts_at for turn, after in pairwise(turns))


def test_schedules_that_have_nobody_are_named() -> None:
    known = {"primary": schedule(), "empty": schedule(Shifts(shifts=()))}
    called = call(("primary", "empty", "gone"), known, berlin("2026-03-02T12:00"))
    assert called.people == ("anna",)
    assert called.addresses == (Address("mail", "anna@example.org"),)
    assert called.vacant == ("empty", "gone")


def test_the_first_gap_is_where_no_schedule_has_anybody() -> None:
    days = schedule(
        shifts(("2026-03-02T08:00", "2026-03-02T20:00", "anna"), ("2026-03-03T08:00", "2026-03-03T20:00", "anna"))
    )
    nights = schedule(shifts(("2026-03-02T20:00", "2026-03-03T07:00", "ben")))
    gap = first_gap([days, nights], berlin("2026-03-02T08:00"), berlin("2026-03-05T00:00"))
    assert gap is not None
    assert (gap.starts_at, gap.ends_at) == (berlin("2026-03-03T07:00"), berlin("2026-03-03T08:00"))


def test_a_rotation_has_no_gap_once_it_began() -> None:
    assert first_gap([schedule()], berlin("2026-03-02T09:00"), berlin("2026-06-02T09:00")) is None


# --- Against a slow reference ---------------------------------------------------------------------------------------

rotations = st.builds(
    Rotation,
    people=st.sampled_from([("anna",), ("anna", "ben"), ("anna", "ben", "cleo")]),
    zone=st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")),
    starts=st.dates(date(2026, 1, 1), date(2026, 3, 1)),
    handover=st.sampled_from((time(0), time(2, 30), time(9))),
    turn=st.sampled_from((HOUR, 6 * HOUR, 12 * HOUR, DAY, 3 * DAY, 7 * DAY)),
)
moments = st.integers(0, 300 * 24 * 4).map(lambda quarters: datetime(2026, 1, 1, tzinfo=UTC) + quarters * HOUR / 4)


def slowly(rotation: Rotation, at: datetime) -> tuple[str, ...]:
    """Counts the turns that began, one by one."""
    first, began = datetime.combine(rotation.starts, rotation.handover), 0
    while (first + began * rotation.turn).replace(tzinfo=ZoneInfo(rotation.zone)).astimezone(UTC) <= at:
        began += 1
    return (rotation.people[(began - 1) % len(rotation.people)],) if began else ()


@PROPERTY
@given(rotations, moments)
def test_the_person_on_call_is_the_one_whose_turn_began_last(rotation: Rotation, at: datetime) -> None:
    assert rotation.on_duty(at) == slowly(rotation, at)


@PROPERTY
@given(rotations, moments)
def test_the_next_handover_is_the_next_moment_anything_changes(rotation: Rotation, at: datetime) -> None:
    edge = rotation.next_edge(at)
    assert edge is not None
    assert edge > at
    assert rotation.on_duty(edge - timedelta(seconds=1)) == rotation.on_duty(at)
