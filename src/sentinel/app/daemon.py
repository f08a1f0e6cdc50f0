"""The daemon: everything put together, started, reloaded and stopped."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from random import Random, SystemRandom
from typing import Protocol

import structlog

from sentinel.app.duties import Duties
from sentinel.app.plans import load_plan, mains
from sentinel.app.verbs import Verbs
from sentinel.base.clock import Clock, SystemClock
from sentinel.base.errors import ConfigError, StoreCorrupt
from sentinel.base.systemd import Notifier
from sentinel.channels.base import ChannelTools
from sentinel.channels.catalogue import CATALOGUE as CHANNELS
from sentinel.core.check import Check
from sentinel.core.notification import State
from sentinel.core.plan import ChannelPlan, Plan
from sentinel.core.routing import Sender
from sentinel.core.vitals import own_check
from sentinel.engine import recovery
from sentinel.engine.dispatcher import Dispatcher, Route
from sentinel.engine.housekeeping import Housekeeper
from sentinel.engine.pipeline import Pipeline
from sentinel.engine.runner import Runnable, Runner
from sentinel.engine.scheduler import Scheduler
from sentinel.engine.watchdog import Watchdog
from sentinel.probes.base import ProbeTools
from sentinel.probes.catalogue import CATALOGUE as PROBES
from sentinel.probes.wire import Resolver, Transport
from sentinel.store.backend import choose
from sentinel.store.database import Room, Store
from sentinel.store.sqlite import Sqlite, quarantine

log = structlog.get_logger()

#: Threads for probes that must block, such as those of databases.
PROBE_THREADS = 16

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
    ) -> None:
        self.plan = plan
        self.clock = clock or SystemClock()
        self.started_at: datetime = self.clock.now()
        self.reload_problem = ""
        self.store_damaged = ""  # what became of a damaged store at this start
        self.room: Room | None = None  # how much room the store has, as it was last seen
        self.outbox: Mapping[State, int] = {}  # rows by state, as they were last seen
        self._environment = environment
        self._serve = serve
        self._notifier = notifier or Notifier(environment)
        self._rng = rng or SystemRandom()
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        self._threads = ThreadPoolExecutor(PROBE_THREADS, thread_name_prefix="probe")
        self._resolver = Resolver()
        self._probes: dict[str, tuple[str, Runnable]] = {}  # by check, with the check's fingerprint
        self._channels: dict[str, tuple[ChannelPlan, Route]] = {}
        self.store: Store
        self.dispatcher: Dispatcher
        self.pipeline: Pipeline
        self.runner: Runner
        self.scheduler: Scheduler
        self.watchdog: Watchdog
        self._web: Server

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
        self._listen_to_signals()
        await self._open()
        tasks: list[asyncio.Task[None]] = []
        try:
            await self._equip(self.plan)
            tasks = await self._start()
            self._notifier.tell(READY=1, STATUS=f"watching {len(self.plan.checks)} checks")
            log.info("sentinel.started", checks=len(self.plan.checks), config=str(self.plan.file))
            failed = await self._wait(tasks)
        finally:
            await self._shut(tasks)
        return 70 if failed else 0

    def request_stop(self) -> None:
        """Stop soon, in good order."""
        self._stop.set()

    def request_reload(self) -> None:
        """Read the configuration again soon."""
        self._reload.set()

    async def _open(self) -> None:
        self.store = await self._open_store()
        self.dispatcher = Dispatcher(self.clock, self.store, self._rng)
        self.pipeline = Pipeline(self.clock, self.store, self.dispatcher.wake)
        self.runner = Runner(self.clock, self.pipeline.accept, self.plan.limits)
        self.scheduler = Scheduler(self.clock, self.runner.submit)
        pulses = (self.scheduler.pulse, self.pipeline.pulse, self.dispatcher.pulse)
        self.watchdog = Watchdog(self.clock, self._notifier, pulses)
        self._web = self._serve(Verbs(self), self.plan, self.clock)
        now = self.clock.now()
        checks = (*self.plan.checks, self._own_check(self.plan))
        recalled = await recovery.recall(self.store, checks, self.plan.policies, mains(), now)
        self.pipeline.resume(recalled, await self.store.read(lambda tx: tx.incidents.last_id()))

    async def _open_store(self) -> Store:
        """The store, or a new one in place of a file that is damaged: a monitor that forgets beats one that is down."""
        try:
            return await Store.open(self.plan.store, self.clock)
        except StoreCorrupt as error:
            backend = choose(self.plan.store)
            if not isinstance(backend, Sqlite):
                raise
            aside = quarantine(backend.path, self.clock.now())
            log.critical("store.damaged", why=str(error), moved_to=str(aside))
            self.store_damaged = f"the store was damaged and a new one was begun; the old one is {aside.name}"
            return await Store.open(self.plan.store, self.clock)

    async def _start(self) -> list["asyncio.Task[None]"]:
        housekeeper = Housekeeper(self.clock, Duties(self).all(), lambda _step: self.scheduler.realign())
        await self._web.start()
        loops = {"pipeline": self.pipeline.run(), "housekeeper": housekeeper.run(), "watchdog": self.watchdog.run()}
        tasks = [asyncio.create_task(loop, name=name) for name, loop in loops.items()]
        await self.dispatcher.start()
        self.scheduler.start()
        self.scheduler.plan(self.plan.checks)
        return tasks

    async def _wait(self, tasks: list["asyncio.Task[None]"]) -> bool:
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
            await self.reload()

    async def _shut(self, tasks: list["asyncio.Task[None]"]) -> None:
        log.info("sentinel.stopping")
        self._notifier.tell(STOPPING=1)
        self.scheduler.stop()
        await self.runner.stop(PROBE_GRACE)
        self.pipeline.stop()
        await asyncio.gather(*(task for task in tasks if task.get_name() == "pipeline"), return_exceptions=True)
        await self.dispatcher.stop()
        await self._web.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _, probe in self._probes.values():
            await probe.close()
        self._resolver.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self.store.close()
        log.info("sentinel.stopped")

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.request_stop)
        loop.add_signal_handler(signal.SIGHUP, self.request_reload)

    # --- Plans ------------------------------------------------------------------------------------------------------

    async def reload(self) -> None:
        """Go by the file as it is now. A file that is wrong changes nothing, and Sentinel's own check says so."""
        self._notifier.tell(RELOADING=1, MONOTONIC_USEC=int(self.clock.monotonic() * 1_000_000))
        try:
            plan = await asyncio.to_thread(load_plan, self.plan.file, self._environment)
            await self._equip(plan)
        except ConfigError as error:
            self.reload_problem = str(error)
            log.error("config.refused", problems=len(error.problems), first=str(error.problems[0]))
        else:
            self._say_what_needs_a_restart(plan)
            self.plan, self.reload_problem = plan, ""
            self.scheduler.plan(plan.checks)
            log.info("config.reloaded", checks=len(plan.checks), fingerprint=plan.fingerprint)
        self._notifier.tell(READY=1, STATUS=f"watching {len(self.plan.checks)} checks")

    def _say_what_needs_a_restart(self, plan: Plan) -> None:
        for part in ("store", "web", "logs"):
            if getattr(plan, part) != getattr(self.plan, part):
                log.warning("config.needs_restart", part=part)

    async def _equip(self, plan: Plan) -> None:
        """Give every part what the plan asks of it. What did not change is kept, with its state."""
        probes, outdated = self._build_probes(plan)
        routes = self._build_channels(plan)
        self._probes, self._channels = probes, routes
        self.runner.equip({name: probe for name, (_, probe) in probes.items()}, plan.limits)
        await self.dispatcher.equip({name: route for name, (_, route) in routes.items()})
        self.pipeline.replan((*plan.checks, self._own_check(plan)), plan.policies, mains(), self._sender(plan))
        for probe in outdated:
            await probe.close()

    def _build_probes(self, plan: Plan) -> tuple[dict[str, tuple[str, Runnable]], list[Runnable]]:
        tools = ProbeTools(clock=self.clock, transport=Transport(self._resolver), threads=self._threads)
        probes: dict[str, tuple[str, Runnable]] = {}
        for check in plan.checks:
            known = self._probes.get(check.name)
            kept = known is not None and known[0] == check.fingerprint
            probes[check.name] = (
                known if known and kept else (check.fingerprint, PROBES[check.kind].build(check.options, tools))
            )
        current = {id(probe) for _, probe in probes.values()}
        return probes, [probe for _, probe in self._probes.values() if id(probe) not in current]

    def _build_channels(self, plan: Plan) -> dict[str, tuple[ChannelPlan, Route]]:
        tools = ChannelTools(clock=self.clock, source=plan.name)
        channels: dict[str, tuple[ChannelPlan, Route]] = {}
        for channel in plan.channels:
            known, kind = self._channels.get(channel.name), CHANNELS[channel.kind]
            if known is not None and known[0] == channel and plan.name == self.plan.name:
                channels[channel.name] = known
            else:
                built = kind.build(channel.name, channel.options, tools)
                channels[channel.name] = (channel, Route(built, kind.timeout, kind.gap))
        return channels

    def _own_check(self, plan: Plan) -> Check:
        return own_check("default" if "default" in plan.policies else next(iter(plan.policies)))

    def _sender(self, plan: Plan) -> Sender:
        recipients = {channel.name: channel.recipients for channel in plan.channels}
        return Sender(source=plan.name, instance=self.store.instance, recipients=recipients, link=plan.link)
