"""What Sentinel does about deployments by itself: time, what is seen, the watch, the rollback, and all of it after a restart."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.keeper import NotDone
from sentinel.base.errors import StoreError
from sentinel.core.deployment.deployment import Ending, Judged, Phase, Ran
from sentinel.core.deployment.plan import CriteriaPlan, OnFail, RollbackPlan
from sentinel.core.matcher import Matcher
from sentinel.core.notification import Cause, Failed, Sent
from sentinel.core.result import FailureClass, failed
from tests.kit.broken_store import MissingTable
from tests.kit.deploying import HR, PAYROLL, Release, configured
from tests.kit.probes import QuickProbe
from tests.kit.scene import MINUTE, broken, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sentinel.core.deployment.plan import DeploymentPlan
    from sentinel.core.result import Measurement
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock

CRITICAL = replace(PAYROLL, criteria=CriteriaPlan(critical_function=Matcher(checks=("login",))))


def undone(on_fail: OnFail, **more: object) -> DeploymentPlan:
    """Payroll, with a rollback that is done so; `login` is what it cannot do without."""
    rollback = RollbackPlan(channel="undo", on_fail=on_fail, veto=5 * MINUTE)
    return replace(CRITICAL, rollback=replace(rollback, **more))  # type: ignore[arg-type]  # any field


@asynccontextmanager
async def releasing(folder: Path, store: Store, clock: FakeClock, plan: DeploymentPlan) -> AsyncIterator[Release]:
    async with Release(configured(folder, plan, HR), store, clock) as entered:
        yield entered


# --- While it goes on -----------------------------------------------------------------------------------------------


async def test_one_that_goes_on_after_its_window_is_an_incident_until_it_is_extended(release: Release) -> None:
    await release.start(window=20 * MINUTE)
    await release.follow(minutes=19)
    assert release.incident() is None
    await release.follow(minutes=2)
    incident = release.incident()
    assert incident is not None
    assert release.failure() is FailureClass.DEPLOYMENT_OVERRUN
    assert "sentinel deploy extend 1" in incident.verdict.hint
    await release.desk.extend(1, "ci", 15 * MINUTE)
    assert release.incident() is None
    assert await release.kinds() == ["started", "overrun", "extended"]


async def test_stakeholders_hear_each_quarter_how_it_goes_and_never_twice_for_one(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    for _ in range(9):
        async with releasing(tmp_path, store, clock, PAYROLL) as release:
            if not release.book.known and not await release.desk.all():
                await release.start(window=timedelta(hours=2))
            await release.follow(minutes=5)
            await release.follow(seconds=1)
    assert (await release.told_kinds()).count("deployment_progress") == 3


async def test_it_is_noted_when_what_should_be_down_was_down_and_up_again(release: Release) -> None:
    await release.start(expects_down=True)
    await release.find("login", well())
    await release.find("page", broken())
    await release.follow(seconds=1)
    await release.follow(seconds=89)
    await release.find("page", well())
    await release.follow(seconds=1)
    await release.watch()
    lines = await release.store.read(lambda tx: tx.deployments.timeline(1))
    texts = {line.kind: line.text for line in lines}
    assert texts["seen_down"] == "page"
    assert texts["never_down"] == "down was expected, and never seen: login"
    down_for = (await release.now()).down_for
    assert down_for is not None
    assert 89 < down_for.total_seconds() < 92


async def test_what_was_down_and_cannot_be_looked_at_is_not_up_again(release: Release) -> None:
    await release.start(expects_down=True)
    await release.find("login", well())
    await release.find("page", broken())
    await release.follow(seconds=1)
    await release.find("page", failed(FailureClass.NETWORK_DOWN, "no network"))
    await release.follow(seconds=1)
    assert await release.kinds() == ["started", "seen_down"]
    await release.find("page", well())
    await release.follow(seconds=1)
    assert await release.kinds() == ["started", "seen_down", "up_again"]


async def test_what_is_not_meant_to_be_down_is_neither_pointed_out_nor_counted(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    stopping = replace(PAYROLL, stops=Matcher(checks=("page",)))
    async with releasing(tmp_path, store, clock, stopping) as release:
        await release.start(expects_down=True)
        await release.follow(seconds=1)
        await release.find("login", well(), broken(), well())
        await release.find("page", broken())
        await release.follow(seconds=1)
        await release.find("login", *[broken()] * 3)
        await release.find("page", well())
        await release.follow(seconds=1)
        assert release.incident("login") is None
        await release.watch()
    assert await release.kinds() == ["started", "seen_down", "up_again", "watch"]


async def test_a_few_seconds_of_being_down_are_seen_and_only_what_should_be_down_is_looked_at_for_that(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    runs: list[str] = []
    stopping = replace(PAYROLL, stops=Matcher(checks=("page",)))
    async with releasing(tmp_path, store, clock, stopping) as release:
        release.equip(login=noting(runs, "login"), page=QuickProbe(broken))
        await release.start(expects_down=True)
        await release.follow_seconds(12)
        release.equip(login=noting(runs, "login"))
        await release.follow_seconds(12)
        assert await release.kinds() == ["started", "seen_down", "up_again"]
        assert runs == []
        await release.follow(minutes=30)
        assert (await release.now()).overrun
        before = release.pipeline.histories["page"].last
        await release.follow_seconds(12)
        assert release.pipeline.histories["page"].last is before


# --- Its watch ------------------------------------------------------------------------------------------------------


async def test_the_window_ends_when_the_watch_begins(release: Release) -> None:
    await release.start()
    await release.watch()
    await release.find("page", *[broken()] * 3)
    assert release.incident("page") is not None


async def test_a_watch_with_too_little_traffic_is_judged_at_each_point_and_inconclusive(release: Release) -> None:
    await release.start()
    await release.watch()
    for _ in range(11):
        await release.follow(minutes=1)
    ended = await release.now()
    assert ended.watch is not None
    assert [round(one.after / MINUTE) for one in ended.watch.judgements] == [2, 5, 10]
    assert ended.ending is Ending.INCONCLUSIVE
    assert (await release.told_kinds())[-1] == "deployment_ended"
    assert release.incident() is None


async def test_an_incident_that_no_criterion_names_stands_against_a_pass(release: Release) -> None:
    await release.start()
    await release.watch()
    await release.follow(seconds=1)
    await release.find("page", *[broken()] * 3)
    await release.follow(minutes=3)
    going = await release.now()
    assert going.watch is not None
    assert (going.phase, going.watch.judgements[0].judged) == (Phase.WATCHING, Judged.INCONCLUSIVE)
    assert "an incident has opened since the watch began of page" in going.watch.judgements[0].text


async def test_a_point_that_was_missed_is_judged_late_and_says_so(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with releasing(tmp_path, store, clock, PAYROLL) as release:
        await release.start()
        await release.watch()
    await clock.advance(minutes=4)
    async with releasing(tmp_path, store, clock, PAYROLL) as release:
        await release.follow(seconds=1)
        watch = (await release.now()).watch
        assert watch is not None
        assert "judged 2 min late" in watch.judgements[0].text


async def test_checks_of_a_watched_system_are_looked_at_sooner_and_no_others(release: Release) -> None:
    runs: list[str] = []
    release.equip(login=noting(runs, "login"), elsewhere=noting(runs, "elsewhere"))
    await release.start()
    await release.follow(seconds=1)
    assert runs == []
    await release.watch()
    for _ in range(60):
        await release.follow(seconds=1)
    assert runs == ["login"] * 7  # one as the window ends, and one every ten seconds
    last = release.pipeline.histories["login"].last
    assert last is not None
    assert not last.extra  # it is no look that a failure asked for, and counts


def noting(runs: list[str], name: str) -> QuickProbe:
    def answer() -> Measurement:
        runs.append(name)
        return well()

    return QuickProbe(answer)


async def test_a_criterion_that_is_met_fails_it_at_once(tmp_path: Path, store: Store, clock: FakeClock) -> None:
    async with releasing(tmp_path, store, clock, CRITICAL) as release:
        await release.start()
        await release.watch()
        await release.follow(seconds=5)
        await release.find("login", *[broken()] * 3)
        await release.follow(seconds=1)
        failed = await release.now()
        assert (failed.ending, failed.broken and failed.broken.checks) == (Ending.FAILED, ("login",))
        assert release.incident() is not None
        assert release.failure() is FailureClass.DEPLOYMENT_FAILED


# --- Its rollback ---------------------------------------------------------------------------------------------------


async def fail(release: Release) -> None:
    await release.start()
    await release.watch()
    await release.find("login", *[broken()] * 3)
    await release.follow(seconds=1)


async def test_a_proposed_rollback_waits_for_its_time_and_a_veto_stops_it(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with releasing(tmp_path, store, clock, undone(OnFail.PROPOSE)) as release:
        await fail(release)
        proposed = await release.now()
        assert proposed.rollback is not None
        assert (proposed.phase, proposed.rollback.runs_at - proposed.rollback.ordered_at) == (
            Phase.PROPOSED,
            5 * MINUTE,
        )
        await release.desk.veto(1, "ben", "we mend it")
        await release.follow(minutes=6)
        assert (await release.now()).ending is Ending.FAILED
        assert "cancelled" in [row.state.value for row in await release.told() if row.message.kind == "rollback"]


async def test_a_person_may_have_what_is_proposed_run_now(tmp_path: Path, store: Store, clock: FakeClock) -> None:
    async with releasing(tmp_path, store, clock, undone(OnFail.PROPOSE)) as release:
        await fail(release)
        assert (await release.roll_back()).phase is Phase.ROLLING_BACK
        assert (await release.begin_order()).message.deployment is not None


async def test_what_was_rolled_back_is_proven_by_its_checks(tmp_path: Path, store: Store, clock: FakeClock) -> None:
    async with releasing(tmp_path, store, clock, undone(OnFail.ACT)) as release:
        await fail(release)
        row = await release.begin_order()
        await release.follow(seconds=1)
        assert (await release.now()).phase is Phase.ROLLING_BACK
        await release.end_order(row, Sent())
        await release.follow(seconds=1)
        assert (await release.now()).phase is Phase.VERIFYING
        await release.prove()
        ended = await release.now()
        assert ended.ending is Ending.ROLLED_BACK
        assert ended.rollback is not None
        assert ended.rollback.verification is not None
        assert ended.rollback.verification.judged is Judged.PASS
        assert [one.name for one in ended.rollback.verification.checks] == ["login"]
        assert await release.told_kinds() == [
            "deployment_started", "rollback", "deployment_failed", "rollback_started", "rollback_ended",
            "deployment_ended",
        ]  # fmt: skip
        assert release.incident() is None


async def test_a_rollback_that_proves_nothing_in_time_has_failed(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with releasing(tmp_path, store, clock, undone(OnFail.ACT, verify_within=MINUTE)) as release:
        await fail(release)
        release.equip(login=QuickProbe(broken))
        await release.end_order(await release.begin_order(), Sent())
        await release.follow(seconds=1)
        await release.prove()
        assert (await release.now()).phase is Phase.VERIFYING
        await release.follow(seconds=61)
        await release.prove()
        assert (await release.now()).ending is Ending.ROLLBACK_FAILED
        assert release.incident() is not None
        assert release.failure() is FailureClass.ROLLBACK_FAILED


async def test_a_rollback_that_was_interrupted_is_an_incident_and_never_run_again(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with releasing(tmp_path, store, clock, undone(OnFail.ACT)) as release:
        await fail(release)
        row = await release.begin_order()
    async with releasing(tmp_path, store, clock, undone(OnFail.ACT)) as release:
        await release.end_order(row, Failed(cause=Cause.INTERRUPTED, permanent=True))
        await release.follow(seconds=1)
        ended = await release.now()
        assert ended.rollback is not None
        assert (ended.rollback.state, ended.ending) == (Ran.INTERRUPTED, Ending.ROLLBACK_FAILED)
        assert release.incident() is not None
        assert (await release.told_kinds()).count("rollback") == 1


# --- Restarts -------------------------------------------------------------------------------------------------------


async def test_after_a_restart_the_window_is_there_even_if_it_was_not_written(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with releasing(tmp_path, store, clock, PAYROLL) as release:
        await release.start()
    await store.write(lambda tx: tx.windows.purge(clock.now() + timedelta(days=9999), 10))
    async with releasing(tmp_path, store, clock, PAYROLL) as release:
        await release.follow(seconds=1)
        await release.find("page", *[broken()] * 4)
        assert release.incident("page") is None


async def test_a_restart_at_any_second_neither_repeats_nor_forgets(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with releasing(tmp_path, store, clock, PAYROLL) as release:
        await release.start()
        await release.watch()
    for _ in range(12):
        async with releasing(tmp_path, store, clock, PAYROLL) as release:
            await release.follow(minutes=1)
    assert await release.kinds() == ["started", "watch", "judged", "judged", "judged", "ended"]
    assert await release.told_kinds() == ["deployment_started", "deployment_ended"]


async def test_after_a_crash_the_window_of_one_that_is_over_does_not_stay_open(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with releasing(tmp_path, store, clock, PAYROLL) as release:
        await release.start()
        left_open = release.pipeline.desk.scene.windows.get("deployment-1")
        assert left_open is not None
        await release.desk.finish(1, "ci")
    await store.write(lambda tx: tx.windows.save([left_open]))
    async with releasing(tmp_path, store, clock, PAYROLL) as release:
        await release.follow(seconds=1)
        await release.find("page", *[broken()] * 3)
        assert release.incident("page") is not None


async def test_one_whose_window_ran_out_while_sentinel_was_away_has_overrun(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with releasing(tmp_path, store, clock, PAYROLL) as release:
        await release.start()
    await clock.advance(hours=1)
    async with releasing(tmp_path, store, clock, PAYROLL) as release:
        await release.follow(seconds=1)
        assert (await release.now()).overrun
        assert release.incident() is not None


async def test_while_the_store_fails_nothing_is_changed_and_afterwards_all_is_as_it_is_stored(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with releasing(tmp_path, store, clock, PAYROLL) as release:
        with MissingTable(tmp_path / "sentinel.db", "deployment_entries"), pytest.raises(StoreError):
            await release.start()
        assert await release.desk.all() == []
        assert (await release.start()).id == 1
        with pytest.raises(NotDone, match="goes on"):
            await release.start()


async def test_a_reload_changes_the_next_deployment_and_not_this_one(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with releasing(tmp_path, store, clock, undone(OnFail.ACT)) as release:
        await release.start()
        release.plan = configured(tmp_path, replace(PAYROLL, rollback=None, channels=()), HR)
        release.book.replanned()
        await release.desk.fail(1, "ci", "a step failed")
        assert (await release.now()).phase is Phase.ROLLING_BACK
        assert await release.told_kinds() == ["deployment_started", "rollback", "deployment_failed"]


async def test_a_check_that_a_reload_adds_to_the_system_is_in_its_window_too(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with releasing(tmp_path, store, clock, PAYROLL) as release:
        await release.start()
        whole = replace(PAYROLL, by_system=False, matcher=Matcher(checks=("*",)))
        release.plan = configured(tmp_path, whole)
        await release.follow(seconds=1)
        await release.find("elsewhere", *[broken()] * 3)
        assert release.incident("elsewhere") is None


async def test_what_comes_up_a_moment_after_the_window_does_not_fail_it(
    tmp_path: Path, store: Store, clock: FakeClock
) -> None:
    async with releasing(tmp_path, store, clock, CRITICAL) as release:
        await down_as_the_window_ends(release)
        await release.find("login", well(), well())
        await release.follow(seconds=31)
        assert (await release.now()).phase is Phase.WATCHING


async def test_what_stays_down_after_the_window_fails_it(tmp_path: Path, store: Store, clock: FakeClock) -> None:
    async with releasing(tmp_path, store, clock, CRITICAL) as release:
        release.equip(login=QuickProbe(broken))
        await down_as_the_window_ends(release)
        await release.follow(seconds=31)
        assert (await release.now()).ending is Ending.FAILED


async def down_as_the_window_ends(release: Release) -> None:
    await release.start(expects_down=True)
    await release.find("login", *[broken()] * 3)
    await release.watch()
    await release.find("login", broken())
    await release.follow(seconds=1)
    assert release.incident("login") is not None
    assert (await release.now()).phase is Phase.WATCHING
