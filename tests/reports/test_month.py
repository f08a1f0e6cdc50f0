"""A month of silences and windows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sentinel.core.matcher import Matcher
from sentinel.core.recurrence import Once, Repeating
from sentinel.core.silence import Course
from sentinel.core.window import Window, Windows
from sentinel.reports import month
from sentinel.reports.documents import HeldLine, SilenceLine
from tests.kit.scene import NOW

NOVEMBER = date(2026, 11, 1)
HOUR = timedelta(hours=1)


def silence(starts_at: datetime, ends_at: datetime) -> SilenceLine:
    return SilenceLine(
        id=1,
        course=Course.OVER,
        covers="check a",
        by="ann",
        why="known",
        starts_at=starts_at,
        ends_at=ends_at,
        ended_by="",
    )


def held(starts_at: datetime, *, lasted: timedelta = HOUR) -> HeldLine:
    return HeldLine(
        window="w",
        title="Backup",
        covers="everything",
        starts_at=starts_at,
        ends_at=starts_at + lasted,
        expects_down=False,
        by="",
        why="",
        ended_by="",
        still_up=(),
        called_off=not lasted,
    )


def daily(**more: object) -> Window:
    when = Repeating(line="0 2 * * *", zone="UTC", duration=HOUR)
    return Window(id="backup", title="Backup", matcher=Matcher(), when=when, **more)  # type: ignore[arg-type]  # few fields


def at(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def days(built: month.Month) -> dict[date, month.Day]:
    return {day.date: day for week in built.weeks for day in week}


def test_weeks_are_whole_and_begin_on_monday() -> None:
    built = month.build(NOVEMBER, NOW.date(), ())
    assert all(len(week) == 7 and week[0].date.weekday() == 0 for week in built.weeks)
    assert (built.before, built.after) == (date(2026, 10, 1), date(2026, 12, 1))
    assert [day.date for day in days(built).values() if day.today] == [date(2026, 11, 22)]
    assert not days(built)[date(2026, 10, 31)].inside


def test_a_silence_over_midnight_is_on_both_days_and_not_on_the_day_that_it_ends_before() -> None:
    found = month.entries(NOVEMBER, Windows(), (), [silence(at(10, 22), at(12))], NOW)
    shown = days(month.build(NOVEMBER, NOW.date(), found))
    assert [day.day for day, one in shown.items() if one.entries] == [10, 11]


def test_a_window_that_comes_again_is_on_every_day_to_come() -> None:
    found = month.entries(NOVEMBER, Windows([daily()]), (), (), NOW)
    shown = days(month.build(NOVEMBER, NOW.date(), found))
    assert not shown[date(2026, 11, 22)].entries  # it was over at 3, and is known of the past by what was held
    assert [entry.title for entry in shown[date(2026, 11, 23)].entries] == ["Backup"]
    assert shown[date(2026, 12, 6)].entries


def test_what_was_held_stands_in_the_past_unless_it_was_called_off() -> None:
    found = month.entries(NOVEMBER, Windows(), [held(at(3)), held(at(4), lasted=timedelta(0))], (), NOW)
    assert [entry.starts_at for entry in found] == [at(3)]


def test_a_window_that_is_open_now_is_on_the_day_that_it_began() -> None:
    whole = Once(starts_at=NOW - 30 * HOUR, ends_at=NOW + HOUR)
    move = Window(id="1", title="Move", matcher=Matcher(), when=whole)
    found = month.entries(NOVEMBER, Windows([move]), (), (), NOW)
    shown = days(month.build(NOVEMBER, NOW.date(), found))
    assert [day.day for day, one in shown.items() if one.entries] == [21, 22]


def test_the_next_month_has_what_comes_then() -> None:
    assert len(month.entries(date(2027, 1, 1), Windows([daily()]), (), (), NOW)) == 46


def test_a_window_that_was_called_off_is_not_there() -> None:
    once = Once(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    off = Window(id="1", title="Move", matcher=Matcher(), when=once).ended("ann", NOW)
    assert month.entries(NOVEMBER, Windows([off]), (), (), NOW) == ()


def test_a_day_with_too_much_says_how_much_more_there_is() -> None:
    many = [silence(at(5, hour), at(5, hour + 1)) for hour in range(10)]
    shown = days(month.build(NOVEMBER, NOW.date(), month.entries(NOVEMBER, Windows(), (), many, NOW)))
    day = shown[date(2026, 11, 5)]
    assert (len(day.entries), day.more) == (month.MOST_ON_A_DAY, 4)
