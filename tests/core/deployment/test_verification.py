"""What a verification comes to, and what is kept of a large one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sentinel.core.deployment.deployment import Judged, Verification, VerifiedCheck
from sentinel.core.result import Outcome
from sentinel.core.rule import Severity
from tests.kit.scene import NOW

PASS, WARN = (Outcome.PASS, Severity.OK), (Outcome.PASS, Severity.WARNING)
FAIL, MILD, BLIND = (
    (Outcome.FAIL, Severity.CRITICAL),
    (Outcome.FAIL, Severity.WARNING),
    (Outcome.UNKNOWN, Severity.UNKNOWN),
)
BEYOND = (Outcome.PASS, Severity.CRITICAL)  # the run passes, and a reading is beyond its critical bound


def made(*found: tuple[Outcome, Severity]) -> Verification:
    checks = (
        VerifiedCheck(name=f"c{number}", title="", kind="http", outcome=outcome, severity=severity, took=timedelta(0))
        for number, (outcome, severity) in enumerate(found)
    )
    return Verification(tags=(), began_at=NOW, planned=len(found), checks=tuple(checks))


@pytest.mark.parametrize(
    ("found", "judged", "passed"),
    [
        ((PASS, WARN), Judged.PASS, 2),
        ((PASS, FAIL, BLIND), Judged.FAIL, 1),
        ((PASS, MILD), Judged.FAIL, 1),
        ((PASS, BEYOND), Judged.FAIL, 1),
        ((PASS, BLIND), Judged.INCONCLUSIVE, 1),
        ((), Judged.INCONCLUSIVE, 0),
    ],
)
def test_one_may_go_on_when_everything_passes(
    found: tuple[tuple[Outcome, Severity], ...], judged: Judged, passed: int
) -> None:
    assert (made(*found).judged, made(*found).passed) == (judged, passed)


def test_a_large_one_keeps_what_is_bad_and_counts_what_passed() -> None:
    kept = made(*[PASS] * 8, FAIL, *[PASS] * 3, BLIND).shortened(4)
    assert [one.name for one in kept.checks] == ["c0", "c1", "c8", "c12"]
    assert (kept.passed, kept.left_out, kept.judged) == (11, 9, Judged.FAIL)


def test_a_small_one_is_kept_as_it_is() -> None:
    assert made(PASS, FAIL).shortened(2) == made(PASS, FAIL)
