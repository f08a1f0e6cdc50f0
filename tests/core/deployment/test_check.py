"""The check of a system's deployments: when it fails, with which words, and what it is no part of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sentinel.core.deployment.check import deployment_check, measure, moment_of
from sentinel.core.deployment.deployment import Breach, Deployment, Ended, Ending, Phase, Ran
from sentinel.core.deployment.plan import Criterion, DeploymentPlan
from sentinel.core.deployment.standing import names_of, standing_version, suspects, window_of
from sentinel.core.history import History
from sentinel.core.matcher import Matcher
from sentinel.core.result import FailureClass, Outcome
from sentinel.core.silence import means
from sentinel.core.vitals import overdue_checks
from sentinel.core.window import expects
from tests.core.deployment.test_life import STARTED, ended
from tests.core.made import NOW, POLICY
from tests.kit.rollbacks import ordered
from tests.kit.scene import check

PLAN = DeploymentPlan(system="payroll")
OWN = deployment_check(PLAN)
BROKEN = Breach(criterion=Criterion.SEVERAL_SERVICES, text="3 checks are critical at once")


@pytest.mark.parametrize(
    ("one", "failure", "names"),
    [
        (replace(STARTED, overrun=True), FailureClass.DEPLOYMENT_OVERRUN, "sentinel deploy extend 12 --for 15m"),
        (replace(ended(), broken=BROKEN), FailureClass.DEPLOYMENT_FAILED, "sentinel deploy accept 12 --why WHY"),
        (ended(Ending.ROLLBACK_FAILED), FailureClass.ROLLBACK_FAILED, "sentinel deploy status 12"),
        (
            replace(STARTED, phase=Phase.PROPOSED, broken=BROKEN, rollback=ordered().rollback),
            FailureClass.DEPLOYMENT_FAILED,
            "sentinel deploy veto 12",
        ),
    ],
)
def test_it_fails_while_a_deployment_needs_somebody_and_says_what_to_do(
    one: Deployment, failure: FailureClass, names: str
) -> None:
    found = measure(one)
    assert found.failure is failure
    assert "deployment 12 of payroll 2.4.1" in found.explanation
    assert names in found.hint


@pytest.mark.parametrize(
    "trouble",
    [{"broken": BROKEN}, {"overrun": True}, {"was": Ended(at=NOW, ending=Ending.FAILED)}],
)
@pytest.mark.parametrize("phase", [Phase.PROPOSED, Phase.ROLLING_BACK, Phase.VERIFYING])
def test_what_needed_somebody_does_until_its_rollback_is_proven(phase: Phase, trouble: dict[str, Any]) -> None:
    one = replace(STARTED, phase=phase, rollback=ordered().rollback, **trouble)
    assert measure(one).outcome is Outcome.FAIL
    assert measure(replace(STARTED, phase=phase, rollback=ordered().rollback)).outcome is Outcome.PASS


def test_a_short_time_to_stop_a_rollback_is_told_to_the_second() -> None:
    orders = [ordered(veto=timedelta(seconds=seconds)).rollback for seconds in (30, 300)]
    assert [moment_of(one) for one in orders] == ["03:18:35", "03:23"]


@pytest.mark.parametrize("ending", sorted(set(Ending) - {Ending.FAILED, Ending.ROLLBACK_FAILED}))
def test_it_passes_where_all_is_in_order(ending: Ending) -> None:
    assert measure(None).outcome is measure(STARTED).outcome is measure(ended(ending)).outcome is Outcome.PASS


def test_what_people_said_does_not_get_into_its_explanation() -> None:
    said = Breach(criterion=Criterion.SAID_SO, text="Mary Canary could not log in")
    assert "canary" not in measure(replace(ended(), broken=said)).explanation.lower()


def test_it_belongs_to_no_system_and_no_window_but_a_silence_means_it() -> None:
    assert not PLAN.covers(OWN)
    assert names_of(PLAN, [OWN, check("login", system="payroll")]) == ("login",)
    assert not expects(Matcher(), OWN)
    assert means(Matcher(), OWN)


def test_it_is_never_overdue() -> None:
    assert overdue_checks([History(OWN, POLICY)], NOW + timedelta(days=1), NOW) == ()


def test_the_window_of_a_system_without_checks_means_nothing() -> None:
    assert not expects(window_of(STARTED, ()).matcher, check("login"))


def test_its_window_ends_with_the_deployment() -> None:
    over = replace(ended(Ending.UNWATCHED), ended_at=NOW + timedelta(minutes=3))
    window = window_of(over, ("login",))
    assert window.covering(NOW + timedelta(minutes=2)) is not None
    assert window.covering(NOW + timedelta(minutes=4)) is None


def test_the_version_that_stands_skips_what_failed_and_what_was_rolled_back() -> None:
    past = [
        replace(ended(Ending.FAILED), version="3"),
        replace(ended(Ending.ROLLED_BACK), version="2", from_version=""),
        replace(ended(Ending.PASSED), version="1"),
    ]
    assert standing_version(past) == "1"
    assert standing_version([replace(ended(Ending.ROLLED_BACK), from_version="2.4.0"), *past]) == "2.4.0"
    assert standing_version([]) == ""


def test_what_was_rolled_back_does_not_stand_whoever_accepts_what_came_of_it() -> None:
    """The program had put 2.4.0 in place, and the next deployment was told to come from 2.4.1."""
    for state, stands in ((Ran.DONE, "2.4.0"), (Ran.FAILED, ""), (Ran.INTERRUPTED, ""), (Ran.STOPPED, "2.4.1")):
        one = replace(ended(Ending.ACCEPTED), rollback=replace(ordered().rollback, state=state))
        assert standing_version([one, replace(ended(Ending.PASSED), version="1")]) == stands


def test_of_two_deployments_the_later_one_is_the_suspect() -> None:
    checks = [check("login", system="payroll"), check("other")]
    later = replace(STARTED, id=13, started_at=NOW + timedelta(minutes=5))
    known = suspects([STARTED, later], {"payroll": PLAN}, checks)
    found = known.of("login", NOW + timedelta(minutes=6))
    assert found is not None
    assert found.id == 13
    assert known.of("other", NOW) is None
    assert known.of("login", NOW - timedelta(minutes=1)) is None
