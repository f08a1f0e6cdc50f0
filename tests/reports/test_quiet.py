"""Silences and windows in the status and in reports: who, why, until when, and what may have been forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sentinel.core.calendar import Period
from sentinel.core.holding import Held, begin
from sentinel.core.matcher import Matcher
from sentinel.core.recurrence import Once, Repeating
from sentinel.core.silence import Silence, Silences
from sentinel.core.window import Window, Windows
from sentinel.reports import quiet_text, text
from sentinel.reports.documents import OutboxLine
from sentinel.reports.forms import brief
from sentinel.reports.past import Past
from sentinel.reports.quiet import Quiet, silence_line, window_line
from sentinel.reports.report import build
from sentinel.reports.status import build as build_status
from sentinel.reports.status import facts
from sentinel.reports.text import Look
from tests.kit.paper import html
from tests.kit.scene import MINUTE, NOW, broken, check, history, plan, well

HOUR = timedelta(hours=1)
PAYROLL = Matcher(checks=("login",))
SILENCE = Silence(
    id=3, matcher=PAYROLL, by="ann", why="known", starts_at=NOW - HOUR, ends_at=NOW + 20 * MINUTE, created_at=NOW
)
MOVE = Window(
    id="7",
    title="move",
    matcher=Matcher(checks=("health",)),
    when=Once(starts_at=NOW - HOUR, ends_at=NOW + HOUR),
    expects_down=True,
    by="bob",
    why="new disk",
)
NIGHTLY = Window(
    id="nightly",
    title="",
    matcher=Matcher(),
    when=Repeating(line="0 2 * * *", zone="UTC", duration=HOUR),
    configured=True,
)


def held(**more: object) -> Held:
    occurrence = MOVE.covering(NOW)
    assert occurrence is not None
    return replace(begin(MOVE, occurrence), **more)  # type: ignore[arg-type]  # whichever fields a test wants


def status(quiet: Quiet) -> dict[str, Any]:
    pasts = [history(check("health"), [well()]), history(check("login"), [broken()] * 3)]
    return build_status(
        plan(*(past.check for past in pasts)),
        [facts(past, None) for past in pasts],
        now=NOW,
        started_at=NOW - HOUR,
        outbox=OutboxLine(),
        own=None,
        quiet=quiet,
    ).to_json()


def test_the_status_says_what_is_quiet_by_whom_why_and_for_how_long() -> None:
    quiet = Quiet(silences=Silences([SILENCE]), windows=Windows([MOVE]), held={"7": held(still_up=("health",))})
    lines = text.status(status(quiet), Look()).splitlines()
    at = lines.index("Quiet")
    assert lines[at + 1 : at + 5] == [
        "  window 7: check health, down is expected, 1 h left, by bob: new disk",
        "    up since it began, though down is expected: health",
        "  silence 3: check login, mutes 1 open, 20 min left, by ann: known",
        "    `sentinel silence extend 3 --for 1h` if it is to go on",
    ]


def test_a_status_without_any_says_nothing_of_it() -> None:
    assert "Quiet" not in text.status(status(Quiet()), Look())


def test_the_list_of_silences_points_out_what_ends_soon_and_what_may_be_forgotten() -> None:
    login = history(check("login"), [broken()] * 3)
    assert login.incident is not None
    old = replace(SILENCE, id=4, starts_at=NOW - timedelta(days=9), ends_at=NOW + timedelta(days=1))
    rows = [silence_line(one, [login.check], [(login.check, login.incident)], NOW).to_json() for one in (SILENCE, old)]
    shown = quiet_text.silences(rows, NOW, Look())
    assert "3   active  11:00             12:20             1       1      ann  check login: known" in shown
    assert "Silence 3 ends soon, and what it mutes is still bad: `sentinel silence extend 3 --for 1h`." in shown
    assert "Silence 4 lasts 10 d: has it been forgotten? `sentinel silence end 4` ends it." in shown
    assert quiet_text.silences([], NOW, Look()) == "Nothing is silenced.\n"


def test_the_list_of_windows_has_the_next_times_and_those_that_are_over() -> None:
    rows = [window_line(one, [check("health")], NOW).to_json() for one in (MOVE, NIGHTLY)]
    over = Past(rollups={}, incidents=(), timelines={}, held=[held(finished=True, ended_by="ann")])
    past = build(plan(), "daily", DAY, "UTC", over, NOW).to_json()["windows"]
    shown = quiet_text.windows(rows, past, NOW, Look())
    assert (
        "7        active  11:00             13:00             1       bob            move, check health, down expected: new disk"
        in shown
    )
    assert "nightly  future  2026-11-23 02:00  2026-11-23 03:00  1       configuration  everything" in shown
    assert "nightly comes again at 2026-11-24 02:00, 2026-11-25 02:00 UTC." in shown
    assert "new disk (ended by ann)" in shown


DAY = Period(key="2026-11-21", since=NOW - timedelta(days=1), until=NOW)


def test_a_window_that_is_public_says_so_to_the_staff() -> None:
    row = window_line(replace(MOVE, public=True, public_text="New version"), [], NOW).to_json()
    assert (row["public"], row["public_text"]) == (True, "New version")
    assert "check health, down expected, public: new disk" in quiet_text.windows([row], [], NOW, Look())


def test_a_report_lists_what_was_expected_or_silenced_with_who_and_why() -> None:
    long = replace(SILENCE, starts_at=NOW - timedelta(days=9))
    past = Past(
        rollups={}, incidents=(), timelines={}, silences=[long], held=[held(still_up=("health",), finished=True)]
    )
    document = build(plan(), "daily", DAY, "Europe/Berlin", past, NOW)
    assert [
        line
        for line in brief.text(document).splitlines()
        if ", by ann" in line or ", by bob" in line or line.startswith("Expected")
    ] == [
        "Expected or silenced:",
        "  move, check health: 2026-11-22 12:00 CET to 2026-11-22 14:00 CET, by bob: new disk",
        "  silence 3, check login: 2026-11-13 13:00 CET to 2026-11-22 13:20 CET, by ann: known, for more than a week: forgotten?",
    ]
    page = html(document)
    for fact in ("Silence 3", "forgotten?", "never down: health", "new disk", "bob"):
        assert fact in page


def test_a_report_without_any_has_no_such_part() -> None:
    document = build(plan(), "daily", DAY, "UTC", Past(rollups={}, incidents=(), timelines={}), NOW)
    assert "Expected or silenced" not in brief.text(document) + html(document)


def test_one_that_was_called_off_says_so() -> None:
    off = held(ends_at=NOW - HOUR, finished=True, ended_by="ann")
    past = Past(rollups={}, incidents=(), timelines={}, held=[off])
    document = build(plan(), "daily", DAY, "UTC", past, NOW)
    assert "move, check health: called off by ann" in brief.text(document)
    assert "called off" in html(document)
