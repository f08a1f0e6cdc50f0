"""The book of deployments: what is known of those that go on, and the one way in which they change.

The desk (what people ask) and the keeper (what time does) both write through it. A change is decided by `core.deployment.life`
and committed whole: the deployment, its timeline, the messages, and the order of a rollback.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

import structlog

from sentinel.base.clock import Clock
from sentinel.core.check import Check
from sentinel.core.deployment.check import measure, name_of
from sentinel.core.deployment.deployment import Deployment, Entry
from sentinel.core.deployment.life import Event, Setting, Step, step
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.deployment.standing import names_of, suspects, window_of
from sentinel.core.holding import Held
from sentinel.core.plan import Plan
from sentinel.core.result import Measurement, Result
from sentinel.core.silence import Course
from sentinel.engine.dispatcher import Dispatcher
from sentinel.engine.pipeline import Pipeline
from sentinel.engine.runner import Runner
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: Seconds that a change waits until its window is committed, too. It is in force before.
WINDOW_WITHIN = 8.0


class Around(Protocol):
    """The parts of a running Sentinel that deployments have to do with."""

    plan: Plan
    clock: Clock
    store: Store
    pipeline: Pipeline
    runner: Runner
    dispatcher: Dispatcher
    held: Mapping[str, Held]


class Book:
    """Knows every deployment that goes on, and the last of each system. `changing` is held by whoever decides by it."""

    def __init__(self, parts: Around) -> None:
        self._parts = parts
        self._known: dict[int, Deployment] = {}
        self._recalled = False
        self._first_edition = int(parts.clock.now().timestamp())  # a later start goes on above where this one ends
        self._editions: dict[int, int] = {}
        self._news = asyncio.Event()
        self.changing = asyncio.Lock()

    # --- Asking -----------------------------------------------------------------------------------------------------

    @property
    def known(self) -> Sequence[Deployment]:
        """Those that go on, and the last of each system; the newest first."""
        return sorted(self._known.values(), key=lambda one: -one.id)

    def going_on(self, system: str = "") -> Sequence[Deployment]:
        """Those that go on, of a system or of all; the newest first."""
        return [one for one in self.known if not one.is_over and system in ("", one.system)]

    def get(self, number: int) -> Deployment | None:
        """The deployment of a number, where it goes on or is the last of its system."""
        return self._known.get(number)

    def latest(self, system: str) -> Deployment | None:
        """The current or last deployment of a system."""
        going = self.going_on(system)
        return going[0] if going else next((one for one in self.known if one.system == system), None)

    def checks_of(self, system: str) -> tuple[Check, ...]:
        """The checks of a system, as they are configured now."""
        plan = self._parts.plan.deployments.get(system)
        return tuple(check for check in self._parts.plan.checks if plan is not None and plan.covers(check))

    def plan_of(self, system: str) -> DeploymentPlan | None:
        """What is configured about its deployments now."""
        return self._parts.plan.deployments.get(system)

    @property
    def setting(self) -> Setting:
        plan = self._parts.plan
        return Setting(instance=self._parts.store.instance, source=plan.name, link=plan.link)

    # --- Changing ---------------------------------------------------------------------------------------------------

    async def recall(self) -> None:
        """Learn once what the store knows; raises StoreError, and is tried again then."""
        if self._recalled:
            return
        unfinished = await self._parts.store.read(lambda tx: tx.deployments.unfinished())
        latest = await self._parts.store.read(lambda tx: tx.deployments.latest())
        self._known = {one.id: one for one in (*latest, *unfinished)}
        self._recalled = True
        self._tell_who_is_suspect()

    async def apply(self, number: int, event: Event) -> Step:
        """Let a deployment meet an event; answers after the commit. Call it with `changing` held.

        Raises:
            StoreError: nothing was changed.
        """
        known = self._known.get(number) or await self._parts.store.read(lambda tx: tx.deployments.get(number))
        assert known is not None, "whoever asks has seen it"
        taken = step(known, event, self._parts.clock.now(), self.setting)
        if taken.refusal is None:
            await self.keep(taken)
        return taken

    async def keep(self, taken: Step, also: Callable[[Transaction], None] = lambda _tx: None) -> None:
        """Commit a step and everything it asks for. Call it with `changing` held.

        Args:
            also: what belongs into the same transaction.
        """
        parts = self._parts
        await parts.store.write(partial(_write, taken, also))
        self._remember(taken.deployment)
        _say(taken.entries)
        self.feed(taken.deployment.system)
        await self.heed_window(taken.deployment)
        parts.pipeline.edition.outdate(at_once=True)

    def _remember(self, one: Deployment) -> None:
        newer = any(other.system == one.system and other.id > one.id for other in self._known.values())
        if one.is_over and newer:
            self._known.pop(one.id, None)
        else:
            self._known[one.id] = one
            older = [k for k in self._known.values() if k.system == one.system and k.id < one.id and k.is_over]
            for other in older:
                del self._known[other.id]
        self._editions[one.id] = self.edition(one.id) + 1
        for gone in self._editions.keys() - self._known.keys() - {one.id}:
            del self._editions[gone]
        self._tell_who_is_suspect()
        news, self._news = self._news, asyncio.Event()
        news.set()

    # --- What follows from it ---------------------------------------------------------------------------------------

    def feed(self, system: str, measurement: Measurement | None = None) -> None:
        """Give the check of a system's deployments its result."""
        now = self._parts.clock.now()
        found = measure(self.latest(system)) if measurement is None else measurement
        self._parts.pipeline.accept(Result(check=name_of(system), scheduled_at=now, finished_at=now, measurement=found))

    async def heed_window(self, one: Deployment) -> None:
        """Have its window be as the deployment says. It is in force at once; the commit is waited for."""
        pipeline, now = self._parts.pipeline, self._parts.clock.now()
        plan = self.plan_of(one.system)
        names = names_of(plan, self._parts.plan.checks) if plan is not None else ()
        wanted, known = window_of(one, names), pipeline.desk.scene.windows.get(one.window)
        if wanted == known or (known is None and wanted.course(now) is Course.OVER):
            return
        if known is not None and known.course(now) is Course.OVER and wanted.course(now) is Course.OVER:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(WINDOW_WITHIN):
                await pipeline.heed_window(wanted)

    def _tell_who_is_suspect(self) -> None:
        plan = self._parts.plan
        self._parts.pipeline.desk.suspects = suspects(self._known.values(), plan.deployments, plan.checks)

    # --- Waiting ----------------------------------------------------------------------------------------------------

    def edition(self, number: int) -> int:
        """Of a deployment: another one each time it changes."""
        return self._editions.get(number, self._first_edition)

    async def changed(self, number: int, seen: int, within: float) -> int:
        """Wait until a deployment has another edition than this one, or for so many seconds; answers the present one."""
        clock = self._parts.clock
        until = clock.monotonic() + within
        while self.edition(number) == seen and (left := until - clock.monotonic()) > 0:
            await clock.wait(self._news, left)
        return self.edition(number)


def _write(taken: Step, also: Callable[[Transaction], None], tx: Transaction) -> None:
    tx.deployments.save(taken.deployment)
    tx.deployments.note(taken.entries)
    also(tx)


def _say(entries: Iterable[Entry]) -> None:
    for entry in entries:
        # What people write may be about people: it stands on the timeline and nowhere else.
        event, by = f"deployment.{entry.kind}", {"by": entry.by} if entry.by else {}
        log.info(event, deployment=entry.deployment, **by)
