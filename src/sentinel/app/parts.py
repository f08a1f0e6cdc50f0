"""What a running Sentinel is made of. The daemon puts it together; its duties and verbs work with it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from sentinel.app.clicks import Clicks
from sentinel.app.deploying.book import Book
from sentinel.app.deploying.verifying import Verifier
from sentinel.app.eyes import Eyes
from sentinel.app.heartbeats import Heartbeats
from sentinel.app.journal import Journal, key_file, read_key
from sentinel.app.rosters import Rosters
from sentinel.app.sessions import Sessions
from sentinel.base.clock import Clock
from sentinel.channels.watcher import HttpWatcher
from sentinel.channels.wording import Wording
from sentinel.core.holding import Held
from sentinel.core.notification import State
from sentinel.core.plan import Plan
from sentinel.engine.auditor import Audited, Auditor
from sentinel.engine.deadman import DeadMan
from sentinel.engine.dispatcher import Dispatcher
from sentinel.engine.pipeline import Pipeline
from sentinel.engine.rechecks import Rechecks
from sentinel.engine.runner import Runner
from sentinel.engine.scheduler import Scheduler
from sentinel.engine.watchdog import Watchdog
from sentinel.store.database import Room, Store


class Parts:
    """The loops and the store, the plan in force, and what was last seen of Sentinel itself."""

    def __init__(
        self,
        *,
        plan: Plan,
        clock: Clock,
        store: Store,
        scheduler: Scheduler,
        runner: Runner,
        pipeline: Pipeline,
        dispatcher: Dispatcher,
        watchdog: Watchdog,
        eyes: Eyes,
        rechecks: Rechecks,
        reload_asked: asyncio.Event,
        store_damaged: str,
    ) -> None:
        self.plan = plan  # in force; a reload puts another one here
        self.clock = clock
        self.store = store
        self.scheduler = scheduler
        self.runner = runner
        self.pipeline = pipeline
        self.dispatcher = dispatcher
        self.watchdog = watchdog
        self.eyes = eyes
        self.rechecks = rechecks
        self.started_at: datetime = clock.now()
        self.auditor = Auditor(
            clock,
            store,
            Audited(
                plan=lambda: self.plan, pipeline=pipeline, dispatcher=dispatcher, stuck=lambda: self.watchdog.stuck
            ),
        )
        self.deadman = DeadMan(
            clock, self.auditor, lambda: self.plan.heartbeat, lambda plan: HttpWatcher(plan.url, plan.timeout)
        )
        self.reload_asked = reload_asked
        self.reload_waiters: list[asyncio.Future[None]] = []  # who wants to know when it is done
        self.reload_problem = ""  # why the last reload kept the old plan
        self.rosters = Rosters(clock, store)
        self.journal = Journal(store, key_file(plan), clock.now)
        self.sessions = Sessions(store, clock, lambda: self.plan.web.access, read_key(key_file(plan)))
        self.heartbeats = Heartbeats()  # the checks that jobs report to, of the plan in force
        self.clicks: Clicks | None = None  # hears of clicks in Slack, once there is who acts upon them
        self.store_damaged = store_damaged  # what became of a damaged store at this start
        self.wording = Wording()  # of messages; knows which template failed
        self.report_problem = ""  # why the last report could not be written into its folder
        self.room: Room | None = None  # how much room the store has, as it was last seen
        self.outbox: Mapping[State, int] = {}  # rows by state, as they were last seen
        self.held: Mapping[
            str, Held
        ] = {}  # by window: its occurrence that is open or announced, and what came of it so far
        self.book = Book(self)  # of deployments
        self.verifier = Verifier(self, self.book)
