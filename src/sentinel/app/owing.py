"""Reports that are owed: those of a schedule once per period, and reviews of incidents once per incident and time."""

from typing import Protocol

import structlog

from sentinel.app import reviewing
from sentinel.app.reporting import WrittenReport, report_message, write_document, write_report
from sentinel.base.clock import Clock
from sentinel.base.errors import StoreError
from sentinel.core import calendar
from sentinel.core.incident import Address
from sentinel.core.notification import Notification, of_deployment
from sentinel.core.plan import Plan, ReportPlan
from sentinel.core.routing import key
from sentinel.engine.dispatcher import Dispatcher
from sentinel.reports.report import ReportDocument
from sentinel.store.database import Store, Transaction

log = structlog.get_logger()

#: Names of the documents and reviews of deployments.
OF_DEPLOYMENTS = ("deployment", "deployment-review")


class Around(Protocol):
    """The parts of a running Sentinel that reports have to do with."""

    plan: Plan
    clock: Clock
    store: Store
    dispatcher: Dispatcher
    report_problem: str


class Owed:
    """Writes the reports of one running Sentinel when their time has come."""

    def __init__(self, parts: Around) -> None:
        self._parts = parts
        self._problems: dict[str, str] = {}  # by report: what could not be made or written of its last one

    async def write_reports(self) -> None:
        """Write the reports whose periods are over. One that cannot be made keeps no other from being made.

        Raises:
            StoreError: one could not be read or kept; it is tried again with the next look.
        """
        postponed: StoreError | None = None
        for report in self._parts.plan.reports:
            try:
                await self._write_if_due(report)
            except StoreError as error:
                postponed = postponed or error
            except Exception:
                log.exception("report.failed", report=report.name)
        if postponed is not None:
            raise postponed

    async def write_review(self) -> None:
        """Write a review that is due; the next one comes with the next look."""
        parts, now = self._parts, self._parts.clock.now()
        one = await reviewing.next_due(parts.store, parts.plan, now)
        if one is None:
            return
        document = await reviewing.review(parts.store, parts.plan, one.incident.id, now, one.after)
        asked = reviewing.order(parts.plan)
        written = await write_document(parts.store, parts.plan, asked, document, now)
        await self.keep(asked, document.period, written)

    async def _write_if_due(self, report: ReportPlan) -> None:
        parts, now = self._parts, self._parts.clock.now()
        last = await parts.store.read(lambda tx: tx.reports.last(report.name))
        period = calendar.due(report, last, now)
        if period is None:
            return
        if await self._before_our_time(period):
            await parts.store.write(lambda tx: tx.reports.claim(report.name, period.key))
            return
        await self.keep(report, period.key, await write_report(parts.store, parts.plan, report, period, now))

    async def keep(self, report: ReportPlan, period: str, written: WrittenReport, occasion: str = "") -> None:
        """The files are there; the claim and the mails follow in one transaction.

        Killed in between, the same files are written again. A folder that cannot be written is no reason to mail nothing.

        Args:
            report: which one.
            period: that it is about.
            written: as it lies in the folder.
            occasion: why it is made, where the same one is made again for another reason: it is claimed and mailed once for each.
        """
        parts = self._parts
        self._note(report.name, written.problem)
        addresses = parts.plan.addresses(report.channels)
        rows = [self._mail(report, occasion or period, written, address) for address in addresses]

        def claim(tx: Transaction) -> None:
            new = tx.reports.claim(report.name, period)
            if tx.reports.claim(report.name, occasion) if occasion else new:
                tx.outbox.enqueue(rows)
            if written.made is not None:
                tx.reports.remember(report.name, period, written.made)

        await parts.store.write(claim)
        parts.dispatcher.wake(report.channels)
        files = [file.name for file in written.files]
        log.info("report.made", report=report.name, period=period, files=files, problem=written.problem or None)

    def _note(self, report: str, problem: str) -> None:
        """Keep what is wrong with one report until that one is well again, whatever becomes of others."""
        self._problems[report] = problem
        known = {one.name for one in self._parts.plan.reports} | {reviewing.NAME, *OF_DEPLOYMENTS}
        told = [text for name, text in self._problems.items() if text and name in known]
        self._parts.report_problem = "; ".join(dict.fromkeys(told))

    async def _before_our_time(self, period: calendar.Period) -> bool:
        """Whether nothing was watched yet: a new Sentinel owes no report of the time before it."""
        earliest = await self._parts.store.read(lambda tx: tx.rollups.earliest())
        return earliest is None or period.until <= earliest

    def _mail(self, report: ReportPlan, period: str, written: WrittenReport, address: Address) -> Notification:
        now = self._parts.clock.now()
        return Notification(
            key=key(f"{self._parts.store.instance}/{report.name}/{period}", 0, 0, address),
            address=address,
            message=report_message(self._parts.plan, written, now),
            created_at=now,
            due_at=now,
            incident=_conversation(written.document),
        )


def _conversation(document: ReportDocument) -> int | None:
    """What a report of one deployment belongs to: the thread of what was told of it."""
    about = document.deployment or document.deployment_review
    return of_deployment(about.line.id) if about is not None else None
