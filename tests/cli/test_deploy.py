"""The commands about deployments, before a daemon whose deployments stand still."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sentinel.base.units import Unit
from sentinel.core.deployment.deployment import (
    Comparison,
    Deployment,
    Ending,
    Judged,
    Judgement,
    Measure,
    Phase,
    Ran,
    Rollback,
)
from tests.kit.command import Ended, sentinel
from tests.kit.daemon import COMMAND
from tests.kit.deployments import StillDeployments
from tests.kit.eventually import eventually
from tests.kit.scene import NOW
from tests.kit.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Socket
    from tests.kit.monitor import StillMonitor
    from tests.kit.process import Children

MINUTE = timedelta(minutes=1)
SLOWER = Comparison(
    measure=Measure.TIME,
    check="login",
    judged=Judged.FAIL,
    before=0.25,
    after=0.4,
    unit=Unit.SECONDS,
    before_samples=540,
    after_samples=96,
    text="login is slower: 0.4 s instead of 0.25 s at p95",
)


async def asked(monitor: StillMonitor, *words: str, env: dict[str, str] | None = None) -> Ended:
    return await sentinel("--config", monitor.plan.file, *words, env=env)


async def deploy(monitor: StillMonitor, *words: str) -> Ended:
    return await asked(monitor, "deploy", *words)


def known(monitor: StillMonitor, number: int = 1) -> Deployment:
    return monitor.deployments.known[number]


def judged(
    one: Deployment, verdict: Judged, ending: Ending | None = None, *, phase: Phase = Phase.WATCHING
) -> Deployment:
    """After one more point of its watch."""
    assert one.watch is not None
    compared = (SLOWER,) if verdict is Judged.FAIL else ()
    point = Judgement(at=NOW, after=2 * MINUTE, judged=verdict, comparisons=compared, final=ending is not None)
    watch = replace(one.watch, judgements=(*one.watch.judgements, point))
    over = ending is not None
    return replace(
        one, watch=watch, phase=Phase.ENDED if over else phase, ending=ending, ended_at=NOW if over else None
    )


async def when_watched(monitor: StillMonitor, *then: Callable[[Deployment], Deployment]) -> None:
    """Once somebody follows the watch, have these things happen to the deployment, each when the one before was told."""
    deployments = monitor.deployments
    await eventually(lambda: 1 in deployments.known and known(monitor).phase is Phase.WATCHING)
    for change in then:
        await eventually(lambda: deployments.waiting > 0)
        deployments.put(change(known(monitor)))


async def test_a_deployment_is_started_noted_extended_and_finished(monitor: StillMonitor) -> None:
    words = ("--ref", "a1b2c3d", "--from", "2.4.0", "--window", "45m", "--expected-down", "--backup-id", "b-7")
    started = await deploy(monitor, "start", "2.4.1", *words, "--impact", "no payslips", "--by", "ann")
    assert started.out == (
        "Deployment 1 (payroll 2.4.1) has begun. Its window is open until 12:45 UTC. Down is what is expected.\n"
        "When you are done, `sentinel deploy watch` has it watched.\n"
    )
    [wanted] = monitor.deployments.started
    assert (wanted.ref, wanted.from_version, wanted.backup_id, wanted.by) == ("a1b2c3d", "2.4.0", "b-7", "ann")
    noted = await deploy(monitor, "note", "database migrated", "--took", "40s")
    assert noted.out == "Deployment 1 (payroll 2.4.1) has it on its timeline.\n"
    assert "until 13:00 UTC" in (await deploy(monitor, "extend", "--for", "15m")).out
    assert "is finished" in (await deploy(monitor, "finish", "1", "--why", "fine")).out
    kinds = [kind for kind, *_ in monitor.deployments.done]
    assert kinds == ["started", "note", "extended", "ended"]


async def test_what_a_deployment_is_stands_in_the_status_and_in_the_list(monitor: StillMonitor) -> None:
    await deploy(monitor, "start", "2.4.1", "--by", "ann")
    shown = (await deploy(monitor, "status")).out
    assert shown.startswith("Deployment 1: payroll")
    assert "started by ann" in shown
    assert "2.4.1" in (await deploy(monitor, "list", "--system", "payroll")).out
    status, rows = await deploy(monitor, "status", "--json"), await deploy(monitor, "list", "--json")
    assert (status.json()["line"]["id"], [row["id"] for row in rows.json()["deployments"]]) == (1, [1])


async def test_of_several_systems_the_one_that_goes_on_is_meant(monitor: StillMonitor) -> None:
    monitor.deployments = StillDeployments("payroll", "clinic")
    await deploy(monitor, "start", "1.0", "--system", "clinic")
    await deploy(monitor, "finish")
    await deploy(monitor, "start", "2.4.1", "--system", "payroll")
    assert "Deployment 2 (payroll 2.4.1)" in (await deploy(monitor, "note", "x")).out
    assert "clinic" in (await deploy(monitor, "status", "--system", "clinic")).out
    await deploy(monitor, "finish")
    both = await deploy(monitor, "status")
    assert (both.code, "1 (clinic 1.0), 2 (payroll 2.4.1)" in both.err) == (64, True)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("status",), 1, "nothing was deployed yet"),
        (("watch",), 3, "nothing was deployed yet"),
        (("watch", "9"), 3, "there is no deployment 9"),
        (("start", "--", "-x"), 1, "has to be a name such as 2.4.1"),
        (("start", "2.4.1", "--system", "till"), 1, "did you mean payroll?"),
        (("extend", "0", "--for", "1h"), 64, "0 is not in the range"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    monitor: StillMonitor, words: tuple[str, ...], code: int, says: str
) -> None:
    ended = await deploy(monitor, *words)
    assert (ended.code, says in ended.err) == (code, True), ended.err


async def test_a_person_says_what_came_of_it(monitor: StillMonitor) -> None:
    await deploy(monitor, "start", "2.4.1")
    assert "has failed, and stands as it is" in (await deploy(monitor, "fail", "--why", "migration stopped")).out
    assert "is accepted" in (await deploy(monitor, "accept", "--why", "mended by hand")).out
    assert (await deploy(monitor, "veto", "--why", "no")).code == 1


# --- The watch --------------------------------------------------------------------------------------------------------


async def watched(
    monitor: StillMonitor, *then: Callable[[Deployment], Deployment], words: tuple[str, ...] = ()
) -> Ended:
    """A watch that is followed while these things happen."""
    await monitor.deployments.start_simply("2.4.1")
    command = asyncio.create_task(deploy(monitor, "watch", *words))
    await when_watched(monitor, *then)
    return await command


async def test_a_watch_that_passes_exits_with_0(monitor: StillMonitor) -> None:
    passes: list[Callable[[Deployment], Deployment]] = [
        lambda one: judged(one, Judged.PASS),
        lambda one: judged(one, Judged.PASS, Ending.PASSED),
    ]
    ended = await watched(monitor, *passes, words=("--for", "5m"))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Deployment 1 (payroll 2.4.1) is watched until 12:05:00 UTC.\n")
    assert ended.out.count("pass after 2 min") == 2
    assert ended.out.endswith("Deployment 1 (payroll 2.4.1): passed\n")


async def test_a_watch_that_fails_says_by_which_numbers_and_exits_with_1(monitor: StillMonitor) -> None:
    ended = await watched(monitor, lambda one: judged(one, Judged.FAIL, Ending.FAILED))
    assert (ended.code, "login is slower: 0.4 s instead of 0.25 s at p95" in ended.out) == (1, True)


@pytest.mark.parametrize("ending", [Ending.INCONCLUSIVE, Ending.UNWATCHED])
async def test_a_watch_that_proves_nothing_exits_with_3(monitor: StillMonitor, ending: Ending) -> None:
    ended = await watched(monitor, lambda one: judged(one, Judged.INCONCLUSIVE, ending))
    assert ended.code == 3


def rolling(one: Deployment, state: Ran) -> Deployment:
    order = Rollback(key="k", channel="undo", quick=True, reason="too slow", ordered_at=NOW, runs_at=NOW, state=state)
    return replace(one, phase=Phase.ROLLING_BACK, rollback=order)


async def test_after_a_fail_the_rollback_is_followed_to_its_end(monitor: StillMonitor) -> None:
    ended = await watched(
        monitor,
        lambda one: rolling(judged(one, Judged.FAIL), Ran.ORDERED),
        lambda one: rolling(one, Ran.DONE),
        lambda one: replace(one, phase=Phase.ENDED, ending=Ending.ROLLED_BACK, ended_why="its checks pass"),
    )
    assert (ended.code, ended.out.endswith("rolled back: its checks pass\n")) == (1, True)


async def test_without_following_a_fail_is_the_end(monitor: StillMonitor) -> None:
    ended = await watched(
        monitor, lambda one: rolling(judged(one, Judged.FAIL), Ran.ORDERED), words=("--no-follow", "--json")
    )
    assert (ended.code, ended.json()["line"]["phase"]) == (1, "rolling_back")


async def test_a_watch_can_be_begun_and_left(monitor: StillMonitor) -> None:
    await monitor.deployments.start_simply("2.4.1")
    ended = await deploy(monitor, "watch", "--detach", "--for", "10m")
    assert (ended.code, "is watched until 12:10 UTC" in ended.out) == (0, True)


async def test_of_a_deployment_that_is_over_the_watch_says_what_is_known(monitor: StillMonitor) -> None:
    await monitor.deployments.start_simply("2.4.1")
    await monitor.deployments.watch(1, "ann")
    monitor.deployments.put(judged(known(monitor), Judged.PASS, Ending.PASSED))
    assert (await deploy(monitor, "watch")).code == 0


async def test_a_daemon_that_is_restarted_is_waited_for(
    still: StillMonitor, server: Socket, children: Children
) -> None:
    await still.deployments.start_simply("2.4.1")
    command = await children.start(*COMMAND, "--config", still.plan.file, "deploy", "watch")
    await when_watched(still)
    await eventually(lambda: still.deployments.waiting > 0)
    await server.stop()
    await eventually(lambda: "the daemon does not answer; it is asked again" in command.lines)
    still.deployments.put(judged(known(still), Judged.PASS, Ending.PASSED))
    await server.start()
    assert await command.exit(within=15) == 0
    assert {"the daemon answers again", "  pass after 2 min, the last"} <= set(command.lines)


async def test_at_a_terminal_a_line_says_how_far_it_is_and_ctrl_c_leaves_the_watch(monitor: StillMonitor) -> None:
    await monitor.deployments.start_simply("2.4.1")
    async with await Terminal.sentinel("--config", monitor.plan.file, "deploy", "watch", size=(24, 120)) as terminal:
        await terminal.shows("payroll 2.4.1 is watched: ")
        terminal.type("\x03")
        assert await terminal.ends() == 128 + signal.SIGINT
        assert "goes on without this command" in terminal.written
    assert known(monitor).phase is Phase.WATCHING


# --- The rollback -----------------------------------------------------------------------------------------------------


async def test_a_dry_run_shows_what_would_run(monitor: StillMonitor) -> None:
    await monitor.deployments.start_simply("2.4.1")
    shown = await asked(monitor, "rollback", "--quick", "--reason", "it's slow", "--dry-run")
    assert shown.out == (
        "The rollback of payroll (deployment 1) would run by the channel undo, within 5 min:\n"
        "  /usr/local/bin/undo 2.4.1  (in /srv/payroll)\n"
        "with these variables:\n"
        "  SENTINEL_REASON='it'\"'\"'s slow'\n"
        "Then these checks have to pass: login.\n"
        "Nothing was run.\n"
    )
    assert (shown.code, monitor.deployments.rollbacks) == (0, [])


async def test_a_rollback_is_ordered_and_followed(monitor: StillMonitor) -> None:
    await monitor.deployments.start_simply("2.4.1")
    words = ("rollback", "--backup-id", "b-7", "--reason", "lost rows", "--by", "ann")
    command = asyncio.create_task(asked(monitor, *words))
    await eventually(lambda: known(monitor).phase is Phase.ROLLING_BACK and monitor.deployments.waiting > 0)
    monitor.deployments.put(replace(known(monitor), phase=Phase.ENDED, ending=Ending.ROLLED_BACK))
    ended = await command
    assert (ended.code, ended.out.endswith("Deployment 1 (payroll 2.4.1): rolled back.\n")) == (0, True)
    [order] = monitor.deployments.rollbacks
    assert (order.backup_id, order.reason, order.by, order.quick) == ("b-7", "lost rows", "ann", False)


async def test_a_rollback_says_how_far_it_is(monitor: StillMonitor) -> None:
    await monitor.deployments.start_simply("2.4.1")
    assert (await asked(monitor, "rollback", "--status")).code == 3
    await asked(monitor, "rollback", "--quick", "--reason", "slow", "--no-follow", "--by", "ann")
    going = await asked(monitor, "rollback", "--status")
    assert (going.code, "to the version before, ordered by ann" in going.out) == (3, True)
    order = known(monitor).rollback
    assert order is not None
    wrote = replace(order, state=Ran.FAILED, text="it ended with status 3: stopping\r\n\tno such release\x1b[2J\n")
    monitor.deployments.put(replace(known(monitor), phase=Phase.ENDED, ending=Ending.ROLLBACK_FAILED, rollback=wrote))
    failed = await asked(monitor, "rollback", "--status")
    assert (failed.code, "status 3: stopping\n            no such release�[2J\n" in failed.out) == (1, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--quick", "--backup-id", "b", "--reason", "x"), "say to where"),
        (("--quick",), "say why"),
    ],
)
async def test_a_rollback_says_to_where_and_why(monitor: StillMonitor, words: tuple[str, ...], says: str) -> None:
    ended = await asked(monitor, "rollback", *words)
    assert (ended.code, says in ended.err) == (64, True)


# --- Completion -------------------------------------------------------------------------------------------------------


async def test_systems_and_deployments_are_completed(monitor: StillMonitor) -> None:
    import json

    written: dict[str, Any] = json.loads(monitor.plan.file.read_text())
    monitor.plan.file.write_text(json.dumps(written | {"deployments": {"payroll": {}, "clinic": {}}}))
    await monitor.deployments.start_simply("2.4.1")
    line = f"sentinel --config {monitor.plan.file} deploy status"
    offered = {"_SENTINEL_COMPLETE": "bash_complete", "COMP_WORDS": f"{line} --system ", "COMP_CWORD": "6"}
    assert (await sentinel(env=offered)).out.split() == ["plain,clinic", "plain,payroll"]
    offered |= {"COMP_WORDS": f"{line} ", "COMP_CWORD": "5"}
    assert (await sentinel(env=offered)).out.split() == ["plain,1"]
