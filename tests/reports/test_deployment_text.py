"""Deployments at a terminal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.core.deployment.deployment import Deployment, Phase, Ran, Verification
from sentinel.core.result import Outcome
from sentinel.reports.deployment import ToldLine, document, line
from sentinel.reports.deployment_text import deployment, deployments, judged
from sentinel.reports.documents import plain
from sentinel.reports.text import Look
from tests.kit.released import PASSED, UNDONE, at, entries, verification, verified
from tests.kit.scene import NOW

if TYPE_CHECKING:
    import pytest


def shown(one: Deployment, width: int = 100) -> str:
    told = [ToldLine(at=at(0), kind="deployment_started", channel="mail", recipient="ops", state="dead", reason="gone")]
    found = document(one, entries(PASSED), (), told, source="ward", at=NOW)
    return deployment(found.to_json(), NOW, Look(width=width))


def test_one_says_what_was_judged_and_by_which_figures() -> None:
    text = shown(UNDONE)
    assert "Deployment 12: portal 2.4.1 (from 2.4.0)  rolled back" in text
    assert "fail after 2 min, the last" in text
    assert "p95 of login 0.41 s, was 0.25 s" in text
    assert "Rollback to the version before, ordered by Sentinel  done" in text


def test_one_says_how_long_its_window_was_and_what_was_seen_down() -> None:
    assert "Window until 10:50 UTC, down is expected; it took 8 min; seen down for 4 min." in shown(PASSED)


def test_a_rollback_that_waits_says_how_to_stop_it() -> None:
    assert UNDONE.rollback is not None
    order = replace(UNDONE.rollback, state=Ran.ORDERED, runs_at=NOW + timedelta(minutes=3), text="", verification=None)
    text = shown(replace(UNDONE, phase=Phase.PROPOSED, ending=None, ended_at=None, rollback=order))
    assert "in 3 min; `sentinel deploy veto 12 --why …` stops it" in text


def test_messages_that_never_arrived_are_named() -> None:
    assert "0 of 1 messages have arrived, 1 given up" in shown(PASSED)
    assert "deployment started to mail ops: gone" in shown(PASSED)


def test_the_timeline_counts_minutes_from_the_start() -> None:
    text = shown(PASSED)
    assert "  10:20:00  T+0   started by ann: 2.4.0 to 2.4.1" in text
    assert "  10:26:00  T+6   note by ann: migrations ran (4 min)" in text


def test_no_line_is_wider_than_a_narrow_terminal() -> None:
    assert max(map(len, shown(UNDONE, width=60).splitlines())) <= 62
    listed = deployments([plain(line(UNDONE)), plain(line(PASSED))], NOW, Look(width=60))
    assert max(map(len, listed.splitlines())) <= 60


def test_a_list_has_a_line_for_each() -> None:
    text = deployments([plain(line(UNDONE))], NOW, Look(width=120))
    assert "12  portal  2.4.1 (from 2.4.0)  10:20" in text
    assert "rolled back to 2.4.0, and its checks pass" in text
    assert deployments([], NOW, Look()) == "No deployments.\n"


def test_a_verification_is_judged_as_the_daemon_does() -> None:
    unknown = verification(0, "pre", verified("a", Outcome.UNKNOWN))
    cases: list[Verification] = [
        verification(0, "pre", verified("a")),
        verification(0, "pre", verified("a"), verified("b", Outcome.FAIL)),
        unknown,
        verification(0, "pre"),
    ]
    assert [judged(plain(one)) for one in cases] == [one.judged.value for one in cases]


def test_what_people_wrote_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = replace(PASSED, version="2\x1b[2J", by="ann\x1b]0;x\x07", ended_why="gone\r\nOK")
    print(shown(hostile), deployments([plain(line(hostile))], NOW, Look(width=120)))
    assert not set(capsys.readouterr().out) & {"\x1b", "\x07", "\r"}
