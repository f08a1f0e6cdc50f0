"""The words of messages."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.channels.render import SUBJECT_LIMIT, Tone, block, one_line, words
from sentinel.core.notification import Kind, Message
from sentinel.core.rule import Severity
from tests.kit.messages import FINDING, NOW, OPENED, OTHERS, WHY, WINDOW, message, news

SUBJECTS = {
    Kind.OPENED: f"[CRITICAL] Payroll API: {WHY} (incident 12, level 1 of 3)",
    Kind.WORSENED: f"[CRITICAL] Payroll API got worse: {WHY} (incident 12)",
    Kind.EASED: f"[WARNING] Payroll API got better, but is not well: {WHY} (incident 12)",
    Kind.ESCALATED: f"[CRITICAL] Payroll API: {WHY} (incident 12, level 2 of 3)",
    Kind.REMINDED: f"[CRITICAL] Payroll API, still: {WHY} (incident 12)",
    Kind.ACKNOWLEDGED: "[ACKNOWLEDGED] Payroll API: taken by kim (incident 12)",
    Kind.ACKNOWLEDGEMENT_EXPIRED: f"[CRITICAL] Payroll API, acknowledgement has run out: {WHY} (incident 12)",
    Kind.RESOLVED: "[RESOLVED] Payroll API: well again after 18 min (incident 12)",
    Kind.WITHDRAWN: "[WITHDRAWN] Payroll API: no longer watched (incident 12)",
    Kind.UPDATED: f"[CRITICAL] Payroll API and 1 more: {WHY} (incident 12)",
    Kind.PROGRESS: f"[CRITICAL] Payroll API, after 18 min: {WHY} (incident 12)",
    Kind.FLAPPING: f"[FLAPPING] Payroll API comes and goes: {WHY} (incident 12)",
    Kind.UNACKNOWLEDGED: f"[CRITICAL] Payroll API, given back, nobody has it: {WHY} (incident 12)",
    Kind.ASSIGNED: "[ASSIGNED] Payroll API: assigned to lee (incident 12)",
    Kind.WINDOW_PLANNED: "[PLANNED] Payroll 4.2: 2026-03-02 03:18 to 04:48 UTC",
    Kind.WINDOW_STARTED: "[MAINTENANCE] Payroll 4.2 has begun, until 04:48 UTC",
    Kind.WINDOW_PROGRESS: "[MAINTENANCE] Payroll 4.2 goes on until 04:48 UTC: 3 of 4 checks well",
    Kind.WINDOW_ENDED: "[MAINTENANCE OVER] Payroll 4.2 is over after 1 h 30 min",
    Kind.DEPLOYMENT_STARTED: "[DEPLOYMENT] payroll goes from 2.4.0 to 2.4.1, until 03:30 UTC (deployment 7)",
    Kind.DEPLOYMENT_PROGRESS: ("[DEPLOYMENT] payroll 2.4.1 goes on until 03:30 UTC: 3 of 4 checks well (deployment 7)"),
    Kind.DEPLOYMENT_FAILED: "[DEPLOYMENT FAILED] payroll 2.4.1: it is slower than before (deployment 7)",
    Kind.DEPLOYMENT_ENDED: (
        "[DEPLOYED] payroll 2.4.1 is in place after 18 min, and as good as what was before (deployment 7)"
    ),
    Kind.ROLLBACK: "[ROLLBACK] payroll 2.4.1 is to be rolled back (deployment 7)",
    Kind.ROLLBACK_PLANNED: (
        "[ROLLBACK PLANNED] payroll 2.4.1 is rolled back at 03:23 UTC unless somebody stops that (deployment 7)"
    ),
    Kind.ROLLBACK_STARTED: "[ROLLBACK] payroll 2.4.1 is rolled back now (deployment 7)",
    Kind.ROLLBACK_ENDED: "[ROLLBACK] payroll 2.4.1 has been rolled back, and its checks are run (deployment 7)",
    Kind.COMMAND_PLANNED: (
        "[COMMAND] Payroll API: roll-back runs at 03:23:05 UTC unless somebody stops it (incident 12, level 3 of 3)"
    ),
    Kind.COMMAND: "[COMMAND] Payroll API: roll-back (incident 12, level 3 of 3)",
    Kind.COMMAND_ENDED: "[COMMAND] Payroll API: roll-back ended well after 12 s (incident 12)",
    Kind.DIGEST: "[CRITICAL] 4 messages: 2 critical, 1 warning, 1 well again",
    Kind.CANARY: "[CANARY] This channel works, nothing is wrong",
    Kind.REPORT: "[REPORT] Daily report of 2026-03-01",
    Kind.TEST: "[TEST] Test message, nothing is wrong",
    Kind.STORE_DOWN: "[CRITICAL] Sentinel cannot write to its store: the disk is full",
    Kind.STORE_UP: "[RESOLVED] Sentinel can write to its store again: after 5 min",
}


@pytest.mark.parametrize("kind", Kind)
def test_the_subject_says_it_all(kind: Kind) -> None:
    assert words(message(kind)).subject == SUBJECTS[kind]


def test_an_escalation_says_what_since_when_how_bad_why_and_what_to_do() -> None:
    assert [(line.label, line.text) for line in words(message(Kind.ESCALATED)).lines] == [
        ("What", "Payroll API (http check payroll-api)"),
        ("Since", "2026-03-02 03:00:05 UTC (18 min)"),
        ("How bad", "critical: 6.2 s, above 5 s"),
        ("Why", WHY),
        ("Level", "2 of 3"),
        ("What to do", "Look at the service's load."),
        ("Runbook", "https://example.org/runbooks/payroll"),
        ("Acknowledge with", 'sentinel ack 12 --why "on it"'),
        ("Look at", "https://sentinel.example.org/incidents/12"),
    ]


def test_a_recovery_says_from_when_to_when_and_asks_for_nothing() -> None:
    labels = [line.label for line in words(message(Kind.RESOLVED)).lines]
    assert labels == ["What", "From", "To", "Lasted", "It was", "Runbook", "Look at"]


def test_an_acknowledgement_says_who_why_and_until_when() -> None:
    (text,) = (line.text for line in words(message(Kind.ACKNOWLEDGED)).lines if line.label == "Acknowledged")
    assert text == "by kim at 2026-03-02 03:18:05 UTC, until 2026-03-02 04:18:05 UTC: restarting it"


def test_a_test_is_marked_as_one() -> None:
    assert "nothing is wrong" in words(message(Kind.TEST)).lines[0].text


def test_what_else_is_wrong_is_told_too() -> None:
    more = tuple(replace(FINDING, explanation=f"reason {n}") for n in range(20))
    lines = words(replace(OPENED, findings=more)).lines
    assert [line.text for line in lines if line.label == "Also"] == [f"reason {n}" for n in range(1, 6)]


def test_a_value_below_its_bound_is_said_to_be_below() -> None:
    finding = replace(FINDING, value=1.0, bound=3.0)
    (text,) = (line.text for line in words(replace(OPENED, findings=(finding,))).lines if line.label == "How bad")
    assert text == "critical: 1 s, below 3 s"


def test_recoveries_are_good_and_reports_calm() -> None:
    tones = [words(message(kind)).tone for kind in (Kind.RESOLVED, Kind.REPORT, Kind.EASED, Kind.STORE_DOWN)]
    assert tones == [Tone.GOOD, Tone.CALM, Tone.WARNING, Tone.CRITICAL]


def labelled(told: Message) -> dict[str, str]:
    return {line.label: line.text for line in words(told).lines}


def test_others_are_told_by_what_binds_them_and_those_that_are_well_apart() -> None:
    said = labelled(message(Kind.UPDATED))
    assert said["Also affected"] == "Payroll login (critical, incident 13)"
    assert said["Depend on it"] == "Payslips (warning, incident 14)"
    assert said["Well again"] == "Payroll database (incident 15)"


def test_the_end_of_a_group_counts_all_that_broke_together() -> None:
    told = replace(message(Kind.RESOLVED), others=OTHERS[2:], others_count=1)
    assert words(told).headline == "Payroll API and 1 more: well again after 18 min"


def test_the_end_of_a_group_is_named_after_what_people_were_told_of_first() -> None:
    """Told of a database, people read that some page which hangs on it was well again after ten seconds."""
    first, told = OTHERS[2], message(Kind.RESOLVED)
    assert told.incident is not None
    told = replace(told, incident=replace(told.incident, thread=first.incident), others=(first,), others_count=1)
    assert words(told).subject == "[RESOLVED] Payroll database and 1 more: well again (incident 15)"
    assert words(replace(told, others=(), others_count=0)).headline == "Payroll API: well again after 18 min"


def test_an_update_says_how_many_depend_on_it() -> None:
    told = replace(message(Kind.UPDATED), others=OTHERS[1:2], others_count=1)
    assert words(told).headline == f"Payroll API, 1 depends on it: {WHY}"


def test_of_many_others_the_line_names_the_first_and_rows_hold_all() -> None:
    many = tuple(replace(OTHERS[0], check=f"till-{n}", title=f"Till {n}", incident=n) for n in range(1, 31))
    told = replace(OPENED, others=many, others_count=40)
    assert labelled(told)["Also affected"].endswith("Till 8 (critical, incident 8) and 32 more")
    assert [row.title for row in words(told).rows] == [f"Till {n}" for n in range(1, 31)]


def test_a_digest_names_every_message_it_stands_for() -> None:
    rows = words(message(Kind.DIGEST)).rows
    assert "Also affected" not in labelled(message(Kind.DIGEST))
    assert [(row.tag, row.title) for row in rows] == [
        ("CRITICAL", "Till 1"),
        ("CRITICAL", "Till 2"),
        ("WARNING", "Till 3"),
        ("RESOLVED", "Till 4"),
    ]


def test_a_window_in_a_digest_is_no_recovery() -> None:
    window = replace(news(1, Severity.OK), kind=Kind.WINDOW_PLANNED)
    told = replace(message(Kind.DIGEST), news=(*message(Kind.DIGEST).news, window), others_count=5)
    assert words(told).headline == "5 messages: 2 critical, 1 warning, 1 well again, 1 other"


def test_a_window_says_what_it_covers_until_when_and_what_is_expected() -> None:
    said = labelled(message(Kind.WINDOW_PLANNED))
    assert (said["Covers"], said["To"]) == ("checks tagged payroll", "2026-03-02 04:48:05 UTC")
    assert (said["Expected"], said["Planned by"]) == ("to be down", "kim")


def test_a_window_that_ends_before_it_begins_was_called_off() -> None:
    told = replace(message(Kind.WINDOW_ENDED), at=NOW - timedelta(hours=1))
    assert words(told).headline == "Payroll 4.2 is called off"


@pytest.mark.parametrize("title", ["", "Window w-7"])
def test_a_window_without_a_title_says_what_it_covers_and_what_for(title: str) -> None:
    window = replace(WINDOW, title=title, why="disk swap " * 30)
    subject = words(replace(message(Kind.WINDOW_STARTED), window=window)).subject
    assert subject.startswith("[MAINTENANCE] Window w-7 (checks tagged payroll: disk swap disk swap")
    assert subject.endswith("…) has begun, until 04:48 UTC")


def test_the_end_of_a_short_trouble_says_its_seconds() -> None:
    told = message(Kind.RESOLVED)
    assert told.incident is not None
    short = replace(told, incident=replace(told.incident, began_at=NOW - timedelta(seconds=65)))
    assert words(short).headline == "Payroll API: well again after 1 min 5 s"
    assert labelled(short)["Lasted"] == "1 min 5 s"


def test_a_planned_command_says_how_to_stop_it() -> None:
    said = labelled(message(Kind.COMMAND_PLANNED))
    assert said["Stop it with"] == 'sentinel veto 12 --why "not now"'
    assert said["What will happen"].startswith("roll-back runs at 03:23:05 UTC")


def test_those_who_are_kept_informed_hear_who_has_it_and_are_not_asked_to_take_it() -> None:
    said = labelled(message(Kind.PROGRESS))
    assert said["Acknowledged"] == "by nobody yet"
    assert "Acknowledge with" not in said


def test_a_digest_of_5000_messages_holds_them_all() -> None:
    told = replace(message(Kind.DIGEST), news=tuple(map(news, range(5_000))), others_count=5_000)
    assert len(words(told).rows) == 5_000
    assert words(told).subject == "[CRITICAL] 5000 messages: 5000 critical"


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=3_000))
def test_no_text_breaks_out_of_the_subject_or_makes_it_long(text: str) -> None:
    subject = words(replace(OPENED, explanation=text)).subject
    assert len(subject) < SUBJECT_LIMIT + 60
    assert all(character.isprintable() or character.isspace() or ord(character) > 0x9F for character in subject)
    assert not set(subject) & set("\r\n\0\x85\u2028\u2029")


def test_marks_that_turn_the_direction_of_writing_are_removed() -> None:
    assert one_line("pay\u202eroll\ud800") == "pay roll"


def test_a_report_keeps_its_lines_and_nothing_else_that_is_not_text() -> None:
    assert block("a\r\nb\x1b[31m\tc\n\n") == "a\nb [31m    c"


def test_a_link_that_is_no_page_is_left_out() -> None:
    assert words(replace(OPENED, link="javascript:alert(1)")).link == ""
