from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sentinel.core.check import Check
from sentinel.core.deployment.criteria import breach, opened
from sentinel.core.deployment.plan import CriteriaPlan, Criterion
from sentinel.core.incident import Because, Incident, Mute, Phase, Policy
from sentinel.core.judge import Finding, Verdict
from sentinel.core.matcher import Matcher
from sentinel.core.reason import Reason
from sentinel.core.rule import Severity

SINCE = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PLAN = CriteriaPlan(
    critical_function=Matcher(tags=frozenset({"critical"})),
    integrity=Matcher(tags=frozenset({"integrity"})),
    migration=Matcher(tags=frozenset({"migration"})),
    several_services=3,
)


def trouble(name: str, *tags: str, after: int = 1, severity: Severity = Severity.CRITICAL) -> tuple[Incident, Check]:
    check = Check(name=name, kind="http", interval=MINUTE, timeout=MINUTE / 6, tags=frozenset(tags))
    opened = SINCE + after * MINUTE
    return Incident(
        check=name,
        policy=Policy(name="default", levels=()),
        began_at=opened,
        id=len(name),
        phase=Phase.OPEN,
        severity=severity,
        opened_at=opened,
        critical_at=opened if severity is Severity.CRITICAL else None,
        mute=Mute(because=Because.DEPENDENCY, by="host"),
    ), check


def test_a_critical_function_that_breaks_is_enough() -> None:
    found = breach(PLAN, [trouble("payroll", "critical"), trouble("page")], SINCE)
    assert found is not None
    assert (found.criterion, found.checks, found.incidents) == (Criterion.CRITICAL_FUNCTION, ("payroll",), (7,))
    assert found.text == "a critical function is broken: payroll (#7)"


def test_what_was_broken_before_is_not_the_deployments_doing() -> None:
    assert breach(PLAN, [trouble("payroll", "critical", after=-1)], SINCE) is None


def test_a_warning_is_none_of_it() -> None:
    assert breach(PLAN, [warning("payroll", "critical", Reason.FAILED)] * 3, SINCE) is None


@pytest.mark.parametrize(("tag", "met"), [("integrity", Criterion.INTEGRITY), ("migration", Criterion.MIGRATION)])
def test_data_that_are_not_whole_are_so_however_bad_their_check_is_called(tag: str, met: Criterion) -> None:
    found = breach(PLAN, [warning("books", tag, Reason.FAILED)], SINCE)
    assert found is not None
    assert (found.criterion, found.checks) == (met, ("books",))
    assert breach(PLAN, [warning("books", tag, Reason.FAILED, after=-1)], SINCE) is None


def test_an_answer_that_comes_late_says_nothing_of_the_data() -> None:
    assert breach(PLAN, [warning("books", "integrity", Reason.QUANTILE)], SINCE) is None


def warning(name: str, tag: str, reason: Reason, after: int = 1) -> tuple[Incident, Check]:
    finding = Finding(severity=Severity.WARNING, reason=reason, explanation="two orphans")
    incident, check = trouble(name, tag, after=after, severity=Severity.WARNING)
    return replace(incident, verdict=Verdict(severity=Severity.WARNING, findings=(finding,))), check


def test_several_checks_are_counted_once_each() -> None:
    two = [trouble("api"), trouble("page"), trouble("page")]
    assert breach(PLAN, two, SINCE) is None
    found = breach(PLAN, [*two, trouble("host")], SINCE)
    assert found is not None
    assert found.criterion is Criterion.SEVERAL_SERVICES
    assert found.text.startswith("3 checks are critical at once: api (#3), page (#4)")


def test_what_is_not_asked_is_not_met() -> None:
    nothing = CriteriaPlan(several_services=0)
    assert breach(nothing, [trouble("a", "critical"), trouble("bb", "integrity"), trouble("ccc")], SINCE) is None


def test_what_was_bad_when_the_deployment_began_and_opens_with_the_end_of_its_window_is_not_its_doing() -> None:
    incident, check = trouble("payroll", "critical")
    started = SINCE - 10 * MINUTE
    late = replace(incident, began_at=started - MINUTE)
    assert breach(PLAN, [(late, check)], SINCE, started) is None
    assert breach(PLAN, [(incident, check)], SINCE, started) is not None
    worse = replace(late, opened_at=started - MINUTE)
    assert breach(PLAN, [(worse, check)], SINCE, started) is not None
    assert opened([late, incident], SINCE, started) == ["payroll"]
    assert opened([late, worse], SINCE, started) == []
