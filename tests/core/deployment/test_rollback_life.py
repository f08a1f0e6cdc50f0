"""What becomes of a deployment while it is rolled back: each state of the one order leads somewhere, and only forward."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sentinel.core.deployment.deployment import (
    Breach,
    Deployment,
    Ending,
    Phase,
    Ran,
    Rollback,
    Verification,
    VerifiedCheck,
    Watch,
)
from sentinel.core.deployment.events import (
    Breached,
    Proven,
    Refusal,
    RollbackAdopted,
    RollbackMoved,
    RollbackStopped,
    RollbackWanted,
)
from sentinel.core.deployment.life import step
from sentinel.core.deployment.plan import Criterion, OnFail, RollbackPlan
from sentinel.core.deployment.rolling_back import Wanted
from sentinel.core.deployment.standing import window_of
from sentinel.core.notification import Kind
from sentinel.core.result import Outcome
from sentinel.core.rule import Severity
from tests.core.made import MINUTE
from tests.kit.rollbacks import DEPLOYMENT, NOW, ordered

UNDO = RollbackPlan(channel="rollback")
WANTED = RollbackWanted(wanted=Wanted(reason="it is slow", by="ann"), undo=UNDO)
BREACH = Breach(criterion=Criterion.SAID_SO, text="the migration failed")
BY_LEVEL = replace(ordered(veto=5 * MINUTE).rollback, incident=12)
CHECKED = VerifiedCheck(
    name="login", title="Login", kind="http", outcome=Outcome.PASS, severity=Severity.OK, took=MINUTE
)


def rolling(state: Ran = Ran.ORDERED, **changes: object) -> Deployment:
    """One whose rollback was ordered by a person."""
    one = step(DEPLOYMENT, WANTED, NOW).deployment
    assert one.rollback is not None
    return replace(one, rollback=replace(one.rollback, state=state), **changes)  # type: ignore[arg-type]


def run(one: Deployment, state: Ran, text: str = "") -> Deployment:
    assert one.rollback is not None
    after = replace(one.rollback, state=state, ended_at=NOW, text=text)
    return step(one, RollbackMoved(rollback=after), NOW).deployment


def test_what_a_person_orders_begins_at_once() -> None:
    taken = step(DEPLOYMENT, WANTED, NOW)
    assert taken.deployment.phase is Phase.ROLLING_BACK
    assert taken.order is not None
    assert taken.order.due_at == NOW


@pytest.mark.parametrize("state", [state for state in Ran if state is not Ran.STOPPED])
def test_there_is_no_second_order(state: Ran) -> None:
    for phase in Phase:
        if (phase, state) == (Phase.PROPOSED, Ran.ORDERED):
            continue  # one that only waits is begun now: it is the same order
        taken = step(rolling(state, phase=phase), WANTED, NOW)
        assert (taken.refusal, taken.order) == (Refusal.ALREADY_ROLLED_BACK, None)


def test_it_runs_is_done_and_is_proven() -> None:
    running = run(rolling(), Ran.STARTED)
    done = run(running, Ran.DONE)
    proven = Verification(tags=("post",), began_at=NOW, ended_at=NOW, planned=1, checks=(CHECKED,))
    over = step(done, Proven(verification=proven), NOW).deployment
    assert [one.phase for one in (running, done, over)] == [Phase.ROLLING_BACK, Phase.VERIFYING, Phase.ENDED]
    assert over.ending is Ending.ROLLED_BACK


def test_without_tags_all_checks_have_to_prove_it() -> None:
    all_of_them = replace(rolling(), undo=replace(UNDO, verify=()))
    assert run(all_of_them, Ran.DONE).phase is Phase.VERIFYING


def test_one_that_the_checks_do_not_prove_has_failed() -> None:
    bad = Verification(tags=(), began_at=NOW, ended_at=NOW, checks=(replace(CHECKED, outcome=Outcome.FAIL),))
    nothing = replace(bad, checks=())
    for verification in (bad, nothing):
        over = step(run(rolling(), Ran.DONE), Proven(verification=verification), NOW).deployment
        assert over.ending is Ending.ROLLBACK_FAILED


def test_one_that_went_wrong_has_failed_and_says_so_in_one_line() -> None:
    failed = run(rolling(), Ran.FAILED, "sh ended with status 3 after 1 s\nno such release")
    assert (failed.phase, failed.ending) == (Phase.ENDED, Ending.ROLLBACK_FAILED)
    assert failed.ended_why == "the rollback failed: sh ended with status 3 after 1 s"
    assert run(rolling(), Ran.INTERRUPTED).ending is Ending.ROLLBACK_FAILED


def test_a_veto_leaves_what_failed_as_it_is() -> None:
    one = rolling(phase=Phase.PROPOSED, broken=BREACH)
    over = step(one, RollbackStopped(by="ann", why="we mend it"), NOW).deployment
    assert (over.ending, over.ended_why) == (
        Ending.FAILED,
        "its rollback was stopped before it began: we mend it (ann)",
    )
    assert step(rolling(Ran.STARTED), RollbackStopped(by="ann", why="no"), NOW).refusal is Refusal.BEGUN


def adopted(one: Deployment, rollback: Rollback = BY_LEVEL) -> Deployment:
    return step(one, RollbackAdopted(rollback=rollback, undo=UNDO), NOW).deployment


def test_a_level_s_order_becomes_its_rollback() -> None:
    one = adopted(DEPLOYMENT)
    assert (one.phase, one.rollback) == (Phase.PROPOSED, BY_LEVEL)
    assert adopted(rolling(Ran.DONE, phase=Phase.VERIFYING)).rollback != BY_LEVEL


@pytest.mark.parametrize("watched", [False, True])
def test_when_the_incident_is_over_the_deployment_goes_on(watched: bool) -> None:
    watch = Watch(began_at=NOW, lasts=15 * MINUTE, points=(15 * MINUTE,))
    one = adopted(replace(DEPLOYMENT, watch=watch if watched else None))
    on = run(one, Ran.STOPPED)
    assert on.phase is (Phase.WATCHING if watched else Phase.UNDER_WAY)


def test_what_was_stopped_sentinel_does_not_order_by_itself_but_a_person_may() -> None:
    """A person said no, and the watch that fails afterwards must not run it all the same."""
    watch = Watch(began_at=NOW, lasts=15 * MINUTE, points=(15 * MINUTE,))
    on = run(adopted(replace(DEPLOYMENT, watch=watch, on_fail=OnFail.ACT)), Ran.STOPPED)
    failed = step(replace(on, undo=UNDO), Breached(breach=BREACH), NOW)
    assert (failed.deployment.ending, failed.order, failed.kinds) == (Ending.FAILED, None, (Kind.DEPLOYMENT_FAILED,))
    assert step(failed.deployment, WANTED, NOW).order is not None


def test_one_that_had_failed_ends_failed_when_the_level_s_order_is_stopped() -> None:
    failed = replace(DEPLOYMENT, broken=BREACH, phase=Phase.ENDED, ending=Ending.FAILED, ended_at=NOW)
    over = run(adopted(failed), Ran.STOPPED)
    assert (over.phase, over.ending) == (Phase.ENDED, Ending.FAILED)


@pytest.mark.parametrize("rollback", [BY_LEVEL, replace(BY_LEVEL, incident=0, by="ann")])
@pytest.mark.parametrize("ending", [Ending.PASSED, Ending.UNWATCHED, Ending.ACCEPTED, Ending.FAILED])
def test_one_that_was_over_is_again_what_it_was_when_its_rollback_is_stopped(
    rollback: Rollback, ending: Ending
) -> None:
    """It was watched no more, so it cannot be watched on; and one that passed has not failed by that."""
    before = replace(DEPLOYMENT, phase=Phase.ENDED, ending=ending, ended_at=NOW, ended_why="so it was")
    stopped = replace(rollback, state=Ran.STOPPED, ended_at=NOW)
    again = step(adopted(before, rollback), RollbackMoved(rollback=stopped), NOW + MINUTE)
    assert again.deployment == replace(before, rollback=stopped, undo=UNDO)
    assert again.kinds == (Kind.ROLLBACK_ENDED,)


def test_a_window_that_was_over_is_not_opened_again_by_a_rollback() -> None:
    """What went wrong since its end would be excused after all."""
    before = replace(DEPLOYMENT, phase=Phase.ENDED, ending=Ending.UNWATCHED, ended_at=NOW)
    again = step(before, WANTED, NOW + MINUTE).deployment
    assert not again.is_over
    assert window_of(again, ["login"]) == window_of(before, ["login"])
