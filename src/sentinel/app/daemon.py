"""The daemon: everything put together, started, reloaded and stopped."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from random import Random, SystemRandom
from typing import Protocol

import structlog

from sentinel.app.clicks import Clicks
from sentinel.app.duties import Duties
from sentinel.app.equipment import Equipment
from sentinel.app.eyes import Eyes
from sentinel.app.heartbeats import Heartbeats
from sentinel.app.ledger import StoredLedger
from sentinel.app.parts import Parts
from sentinel.app.plans import load_plan
from sentinel.app.verbs import Verbs
from sentinel.base.clock import Clock, SystemClock
from sentinel.base.errors import ConfigError, StoreCorrupt, StoreError, StoreUnavailable
from sentinel.base.redact import Redactor
from sentinel.base.systemd import Notifier
from sentinel.core.access import Access, Via
from sentinel.core.check import Check
from sentinel.core.deployment.check import deployment_check
from sentinel.core.journal import START, Deed
from sentinel.core.plan import Plan
from sentinel.core.routing import Sender
from sentinel.core.vitals import own_check
from sentinel.engine import recovery
from sentinel.engine.dispatcher import Dispatcher
from sentinel.engine.housekeeping import Housekeeper
from sentinel.engine.pipeline import Pipeline
from sentinel.engine.rechecks import Rechecks
from sentinel.engine.runner import Runner
from sentinel.engine.scheduler import Scheduler
from sentinel.engine.watchdog import Watchdog
from sentinel.store.choice import choose
from sentinel.store.database import Store
from sentinel.store.sqlite import Sqlite, quarantine

log = structlog.get_logger()

#: How long a start waits for a database server that does not answer, and between two tries, in seconds.
SERVER_WITHIN = 300.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0

#: Seconds that a start or a reload waits for its line in the journal, and characters of that line.
NOTE_WITHIN = 3.0
LONGEST_DETAIL = 300

#: How long a stop lets running probes end, in seconds.
PROBE_GRACE = 3.0


class Server(Protocol):
    """What answers the questions of people and programs."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


#: Makes the server; handed in, since `web` stands above `app`.
Serve = Callable[[Verbs, Plan, Clock], Server]


class Sentinel:
    """One running Sentinel. Build it, then `run` it once."""

    def __init__(
        self,
        plan: Plan,
        environment: Mapping[str, str],
        serve: Serve,
        *,
        clock: Clock | None = None,
        notifier: Notifier | None = None,
        rng: Random | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._plan = plan  # that it starts with; afterwards the parts have the one in force
        self._environment = environment
        self._serve = serve
        self._clock = clock or SystemClock()
        self._notifier = notifier or Notifier(environment)
        self._rng = rng or SystemRandom()
        self._redactor = redactor or Redactor()  # of the log; learns the secrets that come with a reload
        self._stop = asyncio.Event()
        self._equipment = Equipment(self._clock)
        self._duties: Duties | None = None  # once there are any

    # --- Life -------------------------------------------------------------------------------------------------------

    async def run(self) -> int:
        """Work until asked to stop; answers the exit status.

        1. Own the store and recall what it knows.
        2. Build probes and channels, and begin to commit and to send.
        3. Begin to probe, and say so.
        4. Wait for a signal, or for a loop that ends though nobody asked it to.
        5. Stop in the order of the data: probing, judging, sending, storing.
        """
        # Before anything else: a signal during the start, or right after READY=1, would end the process as if it were killed.
        self._reload = self._listen_to_signals()
        parts = await self._assemble()
        verbs = Verbs(parts)
        server = self._serve(verbs, self._plan, self._clock)
        parts.clicks = Clicks(verbs, self._clock, self._rng, parts.journal)
        tasks: list[asyncio.Task[None]] = []
        try:
            await parts.rosters.recall()
            await parts.sessions.recall()
            await parts.book.recall()
            await self._equip(parts, self._plan)
            tasks = await self._start(parts, server)
            self._tell_ready(parts)
            await _note(parts, START, f"fingerprint {self._plan.fingerprint}")
            log.info("sentinel.started", checks=len(self._plan.checks), config=str(self._plan.file))
            failed = await self._wait(parts, tasks)
        finally:
            await self._shut(parts, server, tasks)
        return 70 if failed else 0

    def request_stop(self) -> None:
        """Stop soon, in good order."""
        self._stop.set()

    async def _assemble(self) -> Parts:
        plan, clock = self._plan, self._clock
        store, damaged = await self._open_store()
        self._equipment.charts.use(store)
        dispatcher = Dispatcher(clock, store, self._rng)

        def absent(since: datetime, until: datetime) -> None:
            parts.heartbeats.missed(since, until)  # those of the plan that is in force by then

        eyes = Eyes(clock, self._equipment.resolver, absent)
        rechecks = Rechecks(clock)
        pipeline = Pipeline(clock, store, dispatcher.wake, rechecks.ask)
        runner = Runner(clock, pipeline.accept, plan.limits, eyes.sight)
        scheduler = Scheduler(clock, runner.submit)
        watchdog = Watchdog(clock, self._notifier, (scheduler.pulse, pipeline.pulse, dispatcher.pulse))
        checks = _every_check(plan)
        recalled = await recovery.recall(store, checks, plan.policies, clock.now())
        pipeline.resume(recalled, await store.read(lambda tx: tx.incidents.last_id()))
        parts = Parts(
            plan=plan,
            clock=clock,
            store=store,
            store_damaged=damaged,
            scheduler=scheduler,
            runner=runner,
            pipeline=pipeline,
            dispatcher=dispatcher,
            watchdog=watchdog,
            eyes=eyes,
            rechecks=rechecks,
            reload_asked=self._reload,
        )
        return parts

    async def _open_store(self) -> tuple[Store, str]:
        """The store, or a new one in place of a file that is damaged, and what became of that.

        A monitor that has forgotten beats one that is down.
        """
        backend = choose(self._plan.store)
        if not isinstance(backend, Sqlite):
            return await self._wait_for_the_server(), ""
        try:
            return await Store.open(self._plan.store, self._clock), ""
        except StoreCorrupt as error:
            aside = quarantine(backend.path, self._clock.now())
            log.critical("store.damaged", why=str(error), moved_to=str(aside))
            damaged = f"the store was damaged and a new one was begun; the old one is {aside.name}"
            return await Store.open(self._plan.store, self._clock), damaged

    async def _wait_for_the_server(self) -> Store:
        """The store on a database server, which may start after us or be away for a moment."""
        began, pause = self._clock.monotonic(), FIRST_PAUSE
        while True:
            try:
                return await Store.open(self._plan.store, self._clock)
            except StoreUnavailable as error:
                if self._clock.monotonic() - began > SERVER_WITHIN:
                    raise
                log.warning("store.awaited", why=str(error))
            self._notifier.tell(STATUS="waiting for the database", EXTEND_TIMEOUT_USEC=int(3e6 * LONGEST_PAUSE))
            if await self._clock.wait(self._stop, pause):
                raise StoreUnavailable("stopped while waiting for the database")
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _start(self, parts: Parts, server: Server) -> list["asyncio.Task[None]"]:
        duties = self._duties = Duties(parts)
        timers = Housekeeper(self._clock, duties.timely(), parts.scheduler.realign)
        await server.start()
        loops = {
            "pipeline": parts.pipeline.run(),
            "timers": timers.run(),
            "housekeeper": Housekeeper(self._clock, duties.patient()).run(),
            "deployments": Housekeeper(self._clock, duties.deploying()).run(),
            "rollbacks": Housekeeper(self._clock, duties.undoing()).run(),
            "watchdog": parts.watchdog.run(),
            "stillness": parts.eyes.stillness.run(),
            "beacons": parts.eyes.beacons.run(),
            "rechecks": parts.rechecks.run(parts.runner.recheck),
            "auditor": parts.auditor.run(),
            "heartbeat": parts.deadman.run(),
        }
        tasks = [asyncio.create_task(loop, name=name) for name, loop in loops.items()]
        await parts.dispatcher.start()
        parts.scheduler.start()
        return tasks

    async def _wait(self, parts: Parts, tasks: list["asyncio.Task[None]"]) -> bool:
        """Wait for the stop, reloading when asked; answers whether a loop failed."""
        while True:
            events = [asyncio.create_task(self._stop.wait()), asyncio.create_task(self._reload.wait())]
            done, _ = await asyncio.wait([*tasks, *events], return_when=asyncio.FIRST_COMPLETED)
            for event in events:
                event.cancel()
            if ended := [task for task in tasks if task in done]:
                for task in ended:
                    log.critical("loop.ended", loop=task.get_name(), exc_info=task.exception())
                return True
            if self._stop.is_set():
                return False
            self._reload.clear()
            waiters, parts.reload_waiters = parts.reload_waiters, []
            before = parts.plan.fingerprint
            await self._go_by_the_file(parts)
            if not waiters:  # nobody asked over the web, who would be in the journal already
                told = parts.reload_problem or f"fingerprint {before} before, {parts.plan.fingerprint} after"
                await _note(parts, "configuration.reload", told)
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def _shut(self, parts: Parts, server: Server, tasks: list["asyncio.Task[None]"]) -> None:
        log.info("sentinel.stopping")
        self._notifier.tell(STOPPING=1)
        if parts.clicks is not None:
            await parts.clicks.stop()
        parts.scheduler.stop()
        await parts.verifier.close()
        if self._duties is not None:
            await self._duties.close()
        await parts.runner.stop(PROBE_GRACE)
        parts.pipeline.stop()
        await asyncio.gather(*(task for task in tasks if task.get_name() == "pipeline"), return_exceptions=True)
        await parts.dispatcher.stop()
        await server.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await parts.eyes.beacons.close()
        await self._equipment.close()
        await parts.store.close()
        log.info("sentinel.stopped")

    def _listen_to_signals(self) -> asyncio.Event:
        """Let signals stop and reload; answers the event that asks for a reload."""
        loop, reload = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.request_stop)
        loop.add_signal_handler(signal.SIGHUP, reload.set)
        return reload

    # --- Plans ------------------------------------------------------------------------------------------------------

    async def _go_by_the_file(self, parts: Parts) -> None:
        """Go by the file as it is now. One that is wrong changes nothing, and Sentinel's own check says so."""
        self._notifier.tell(RELOADING=1, MONOTONIC_USEC=int(self._clock.monotonic() * 1_000_000))
        before = parts.plan
        try:
            plan = await asyncio.to_thread(load_plan, before.file, self._environment)
            self._redactor.learn(plan.secrets)
            await self._equip(parts, plan)
        except ConfigError as error:
            parts.reload_problem = error.in_one_line()
            log.error("config.refused", problems=len(error.problems), first=str(error.problems[0]))
        except Exception as error:
            # Such as a certificate's file that vanished after it was checked: no reason to stop watching.
            parts.reload_problem = f"{type(error).__name__} while probes and channels were built; see the log"
            log.exception("config.not_built")
        else:
            _say_what_needs_a_restart(before, plan)
            parts.reload_problem = ""
            log.info("config.reloaded", checks=len(plan.checks), fingerprint=plan.fingerprint)
        self._tell_ready(parts)

    async def _equip(self, parts: Parts, plan: Plan) -> None:
        """Give every part what the plan asks of it.

        Nothing is awaited between the first part that is changed and the last that judges, so no run sees half of each.
        """
        kit = self._equipment.build(plan, parts.pipeline.notes, StoredLedger(parts.store))
        instance = parts.store.instance
        sender = Sender(
            source=plan.name,
            instance=instance,
            recipients=plan.recipients,
            link=plan.link,
            on_call=parts.rosters.adopt(plan),
            commands=plan.commands,
            undoers=plan.undoers,
            people={name: person.addresses for name, person in plan.people.items()},
        )
        checks = _every_check(plan)
        parts.runner.equip(kit.runnables, plan.limits)
        parts.rechecks.plan(plan.checks, plan.limits.rechecks)
        parts.eyes.plan(plan.connectivity)
        parts.pipeline.replan(checks, plan.policies, sender, routes=plan.routes, windows=plan.windows)
        parts.scheduler.plan(plan.checks)
        parts.wording = kit.wording
        parts.heartbeats = Heartbeats(plan.checks, kit.runnables)
        parts.plan = plan
        parts.book.replanned()
        await parts.dispatcher.equip(kit.routes)
        await self._equipment.adopt(kit)
        if parts.clicks is not None:
            await parts.clicks.equip(plan)
        for channel in plan.channels:
            if channel.lacks:
                log.warning("channel.lacks", channel=channel.name, what=channel.lacks)
        for check in plan.checks:
            if check.lacks:
                log.warning("check.lacks", check=check.name, what=check.lacks)

    def _tell_ready(self, parts: Parts) -> None:
        self._notifier.tell(READY=1, STATUS=f"watching {len(parts.plan.checks)} checks")


async def _note(parts: Parts, action: str, detail: str) -> None:
    """Write into the journal what happened on this host. A store that is away keeps nobody from mending its address."""
    deed = Deed(
        at=parts.clock.now(),
        by="",
        via=Via.HOST,
        action=action,
        subject="configuration",
        detail=detail[:LONGEST_DETAIL],
    )
    try:
        async with asyncio.timeout(NOTE_WITHIN):
            await parts.journal.note(deed)
    except (StoreError, TimeoutError) as error:
        log.error("journal.not_written", action=action, why=str(error) or "it took too long")


def _say_what_needs_a_restart(old: Plan, new: Plan) -> None:
    pairs = {
        "store": (old.store, new.store),
        # Who may come in holds at once; where Sentinel listens does not.
        "web": (replace(old.web, access=Access()), replace(new.web, access=Access())),
        "logs": (old.logs, new.logs),
        "status_page": (_address(old), _address(new)),
    }
    for part, (before, after) in pairs.items():
        if before != after:
            log.warning("config.needs_restart", part=part)


def _every_check(plan: Plan) -> tuple[Check, ...]:
    """The checks of a plan, and those that Sentinel feeds by itself."""
    deployments = (
        deployment_check(one, one.policy if one.policy in plan.policies else plan.own_policy)
        for one in plan.deployments.values()
    )
    return (*plan.checks, *deployments, own_check(plan.own_policy))


def _address(plan: Plan) -> tuple[object, ...]:
    """Where and how the public status page is served; what it shows holds at once."""
    page = plan.status_page
    return (page.host, page.port, page.tls) if page else ()
