"""What a running Sentinel does from time to time: look at itself, let time pass over incidents, write reports, tidy up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from sentinel.app.reporting import WrittenReport, report_message, write_report
from sentinel.core import calendar
from sentinel.core.check import OWN_CHECK
from sentinel.core.incident import Address
from sentinel.core.notification import Kind, Message, Notification, State
from sentinel.core.plan import ReportPlan
from sentinel.core.result import Result
from sentinel.core.routing import key
from sentinel.core.rule import Severity
from sentinel.core.vitals import OWN_INTERVAL, Vitals, blind_checks, measure, overdue_checks
from sentinel.engine.housekeeping import Duty, Retention
from sentinel.store.database import Transaction

if TYPE_CHECKING:
    from sentinel.app.daemon import Sentinel

log = structlog.get_logger()

#: When the store has failed for so long, people are told without it.
STORE_DOWN_AFTER = timedelta(seconds=60)

#: How often they are told again while that lasts.
STORE_DOWN_AGAIN = timedelta(minutes=30)


class Duties:
    """The duties of one running Sentinel."""

    def __init__(self, sentinel: "Sentinel") -> None:
        self._sentinel = sentinel
        self._retention = Retention(sentinel.clock, sentinel.store)
        self._told_store_down: datetime | None = None
        self._dropped = 0

    def all(self) -> Sequence[Duty]:
        """Every duty with its rhythm in seconds."""
        return (
            Duty("tick", 0.5, self._tick),
            Duty("own_check", OWN_INTERVAL.total_seconds(), self._look_at_myself),
            Duty("store_down", 5.0, self._tell_store_down),
            Duty("recover", 10.0, self._recover),
            Duty("orphans", 60.0, self._bury_orphans),
            Duty("reports", 20.0, self._write_reports),
            Duty("purge", 60.0, self._purge),
            Duty("condense", 600.0, self._retention.condense),
            Duty("ballast", 60.0, self._keep_ballast),
        )

    async def _tick(self) -> None:
        self._sentinel.pipeline.tick()

    async def _look_at_myself(self) -> None:
        clock = self._sentinel.clock
        began = clock.now()
        vitals = await self._vitals()
        result = Result(check=OWN_CHECK, scheduled_at=began, finished_at=clock.now(), measurement=measure(vitals))
        self._sentinel.pipeline.accept(result)

    async def _vitals(self) -> Vitals:
        sentinel, now = self._sentinel, self._sentinel.clock.now()
        histories = sentinel.pipeline.histories.values()
        dropped = sentinel.pipeline.dropped_results - self._dropped
        self._dropped = sentinel.pipeline.dropped_results
        known = Vitals(
            at=now,
            loop_lag=sentinel.watchdog.take_worst_lag(),
            blind=blind_checks(histories, now, sentinel.plan.limits.unknown_after),
            overdue=overdue_checks(histories, now, sentinel.started_at),
            store_failing_since=sentinel.pipeline.failing_since,
            dropped_results=dropped,
            refused_plan=sentinel.reload_problem,
            lost_store=sentinel.store_damaged,
        )
        return known if sentinel.pipeline.failing_since else await self._with_outbox(known)

    async def _with_outbox(self, known: Vitals) -> Vitals:
        store = self._sentinel.store
        counts = self._sentinel.outbox = await store.read(lambda tx: tx.outbox.counts())
        oldest = await store.read(lambda tx: tx.outbox.oldest_queued())
        room = self._sentinel.room = await store.room()
        return replace(
            known,
            waiting=counts.get(State.QUEUED, 0) + counts.get(State.SENDING, 0),
            oldest_waiting=oldest,
            dead=counts.get(State.DEAD, 0),
            free_bytes=room.free,
        )

    async def _tell_store_down(self) -> None:
        """Tell people, past the outbox, that nothing can be written: silence would look like health."""
        since, now = self._sentinel.pipeline.failing_since, self._sentinel.clock.now()
        if since is None:
            self._told_store_down = None
            return
        again = self._told_store_down is None or now - self._told_store_down >= STORE_DOWN_AGAIN
        if now - since >= STORE_DOWN_AFTER and again:
            self._told_store_down = now
            await self._send_store_down(now)

    async def _send_store_down(self, now: datetime) -> None:
        plan, dispatcher = self._sentinel.plan, self._sentinel.dispatcher
        waiting = self._sentinel.pipeline.waiting_messages
        message = Message(
            kind=Kind.STORE_DOWN,
            at=now,
            source=plan.name,
            severity=Severity.CRITICAL,
            explanation=f"Sentinel cannot write to its store; {waiting} messages wait for it",
            hint="See its log for `store.down`. Checks go on; what they find is told as soon as the store works again.",
        )
        first = next(iter(plan.policies.values())).levels[0].channels
        recipients = {channel.name: channel.recipients for channel in plan.channels}
        addresses = tuple(Address(name, recipient) for name in first for recipient in recipients.get(name, ()))
        identity = key(self._sentinel.store.instance, 0, int(now.timestamp()), Address("store_down"))
        await dispatcher.tell_now(message, addresses, identity)

    async def _recover(self) -> None:
        now = self._sentinel.clock.now()
        rows = await self._sentinel.store.write(lambda tx: tx.outbox.recover(now))
        for row in rows:
            log.warning("notification.lease_expired", key=row.key, channel=row.address.channel)
        self._sentinel.dispatcher.wake({row.address.channel for row in rows})

    async def _bury_orphans(self) -> None:
        if count := await self._sentinel.dispatcher.bury_orphans():
            log.warning("notification.channel_removed", count=count)

    async def _purge(self) -> None:
        await self._retention.purge(self._sentinel.plan.store)

    async def _keep_ballast(self) -> None:
        await self._sentinel.store.keep_ballast()

    # --- Reports ----------------------------------------------------------------------------------------------------

    async def _write_reports(self) -> None:
        for report in self._sentinel.plan.reports:
            await self._write_if_due(report)

    async def _write_if_due(self, report: ReportPlan) -> None:
        """Write a report once per period: the files first, then the claim and the mails in one transaction.

        Killed in between, the same files are written again.
        """
        sentinel, now = self._sentinel, self._sentinel.clock.now()
        last = await sentinel.store.read(lambda tx: tx.reports.last(report.name))
        period = calendar.due(report, last, now)
        if period is None:
            return
        if last is None and await self._nothing_known(period):
            # A new Sentinel owes no report of the time before it.
            await sentinel.store.write(lambda tx: tx.reports.claim(report.name, period.key))
            return
        written = await write_report(sentinel.store, sentinel.plan, report.name, period, report.zone, now)
        rows = [self._mail(report, period.key, written, address, now) for address in self._readers(report)]

        def claim(tx: Transaction) -> None:
            if tx.reports.claim(report.name, period.key):
                tx.outbox.enqueue(rows)

        await sentinel.store.write(claim)
        sentinel.dispatcher.wake(report.channels)
        log.info("report.written", report=report.name, period=period.key, files=[file.name for file in written.files])

    async def _nothing_known(self, period: calendar.Period) -> bool:
        return not await self._sentinel.store.read(lambda tx: tx.rollups.summed(period.since, period.until))

    def _readers(self, report: ReportPlan) -> tuple[Address, ...]:
        recipients = {channel.name: channel.recipients for channel in self._sentinel.plan.channels}
        return tuple(Address(name, recipient) for name in report.channels for recipient in recipients.get(name, ()))

    def _mail(
        self, report: ReportPlan, period: str, written: WrittenReport, address: Address, now: datetime
    ) -> Notification:
        return Notification(
            key=key(f"{self._sentinel.store.instance}/{report.name}/{period}", 0, 0, address),
            address=address,
            message=report_message(self._sentinel.plan, written, now),
            created_at=now,
            due_at=now,
        )
