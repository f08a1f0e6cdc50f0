"""Figures of a deployment are the same on every face, and those that are true."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sentinel.core.deployment.deployment import Deployment, Ending
from sentinel.core.planned import Stretch
from sentinel.core.result import Outcome
from sentinel.reports.deployment import document
from sentinel.reports.deployment_text import deployment
from sentinel.reports.forms.deployment import sections
from sentinel.reports.forms.words import Zone
from sentinel.reports.releases import build
from sentinel.reports.text import Look
from tests.kit.released import PASSED, UNDONE, at, entries, verification, verified

MINUTE = timedelta(minutes=1)
LONG_AFTER = at(600)


def faces(one: Deployment) -> tuple[str, str]:
    """At a terminal, and what the page, the PDF, Markdown and the mail are made of."""
    found = document(one, entries(PASSED), (), (), source="ward", at=LONG_AFTER)
    return deployment(found.to_json(), LONG_AFTER, Look(width=200)), repr(list(sections(found, Zone("UTC")))).replace(
        "\\xa0", " "
    )


def test_what_was_still_down_at_its_end_was_down_until_then() -> None:
    """It was down for four minutes, came up, and was down again three minutes before it ended."""
    still = replace(PASSED, down_since=at(20))
    terminal, written = faces(still)
    assert "seen down for 7 min" in terminal
    assert "'7 min'" in written
    assert document(still, (), (), (), source="ward", at=LONG_AFTER).down_for == 7 * MINUTE


def test_checks_that_a_verification_does_not_keep_are_counted_everywhere() -> None:
    kept = replace(verification(0, "pre", verified("a"), verified("b", Outcome.FAIL)), planned=80, left_out=78)
    terminal, written = faces(replace(PASSED, verifications=(kept,)))
    assert "79 of 80 pass" in terminal
    assert "79 of 80 checks" in written


def test_a_watch_that_fails_early_lasted_until_then() -> None:
    """It was to last until 10:43, and failed two minutes after it began at 10:28."""
    terminal, written = faces(UNDONE)
    assert "Watch until 10:30:00 UTC" in terminal
    assert "10:28 to 2026-11-22 10:30" in written
    assert document(PASSED, (), (), (), source="ward", at=LONG_AFTER).watch_ends_at == at(23)


def test_what_a_verdict_says_a_terminal_shows_once() -> None:
    terminal, _ = faces(replace(UNDONE, rollback=None))
    assert terminal.count("p95 of login 0.41 s, was 0.25 s") == 1


def test_one_that_a_person_accepts_is_not_restored_in_no_time() -> None:
    """It failed at its point, ended with that, and was accepted the day after."""
    accepted = replace(UNDONE, ending=Ending.ACCEPTED, rollback=None, ended_at=at(10))
    found = build([accepted], (), Stretch(at(-60), LONG_AFTER))
    assert (found.failed, found.restored, found.restore) == (1, 0, None)


def test_a_rollback_of_what_nobody_told_of_is_no_deployment() -> None:
    unknown = replace(UNDONE, version="", from_version="")
    found = build([PASSED, replace(unknown, id=13)], (), Stretch(at(-60), LONG_AFTER))
    assert (found.started, found.ended, found.failed) == (1, 1, 0)
    assert len(found.lines) == 2
