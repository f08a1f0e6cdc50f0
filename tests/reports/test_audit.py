"""Audits and the HIPAA checklist: what is proven, what had trouble, and what nobody looks at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel.base.units import Unit
from sentinel.core.check import Check
from sentinel.core.holding import Held
from sentinel.core.matcher import Matcher
from sentinel.core.plan import Content
from sentinel.core.planned import Planned, pieces
from sentinel.core.rule import Severity
from sentinel.reports.audit import Audit, AuditQuestion, Scope
from sentinel.reports.hipaa import Hipaa, HipaaLine
from sentinel.reports.past import Past
from sentinel.reports.proof import Answer
from tests.kit.audited import DAY, incident, past, report, rollup
from tests.kit.scene import check


def kind(name: str, **more: object) -> Check:
    """A check whose name is its kind."""
    return check(name, kind=name, rules=(), main="", **more)


LOGIN, ROLES, TRAIL, BACKUP = kind("auth"), kind("roles"), kind("audit"), kind("backup")


def audit(known: Past, *checks: Check, days: float = 1) -> Audit:
    found = report(checks, known, Content.AUDIT, days=days).audit
    assert found is not None
    return found


def question(known: Past, name: str, *checks: Check, days: float = 1) -> AuditQuestion:
    sections = audit(known, *checks, days=days).sections
    (found,) = [one for section in sections for one in section.questions if one.id == name]
    return found


def checklist(known: Past, *checks: Check, **chosen: tuple[str, ...]) -> Hipaa:
    found = report(checks, known, Content.HIPAA, hipaa=chosen).hipaa
    assert found is not None
    return found


def line(known: Past, name: str, *checks: Check, **chosen: tuple[str, ...]) -> HipaaLine:
    (found,) = [one for one in checklist(known, *checks, **chosen).lines if one.id == name]
    return found


# --- Answers --------------------------------------------------------------------------------------------------------


def test_a_check_that_was_good_all_day_answers_yes() -> None:
    found = question(past([rollup("auth")]), "logins", LOGIN)
    assert (found.answer, found.coverage, found.why) == (Answer.YES, 1.0, "1,000 runs, none failed.")


def test_a_question_that_no_check_answers_is_a_gap() -> None:
    found = question(past([rollup("auth")]), "backups", LOGIN)
    assert (found.answer, found.why, found.proofs, found.coverage) == (Answer.GAP, "No check answers this.", (), None)


def test_a_check_that_could_not_be_judged_leaves_a_gap() -> None:
    found = question(past(), "logins", LOGIN)
    assert (found.answer, found.severity) == (Answer.GAP, Severity.UNKNOWN)
    assert found.why == "auth could not be judged in this period."


def test_a_check_that_judged_half_of_the_day_answers_in_part() -> None:
    found = question(past([rollup("auth", up=43_200)]), "logins", LOGIN)
    assert (found.answer, found.coverage) == (Answer.PARTLY, 0.5)


def test_a_failed_run_is_trouble_with_the_numbers_of_its_incidents() -> None:
    known = past([rollup("auth", failures=3)], [incident(LOGIN, 13), incident(LOGIN, 12)])
    found = question(known, "logins", LOGIN)
    assert (found.answer, found.severity, found.proofs[0].incidents) == (Answer.TROUBLE, Severity.CRITICAL, (12, 13))
    assert found.proofs[0].failures == 3


def test_the_worst_of_several_checks_comes_first_and_decides() -> None:
    second = replace(LOGIN, name="portal")
    found = question(past([rollup("auth"), rollup("portal", failures=1)]), "logins", LOGIN, second)
    assert ([one.check for one in found.proofs], found.answer) == (["portal", "auth"], Answer.TROUBLE)
    assert found.why == "portal had trouble; 1 of 2 checks were good throughout."


# --- Which questions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "scope", "titles"),
    [
        (1, Scope.DAILY, ["Access logs", "System health", "Backups"]),
        (7, Scope.WEEKLY, ["Performance", "Security", "Compliance"]),
    ],
)
def test_the_length_of_the_period_says_which_audit_it_is(days: float, scope: Scope, titles: list[str]) -> None:
    found = audit(past(), LOGIN, days=days)
    assert (found.scope, [section.title for section in found.sections]) == (scope, titles)


def test_a_month_asks_everything_and_leaves_no_check_out() -> None:
    found = audit(past([rollup("auth"), rollup("weather")]), LOGIN, kind("weather"), days=30)
    asked = {proof.check for section in found.sections for one in section.questions for proof in one.proofs}
    assert (found.scope, asked) == (Scope.MONTHLY, {"auth", "weather"})
    assert {"Access logs", "Security", "Recovery", "Everything else"} <= {section.title for section in found.sections}


def test_the_counts_of_an_audit_add_up() -> None:
    found = audit(past([rollup("auth"), rollup("roles", failures=1)]), LOGIN, ROLES)
    assert (found.questions, found.answered, found.troubles, found.partly, found.gaps) == (8, 1, 1, 0, 6)


def test_a_review_of_performance_says_how_times_kept_their_targets() -> None:
    slow = check("api")
    found = question(past([rollup("api", *[3.0] * 100)]), "times", slow, days=7)
    assert (found.answer, found.severity) == (Answer.TROUBLE, Severity.WARNING)
    assert found.proofs[0].found == "p95 of response_time 3.06 s, target 2 s"


def test_a_check_without_a_bound_on_a_time_says_nothing_of_performance() -> None:
    unbound = check("api", rules=())
    counting = check("jobs", main_unit=Unit.COUNT)
    assert question(past([rollup("api")]), "times", unbound, counting, days=7).answer is Answer.GAP


# --- The checklist --------------------------------------------------------------------------------------------------


def test_each_line_names_its_paragraph_and_the_checks_of_its_kind() -> None:
    found = line(past([rollup("roles")]), "access_control", ROLES, LOGIN)
    assert (found.paragraph, found.chosen) == ("45 CFR 164.312(a)(1)", "kinds and tags")
    assert ([one.check for one in found.proofs], found.answer) == (["roles"], Answer.YES)


def test_a_tag_makes_any_check_a_proof() -> None:
    volume = check("volume", tags=frozenset({"encryption-at-rest"}))
    assert line(past([rollup("volume")]), "encryption_at_rest", volume).answer is Answer.YES


def test_the_configuration_may_name_the_proofs_of_a_line() -> None:
    known = past([rollup("roles"), rollup("auth")])
    found = line(known, "access_control", ROLES, LOGIN, access_control=("auth",))
    assert ([one.check for one in found.proofs], found.chosen) == (["auth"], "configuration")


def test_a_line_without_proof_says_how_to_close_the_gap() -> None:
    found = line(past(), "encryption_at_rest", LOGIN)
    assert found.answer is Answer.GAP
    assert found.why == (
        "No check answers this. Name checks under reports.hipaa.encryption_at_rest, or give them the tag encryption-at-rest."
    )


def test_the_checklist_counts_its_lines_and_says_what_it_is_not() -> None:
    known = past([rollup("auth"), rollup("audit", failures=2), rollup("backup", up=3600)])
    found = checklist(known, LOGIN, TRAIL, BACKUP)
    assert (len(found.lines), found.proven, found.troubles, found.partly, found.gaps) == (7, 1, 1, 1, 4)
    assert "not a legal judgement" in found.note


def test_time_in_a_window_is_no_gap_in_a_proof() -> None:
    """Two hours in which nobody watched, and nobody wanted to."""
    window = Held(
        window="w",
        title="w",
        matcher=Matcher(),
        starts_at=DAY.since,
        ends_at=DAY.since + timedelta(hours=2),
        expects_down=True,
        by="ann",
        why="",
    )
    planned = [Planned(piece=piece, rollups={}) for piece in pieces([window], [LOGIN], DAY)]
    known = past([rollup("auth", up=79_200)])
    assert line(known, "authentication", LOGIN).coverage == round(22 / 24, 7)
    assert line(replace(known, planned=planned), "authentication", LOGIN).coverage == 1.0


def test_a_month_with_a_day_judged_is_proven_in_part() -> None:
    document = report([LOGIN], past([rollup("auth")]), Content.HIPAA, days=30)
    assert document.hipaa is not None
    (found,) = [one for one in document.hipaa.lines if one.id == "authentication"]
    assert (found.answer, found.coverage) == (Answer.PARTLY, round(1 / 30, 7))
    assert document.until - document.since == timedelta(days=30)
