from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

from sentinel.core.deployment.conditions import Standing, asks_conditions, conditions, is_of, own_checks
from sentinel.core.deployment.deployment import Deployment, Phase, Verification, VerifiedCheck
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.hours import Calendar, Span
from sentinel.core.incident import Incident
from sentinel.core.result import Outcome
from tests.kit.scene import NOW, broken, check, history

PAYROLL = DeploymentPlan(system="payroll")

#: NOW is a Sunday, 12:00 UTC.
MONDAYS = Calendar(name="mondays", zone="UTC", spans=(Span(start=time(20), end=time(22)),), weekdays=frozenset({0}))
SUNDAYS = Calendar(name="sundays", zone="UTC", weekdays=frozenset({6}))

GOING_ON = Deployment(
    id=3, system="payroll", version="2.4.1", by="ann", started_at=NOW, window_ends_at=NOW + timedelta(minutes=30)
)


def opened(name: str = "login") -> Incident:
    found = history(check(name), [broken()] * 3).incident
    assert found is not None
    return found


def asked(plan: DeploymentPlan = PAYROLL, standing: Standing = Standing()) -> dict[str, VerifiedCheck]:
    return {one.name: one for one in conditions(plan, standing, NOW)}


def test_a_verification_before_another_deployment_is_none_of_the_one_that_goes_on() -> None:
    """Somebody's second start was refused, and that stood as a failure in the document of the first."""

    def made(*tags: str, by: str = "ben") -> Verification:
        return Verification(tags=tags, began_at=NOW, by=by)

    assert not is_of(GOING_ON, made("pre"))
    assert not is_of(GOING_ON, made("pre", by="ann"))
    assert is_of(GOING_ON, made("post"))
    assert is_of(GOING_ON, made())
    undone = replace(GOING_ON, phase=Phase.ROLLING_BACK)
    assert [is_of(undone, made("post", by=by)) for by in ("ben", "ann")] == [False, True]


def test_a_calm_system_may_be_deployed() -> None:
    assert {one.outcome for one in asked().values()} == {Outcome.PASS}
    assert list(asked()) == ["no-open-incident", "no-other-deployment"]


def test_an_open_incident_is_named_and_says_what_to_do() -> None:
    found = asked(standing=Standing(incidents=(opened(),)))["no-open-incident"]
    assert (found.outcome, found.explanation) == (Outcome.FAIL, "1 incident is open: login (incident 12, critical)")
    assert "sentinel incidents" in found.hint


def test_of_many_incidents_the_first_are_named_and_the_rest_is_counted() -> None:
    many = tuple(replace(opened(), id=number) for number in range(1, 9))
    text = asked(standing=Standing(incidents=many))["no-open-incident"].explanation
    assert (text.startswith("8 incidents are open: "), text.endswith(" and 3 more")) == (True, True)


def test_a_system_that_does_not_mind_incidents_is_not_asked_for_them() -> None:
    assert list(asked(replace(PAYROLL, no_incidents=False))) == ["no-other-deployment"]


def test_outside_of_the_agreed_hours_it_says_when_the_next_begin() -> None:
    found = asked(replace(PAYROLL, agreed=(MONDAYS,)))["agreed-hours"]
    assert (found.outcome, found.explanation) == (
        Outcome.FAIL,
        "it is not mondays; the next begins 2026-11-23 20:00 UTC",
    )


def test_one_of_several_agreed_hours_will_do() -> None:
    assert asked(replace(PAYROLL, agreed=(MONDAYS, SUNDAYS)))["agreed-hours"].outcome is Outcome.PASS


def test_hours_that_never_come_are_told_as_such() -> None:
    never = Calendar(name="never", zone="UTC", weekdays=frozenset({0}), month_days=frozenset({-40}))
    assert asked(replace(PAYROLL, agreed=(never,)))["agreed-hours"].explanation == "it is not never and never will be"


def test_another_deployment_of_the_same_system_is_named() -> None:
    found = asked(standing=Standing(going_on=(GOING_ON,)))["no-other-deployment"]
    assert (found.outcome, "payroll 2.4.1 goes on" in found.explanation) == (Outcome.FAIL, True)


def test_what_nobody_knows_is_unknown_and_no_pass() -> None:
    found = asked(standing=Standing(unknown="no store"))
    assert {one.outcome for one in found.values()} == {Outcome.UNKNOWN}


def test_conditions_are_asked_before_a_deployment_and_not_after_it() -> None:
    during = Standing(going_on=(GOING_ON,))
    assert [asks_conditions(tags, Standing()) for tags in (("pre",), (), ("post",))] == [True, True, False]
    assert [asks_conditions(tags, during) for tags in (("pre",), (), ("post",))] == [True, False, False]


def test_checks_belong_to_the_system_that_they_name() -> None:
    checks = [check("a", system="Payroll"), check("b", system="else")]
    assert [one.name for one in own_checks(PAYROLL, checks)] == ["a"]
    assert own_checks(None, checks) == checks
