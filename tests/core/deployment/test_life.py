"""The life of a deployment: what each event does in each phase, and what no sequence of events can bring about."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.deployment.deployment import (
    Breach,
    Deployment,
    Ending,
    Judged,
    Judgement,
    Phase,
    Ran,
    Verification,
)
from sentinel.core.deployment.events import (
    Accepted,
    Breached,
    Coursed,
    Event,
    Extended,
    Finished,
    Noted,
    Overran,
    PointJudged,
    Proven,
    Refusal,
    Reviewed,
    RollbackAdopted,
    RollbackMoved,
    RollbackStopped,
    RollbackWanted,
    SeenDown,
    SeenUp,
    Step,
    Verified,
    WatchBegun,
)
from sentinel.core.deployment.life import MOST_VERIFICATIONS, begin, step
from sentinel.core.deployment.plan import Criterion, OnFail, RollbackPlan, WatchPlan
from sentinel.core.deployment.rolling_back import Wanted
from sentinel.core.deployment.words import refuse_odd_name, refuse_odd_text, summary
from sentinel.core.notification import Kind
from tests.core.made import MINUTE, NOW, PROPERTY
from tests.kit.rollbacks import ordered

PLAN = WatchPlan(lasts=15 * MINUTE, points=(2 * MINUTE, 5 * MINUTE))
UNDO = RollbackPlan(channel="undo", veto=5 * MINUTE)
SAID = Breach(criterion=Criterion.SAID_SO, text="the migration stopped")
VERIFICATION = Verification(tags=("post",), began_at=NOW, ended_at=NOW + MINUTE, planned=2)

STARTED = Deployment(
    id=12,
    system="payroll",
    version="2.4.1",
    from_version="2.4.0",
    by="ci",
    started_at=NOW,
    window_ends_at=NOW + 30 * MINUTE,
    undo=UNDO,
)


def at(judged: Judged, minutes: int = 2, *, final: bool = False) -> PointJudged:
    after = minutes * MINUTE
    return PointJudged(
        judgement=Judgement(at=NOW + after, after=after, judged=judged, final=final, text="p95 is 60 % up")
    )


def watched(**changes: object) -> Deployment:
    return replace(step(STARTED, WatchBegun(by="ci", plan=PLAN), NOW).deployment, **changes)  # type: ignore[arg-type]


def ended(ending: Ending = Ending.FAILED) -> Deployment:
    return replace(STARTED, phase=Phase.ENDED, ending=ending, ended_at=NOW)


# --- Ordinary lives -------------------------------------------------------------------------------------------------


def test_a_start_says_from_which_version_to_which() -> None:
    begun = begin(STARTED, NOW)
    assert begun.kinds == (Kind.DEPLOYMENT_STARTED,)
    assert begun.entries[0].text == "payroll from 2.4.0 to 2.4.1; its window is open until 03:30 UTC"


def test_a_watch_that_passes_at_its_end_ends_well() -> None:
    going = step(watched(), at(Judged.PASS), NOW).deployment
    assert going.phase is Phase.WATCHING
    over = step(going, at(Judged.PASS, 15, final=True), NOW + 15 * MINUTE)
    assert (over.deployment.ending, over.kinds) == (Ending.PASSED, (Kind.DEPLOYMENT_ENDED,))


def test_after_its_last_point_no_watch_goes_on() -> None:
    one = watched()
    for minutes in (2, 5, 14):  # the last by a clock that was put back
        one = step(one, at(Judged.PASS, minutes), NOW + minutes * MINUTE).deployment
    assert one.ending is Ending.PASSED


def test_the_points_of_a_watch_are_those_of_its_plan_and_its_end() -> None:
    begun = step(STARTED, WatchBegun(by="ci", plan=PLAN, lasts=4 * MINUTE), NOW).deployment
    assert begun.watch is not None
    assert begun.watch.points == (2 * MINUTE, 4 * MINUTE)
    assert begun.watch.plan.lasts == 4 * MINUTE


def test_a_reload_changes_nothing_of_a_watch_that_goes_on() -> None:
    later = step(watched(), WatchBegun(by="ci", plan=replace(PLAN, slower=9.0)), NOW)
    assert later.refusal is Refusal.ALREADY_WATCHED
    assert later.deployment.watch is not None
    assert later.deployment.watch.plan.slower == PLAN.slower


def test_a_watch_that_knows_too_little_at_its_end_is_inconclusive() -> None:
    assert step(watched(), at(Judged.INCONCLUSIVE, 15, final=True), NOW).deployment.ending is Ending.INCONCLUSIVE


@pytest.mark.parametrize(
    ("on_fail", "phase", "kinds"),
    [
        (OnFail.TELL, Phase.ENDED, (Kind.DEPLOYMENT_FAILED,)),
        (OnFail.PROPOSE, Phase.PROPOSED, (Kind.DEPLOYMENT_FAILED, Kind.ROLLBACK_PLANNED)),
        (OnFail.ACT, Phase.ROLLING_BACK, (Kind.DEPLOYMENT_FAILED,)),
    ],
)
def test_a_failure_at_any_point_does_what_was_agreed_on(on_fail: OnFail, phase: Phase, kinds: tuple[Kind, ...]) -> None:
    failed = step(watched(on_fail=on_fail), at(Judged.FAIL), NOW)
    assert (failed.deployment.phase, failed.kinds) == (phase, kinds)
    assert (failed.order is not None) == (on_fail is not OnFail.TELL)


def test_a_failure_without_a_way_back_is_only_told() -> None:
    failed = step(watched(on_fail=OnFail.ACT, undo=None), at(Judged.FAIL), NOW)
    assert (failed.deployment.ending, failed.order) == (Ending.FAILED, None)


def test_whoever_deploys_may_say_that_it_failed_before_any_watch() -> None:
    failed = step(replace(STARTED, on_fail=OnFail.ACT), Breached(breach=SAID, by="ci"), NOW)
    assert failed.deployment.phase is Phase.ROLLING_BACK
    assert (failed.entries[0].kind, failed.entries[0].text) == ("failed", "the migration stopped")


def test_finished_without_a_watch_it_is_unwatched_and_before_its_end_inconclusive() -> None:
    assert step(STARTED, Finished(by="ci"), NOW).deployment.ending is Ending.UNWATCHED
    assert step(watched(), Finished(by="ci", why="late"), NOW).deployment.ending is Ending.INCONCLUSIVE


def test_an_overrun_is_noted_once_and_an_extension_takes_it_back() -> None:
    late = NOW + 31 * MINUTE
    assert step(STARTED, Overran(), NOW).refusal is Refusal.NO_NEWS
    overrun = step(STARTED, Overran(), late).deployment
    assert overrun.overrun
    assert step(overrun, Overran(), late).refusal is Refusal.NO_NEWS
    assert not step(overrun, Extended(by="ci", until=late + MINUTE), late).deployment.overrun


def test_a_window_is_never_made_shorter() -> None:
    assert step(STARTED, Extended(by="ci", until=NOW + MINUTE), NOW).refusal is Refusal.NO_LATER


def test_what_was_down_twice_is_added_up() -> None:
    one = STARTED
    for minute in (1, 10):
        one = step(one, SeenDown(since=NOW + minute * MINUTE, text="page"), NOW).deployment
        one = step(one, SeenUp(at=NOW + (minute + 2) * MINUTE), NOW).deployment
    assert (one.down_since, one.down_for) == (None, 4 * MINUTE)


def test_only_what_failed_can_be_accepted() -> None:
    assert step(STARTED, Accepted(by="ann", why="known"), NOW).refusal is Refusal.NOT_IN_TROUBLE
    assert step(ended(Ending.PASSED), Accepted(by="ann", why="known"), NOW).refusal is Refusal.NOT_IN_TROUBLE
    assert step(ended(), Accepted(by="ann", why="known"), NOW).deployment.ending is Ending.ACCEPTED


def test_of_many_verifications_the_latest_are_kept() -> None:
    one = STARTED
    for number in range(30):
        one = step(one, Verified(verification=replace(VERIFICATION, number=number)), NOW).deployment
    assert [kept.number for kept in one.verifications] == list(range(30 - MOST_VERIFICATIONS, 30))


def test_a_summary_counts_what_was_planned() -> None:
    assert summary(VERIFICATION) == "post: 0 of 2 pass"


# --- Words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "2.4.1", "v1", "release/2026-11+build_7:amd64=x@y", "a" * 100])
def test_names_of_versions_are_taken(name: str) -> None:
    assert refuse_odd_name(name) == ""


@pytest.mark.parametrize("name", ["-rf", " 1", "1\n", "a;b", "ü", "a" * 101, "$(x)", "<b>"])
def test_odd_names_are_refused(name: str) -> None:
    assert refuse_odd_name(name)


def test_what_people_write_is_one_line_that_is_not_too_long() -> None:
    assert refuse_odd_text("the portal is slow, so back") == ""
    assert refuse_odd_text("two\nlines")
    assert refuse_odd_text("a" * 501)


def test_stakeholders_hear_of_a_rollback_that_a_level_orders_while_it_can_be_stopped() -> None:
    """A level of escalation ordered it, and those who wait for the release heard of it when it ran."""
    at_once = replace(_ROLLBACK, incident=7, runs_at=_ROLLBACK.ordered_at)
    waits = replace(at_once, runs_at=at_once.ordered_at + 5 * MINUTE)
    told = [step(STARTED, RollbackAdopted(rollback=one, undo=UNDO), NOW).kinds for one in (waits, at_once)]
    assert told == [(Kind.ROLLBACK_PLANNED,), ()]


# --- Any life -------------------------------------------------------------------------------------------------------

_BY = st.sampled_from(["ann", "ci"])
_ROLLBACK = ordered().rollback
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Noted, text=st.just("half way"), by=_BY),
    st.builds(Extended, by=_BY, until=st.just(NOW + 90 * MINUTE)),
    st.builds(WatchBegun, by=_BY, plan=st.just(PLAN)),
    st.builds(at, st.sampled_from(Judged), st.integers(1, 15), final=st.booleans()),
    st.just(Breached(breach=SAID, by="ci")),
    st.builds(Finished, by=_BY),
    st.builds(Accepted, by=_BY, why=st.just("known")),
    st.builds(RollbackWanted, wanted=st.just(Wanted(reason="slow", by="ann")), undo=st.just(UNDO)),
    st.just(RollbackAdopted(rollback=replace(_ROLLBACK, incident=7), undo=UNDO)),
    st.builds(RollbackMoved, rollback=st.builds(lambda state: replace(_ROLLBACK, state=state), st.sampled_from(Ran))),
    st.just(RollbackStopped(by="ben", why="wait")),
    st.just(Verified(verification=VERIFICATION)),
    st.just(Proven(verification=VERIFICATION)),
    st.just(Overran()),
    st.builds(Coursed, st.integers(1, 4)),
    st.just(SeenDown(since=NOW, text="page")),
    st.just(SeenUp(at=NOW + MINUTE)),
    st.builds(Reviewed, st.sampled_from([timedelta(hours=1), timedelta(days=1)])),
)


@given(st.sampled_from(OnFail), st.lists(EVENTS, max_size=40))
@PROPERTY
def test_whatever_happens_there_is_one_rollback_and_an_end_is_an_end(on_fail: OnFail, events: list[Event]) -> None:
    one, began = replace(STARTED, on_fail=on_fail), False
    for number, event in enumerate(events):
        taken = step(one, event, NOW + number * MINUTE)
        refused_changes_nothing(one, taken)
        assert not (began and taken.order is not None), "a rollback that has begun is never ordered again"
        reopens = isinstance(event, RollbackWanted | RollbackAdopted)
        assert not one.is_over or taken.deployment.is_over or reopens
        assert taken.deployment.phase is one.phase or taken.entries, "what changes stands on the timeline"
        one = taken.deployment
        began = began or (one.rollback is not None and one.rollback.state not in (Ran.ORDERED, Ran.STOPPED))
        assert one.is_over == (one.ended_at is not None) == (one.ending is not None)
        assert len(one.verifications) <= MOST_VERIFICATIONS


@given(st.sampled_from(OnFail), st.lists(EVENTS, max_size=40))
@PROPERTY
def test_what_was_over_never_goes_back_to_work_and_a_watch_always_comes_to_an_end(
    on_fail: OnFail, events: list[Event]
) -> None:
    one, was_over = replace(STARTED, on_fail=on_fail), False
    for number, event in enumerate(events):
        taken = step(one, event, NOW + number * MINUTE)
        one = taken.deployment
        was_over = was_over or one.is_over
        assert not (was_over and one.phase in (Phase.UNDER_WAY, Phase.WATCHING))
        assert one.phase is not Phase.WATCHING or (one.watch is not None and one.watch.next_point is not None)
        assert (one.phase in (Phase.PROPOSED, Phase.ROLLING_BACK, Phase.VERIFYING)) <= (one.rollback is not None)
        assert one.was is None or not one.is_over


def refused_changes_nothing(before: Deployment, taken: Step) -> None:
    if taken.refusal is not None:
        assert taken == Step(before, refusal=taken.refusal)
