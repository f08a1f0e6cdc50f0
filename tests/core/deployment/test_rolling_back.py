"""The one rollback of a deployment: how it is ordered, and what its row says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from sentinel.core.deployment.deployment import Ending, Phase, Ran
from sentinel.core.deployment.rolling_back import (
    adopted,
    came_to,
    entry,
    followed,
    hearers,
    is_undoable,
    may_be_ordered,
    moved,
    planned,
    stopped,
)
from sentinel.core.incident import Address
from sentinel.core.notification import Ambiguous, Cause, Failed, Kind, State, after_attempt
from tests.kit.rollbacks import DEPLOYMENT, NOW, ordered
from tests.store.values import incident

MINUTE = timedelta(minutes=1)
WHY = "p95 is 60 % above the baseline"
ORDER = ordered(veto=5 * MINUTE)
LATER = NOW + 6 * MINUTE


def after(state: State, **changes: Any) -> tuple[Ran, str]:
    """What the rollback is, and what came of it, when its row is so."""
    row = replace(ORDER.row, state=state, due_at=None, **changes)
    rollback = moved(ORDER.rollback, row, LATER)
    return rollback.state, came_to(rollback)


def test_whoever_orders_it_the_key_is_the_same() -> None:
    keys = {ordered(reason, by=by).row.key for reason in ("slow", "broken") for by in ("", "ann")}
    assert keys == {ORDER.rollback.key}


def test_the_order_says_what_is_undone_and_why() -> None:
    row, about = ORDER.row, ORDER.row.message.deployment
    assert about is not None
    assert (row.message.kind, row.due_at, row.incident) == (Kind.ROLLBACK, NOW + 5 * MINUTE, None)
    assert (about.version, about.from_version, about.quick, about.reason) == (
        "2.4.1",
        "2.4.0",
        True,
        "p95 is 60 % above the baseline",
    )


@pytest.mark.parametrize(
    ("state", "changes", "ran", "said"),
    [
        (
            State.SENT,
            {"receipt": {"took": "2 s", "wrote": "back"}},
            Ran.DONE,
            "was done: after 2 s: back",
        ),
        (
            State.DEAD,
            {"reason": "command_failed", "detail": "sh ended with status 3 after 1 s\nno release"},
            Ran.FAILED,
            "failed: sh ended with status 3 after 1 s\nno release",
        ),
        (
            State.DEAD,
            {"reason": "interrupted"},
            Ran.INTERRUPTED,
            "was interrupted: Sentinel stopped while it ran, and it may have been done in part",
        ),
        (
            State.DEAD,
            {"reason": "timeout", "detail": "sh was not done after 5.0 s"},
            Ran.FAILED,
            "failed: it did not end in time, and may have been done in part: sh was not done after 5.0 s",
        ),
        (State.DEAD, {"reason": "refused"}, Ran.FAILED, "failed: refused"),
        (State.DROPPED, {"reason": "too_late", "detail": "1 h late"}, Ran.FAILED, "failed: it was not begun: 1 h late"),
        (State.CANCELLED, {}, Ran.STOPPED, "was stopped before it began"),
        (
            State.DEAD,
            {"reason": "channel_removed"},
            Ran.STOPPED,
            "was stopped before it began: its channel is not in the configuration any more",
        ),
    ],
)
def test_what_the_row_says_is_what_came_of_it(state: State, changes: dict[str, Any], ran: Ran, said: str) -> None:
    assert after(state, **changes) == (ran, said)


def test_a_claimed_row_is_a_rollback_that_has_started() -> None:
    assert moved(ORDER.rollback, replace(ORDER.row, state=State.SENDING), NOW).state is Ran.STARTED


def test_while_it_waits_its_time_is_that_of_the_row() -> None:
    assert moved(ORDER.rollback, ORDER.row, NOW) == ORDER.rollback
    later = replace(ORDER.row, due_at=LATER)
    assert moved(ORDER.rollback, later, NOW) == replace(ORDER.rollback, runs_at=LATER)


def test_what_is_over_stays_over() -> None:
    over = stopped(ORDER.rollback, "ann", "the release is not to blame", NOW)
    assert moved(over, replace(ORDER.row, state=State.SENDING), LATER) == over
    assert moved(ORDER.rollback, None, LATER) == ORDER.rollback


@pytest.mark.parametrize(
    "outcome",
    [Failed(cause=Cause.UNREACHABLE), Ambiguous(cause=Cause.TIMEOUT), Ambiguous(cause=Cause.INTERRUPTED)],
)
def test_an_attempt_that_did_not_go_well_is_not_tried_again(outcome: Failed | Ambiguous) -> None:
    sending = replace(ORDER.row, state=State.SENDING, attempts=1)
    assert after_attempt(sending, outcome, NOW, Random(1)).state is State.DEAD


def test_a_level_s_order_is_known_by_its_row() -> None:
    assert adopted(ORDER.row) == ORDER.rollback


def test_only_one_that_was_stopped_before_it_began_makes_room_for_another() -> None:
    states = {one: replace(DEPLOYMENT, rollback=replace(ORDER.rollback, state=one)) for one in Ran}
    assert may_be_ordered(DEPLOYMENT)
    assert [state for state, one in states.items() if may_be_ordered(one)] == [Ran.STOPPED]
    assert {one.rollback.state for one in followed(states.values(), NOW) if one.rollback} == {Ran.ORDERED, Ran.STARTED}


def test_a_level_is_about_what_goes_on_or_ended_within_a_day() -> None:
    assert is_undoable(DEPLOYMENT, NOW)
    for ending in Ending:
        ended = replace(DEPLOYMENT, phase=Phase.ENDED, ended_at=NOW, ending=ending)
        assert is_undoable(ended, NOW + timedelta(hours=23))
        assert not is_undoable(ended, NOW + timedelta(hours=24))


def test_the_timeline_says_how_it_went() -> None:
    lines = [
        entry(7, ORDER.rollback, NOW),
        entry(7, replace(ORDER.rollback, state=Ran.STARTED), LATER),
        entry(7, replace(ORDER.rollback, state=Ran.DONE, ended_at=LATER, text="after 2 s: back"), LATER),
        entry(7, stopped(ORDER.rollback, "ann", "not to blame", NOW), NOW),
    ]
    assert [(line.kind, line.text, line.took) for line in lines] == [
        (
            "rollback_planned",
            f"the rollback to the version before runs at 03:23:05 UTC unless somebody stops it: {WHY}",
            None,
        ),
        ("rollback_started", "the rollback runs, by the channel rollback", None),
        ("rollback_ended", "the rollback was done: after 2 s: back", MINUTE),
        ("rollback_ended", "the rollback was stopped before it began: not to blame (ann)", None),
    ]


def test_who_ordered_it_and_whither_is_said() -> None:
    by_level = replace(ordered(quick=False, backup_id="b-7").rollback, incident=12)
    assert planned(by_level) == (
        "the rollback to the backup b-7, ordered by the escalation of incident 12, runs now: "
        "p95 is 60 % above the baseline"
    )


ANN, BOB, CEO = (
    Address("mail", "ann@example.org"),
    Address("mail", "bob@example.org"),
    Address("mail", "ceo@example.org"),
)


def told(kind: Kind, level: int = 0, ending: Ending | None = None) -> tuple[Address, ...]:
    """Who hears of it: the stakeholder is the CEO, ann was told of the deployment's incident, and bob of a check's."""
    one = replace(DEPLOYMENT, rollback=replace(ORDER.rollback, incident=level), ending=ending)
    incidents = (
        replace(incident(), id=4, check="deployment-payroll", told=(ANN, CEO)),
        replace(incident(), id=5, suspect=DEPLOYMENT.id, told=(BOB,)),
        replace(incident(), id=6, told=(Address("chat"),)),
    )
    return hearers(one, kind, (CEO,), incidents)


def test_of_a_rollback_stakeholders_hear_and_whoever_was_told_of_its_incidents() -> None:
    assert told(Kind.ROLLBACK_PLANNED) == told(Kind.ROLLBACK_ENDED) == (CEO, ANN, BOB)
    assert told(Kind.DEPLOYMENT_ENDED) == (CEO,)


def test_what_the_proof_came_to_everybody_hears_who_has_heard_of_the_rollback() -> None:
    for ending in (Ending.ROLLED_BACK, Ending.ROLLBACK_FAILED):
        assert told(Kind.DEPLOYMENT_ENDED, level=5, ending=ending) == (CEO, ANN, BOB)
        one = replace(DEPLOYMENT, rollback=ORDER.rollback, ending=ending)
        assert hearers(one, Kind.DEPLOYMENT_ENDED, (CEO,), (), (BOB,)) == (CEO, BOB)


def test_what_is_told_with_the_incident_is_not_told_twice() -> None:
    assert told(Kind.ROLLBACK_PLANNED, level=5) == told(Kind.ROLLBACK_ENDED, level=5) == (CEO, ANN)
    assert told(Kind.ROLLBACK_STARTED, level=5) == (CEO, ANN, BOB)
