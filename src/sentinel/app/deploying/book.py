"""The book of deployments: what is known of those that go on, and the one way in which they change.

The desk (what people ask) and the keeper (what time does) both write through it. A change is decided by `core.deployment.life`
and committed whole: the deployment, its timeline, the messages, and the order of a rollback.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

import structlog

from sentinel.app.holding import Around
from sentinel.base.errors import StoreError
from sentinel.core.check import Check
from sentinel.core.deployment import telling
from sentinel.core.deployment.check import measure, name_of
from sentinel.core.deployment.conditions import is_of
from sentinel.core.deployment.deployment import Deployment, Entry, Verification
from sentinel.core.deployment.events import Event, Refusal, RollbackStopped, Setting, Step, Verified
from sentinel.core.deployment.life import step
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.deployment.rolling_back import OF_ROLLBACKS, Undoable, hearers, is_undoable, news_of, proves
from sentinel.core.deployment.standing import suspects, window_of
from sentinel.core.incident import Address, Incident
from sentinel.core.notification import Notification, State, of_deployment
from sentinel.core.plan import Plan
from sentinel.core.result import Result
from sentinel.core.rule import Severity
from sentinel.core.silence import Course
from sentinel.core.timeline import TimelineEntry
from sentinel.engine.commands import close_order
from sentinel.store.database import Transaction

log = structlog.get_logger()

#: Deployments before the last of each system that are remembered, for the incidents that name them.
MOST_EARLIER = 50

#: Seconds that a change waits until its window is committed, too. It is in force before.
WINDOW_WITHIN = 8.0


class Book:
    """Knows every deployment that goes on, and the last of each system. `changing` is held by whoever decides by it."""

    def __init__(self, parts: Around) -> None:
        self._parts = parts
        self._known: dict[int, Deployment] = {}
        self._earlier: dict[int, Deployment] = {}  # of which incidents that are open may come; bounded
        self._recalled = False
        self._turns = 0  # how often what is known has changed, or has come into doubt
        self._sorted: tuple[Plan, Mapping[str, tuple[Check, ...]]] | None = None  # checks by system, and of which plan
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
        plan = self._parts.plan
        if self._sorted is None or self._sorted[0] is not plan:
            found = {name: tuple(filter(mine.covers, plan.checks)) for name, mine in plan.deployments.items()}
            self._sorted = plan, found
        return self._sorted[1].get(system, ())

    def stopping(self, one: Deployment) -> tuple[Check, ...]:
        """The checks by which it is seen whether its system is down: where that is expected, those that are meant by it."""
        checks, plan = self.checks_of(one.system), self.plan_of(one.system)
        return tuple(filter(plan.stopped, checks)) if plan is not None and one.expects_down else checks

    def plan_of(self, system: str) -> DeploymentPlan | None:
        """What is configured about its deployments now."""
        return self._parts.plan.deployments.get(system)

    @property
    def setting(self) -> Setting:
        plan = self._parts.plan
        return Setting(instance=self._parts.store.instance, source=plan.name, link=plan.link)

    # --- Changing ---------------------------------------------------------------------------------------------------

    async def recall(self) -> None:
        """Learn what the store knows, once, and again after a commit that may have failed; raises StoreError."""
        while not self._recalled:
            turn = self._turns
            named = {known.incident.suspect for known in self._parts.pipeline.open_histories() if known.incident} - {0}
            # Where writes stand in line: one that nobody waits for any more may be on its way still.
            known, earlier = await self._parts.store.write(partial(_recalled, sorted(named)[-MOST_EARLIER:]))
            if turn != self._turns:
                continue  # somebody else was faster, or what was read may be old already
            self._known = {one.id: one for one in known}
            self._earlier = {one.id: one for one in earlier if one.id not in self._known}
            self._recalled = True
            self._turns += 1
            self.replanned()

    async def apply(self, number: int, event: Event) -> Step:
        """Let a deployment meet an event; answers after the commit. Call it with `changing` held.

        Raises:
            StoreError: nothing was changed.
        """
        await self.recall()
        known = self._known.get(number) or await self._parts.store.read(lambda tx: tx.deployments.get(number))
        assert known is not None, "whoever asks has seen it"
        taken = step(known, event, self._parts.clock.now(), self.setting)
        if taken.refusal is not None:
            return taken
        return await self.keep(taken, known, event if isinstance(event, RollbackStopped) else None)

    async def keep(self, taken: Step, before: Deployment | None = None, stops: RollbackStopped | None = None) -> Step:
        """Commit a step and everything it asks for. Call it with `changing` held.

        Args:
            taken: not refused.
            before: the deployment before it; None: it has just begun.
            stops: who calls its order off, if somebody does.

        Raises:
            StoreError: nothing was changed.
        """
        rows, pointless = await self._messages(taken, before)
        try:
            now = self._parts.clock.now()
            await self._parts.store.write(
                partial(_write, taken, rows, pointless, stops, self._news_of(taken, now), now)
            )
        except (StoreError, asyncio.CancelledError):
            # Nobody knows whether it was committed: the store is asked before anything else.
            self._recalled = False
            self._turns += 1
            raise
        except _TooLate as late:
            return Step(before or taken.deployment, refusal=late.refusal)
        self._remember(taken.deployment)
        _say(taken.entries)
        self.feed(taken.deployment.system)
        ordered = {taken.order.address.channel} if taken.order is not None else set()
        told = set(self._parts.dispatcher.lines) if stops is not None else {row.address.channel for row in rows}
        self._parts.dispatcher.wake(ordered | told)
        await self.heed_window(taken.deployment)
        self._parts.pipeline.edition.outdate(at_once=True)
        return taken

    async def verified(self, verification: Verification) -> None:
        """Checks were run once, as somebody asked: that may belong to the deployment of the system that goes on."""
        async with self.changing:
            for one in self.going_on(verification.system)[:1] if verification.system else ():
                if is_of(one, verification):
                    await self.apply(one.id, Verified(verification=verification))

    async def _messages(self, taken: Step, before: Deployment | None) -> tuple[Sequence[Notification], Sequence[str]]:
        """What stakeholders are told of a step, and the keys of what is pointless with that."""
        one, parts = taken.deployment, self._parts
        stakeholders = parts.plan.addresses(one.channels)
        incidents, kinds = self._incidents(), telling.told(taken.kinds)
        heard = await self._heard(one) if any(proves(one, kind) for kind in kinds) else ()
        hear = {kind: hearers(one, kind, stakeholders, incidents, heard) for kind in kinds}
        if not any(hear.values()):
            return (), ()
        timeline = await parts.store.read(lambda tx: tx.deployments.timeline(one.id))
        setting, found = self.setting, list(self._found(one.system))
        rows = [
            row
            for kind, addresses in hear.items()
            for row in telling.rows(
                one,
                telling.compose(
                    one,
                    kind,
                    source=setting.source,
                    now=parts.clock.now(),
                    link=setting.link,
                    plan=self.plan_of(one.system),
                    found=found,
                    timeline=(*timeline, *taken.entries),
                ),
                addresses,
                setting.instance,
            )
        ]
        everybody = {to for addresses in hear.values() for to in addresses}
        return rows, telling.outdated(before, everybody, setting.instance)

    async def _heard(self, one: Deployment) -> Sequence[Address]:
        """Who has heard of its rollback, with it or with the incident whose level ordered it, which may be over by now."""
        level = one.rollback.incident if one.rollback is not None else 0

        def read(tx: Transaction) -> list[Address]:
            rows = tx.outbox.of(of_deployment(one.id))
            told = [
                row.address for row in rows if row.message.kind in OF_ROLLBACKS and row.state is not State.CANCELLED
            ]
            ordered = tx.incidents.get(level) if level else None
            return [*told, *(ordered.responders if ordered is not None else ())]

        return await self._parts.store.read(read)

    def _incidents(self) -> Sequence[Incident]:
        return [known.incident for known in self._parts.pipeline.open_histories() if known.incident is not None]

    def _news_of(self, taken: Step, now: datetime) -> Sequence[TimelineEntry]:
        """What incidents hear of a rollback on their timelines."""
        incidents = self._incidents()
        return [line for kind in taken.kinds for line in news_of(taken.deployment, kind, incidents, now)]

    def _found(self, system: str) -> Iterator[telling.Found]:
        """How bad each check of a system is, as far as that is known since the last start."""
        histories = self._parts.pipeline.histories
        for check in self.checks_of(system):
            history = histories.get(check.name)
            known = history is not None and history.last is not None
            yield check.label, history.verdict.severity if history is not None and known else Severity.UNKNOWN

    def _remember(self, one: Deployment) -> None:
        self._turns += 1
        newer = any(other.system == one.system and other.id > one.id for other in self._known.values())
        self._known[one.id] = one
        if one.is_over and newer:
            self._drop(one)
        else:
            older = [k for k in self._known.values() if k.system == one.system and k.id < one.id and k.is_over]
            for other in older:
                self._drop(other)
        self._editions[one.id] = self.edition(one.id) + 1
        for gone in self._editions.keys() - self._known.keys() - {one.id}:
            del self._editions[gone]
        self.replanned()
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _drop(self, one: Deployment) -> None:
        """It is not the last of its system any more; incidents that may come of it still name it."""
        self._earlier[one.id] = self._known.pop(one.id)
        while len(self._earlier) > MOST_EARLIER:
            del self._earlier[min(self._earlier)]

    # --- What follows from it ---------------------------------------------------------------------------------------

    def feed(self, system: str) -> None:
        """Give the check of a system's deployments its result."""
        now = self._parts.clock.now()
        found = measure(self.latest(system))
        self._parts.pipeline.accept(Result(check=name_of(system), scheduled_at=now, finished_at=now, measurement=found))

    async def heed_window(self, one: Deployment) -> None:
        """Have its window be as the deployment says. It is in force at once; the commit is waited for."""
        pipeline, now = self._parts.pipeline, self._parts.clock.now()
        names = [check.name for check in self.checks_of(one.system)]
        down = [check.name for check in self.stopping(one)]
        wanted = window_of(one, names, stops=down if down != names else None)
        known = pipeline.desk.scene.windows.get(one.window)
        if wanted == known or (known is None and wanted.course(now) is Course.OVER):
            return
        if known is not None and known.course(now) is Course.OVER and wanted.course(now) is Course.OVER:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(WINDOW_WITHIN):
                await pipeline.heed_window(wanted)

    def replanned(self) -> None:
        """Tell those who judge of deployments: which may be suspects, and which a level of escalation undoes."""
        plan, desk, now = self._parts.plan, self._parts.pipeline.desk, self._parts.clock.now()
        desk.suspects = suspects((*self._earlier.values(), *self._known.values()), plan.deployments, plan.checks)
        latest = [one for system in plan.deployments if (one := self.latest(system)) is not None]
        desk.undoable = tuple(
            Undoable(deployment=one, plan=mine)
            for one in latest
            if (mine := plan.deployments[one.system]).rollback is not None and is_undoable(one, now)
        )

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


def _recalled(named: Sequence[int], tx: Transaction) -> tuple[Sequence[Deployment], Sequence[Deployment]]:
    """Those that go on and the last of each system, and earlier ones that incidents name."""
    known = [*tx.deployments.latest(), *tx.deployments.unfinished()]
    return known, [one for number in named if (one := tx.deployments.get(number)) is not None]


class _TooLate(Exception):
    """The order of a rollback has begun meanwhile; the transaction comes to nothing."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def _write(
    taken: Step,
    rows: Sequence[Notification],
    pointless: Sequence[str],
    stops: RollbackStopped | None,
    news: Sequence[TimelineEntry],
    now: datetime,
    tx: Transaction,
) -> None:
    if stops is not None:
        _call_off(tx, taken.deployment, stops, now)
    if taken.order is not None and not tx.orders.put(taken.order):
        raise _TooLate(Refusal.ALREADY_ROLLED_BACK)
    tx.deployments.save(taken.deployment)
    tx.deployments.note(taken.entries)
    tx.incidents.note(news)
    tx.outbox.outdate(pointless)
    tx.outbox.enqueue(rows)


def _call_off(tx: Transaction, one: Deployment, stops: RollbackStopped, now: datetime) -> None:
    """Stop its order while it has not begun. Where a level gave it, whoever was told of its incident hears of that, too."""
    row = tx.orders.call_off(one.rollback.key) if one.rollback is not None else None
    if row is None:
        raise _TooLate(Refusal.BEGUN)
    close_order(tx, row, now, stops.by, stops.why)


def _say(entries: Iterable[Entry]) -> None:
    for entry in entries:
        # What people write may be about people: it stands on the timeline and nowhere else.
        event, by = f"deployment.{entry.kind}", {"by": entry.by} if entry.by else {}
        log.info(event, deployment=entry.deployment, **by)
