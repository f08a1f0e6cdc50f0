"""Calendar files, as programs write them and as nobody should."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.config.ical import BadCalendar, Occurrence, read_calendar

if TYPE_CHECKING:
    from pathlib import Path

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
MONTH = timedelta(days=31)

WEEKLY = """\
UID:1@example.org
DTSTART;TZID=Europe/Berlin:20260302T090000
DTEND;TZID=Europe/Berlin:20260303T090000
RRULE:FREQ=WEEKLY
SUMMARY:On call: Anna
"""


def calendar(*events: str, head: str = "") -> str:
    """The text of a calendar file with these events."""
    body = "".join(f"BEGIN:VEVENT\n{event}END:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//example.org//EN\n{head}{body}END:VCALENDAR\n".replace("\n", "\r\n")


def read(
    folder: Path, *events: str, zone: str = "Europe/Berlin", head: str = "", span: timedelta = MONTH
) -> list[Occurrence]:
    file = folder / "team.ics"
    file.write_text(calendar(*events, head=head), newline="")
    return list(read_calendar(file, zone, SINCE, SINCE + span))


def starts(events: list[Occurrence]) -> list[str]:
    return [f"{event.starts_at:%m-%d %H:%M}" for event in events]


def test_a_weekly_event_keeps_its_local_time_when_the_clocks_are_set_forward(tmp_path: Path) -> None:
    assert starts(read(tmp_path, WEEKLY)) == ["03-02 08:00", "03-09 08:00", "03-16 08:00", "03-23 08:00", "03-30 07:00"]


def test_an_exception_is_left_out(tmp_path: Path) -> None:
    events = read(tmp_path, f"{WEEKLY}EXDATE;TZID=Europe/Berlin:20260309T090000\n")
    assert starts(events)[:2] == ["03-02 08:00", "03-16 08:00"]


def test_a_single_changed_instance_is_followed(tmp_path: Path) -> None:
    moved = (
        "UID:1@example.org\nRECURRENCE-ID;TZID=Europe/Berlin:20260309T090000\n"
        "DTSTART;TZID=Europe/Berlin:20260310T120000\nDTEND;TZID=Europe/Berlin:20260310T130000\nSUMMARY:Ben\n"
    )
    events = read(tmp_path, WEEKLY, moved)
    assert starts(events)[:3] == ["03-02 08:00", "03-10 11:00", "03-16 08:00"]
    assert events[1].summary == "Ben"


def test_a_day_is_local_to_the_zone_and_ends_where_the_next_begins(tmp_path: Path) -> None:
    [event] = read(
        tmp_path, "UID:2@example.org\nDTSTART;VALUE=DATE:20260306\nDTEND;VALUE=DATE:20260308\nSUMMARY:fair\n"
    )
    assert (event.starts_at, event.ends_at) == (
        datetime(2026, 3, 5, 23, tzinfo=UTC),
        datetime(2026, 3, 7, 23, tzinfo=UTC),
    )
    assert event.days == (date(2026, 3, 6), date(2026, 3, 7))


def test_a_time_without_a_zone_is_local(tmp_path: Path) -> None:
    [event] = read(
        tmp_path, "UID:2@example.org\nDTSTART:20260306T090000\nDTEND:20260306T100000\nSUMMARY:x\n", zone="UTC"
    )
    assert event.starts_at == datetime(2026, 3, 6, 9, tzinfo=UTC)


def test_the_zone_that_a_whole_file_names_counts(tmp_path: Path) -> None:
    text = "UID:2@example.org\nDTSTART:20260306T090000Z\nDTEND:20260306T100000Z\nSUMMARY:x\n"
    [event] = read(tmp_path, text, zone="UTC", head="X-WR-TIMEZONE:America/New_York\n")
    assert event.starts_at == datetime(2026, 3, 6, 9, tzinfo=UTC)


def test_whoever_declined_is_not_invited_and_a_cancelled_event_is_none(tmp_path: Path) -> None:
    invited = (
        "ATTENDEE;CN=Anna Smith:mailto:anna@example.org\nATTENDEE;PARTSTAT=DECLINED;CN=Ben:mailto:ben@example.org\n"
    )
    day = "DTSTART;VALUE=DATE:20260306\nSUMMARY:duty\n"
    events = read(tmp_path, f"UID:3@example.org\n{day}{invited}", f"UID:4@example.org\n{day}STATUS:CANCELLED\n")
    assert [event.attendees for event in events] == [("anna@example.org", "Anna Smith")]


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("FREQ=SECONDLY", "an event that repeats secondly"),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5", "an event that repeats 25 times a day"),
    ],
)
def test_what_repeats_without_measure_is_refused(tmp_path: Path, rule: str, found: str) -> None:
    with pytest.raises(BadCalendar) as raised:
        read(tmp_path, WEEKLY.replace("FREQ=WEEKLY", rule))
    assert raised.value.found == found


def test_many_events_that_repeat_daily_for_years_are_refused(tmp_path: Path) -> None:
    many = [WEEKLY.replace("1@", f"{number}@").replace("WEEKLY", "DAILY") for number in range(40)]
    with pytest.raises(BadCalendar, match="rules that may repeat events"):
        read(tmp_path, *many, span=2000 * timedelta(days=1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing of the kind",
        "BEGIN:VCALENDAR\r\n",
        calendar("UID:1@example.org\nDTSTART:soon\nSUMMARY:x\n"),
        calendar("UID:1@example.org\nSUMMARY:x\n"),
        calendar(WEEKLY.replace("FREQ=WEEKLY", "FREQ=SOMETIMES")),
        calendar(WEEKLY.replace("20260303T090000", "20260301T090000")),
    ],
)
def test_what_is_no_calendar_is_refused_in_words(tmp_path: Path, text: str) -> None:
    file = tmp_path / "team.ics"
    file.write_text(text, newline="")
    with pytest.raises(BadCalendar) as raised:
        read_calendar(file, "UTC", SINCE, SINCE + MONTH)
    assert raised.value.expected


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "none.ics"):
        with pytest.raises(BadCalendar):
            read_calendar(file, "UTC", SINCE, SINCE + MONTH)


@pytest.mark.parametrize(
    "broken", ["DTSTART:soon", "DTSTART:20260306T090000Z\nnothing Canary Jones", "DTSTART;TZID=Canary Jones:1"]
)
def test_no_refusal_quotes_the_file_which_names_people(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "team.ics"
    file.write_text(calendar(f"UID:1@example.org\n{broken}\nSUMMARY:Canary Jones\n"), newline="")
    with pytest.raises(BadCalendar) as raised:
        read_calendar(file, "UTC", SINCE, SINCE + MONTH)
    assert "Canary" not in f"{raised.value} {raised.value.hint}"
