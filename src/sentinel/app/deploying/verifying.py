"""Runs the checks of a system once, in a running Sentinel, to know whether one may go on."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from sentinel.app.deploying.asking import AskedVerification
from sentinel.app.deploying.choosing import checks_to_verify, system_to_verify
from sentinel.app.keeper import NotDone
from sentinel.base.clock import Clock
from sentinel.core.check import Check
from sentinel.core.deployment.conditions import BEFORE, Standing, asks_conditions, conditions
from sentinel.core.deployment.deployment import Deployment, Verification, VerifiedCheck
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.history import History
from sentinel.core.incident import Policy
from sentinel.core.plan import Limits, Plan
from sentinel.core.result import FailureClass, Outcome, Result
from sentinel.core.rule import Severity
from sentinel.engine.pipeline import Pipeline
from sentinel.engine.runner import Runner

log = structlog.get_logger()

#: So many are remembered, and go on at once.
MOST_KEPT, MOST_AT_ONCE = 50, 5

#: Of how many checks one says more than their number once five others came after it, or where a deployment keeps it.
MOST_CHECKS = 200

#: Seconds beside their own that the runs may wait for room.
ROOM_WITHIN = 10.0


class Around(Protocol):
    """What verifying needs of a running Sentinel."""

    @property
    def plan(self) -> Plan: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def runner(self) -> Runner: ...

    @property
    def pipeline(self) -> Pipeline: ...


class Listener(Protocol):
    """Keeps the deployments, and hears what came of a verification."""

    def going_on(self, system: str) -> Sequence[Deployment]:
        """The deployments of a system that are not over; from memory."""
        ...

    async def verified(self, verification: Verification) -> None:
        """One that somebody asked for is over."""
        ...


class Verifier:
    """The verifications of one running Sentinel. They are remembered until it ends, the last 50 of them."""

    def __init__(self, parts: Around, listener: Listener) -> None:
        self._parts = parts
        self._listener = listener
        self._known: dict[int, Verification] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._last = 0

    # --- Asking -----------------------------------------------------------------------------------------------------

    def begin(self, asked: AskedVerification) -> Verification:
        """Begin to run the checks, and answer at once; `look` says how far they are.

        Raises:
            NotDone: there is no such system, or it is of another environment, or so many go on that this one has to wait.
        """
        if sum(one.ended_at is None for one in self._known.values()) >= MOST_AT_ONCE:
            raise NotDone(f"{MOST_AT_ONCE} verifications go on already", "wait for the end of one of them")
        plan = self._parts.plan
        system = system_to_verify(plan, asked.system, asked.environment)
        chosen, answers = checks_to_verify(plan, system, asked.tags), self._conditions(system, asked.tags)
        began = self._new(asked, system, chosen, answers)
        task = asyncio.create_task(self._carry_out(began, chosen), name=f"verification {began.number}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return began

    def look(self, number: int) -> Verification:
        """How far one has come; raises NotDone where none is known."""
        found = self._known.get(number)
        if found is None:
            raise NotDone(
                f"no verification {number} is known", f"the last {MOST_KEPT} since the start are; begin a new one"
            )
        return found

    async def run(self, asked: AskedVerification) -> Verification:
        """Run the checks, without the conditions, and answer when all are done. The listener hears nothing of it.

        Raises:
            NotDone: as `begin`.
        """
        plan = self._parts.plan
        system = system_to_verify(plan, asked.system, asked.environment)
        chosen = checks_to_verify(plan, system, asked.tags)
        return (await self._all(self._new(asked, system, chosen, ()), chosen)).shortened(MOST_CHECKS)

    def unmet(self, system: DeploymentPlan) -> list[VerifiedCheck]:
        """The conditions of a system's deployments that do not hold now."""
        return [one for one in self._conditions(system, (BEFORE,)) if not one.holds]

    async def close(self) -> None:
        """Let go of those that go on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- Carrying out -----------------------------------------------------------------------------------------------

    def _new(
        self,
        asked: AskedVerification,
        system: DeploymentPlan | None,
        chosen: Sequence[Check],
        answers: Sequence[VerifiedCheck],
    ) -> Verification:
        self._last += 1
        began = Verification(
            number=self._last,
            system=system.system if system else "",
            by=asked.by,
            tags=asked.tags,
            began_at=self._parts.clock.now(),
            planned=len(chosen) + len(answers),
            checks=tuple(answers),
        )
        self._keep(began)
        return began

    def _keep(self, one: Verification) -> None:
        self._known[one.number] = one
        over = sorted(number for number, known in self._known.items() if known.ended_at is not None)
        for number in over[: max(0, len(self._known) - MOST_KEPT)]:
            del self._known[number]
        for number in over[-2 * MOST_AT_ONCE : -MOST_AT_ONCE]:
            if number in self._known:
                self._known[number] = self._known[number].shortened(MOST_CHECKS)

    def _conditions(self, system: DeploymentPlan | None, tags: Sequence[str]) -> Sequence[VerifiedCheck]:
        if system is None:
            return ()
        own = {check.name for check in checks_to_verify(self._parts.plan, system, ())}
        histories = self._parts.pipeline.open_histories()
        standing = Standing(
            incidents=tuple(one.incident for one in histories if one.incident and one.check.name in own),
            going_on=tuple(self._listener.going_on(system.system)),
        )
        return conditions(system, standing, self._parts.clock.now()) if asks_conditions(tags, standing) else ()

    async def _carry_out(self, began: Verification, chosen: Sequence[Check]) -> None:
        try:
            done = await self._all(began, chosen)
            await self._listener.verified(done.shortened(MOST_CHECKS))
        except Exception:
            log.exception("verification.untold", number=began.number)

    async def _all(self, began: Verification, chosen: Sequence[Check]) -> Verification:
        """Run all, and note each as soon as it is done. The order at the end is that of the plan."""
        asked = {check.name: asyncio.ensure_future(self._one(check, began.began_at)) for check in chosen}
        try:
            async with asyncio.timeout(longest(chosen, self._parts.plan.limits)):
                for done in asyncio.as_completed(asked.values()):
                    self._grow(began.number, await done)
        except TimeoutError:
            log.warning("verification.late", number=began.number)
        finally:
            for task in asked.values():
                task.cancel()
            await asyncio.gather(*asked.values(), return_exceptions=True)
        return self._ended(began, chosen)

    def _grow(self, number: int, done: VerifiedCheck) -> None:
        if (known := self._known.get(number)) is not None:
            self._known[number] = replace(known, checks=(*known.checks, done))

    def _ended(self, began: Verification, chosen: Sequence[Check]) -> Verification:
        now = self._parts.clock.now()
        done = {one.name: one for one in self._known.get(began.number, began).checks[len(began.checks) :]}
        ordered = (done.get(check.name) or unfinished(check, now - began.began_at) for check in chosen)
        ended = replace(began, ended_at=now, checks=(*began.checks, *ordered))
        self._keep(ended)
        log.info(
            "verification.ended",
            number=ended.number,
            system=ended.system,
            passed=ended.passed,
            planned=ended.planned,
            verdict=ended.judged.value,
        )
        return ended

    async def _one(self, check: Check, began_at: datetime) -> VerifiedCheck:
        """Run one check. A run that had begun before is waited for and counts for nothing here: it saw what was before."""
        runner = self._parts.runner
        result = await runner.run_now(check)
        if result is not None and result.scheduled_at < began_at:
            result = await runner.run_now(check)
        if result is None:
            return unfinished(check, self._parts.clock.now() - began_at)
        return judged(check, self._parts.plan.policies[check.policy], result)


def longest(chosen: Sequence[Check], limits: Limits) -> float:
    """Seconds that so many runs may take, where all of them are of one host and one was under way for each."""
    one = max((check.timeout.total_seconds() for check in chosen), default=0.0)
    return 2 * one * (1 + len(chosen) // limits.per_host) + ROOM_WITHIN


def judged(check: Check, policy: Policy, result: Result) -> VerifiedCheck:
    """One run, judged by itself: what was before a verification is not held against what is now."""
    verdict, measurement = History(check, policy).take(result).verdict, result.measurement
    return VerifiedCheck(
        name=check.name,
        title=check.title,
        kind=check.kind,
        outcome=measurement.outcome,
        severity=verdict.severity,
        took=max(timedelta(0), result.finished_at - result.scheduled_at),
        failure=measurement.failure,
        explanation=verdict.explanation,
        hint=verdict.hint,
    )


def unfinished(check: Check, took: timedelta) -> VerifiedCheck:
    """One whose run did not begin and end in time."""
    return VerifiedCheck(
        name=check.name,
        title=check.title,
        kind=check.kind,
        outcome=Outcome.UNKNOWN,
        severity=Severity.UNKNOWN,
        took=took,
        failure=FailureClass.OVERLOADED,
        explanation="its run did not begin and end in time",
        hint="this Sentinel has more runs to do than it may do at once: see `sentinel --status`",
    )
