"""Deployments of a monitor that stands still: what was asked of them is remembered, and nothing goes on by itself."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.app.deploying.asking import AskedStart
from sentinel.app.keeper import NotDone
from sentinel.core.deployment.deployment import (
    Deployment,
    Ending,
    Entry,
    Phase,
    Rollback,
    Verification,
    VerifiedCheck,
    Watch,
)
from sentinel.reports.deployment import DryRun, document, line
from tests.kit.scene import NOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentinel.app.deploying.asking import AskedRollback, AskedVerification
    from sentinel.core.incident import Incident
    from sentinel.reports.deployment import DeploymentDocument, DeploymentLine, ToldLine


class StillDeployments:
    """Fits `sentinel.app.deploying.asking.Deployments`."""

    def __init__(self, *systems: str) -> None:
        self.systems = systems or ("payroll",)
        self.known: dict[int, Deployment] = {}
        self.timelines: dict[int, list[Entry]] = {}
        self.incidents: dict[int, list[Incident]] = {}  # that may come of one
        self.told: dict[int, list[ToldLine]] = {}
        self.started: list[AskedStart] = []
        self.rollbacks: list[AskedRollback] = []
        self.asked: list[AskedVerification] = []
        self.checks: list[VerifiedCheck] = []  # what a verification comes to
        self.forgetful = False  # whether no verification is known, as after a restart
        self.done: list[tuple[str, int, str, object]] = []  # what was asked of one, by whom, and with what
        self.at = NOW  # when those that begin now begin
        self.waiting = 0  # who wait for a change now
        self._moved = asyncio.Event()

    async def start_simply(self, version: str) -> DeploymentDocument:
        """Begin a deployment that nobody has anything to say about."""
        return await self.start(AskedStart(by="ann", version=version))

    def put(self, one: Deployment) -> None:
        """Have a deployment be as it is, as if it went on by itself."""
        self.known[one.id] = one
        self.timelines.setdefault(one.id, [])
        self._tell(one.id, one.phase.value, "", "")

    async def all(self, system: str = "") -> Sequence[DeploymentLine]:
        return [line(one) for one in reversed(self.known.values()) if system in ("", one.system)]

    def current(self) -> Sequence[DeploymentLine]:
        last = {one.system: one for one in self.known.values()}
        return [line(one) for one in last.values()]

    async def one(self, number: int) -> DeploymentDocument:
        return self._shown(self._known(number))

    async def find(self, system: str = "", number: int = 0) -> DeploymentDocument:
        return self._shown(self._known(number) if number else self._last(system or self.systems[0]))

    async def start(self, asked: AskedStart) -> DeploymentDocument:
        self.started.append(asked)
        system = self._system(asked.system)
        before = [one for one in self.known.values() if one.system == system and not one.is_over]
        if before:
            raise NotDone(f"a deployment of {system} goes on", f"`sentinel deploy finish {before[0].id}` ends it")
        one = Deployment(
            id=len(self.known) + 1,
            system=system,
            version=asked.version,
            ref=asked.ref,
            from_version=asked.from_version,
            environment=asked.environment or "production",
            backup_id=asked.backup_id,
            by=asked.by,
            started_at=self.at,
            window_ends_at=self.at + (asked.window or timedelta(minutes=30)),
            expects_down=asked.expects_down,
            impact=asked.impact,
        )
        self.known[one.id], self.timelines[one.id] = one, []
        return self._done(one, "started", asked.by, "", None)

    async def note(self, number: int, by: str, text: str, took: timedelta | None = None) -> DeploymentDocument:
        return self._done(self._going(number), "note", by, text, took)

    async def extend(self, number: int, by: str, longer: timedelta) -> DeploymentDocument:
        one = self._going(number)
        return self._done(replace(one, window_ends_at=one.window_ends_at + longer), "extended", by, "", longer)

    async def watch(self, number: int, by: str, lasts: timedelta | None = None) -> DeploymentDocument:
        one, whole = self._going(number), lasts or timedelta(minutes=15)
        watch = one.watch or Watch(began_at=NOW, lasts=whole, points=(timedelta(minutes=2), whole))
        return self._done(replace(one, phase=Phase.WATCHING, watch=watch), "watch", by, "", lasts)

    async def finish(self, number: int, by: str, why: str = "") -> DeploymentDocument:
        return self._end(self._going(number), Ending.UNWATCHED, "ended", by, why)

    async def fail(self, number: int, by: str, why: str) -> DeploymentDocument:
        return self._end(self._going(number), Ending.FAILED, "failed", by, why)

    async def accept(self, number: int, by: str, why: str) -> DeploymentDocument:
        return self._end(self._known(number), Ending.ACCEPTED, "accepted", by, why)

    async def veto(self, number: int, by: str, why: str) -> DeploymentDocument:
        one = self._known(number)
        if one.phase is not Phase.PROPOSED:
            raise NotDone(f"no rollback of deployment {number} waits to be run")
        return self._end(one, Ending.FAILED, "vetoed", by, why)

    async def rollback(self, asked: AskedRollback) -> DeploymentDocument:
        self.rollbacks.append(asked)
        one = self._meant(asked)
        if one.rollback is not None:
            raise NotDone(f"deployment {one.id} was rolled back already")
        order = Rollback(
            key="k",
            channel="undo",
            quick=asked.quick,
            backup_id=asked.backup_id,
            reason=asked.reason,
            by=asked.by,
            ordered_at=NOW,
            runs_at=NOW,
        )
        return self._done(
            replace(one, phase=Phase.ROLLING_BACK, rollback=order), "rollback", asked.by, asked.reason, None
        )

    async def dry_run(self, asked: AskedRollback) -> DryRun:
        one = self._meant(asked)
        return DryRun(
            system=one.system,
            deployment=one.id,
            channel="undo",
            kind="command",
            command=("/usr/local/bin/undo", one.version),
            folder="/srv/payroll",
            environment={"SENTINEL_REASON": asked.reason},
            timeout=timedelta(minutes=5),
            verify=("login",),
        )

    async def verify(self, asked: AskedVerification) -> Verification:
        system = self._system(asked.system)
        self.asked.append(asked)
        return Verification(
            tags=asked.tags, began_at=NOW, number=len(self.asked), by=asked.by, system=system, planned=len(self.checks)
        )

    def verification(self, number: int) -> Verification:
        """It is over when somebody looks at it."""
        if self.forgetful or not 0 < number <= len(self.asked):
            raise NotDone(f"no verification {number} is known")
        asked, checks = self.asked[number - 1], tuple(self.checks)
        ended_at, system = NOW + timedelta(seconds=2), self._system(asked.system)
        return Verification(
            tags=asked.tags, began_at=NOW, ended_at=ended_at, number=number, by=asked.by, system=system,
            planned=len(checks), checks=checks,
        )  # fmt: skip

    async def changed(self, number: int, seen: int, within: float) -> int:
        self._known(number)
        moved = self._moved
        if self._edition(number) == seen:
            self.waiting += 1
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(within):
                        await moved.wait()
            finally:
                self.waiting -= not moved.is_set()
        return self._edition(number)

    # --- Within -----------------------------------------------------------------------------------------------------

    def _edition(self, number: int) -> int:
        return len(self.timelines[number])

    def _system(self, named: str) -> str:
        if not named and len(self.systems) > 1:
            raise NotDone(f"say which system: {', '.join(self.systems)}")
        if named and named not in self.systems:
            raise NotDone(f"no deployments of {named} are configured", f"did you mean {self.systems[0]}?")
        return named or self.systems[0]

    def _known(self, number: int) -> Deployment:
        if number not in self.known:
            raise NotDone(f"there is no deployment {number}", "`sentinel deploy list` shows them")
        return self.known[number]

    def _last(self, system: str) -> Deployment:
        found = [one for one in self.known.values() if one.system == system]
        if not found:
            raise NotDone(f"{system} was never deployed")
        return found[-1]

    def _meant(self, asked: AskedRollback) -> Deployment:
        return self._known(asked.deployment) if asked.deployment else self._last(self._system(asked.system))

    def _going(self, number: int) -> Deployment:
        one = self._known(number)
        if one.is_over:
            raise NotDone(f"deployment {number} is over")
        return one

    def _end(self, one: Deployment, ending: Ending, kind: str, by: str, why: str) -> DeploymentDocument:
        over = replace(one, phase=Phase.ENDED, ending=ending, ended_at=NOW, ended_why=why)
        return self._done(over, kind, by, why, None)

    def _done(self, one: Deployment, kind: str, by: str, text: str, more: object) -> DeploymentDocument:
        self.known[one.id] = one
        self.done.append((kind, one.id, by, more if more is not None else text))
        self._tell(one.id, kind, by, text)
        return self._shown(one)

    def _tell(self, number: int, kind: str, by: str, text: str) -> None:
        self.timelines[number].append(Entry(deployment=number, at=NOW, kind=kind, by=by, text=text))
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        self.waiting = 0

    def _shown(self, one: Deployment) -> DeploymentDocument:
        incidents, told = self.incidents.get(one.id, ()), self.told.get(one.id, ())
        return document(one, self.timelines[one.id], incidents, told, source="ward", at=NOW)
