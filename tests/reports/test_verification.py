"""The faces of a verification: text for people, JUnit for pipelines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from sentinel.core.deployment.deployment import Verification, VerifiedCheck
from sentinel.core.result import FailureClass, Outcome
from sentinel.core.rule import Severity
from sentinel.reports.junit import junit
from sentinel.reports.text import Look
from sentinel.reports.verification import document
from sentinel.reports.verification_text import verification
from tests.kit.scene import NOW

SEVERITIES = {Outcome.PASS: Severity.OK, Outcome.FAIL: Severity.CRITICAL, Outcome.UNKNOWN: Severity.UNKNOWN}

#: Which elements and attributes junit-10.xsd of Jenkins' xUnit plug-in knows, as far as they are used here.
ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"testsuite"}, {"name", "tests", "failures", "errors", "time"}),
    "testsuite": (
        {"properties", "testcase"},
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    ),
    "properties": ({"property"}, set()),
    "property": (set(), {"name", "value"}),
    "testcase": ({"failure", "error", "system-out"}, {"name", "classname", "time"}),
    "failure": (set(), {"type", "message"}),
    "error": (set(), {"type", "message"}),
    "system-out": (set(), set()),
}


def one(name: str, outcome: Outcome = Outcome.PASS, **more: Any) -> VerifiedCheck:
    values: dict[str, Any] = {
        "title": "",
        "kind": "http",
        "severity": SEVERITIES[outcome],
        "took": timedelta(milliseconds=1234),
    }
    return VerifiedCheck(name=name, outcome=outcome, **{**values, **more})


FAILED = one(
    "login", Outcome.FAIL, failure=FailureClass.WRONG_STATUS, explanation='got 500 & "<b>"\x1b', hint="see its log"
)
BLIND = one("page", Outcome.UNKNOWN, failure=FailureClass.NETWORK_DOWN, explanation="no route")


def shown(*checks: VerifiedCheck, tags: tuple[str, ...] = ("post",)) -> dict[str, Any]:
    ended = NOW + timedelta(seconds=2)
    done = Verification(
        tags=tags, began_at=NOW, ended_at=ended, planned=len(checks), checks=checks, by="ann", system="payroll"
    )
    return document(done, source="ward", environment="production").to_json()


def test_a_good_verification_is_short() -> None:
    assert verification(shown(one("health"), one("login")), Look()) == (
        "post of payroll (production)\n"
        "OK        health  1.23 s\n"
        "OK        login   1.23 s\n"
        "OK        2 of 2 pass in 2 s\n"
    )


def test_the_worst_comes_first_with_why_and_a_hint_and_the_last_line_names_it() -> None:
    text = verification(shown(one("health"), FAILED, BLIND), Look())
    assert text.splitlines()[1:] == [
        'FAILED    login   1.23 s  got 500 & "<b>"\ufffd',
        "                          see its log",
        "UNKNOWN   page    1.23 s  no route",
        "OK        health  1.23 s",
        "FAILED    1 of 3 pass in 2 s: not login, page",
    ]


def test_the_same_hint_is_given_once() -> None:
    text = verification(shown(FAILED, one("page", Outcome.FAIL, explanation="gone", hint="see its log")), Look())
    assert text.count("see its log") == 1


def test_what_only_warns_passes_and_says_so() -> None:
    text = verification(shown(one("disk", severity=Severity.WARNING, explanation="85 % full", hint="tidy up")), Look())
    assert "WARNING   disk  1.23 s  85 % full" in text
    assert text.endswith("OK        1 of 1 passes in 2 s\n")


def test_a_failure_of_a_check_that_only_warns_is_a_failure_here() -> None:
    document = shown(one("docs", Outcome.FAIL, severity=Severity.WARNING, explanation="gone"))
    assert (document["verdict"], document["failed"], document["passed"]) == ("fail", 1, 0)


def test_nothing_run_says_which_tag_nobody_has() -> None:
    assert verification(shown(tags=("rare",)), Look()).endswith("nothing was run: no check carries the tag rare\n")


def test_a_condition_shows_what_it_found_and_no_time() -> None:
    condition = one("agreed-hours", kind="condition", took=timedelta(0), explanation="within evenings")
    assert "OK        agreed-hours    within evenings\n" in verification(shown(condition), Look())


def test_junit_counts_and_places_each_check() -> None:
    suite = ET.fromstring(junit(shown(one("health"), FAILED, BLIND)))[0]
    assert (suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")) == (
        "payroll", "3", "1", "1"
    )  # fmt: skip
    assert suite.get("timestamp") == "2026-11-22T12:00:00"
    cases = [(case.get("name"), case.get("classname"), case.get("time")) for case in suite.iter("testcase")]
    assert cases[0] == ("health", "payroll.http", "1.234")


def test_junit_has_the_class_and_explanation_of_a_failure_escaped() -> None:
    written = junit(shown(FAILED))
    [failure] = ET.fromstring(written).iter("failure")
    assert (failure.get("type"), failure.get("message")) == ("wrong_status", 'got 500 & "<b>"\ufffd')
    assert failure.text == 'got 500 & "<b>"\ufffd\nhint: see its log'
    assert b"<b>" not in written


def test_what_could_not_be_judged_is_an_error_in_junit() -> None:
    [error] = ET.fromstring(junit(shown(BLIND))).iter("error")
    assert (error.get("type"), error.get("message")) == ("network_down", "no route")


def test_junit_says_of_what_and_by_whom() -> None:
    known = {one.get("name"): one.get("value") for one in ET.fromstring(junit(shown(FAILED))).iter("property")}
    assert known == {
        "source": "ward",
        "system": "payroll",
        "environment": "production",
        "tags": "post",
        "by": "ann",
        "verdict": "fail",
    }


@pytest.mark.parametrize("checks", [(), (one("health", explanation="fine"), FAILED, BLIND)])
def test_junit_has_nothing_that_the_schema_of_jenkins_does_not_know(checks: tuple[VerifiedCheck, ...]) -> None:
    for element in ET.fromstring(junit(shown(*checks))).iter():
        children, attributes = ALLOWED[element.tag]
        assert {child.tag for child in element} <= children
        assert set(element.attrib) <= attributes
