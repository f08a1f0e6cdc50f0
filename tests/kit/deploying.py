"""Deployments at work: the book, the desk and the keeper around a real store, a real pipeline and a clock that stands still."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Self

from sentinel.app.deploying.asking import AskedRollback, AskedStart
from sentinel.app.deploying.book import Book
from sentinel.app.deploying.desk import DeploymentDesk
from sentinel.app.deploying.keeper import DeploymentKeeper
from sentinel.app.deploying.verifying import Verifier
from sentinel.app.journal import Journal
from sentinel.core.deployment.check import deployment_check, name_of
from sentinel.core.deployment.plan import DeploymentPlan, OnFail, RollbackPlan, WatchPlan
from sentinel.core.notification import State, after_attempt
from sentinel.core.parcel import Packing
from sentinel.core.plan import ChannelPlan, Limits
from sentinel.core.result import Result
from sentinel.core.routing import Sender
from sentinel.engine import recovery
from tests.kit.calm import Calm
from tests.kit.probes import QuickProbe
from tests.kit.scene import MINUTE, check, plan

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path
    from types import TracebackType

    from sentinel.core.deployment.deployment import Deployment
    from sentinel.core.incident import Incident
    from sentinel.core.notification import Notification, Outcome
    from sentinel.core.plan import Plan
    from sentinel.core.result import FailureClass, Measurement
    from sentinel.reports.deployment import DeploymentDocument
    from sentinel.store.database import Store
    from tests.kit.clock import FakeClock

CHECKS = (
    check("login", system="payroll", tags=frozenset({"post"}), rules=()),
    check("page", system="payroll", rules=()),
    check("elsewhere", system="hr", rules=()),
)

#: Stakeholders hear by mail; the channel `undo` stands for the program that undoes a deployment.
PAYROLL = DeploymentPlan(
    system="payroll",
    environment="production",
    channels=("mail",),
    watch=WatchPlan(lasts=10 * MINUTE, points=(2 * MINUTE, 5 * MINUTE)),
    rollback=RollbackPlan(channel="undo", on_fail=OnFail.TELL),
)
HR = DeploymentPlan(system="hr")


def configured(folder: Path, *plans: DeploymentPlan) -> Plan:
    """A plan with these systems."""
    mail = ChannelPlan(name="mail", kind="email", options=None, recipients=("boss@example.org",))
    undo = ChannelPlan(name="undo", kind="command", options=None, veto=timedelta(0))
    systems = {one.system: one for one in plans or (PAYROLL, HR)}
    return replace(plan(*CHECKS, folder=folder), channels=(mail, undo), deployments=systems)


class Release(Calm):
    """Enter it to let the pipeline run. Making another one on the same store is a restart."""

    def __init__(self, whole: Plan, store: Store, clock: FakeClock) -> None:
        super().__init__(whole, store, clock)
        self.fake = clock
        self.book = Book(self)
        self.verifier = Verifier(self, self.book)
        self.desk = DeploymentDesk(self, self.book, self.verifier)
        self.journal = Journal(store, whole.reports_folder / "journal.key", clock.now)
        self.keeper = DeploymentKeeper(self, self.book, self.verifier, self.journal)

    async def __aenter__(self) -> Self:
        await self._recall()
        self.equip()
        self._task = asyncio.create_task(self.pipeline.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.verifier.close()
        await self.keeper.close()
        await self.runner.stop(0.0)
        self.pipeline.stop()
        await self._task

    # --- What people do ---------------------------------------------------------------------------------------------

    async def start(self, version: str = "2.4.1", **more: object) -> Deployment:
        asked = replace(AskedStart(by="ci", version=version, system="payroll"), **more)  # type: ignore[arg-type]  # any field
        return await self.now(await self._number(self.desk.start(asked)))

    async def watch(self, number: int = 1, lasts: timedelta | None = None) -> Deployment:
        return await self.now(await self._number(self.desk.watch(number, "ci", lasts)))

    async def roll_back(self, **more: object) -> Deployment:
        asked = AskedRollback(by="ann", reason="it is slow", system="payroll", quick=True)
        return await self.now(await self._number(self.desk.rollback(replace(asked, **more))))  # type: ignore[arg-type]  # likewise

    async def now(self, number: int = 1) -> Deployment:
        """A deployment as it is committed."""
        found = await self.store.read(lambda tx: tx.deployments.get(number))
        assert found is not None
        return found

    async def kinds(self, number: int = 1) -> list[str]:
        """Its timeline."""
        return [entry.kind for entry in await self.store.read(lambda tx: tx.deployments.timeline(number))]

    # --- What the world does ----------------------------------------------------------------------------------------

    async def follow(self, **after: float) -> None:
        """Let time pass, and look after everything."""
        await self.fake.advance(**after)
        self.pipeline.tick()
        await self.windows.look()
        await self.keeper.follow_rollbacks()
        await self.keeper.look()
        await self.keeper.keep_pace()

    async def follow_seconds(self, seconds: int) -> None:
        """Let so many seconds pass one by one, so that looks begin and end in between."""
        for _ in range(seconds):
            await self.follow(seconds=1)

    async def prove(self) -> None:
        """Let the checks run that prove a rollback, and look at what they say."""
        await self.keeper.look()
        await self.runner.finish(within=5.0)
        await self.fake.settle()
        await self.keeper.look()

    async def find(self, name: str, *measurements: Measurement) -> None:
        """Results of a check."""
        for measurement in measurements:
            self.fake.step(milliseconds=1)
            at = self.fake.now()
            self.pipeline.accept(Result(check=name, scheduled_at=at, finished_at=at, measurement=measurement))
        await self.pipeline.flush()

    async def begin_order(self) -> Notification:
        """Have the channel begin to run the rollback."""
        claimed = await self.store.write(lambda tx: tx.outbox.claim("undo", self.clock.now(), MINUTE, Packing(limit=1)))
        return claimed.rows[0]

    async def end_order(self, row: Notification, outcome: Outcome) -> None:
        """Have it end so."""
        now = self.clock.now()
        ended = after_attempt(row, outcome, now, Random(1))
        await self.store.write(lambda tx: tx.outbox.settle(ended, now))

    def equip(self, **probes: QuickProbe) -> None:
        """Have these probes, and for other checks ones that pass."""
        every = {one.name: QuickProbe() for one in self.plan.checks}
        self.runner.equip({**every, **probes}, Limits())

    # --- What is known ----------------------------------------------------------------------------------------------

    def incident(self, name: str = name_of("payroll")) -> Incident | None:
        """The open incident of a check."""
        found = self.pipeline.histories[name].incident
        return found if found is not None and found.is_open else None

    def failure(self, name: str = name_of("payroll")) -> FailureClass | None:
        """Why the last result of a check was no pass."""
        last = self.pipeline.histories[name].last
        return last.measurement.failure if last is not None else None

    async def told(self) -> list[Notification]:
        """Rows for stakeholders and orders, the earliest first."""
        return [row for row in await self.every_row() if row.message.deployment is not None]

    async def every_row(self) -> list[Notification]:
        """The whole outbox, the earliest first."""
        return sorted(await self.store.read(lambda tx: tx.outbox.list(tuple(State), 1000)), key=lambda row: row.id)

    async def told_kinds(self) -> list[str]:
        return [row.message.kind.value for row in await self.told()]

    # --- Parts ------------------------------------------------------------------------------------------------------

    async def _recall(self) -> None:
        checks = (*self.plan.checks, *map(deployment_check, self.plan.deployments.values()))
        recalled = await recovery.recall(self.store, checks, self.plan.policies, self.clock.now())
        self.pipeline.resume(recalled, await self.store.read(lambda tx: tx.incidents.last_id()))
        sender = Sender(source=self.plan.name, instance=self.store.instance, recipients=self.plan.recipients)
        self.pipeline.replan(checks, self.plan.policies, sender)

    @staticmethod
    async def _number(document: Awaitable[DeploymentDocument]) -> int:
        return (await document).line.id
