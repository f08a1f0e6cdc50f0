"""What a running Sentinel does from time to time: look at itself, let time pass over incidents, write reports, tidy up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from sentinel.app.deploying.keeper import DeploymentKeeper
from sentinel.app.deploying.papers import Papers
from sentinel.app.holding import WindowKeeper
from sentinel.app.owing import Owed
from sentinel.app.parts import Parts
from sentinel.app.posting import AutomaticPosts
from sentinel.app.proving import Proving, doubted
from sentinel.base.errors import StoreError
from sentinel.core.check import OWN_CHECK
from sentinel.core.deployment.events import Reviewed
from sentinel.core.incident import Address
from sentinel.core.notification import AT_MOST_ONCE, Kind, Message, State
from sentinel.core.result import Result
from sentinel.core.routing import key
from sentinel.core.rule import Severity
from sentinel.core.vitals import OWN_INTERVAL, Vitals, blind_checks, measure, overdue_checks
from sentinel.engine.baselines import Baselines
from sentinel.engine.commands import recover
from sentinel.engine.housekeeping import Duty, Retention
from sentinel.store.database import Room

log = structlog.get_logger()

#: When the store has failed for so long, people are told without it.
STORE_DOWN_AFTER = timedelta(seconds=60)

#: After a full disk, history is written again when so many bytes are free: more than the ballast leaves.
ROOM_FOR_HISTORY = 16 << 20

#: A message that was given up is told of for so long, unless it is sent again or dropped before.
DEAD_FOR = timedelta(hours=24)

#: Dead messages that are looked through at most.
MOST_DEAD = 1_000

#: How often they are told again while that lasts.
STORE_DOWN_AGAIN = timedelta(minutes=30)


class Duties:
    """The duties of one running Sentinel."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._retention = Retention(parts.clock, parts.store)
        self._proving = Proving(parts)
        self._baselines = Baselines(parts.clock, parts.store, parts.pipeline)
        self._windows = WindowKeeper(parts)
        self._posts = AutomaticPosts(parts)
        self._deployments = DeploymentKeeper(parts, parts.book, parts.verifier, parts.journal)
        self._owed = Owed(parts)
        self._papers = Papers(parts, self._owed, self._reviewed)
        self._told_store_down: datetime | None = None
        self._dropped = 0
        self._noted = ""  # the configuration that was written down last

    def timely(self) -> Sequence[Duty]:
        """What must not wait for anything else, with its rhythm in seconds."""
        return (Duty("tick", 0.5, self._tick),)

    def patient(self) -> Sequence[Duty]:
        """Everything else: each may take its time."""
        return (
            Duty("windows", 1.0, self._windows.look),
            Duty("own_check", OWN_INTERVAL.total_seconds(), self._look_at_myself),
            Duty("room", 5.0, self._look_at_room),
            Duty("store_down", 5.0, self._tell_store_down),
            Duty("recover", 10.0, self._recover),
            Duty("canaries", 10.0, self._proving.send_due),
            Duty("orphans", 60.0, self._bury_orphans),
            Duty("on_call", 60.0, self._parts.rosters.look),
            Duty("posts", 10.0, self._posts.look),
            Duty("sessions", 60.0, self._parts.sessions.look),
            Duty("journal", 300.0, self._tidy_journal),
            Duty("baselines", 60.0, self._baselines.refresh),
            Duty("configuration", 10.0, self._note_configuration),
            Duty("reports", 20.0, self._owed.write_reports),
            Duty("reviews", 5.0, self._owed.write_review),
            Duty("papers", 5.0, self._papers.write),
            Duty("prepare", 600.0, self._retention.prepare),
            Duty("purge", 60.0, self._purge),
            Duty("condense", 60.0, self._condense),
            Duty("ballast", 60.0, self._keep_ballast),
        )

    def deploying(self) -> Sequence[Duty]:
        """What deployments need: they wait for no report."""
        return (Duty("deployments", 1.0, self._deployments.look),)

    def undoing(self) -> Sequence[Duty]:
        """What they need each second, also while another one is judged, which may take its time."""
        keeper = self._deployments
        return (Duty("rollbacks", 1.0, keeper.follow_rollbacks), Duty("pace", 1.0, keeper.keep_pace))

    async def close(self) -> None:
        """Let go of what goes on beside the duties."""
        await self._deployments.close()

    async def _reviewed(self, number: int, after: timedelta) -> None:
        """A deployment was looked back at: its timeline says so."""
        async with self._parts.book.changing:
            await self._parts.book.apply(number, Reviewed(after=after))

    async def _tick(self) -> None:
        self._parts.pipeline.tick()

    async def _look_at_myself(self) -> None:
        clock = self._parts.clock
        began = clock.now()
        vitals = await self._vitals()
        result = Result(check=OWN_CHECK, scheduled_at=began, finished_at=clock.now(), measurement=measure(vitals))
        self._parts.pipeline.accept(result)

    async def _vitals(self) -> Vitals:
        parts, now = self._parts, self._parts.clock.now()
        histories = parts.pipeline.histories.values()
        dropped = parts.pipeline.dropped_results - self._dropped
        self._dropped = parts.pipeline.dropped_results
        known = Vitals(
            at=now,
            checks=sum(not history.check.is_sentinels for history in histories),
            blind=blind_checks(histories, now, parts.plan.limits.unknown_after),
            overdue=overdue_checks(histories, now, parts.eyes.watched_since(parts.started_at)),
            store_failing_since=parts.pipeline.failing_since,
            store_failing_why=parts.pipeline.failing_why,
            dropped_results=dropped,
            refused_plan=parts.reload_problem,
            stale_schedules=tuple(sorted(parts.rosters.problems)),
            lost_store=parts.store_damaged,
            unwritten_report=parts.report_problem,
            broken_template=parts.wording.trouble,
            dead_buttons=parts.clicks.trouble() if parts.clicks is not None else "",
            flaws=parts.auditor.found(now),
            doubts=doubted(parts, now),
        )
        known = parts.eyes.described(known)
        try:
            return known if parts.pipeline.failing_since else await self._with_outbox(known)
        except StoreError as error:
            return replace(known, unreadable_store=str(error))

    async def _with_outbox(self, known: Vitals) -> Vitals:
        store = self._parts.store
        counts = self._parts.outbox = await store.read(lambda tx: tx.outbox.counts())
        oldest = await store.read(lambda tx: tx.outbox.oldest_queued())
        room = self._parts.room or Room()
        return replace(
            known,
            waiting=counts.get(State.QUEUED, 0) + counts.get(State.SENDING, 0),
            oldest_waiting=oldest,
            dead=await self._newly_dead(known.at) if counts.get(State.DEAD) else 0,
            free_bytes=room.free,
        )

    async def _tidy_journal(self) -> None:
        parts = self._parts
        await parts.journal.settle()
        await parts.journal.purge(parts.clock.now() - parts.plan.store.keep_journal)

    async def _look_at_room(self) -> None:
        room = self._parts.room = await self._parts.store.room()
        if room.free is None or room.free >= ROOM_FOR_HISTORY:
            self._parts.pipeline.keep_history()

    async def _newly_dead(self, now: datetime) -> int:
        """Dead messages that are news: of the last day, and not about Sentinel itself, whose alarm would feed itself.

        A command that failed has been told of, and a canary that did not arrive speaks of its channel.
        """
        dead = await self._parts.store.read(lambda tx: tx.outbox.list((State.DEAD,), MOST_DEAD))
        return sum(
            row.created_at > now - DEAD_FOR
            and row.message.kind not in (*AT_MOST_ONCE, Kind.CANARY)
            and (row.message.check is None or row.message.check.name != OWN_CHECK)
            for row in dead
        )

    async def _tell_store_down(self) -> None:
        """Tell people, past the outbox, that nothing can be written, and when it can be again: silence would look like health."""
        pipeline, now = self._parts.pipeline, self._parts.clock.now()
        since = pipeline.failing_since
        if since is None:
            if self._told_store_down is not None:
                self._told_store_down = None
                await self._tell_now(Kind.STORE_UP, Severity.OK, "", "What was found meanwhile is told now.")
            return
        if not pipeline.waiting_messages:
            return  # on a full disk state and messages still find room, and Sentinel's own check is told of as usual
        again = self._told_store_down is None or now - self._told_store_down >= STORE_DOWN_AGAIN
        if now - since >= STORE_DOWN_AFTER and again:
            self._told_store_down = now
            what = f"since {since:%H:%M:%S} UTC, {pipeline.waiting_messages} to be told wait for it: {pipeline.failing_why}"
            hint = (
                "See its log for `store.down`. Checks go on; what they find is told as soon as the store works again."
            )
            await self._tell_now(Kind.STORE_DOWN, Severity.CRITICAL, what, hint)

    async def _tell_now(self, kind: Kind, severity: Severity, explanation: str, hint: str) -> None:
        plan, now = self._parts.plan, self._parts.clock.now()
        message = Message(
            kind=kind, at=now, source=plan.name, severity=severity, explanation=explanation, hint=hint, link=plan.link
        )
        first = plan.policies[plan.own_policy].levels[:1]
        addresses = plan.addresses(name for level in first for name in level.channels)
        identity = key(self._parts.store.instance, 0, int(now.timestamp()), Address(kind.value))
        await self._parts.dispatcher.tell_now(message, addresses, identity)

    async def _recover(self) -> None:
        now = self._parts.clock.now()
        rows, set_back = await self._parts.store.write(lambda tx: (recover(tx, now), tx.outbox.set_back(now)))
        for row in rows:
            log.warning("notification.lease_expired", key=row.key, channel=row.address.channel)
        if set_back:
            log.warning("clock.set_back", messages=set_back)
        if rows or set_back:
            self._parts.dispatcher.wake(self._parts.dispatcher.lines)

    async def _bury_orphans(self) -> None:
        if count := await self._parts.dispatcher.bury_orphans():
            log.warning("notification.channel_removed", count=count)

    async def _purge(self) -> None:
        await self._retention.purge(self._parts.plan.store)

    async def _condense(self) -> None:
        await self._retention.condense(self._parts.plan.store)

    async def _note_configuration(self) -> None:
        """Write down by which configuration is judged from now on."""
        parts = self._parts
        if (fingerprint := parts.plan.fingerprint) != self._noted:
            now = parts.clock.now()
            await parts.store.write(lambda tx: tx.configurations.note(fingerprint, now))
            self._noted = fingerprint

    async def _keep_ballast(self) -> None:
        await self._parts.store.keep_ballast()
