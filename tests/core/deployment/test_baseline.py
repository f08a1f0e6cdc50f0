from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sentinel.core.deployment.baseline import WEEK, Stretch, joined, looks_needed, not_standing, stretches, times_needed
from sentinel.core.deployment.deployment import Deployment, Ending, Phase, Ran
from sentinel.core.deployment.plan import Baseline, WatchPlan
from sentinel.core.deployment.samples import Look, Samples
from tests.core import made
from tests.kit.rollbacks import ordered

STARTED = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
BEGAN, LASTS = STARTED + 10 * MINUTE, 15 * MINUTE


def test_it_ends_where_the_deployment_begins_and_grows_to_a_day() -> None:
    found = list(stretches(WatchPlan(), STARTED, BEGAN, LASTS))
    assert [one.until for one in found] == [STARTED] * len(found)
    assert [STARTED - one.since for one in found][:3] == [LASTS, 2 * LASTS, 4 * LASTS]
    assert STARTED - found[-1].since == DAY


def test_a_week_before_it_is_the_same_time_of_the_same_weekday() -> None:
    first, *wider = stretches(WatchPlan(baseline=Baseline.WEEK), STARTED, BEGAN, LASTS)
    assert first == (BEGAN - WEEK, BEGAN - WEEK + LASTS)
    assert (wider[-1].since, wider[-1].until - wider[-1].since) == (BEGAN - WEEK + LASTS / 2 - DAY / 2, DAY)


def test_a_watch_of_a_day_has_one() -> None:
    assert len(list(stretches(WatchPlan(), STARTED, BEGAN, DAY))) == 1


def test_it_needs_plenty_of_times_and_four_times_the_looks_of_the_watch() -> None:
    assert times_needed(WatchPlan()) == 100
    assert looks_needed(WatchPlan(), made.check(), LASTS) == 360
    assert looks_needed(WatchPlan(), made.check(), MINUTE) == 100


def test_failures_are_those_of_a_longer_time_than_times() -> None:
    every = [Look(at * 60.0, failed=at == 3, time=None if at == 3 else 0.2) for at in range(10)]
    whole = joined(Samples(check="api", looks=tuple(every[6:])), Samples(check="api", looks=tuple(every)))
    assert (whole.results, whole.failures, len(whole.times)) == (10, 1, 4)


def test_a_week_before_is_the_same_time_by_the_clocks_of_the_place() -> None:
    """Clocks in Berlin went forward on 2026-03-29."""
    began = datetime(2026, 3, 31, 8, 0, tzinfo=UTC)  # 10:00 there
    first = next(stretches(WatchPlan(baseline=Baseline.WEEK), began, began, LASTS, ZoneInfo("Europe/Berlin")))
    assert first.since == datetime(2026, 3, 24, 9, 0, tzinfo=UTC)


def released(number: int, minutes: int, lasted: int, ending: Ending) -> Deployment:
    began = STARTED - minutes * MINUTE
    return Deployment(
        id=number,
        system="payroll",
        version=f"2.{number}",
        by="ci",
        started_at=began,
        window_ends_at=began + MINUTE,
        phase=Phase.ENDED,
        ending=ending,
        ended_at=began + lasted * MINUTE,
    )


def test_releases_that_did_not_stand_are_no_baseline() -> None:
    undone = released(1, 60, 10, Ending.ROLLED_BACK)
    failed = released(2, 30, 10, Ending.FAILED)  # and ran until this one began
    assert not_standing([failed, undone], STARTED) == [
        Stretch(failed.started_at, STARTED),
        Stretch(undone.started_at, undone.started_at + 10 * MINUTE),
    ]
    assert not_standing([released(1, 60, 10, Ending.PASSED)], STARTED) == []


def test_what_failed_counts_until_the_next_release_that_follows_it() -> None:
    failed, mended = released(1, 60, 10, Ending.FAILED), released(2, 30, 10, Ending.PASSED)
    assert not_standing([mended, failed], STARTED) == [Stretch(failed.started_at, mended.started_at)]


def test_what_was_accepted_after_its_rollback_had_begun_is_no_baseline() -> None:
    accepted = replace(released(1, 60, 10, Ending.ACCEPTED), rollback=replace(ordered().rollback, state=Ran.FAILED))
    stopped = replace(accepted, rollback=replace(ordered().rollback, state=Ran.STOPPED))
    assert not_standing([accepted], STARTED) == [Stretch(accepted.started_at, STARTED)]
    assert not_standing([stopped], STARTED) == []
