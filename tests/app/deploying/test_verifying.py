"""Verifications of a running Sentinel: the real runner and pipeline, probes that a test holds."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sentinel.app.deploying.asking import AskedVerification
from sentinel.app.deploying.verifying import MOST_AT_ONCE, MOST_KEPT, Verifier
from sentinel.app.keeper import NotDone
from sentinel.base.redact import Secret
from sentinel.core.deployment.deployment import Deployment, Judged, Verification
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.plan import Limits, StorePlan
from sentinel.core.result import FailureClass, failed
from sentinel.store.database import Store
from tests.kit.calm import Calm
from tests.kit.clock import FakeClock
from tests.kit.eventually import eventually
from tests.kit.probes import HeldProbe, QuickProbe
from tests.kit.scene import broken, check, plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from tests.kit.deploying import Release

CHECKS = (
    check("backup", tags=frozenset({"pre"}), system="payroll"),
    check("login", tags=frozenset({"pre", "post"}), system="payroll"),
    check("page", tags=frozenset({"post"}), system="payroll"),
    check("elsewhere", tags=frozenset({"post"}), system="hr"),
)


class Heard:
    """Fits `sentinel.app.deploying.verifying.Listener`."""

    def __init__(self) -> None:
        self.over: asyncio.Queue[Verification] = asyncio.Queue()

    def going_on(self, system: str) -> Sequence[Deployment]:
        return ()

    async def verified(self, verification: Verification) -> None:
        self.over.put_nowait(verification)

    async def next(self) -> Verification:
        async with asyncio.timeout(5):
            return await self.over.get()


class World(NamedTuple):
    calm: Calm
    verifier: Verifier
    heard: Heard

    def equip(self, **probes: QuickProbe | HeldProbe) -> None:
        """Have these probes, and for other checks ones that pass."""
        every: dict[str, QuickProbe | HeldProbe] = {one.name: QuickProbe() for one in self.calm.plan.checks}
        self.calm.runner.equip({**every, **probes}, Limits())

    async def verified(self, *tags: str, system: str = "payroll") -> Verification:
        self.verifier.begin(asked(*tags, system=system))
        return await self.heard.next()


def asked(*tags: str, system: str = "payroll", environment: str = "") -> AskedVerification:
    return AskedVerification(by="ann", system=system, environment=environment, tags=tags)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    clock = FakeClock()
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), clock)
    configured = plan(*CHECKS, folder=tmp_path)
    payroll = DeploymentPlan(system="payroll", environment="production")
    configured = replace(configured, deployments={"payroll": payroll})
    calm, heard = Calm(configured, store, clock), Heard()
    verifier = Verifier(calm, heard)
    yield World(calm, verifier, heard)
    await verifier.close()
    await calm.runner.stop(1.0)
    await store.close()


async def test_all_checks_of_the_system_with_the_tag_run_and_the_listener_hears_of_it(world: World) -> None:
    done = await world.verified("post")
    assert ([one.name for one in done.checks], done.judged, done.passed) == (["login", "page"], Judged.PASS, 2)
    assert (done.by, done.system, world.verifier.look(done.number)) == ("ann", "payroll", done)


async def test_before_a_deployment_the_conditions_come_first(world: World) -> None:
    done = await world.verified("pre")
    assert [one.name for one in done.checks] == ["no-open-incident", "no-other-deployment", "backup", "login"]


async def test_one_that_fails_says_why_and_is_judged_by_itself(world: World) -> None:
    world.equip(login=QuickProbe(lambda: broken("connection refused")))
    done = await world.verified("post")
    assert (done.judged, done.passed, done.planned) == (Judged.FAIL, 1, 2)
    assert (done.checks[0].failure, done.checks[0].explanation) == (FailureClass.REFUSED, "connection refused")


async def test_what_could_not_be_judged_is_inconclusive(world: World) -> None:
    world.equip(login=QuickProbe(lambda: failed(FailureClass.NETWORK_DOWN, "no route")))
    assert (await world.verified("post")).judged is Judged.INCONCLUSIVE


async def test_a_tag_that_no_check_has_is_inconclusive(world: World) -> None:
    done = await world.verified("rare")
    assert (done.checks, done.judged) == ((), Judged.INCONCLUSIVE)


async def test_how_far_it_is_can_be_seen_meanwhile(world: World) -> None:
    held = HeldProbe()
    world.equip(login=held)
    begun = world.verifier.begin(asked("post"))
    await eventually(lambda: [one.name for one in world.verifier.look(begun.number).checks] == ["page"])
    assert world.verifier.look(begun.number).ended_at is None
    held.let_go()
    assert [one.name for one in (await world.heard.next()).checks] == ["login", "page"]


async def test_a_run_that_began_before_is_waited_for_and_counts_for_nothing(world: World) -> None:
    """It may have seen the version before."""
    held = HeldProbe()
    world.equip(login=held)
    world.calm.runner.submit([CHECKS[1]], world.calm.clock.now())
    await world.calm.look(seconds=1)
    held.let_go()
    await world.verified("post")
    assert (held.begun, held.most) == (2, 1)


async def test_a_proof_is_run_without_conditions_and_the_listener_hears_nothing(world: World) -> None:
    done = await world.verifier.run(asked("pre"))
    assert ([one.name for one in done.checks], world.heard.over.empty()) == (["backup", "login"], True)


async def test_a_stopped_runner_leaves_nothing_judged(world: World) -> None:
    world.equip(login=HeldProbe(), page=HeldProbe())
    world.verifier.begin(asked("post"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await world.calm.runner.stop(0.0)
    assert (await world.heard.next()).judged is Judged.INCONCLUSIVE


@pytest.mark.parametrize(
    ("question", "answer", "hint"),
    [
        (asked(system="payrol"), "no check belongs to the system 'payrol'", "did you mean payroll?"),
        (
            asked(environment="staging"),
            "this Sentinel watches payroll in production, not in staging",
            "ask the Sentinel of staging, or set deployments.payroll.environment",
        ),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_hint(
    world: World, question: AskedVerification, answer: str, hint: str
) -> None:
    with pytest.raises(NotDone, match=answer) as refused:
        world.verifier.begin(question)
    assert refused.value.hint == hint


async def test_a_system_that_only_checks_name_can_be_verified_too(world: World) -> None:
    assert [one.name for one in (await world.verified("post", system="hr")).checks] == ["elsewhere"]


async def test_only_so_many_go_on_at_once_and_so_many_are_remembered(world: World) -> None:
    held = HeldProbe()
    world.equip(login=held, page=held)
    for _ in range(MOST_AT_ONCE):
        world.verifier.begin(asked("post"))
    with pytest.raises(NotDone, match="5 verifications go on already"):
        world.verifier.begin(asked("post"))
    held.let_go()
    for _ in range(MOST_AT_ONCE):
        await world.heard.next()
    for _ in range(MOST_KEPT):
        await world.verified("rare")
    with pytest.raises(NotDone, match="no verification 1 is known"):
        world.verifier.look(1)


async def test_a_deployment_is_begun_only_where_the_conditions_hold_unless_somebody_says_anyway(
    release: Release,
) -> None:
    await release.find("page", *[broken()] * 4)
    with pytest.raises(NotDone, match="no-open-incident: 1 incident is open: page") as refused:
        await release.start()
    assert refused.value.hint.endswith("or say --anyway")
    assert (await release.start(anyway=True)).id == 1
