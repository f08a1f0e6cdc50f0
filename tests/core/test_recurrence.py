"""When windows are, in zones whose clocks change; compared with a slow search through real minutes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentinel.core.recurrence import Occurrence, Once, Repeating, moment, next_occurrences, shortest_gap, starts
from tests.core.made import HOUR, MINUTE, PROPERTY

BERLIN = "Europe/Berlin"

#: Clocks change at two, at midnight, by half an hour, by a whole day (Samoa left out 2011-12-30), and never.
ZONES = [BERLIN, "America/New_York", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata", "UTC"]

zones = st.sampled_from(ZONES)
times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
days = st.dates(date(2011, 1, 1), date(2027, 12, 30))
#: Days around changes of clocks, which random days hardly ever hit.
changes = st.sampled_from(
    [date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2011, 12, 30)]
)


def nightly(at: time, zone: str = BERLIN, duration: timedelta = HOUR) -> Repeating:
    return Repeating(line=f"{at.minute} {at.hour} * * *", zone=zone, duration=duration)


def first_minute(day: date, at: time, zone: str) -> datetime:
    """The first minute of the world at which the clock on the wall says that time or a later one."""
    wanted, there = datetime.combine(day, at), ZoneInfo(zone)
    moment = wanted.replace(tzinfo=UTC) - 15 * HOUR
    while moment.astimezone(there).replace(tzinfo=None) < wanted:
        moment += MINUTE
    return moment


@PROPERTY
@given(zone=zones, at=times, day=days | changes, seconds=st.integers(0, 86_399))
def test_the_next_start_is_the_first_minute_at_which_the_wall_says_so(
    zone: str, at: time, day: date, seconds: int
) -> None:
    now = datetime.combine(day, time(), UTC) + timedelta(seconds=seconds)
    around = [first_minute(day + timedelta(days=n), at, zone) for n in range(-2, 4)]
    found = nightly(at, zone).next_after(now)
    assert found is not None
    assert found.starts_at == min(start for start in around if start > now)
    assert found.ends_at - found.starts_at == HOUR


@PROPERTY
@given(zone=zones, at=times, day=days | changes, seconds=st.integers(0, 86_399), hours=st.integers(1, 20))
def test_a_moment_is_covered_by_the_start_it_follows(zone: str, at: time, day: date, seconds: int, hours: int) -> None:
    now, lasts = datetime.combine(day, time(), UTC) + timedelta(seconds=seconds), timedelta(hours=hours)
    around = {first_minute(day + timedelta(days=n), at, zone) for n in range(-2, 3)}
    covering = [Occurrence(starts_at=start, ends_at=start + lasts) for start in sorted(around)]
    found = nightly(at, zone, lasts).covering(now)
    assert found == next((one for one in covering if one.contains(now)), None)


def test_a_time_that_the_spring_leaves_out_starts_at_the_next_that_there_is() -> None:
    found = nightly(time(2, 30)).next_after(datetime(2026, 3, 29, tzinfo=UTC))
    assert found is not None
    assert found.starts_at == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 03:00 there


def test_a_time_that_the_autumn_repeats_starts_once() -> None:
    after = datetime(2026, 10, 24, 12, tzinfo=UTC)
    found = [one.starts_at for one in next_occurrences(nightly(time(2, 30)), after, 2)]
    assert found == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 1, 30, tzinfo=UTC)]


def test_an_occurrence_lasts_by_the_stopwatch() -> None:
    """From 01:30 for two hours: in the night of the spring it ends at 04:30 by the wall."""
    found = nightly(time(1, 30), duration=2 * HOUR).covering(datetime(2026, 3, 29, 1, 59, tzinfo=UTC))
    assert found is not None
    assert found.ends_at == datetime(2026, 3, 29, 2, 30, tzinfo=UTC)


def test_once_is_its_start_without_its_end() -> None:
    once = Once(starts_at=datetime(2026, 3, 2, 3, tzinfo=UTC), ends_at=datetime(2026, 3, 2, 4, tzinfo=UTC))
    assert once.covering(once.starts_at) is not None
    assert once.covering(once.ends_at) is None
    assert once.next_after(once.starts_at - MINUTE) == Occurrence(starts_at=once.starts_at, ends_at=once.ends_at)
    assert next_occurrences(once, once.starts_at, 3) == ()


@pytest.mark.parametrize(
    ("line", "gap"),
    [
        ("30 3 * * *", 23 * HOUR),
        ("0 3 1 * *", 28 * 24 * HOUR),
        ("*/5 * * * *", 5 * MINUTE),
        ("0 0 29 2 *", 1461 * 24 * HOUR),
    ],
)
def test_the_shortest_gap_knows_of_short_days_and_months(line: str, gap: timedelta) -> None:
    assert shortest_gap(line, BERLIN) == gap


@pytest.mark.parametrize("line", ["", "every day", "0 3 * *", "0 3 * * * *", "0 25 * * *", "0 0 31 2 *"])
def test_a_line_of_no_crontab_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"crontab|such as"):
        starts(line, BERLIN, datetime(2026, 1, 1, tzinfo=UTC))


@PROPERTY
@example(zone="America/New_York", at=time(1, 0, fold=1), day=date(2026, 11, 1))
@given(zone=zones, at=times, day=days | changes)
def test_a_local_time_is_the_first_minute_at_which_the_wall_says_so(zone: str, at: time, day: date) -> None:
    assert moment(datetime.combine(day, at), zone) == first_minute(day, at, zone)
