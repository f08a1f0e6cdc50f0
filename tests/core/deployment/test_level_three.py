"""A level of escalation that names what undoes deployments: it orders the one rollback of that deployment, or its own command."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel.core.deployment.deployment import Ending, Phase, Ran, rollback_key
from sentinel.core.deployment.plan import DeploymentPlan, RollbackPlan
from sentinel.core.deployment.rolling_back import Undoable, adopted
from sentinel.core.incident import Acknowledge, Level, Policy
from sentinel.core.notification import Kind, Notification
from sentinel.core.routing import Sender
from sentinel.core.vitals import own_check
from tests.core.made import MINUTE, NOW
from tests.core.ward import Ward, one
from tests.kit.rollbacks import DEPLOYMENT, ordered

POLICY = Policy(
    name="default",
    levels=(
        Level(after=0 * MINUTE, channels=("mail",)),
        Level(after=15 * MINUTE, channels=("mail",)),
        Level(after=30 * MINUTE, channels=("mail", "rollback")),
    ),
)
PLAN = DeploymentPlan(system="payroll", rollback=RollbackPlan(channel="rollback"))
SENDER = Sender(
    source="ward",
    instance="i1",
    recipients={"mail": ("ada@example.org",), "rollback": ("",)},
    commands={"rollback": 5 * MINUTE},
    undoers={"rollback": (PLAN,)},
)
CURRENT = replace(DEPLOYMENT, started_at=NOW)
FAILED = replace(CURRENT, phase=Phase.ENDED, ending=Ending.FAILED, ended_at=NOW)
KEY = rollback_key("i1", DEPLOYMENT.id)


def ward(*undoable: Undoable, system: str = "payroll") -> Ward:
    """Two checks of a system, and what levels may undo."""
    checks = (one("login", system=system), one("shifts", system=system))
    place = Ward(*checks, policies=(POLICY,), sender=SENDER)
    place.desk.undoable = undoable or (Undoable(deployment=CURRENT, plan=PLAN),)
    return place


def orders(place: Ward) -> list[Notification]:
    return [row for row in place.sent if row.address.channel == "rollback"]


def lines(place: Ward) -> list[str]:
    return [line.text for line in place.timeline if line.kind == "command_planned"]


def test_the_order_becomes_the_rollback_of_the_deployment_that_goes_on() -> None:
    place = ward().fail("login").wait(31 * 60)
    (order,) = orders(place)
    about = order.message.deployment
    assert about is not None
    assert (order.key, order.message.kind, about.version, about.from_version) == (KEY, Kind.ROLLBACK, "2.4.1", "2.4.0")
    assert about.reason == "incident 1 of login has come to level 3 of its escalation"
    assert order.due_at == order.created_at + 5 * MINUTE


def test_whoever_was_told_hears_what_will_be_rolled_back_and_may_stop_it() -> None:
    place = ward().fail("login").wait(31 * 60)
    (planned,) = [row for row in place.sent if row.message.kind is Kind.COMMAND_PLANNED]
    title = planned.message.title
    assert title.startswith("the command rollback, which rolls payroll 2.4.1 back, runs at ")
    assert lines(place) == [title]


def test_the_deployment_learns_of_it_by_the_row() -> None:
    (order,) = orders(ward().fail("login").wait(31 * 60))
    rollback = adopted(order)
    assert (rollback.key, rollback.incident, rollback.state, rollback.quick) == (KEY, 1, Ran.ORDERED, True)
    assert rollback.runs_at - rollback.ordered_at == 5 * MINUTE


def test_two_incidents_order_it_once() -> None:
    place = ward().fail("login").wait(60).fail("shifts").wait(32 * 60)
    assert [order.key for order in orders(place)] == [KEY]
    assert lines(place)[1] == (
        "the command rollback, which rolls payroll 2.4.1 back, does not run: that rollback was ordered already, "
        "and there is only one"
    )


@pytest.mark.parametrize("state", list(Ran))
def test_what_was_ordered_otherwise_is_not_ordered_by_a_level(state: Ran) -> None:
    rollback = replace(ordered().rollback, state=state, text="Mary Canary wants it so")
    place = ward(Undoable(deployment=replace(FAILED, rollback=rollback), plan=PLAN)).fail("login").wait(31 * 60)
    assert orders(place) == []
    assert "does not run: that rollback" in lines(place)[0]
    assert "Canary" not in lines(place)[0]


def test_a_deployment_that_failed_and_stands_is_undone_within_a_day() -> None:
    for hours, kind in ((20, Kind.ROLLBACK), (30, Kind.COMMAND)):
        ended = replace(FAILED, ended_at=NOW - timedelta(hours=hours))
        (order,) = orders(ward(Undoable(deployment=ended, plan=PLAN)).fail("login").wait(31 * 60))
        assert order.message.kind is kind


def test_without_a_deployment_of_late_the_command_runs_as_ever() -> None:
    passed = replace(CURRENT, phase=Phase.ENDED, ending=Ending.PASSED, ended_at=NOW - timedelta(hours=30))
    (order,) = orders(ward(Undoable(deployment=passed, plan=PLAN)).fail("login").wait(31 * 60))
    assert (order.message.kind, order.message.deployment) == (Kind.COMMAND, None)


@pytest.mark.parametrize("ending", [Ending.PASSED, Ending.INCONCLUSIVE, Ending.UNWATCHED])
def test_what_broke_after_it_had_ended_well_is_undone_with_its_facts_and_once(ending: Ending) -> None:
    passed = replace(CURRENT, phase=Phase.ENDED, ending=ending, ended_at=NOW)
    place = ward(Undoable(deployment=passed, plan=PLAN)).fail("login").wait(60).fail("shifts").wait(32 * 60)
    (order,) = orders(place)
    assert (order.key, order.message.kind) == (KEY, Kind.ROLLBACK)


def test_what_somebody_has_accepted_is_not_undone() -> None:
    accepted = replace(CURRENT, phase=Phase.ENDED, ending=Ending.ACCEPTED, ended_at=NOW)
    place = ward(Undoable(deployment=accepted, plan=PLAN)).fail("login").wait(31 * 60)
    assert orders(place) == []
    assert lines(place)[0].endswith("does not run: somebody has accepted that deployment as it is")


def test_trouble_of_another_system_undoes_nothing() -> None:
    place = ward(system="shop").fail("login").wait(31 * 60)
    assert orders(place) == []
    assert lines(place) == [
        "the command rollback does not run: it rolls payroll back, and login is no check of that",
    ]


def test_a_trouble_of_sentinel_itself_undoes_nothing() -> None:
    place = Ward(own_check("default"), policies=(POLICY,), sender=SENDER).fail("sentinel").wait(31 * 60)
    assert orders(place) == []


def test_of_two_systems_of_a_check_the_one_is_undone_whose_rollback_the_level_names() -> None:
    every = replace(PLAN, system="portal", by_system=False, rollback=RollbackPlan(channel="switch"))
    other = Undoable(deployment=replace(CURRENT, id=8, system="portal"), plan=every)
    (order,) = orders(ward(other, Undoable(deployment=CURRENT, plan=PLAN)).fail("login").wait(31 * 60))
    assert order.key == KEY


def test_a_level_that_names_another_channel_undoes_nothing() -> None:
    other = replace(PLAN, rollback=RollbackPlan(channel="switch"))
    (order,) = orders(ward(Undoable(deployment=CURRENT, plan=other)).fail("login").wait(31 * 60))
    assert order.message.kind is Kind.COMMAND


def test_an_acknowledgement_stops_it() -> None:
    place = ward().fail("login").wait(31 * 60)
    place.meet(1, Acknowledge(by="Ada", why="mine"))
    assert any(Kind.COMMAND in item.kinds for item in place.outbox if not isinstance(item, Notification))
