"""Reports made from the store, written into the reports folder and sent."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sentinel.app.past import read
from sentinel.app.shelving import MAIL, Order, Shelved, Step, shelve
from sentinel.core.calendar import Period
from sentinel.core.notification import Kind, Message
from sentinel.core.plan import Plan, ReportPlan
from sentinel.core.planned import Stretch
from sentinel.core.slo import SPAN, Rollup, span_start
from sentinel.reports import course, report
from sentinel.reports.forms.brief import text
from sentinel.reports.forms.laying import called, verdict
from sentinel.reports.forms.manifest import digest
from sentinel.reports.report import ReportDocument
from sentinel.store.database import Store, Transaction
from sentinel.store.reports import Made

#: Seconds that reading a long period may take; other readers have a thread of their own meanwhile.
READ_WITHIN = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReport:
    """A report as it lies in the reports folder."""

    document: ReportDocument
    title: str
    text: str  # in brief, for a mail's text part
    files: tuple[Path, ...]  # in the order of its forms; none when they could not be written
    mailed: tuple[Path, ...] = ()  # what a mail brings along: its page, its pictures, and the forms to attach
    made: Made | None = None  # to be remembered; None when nothing could be written
    corrects: bool = False  # whether this is a new revision of an earlier one
    problem: str = ""  # why something could not be made or written


def silent(_form: str) -> None:
    """For who does not want to know what is being made."""


async def write_report(
    store: Store,
    plan: Plan,
    asked: ReportPlan,
    period: Period,
    now: datetime,
    *,
    folder: Path | None = None,
    step: Step = silent,
) -> WrittenReport:
    """Make a report of a period and write it.

    Args:
        store: what happened.
        plan: what was watched, and the targets.
        asked: which report: its name, parts, checks, zone and forms.
        period: what it is about.
        now: aware.
        folder: where to; the plan's reports folder when None.
        step: told what is being made.

    Raises:
        StoreError: the store cannot be read.
    """
    step("figures")
    stretch = Stretch(period.since, period.until)
    past = await store.read(lambda tx: read(tx, plan.checks, stretch, asked.zone), within=READ_WITHIN)
    document = await asyncio.to_thread(
        report.build,
        plan,
        asked.name,
        period,
        asked.zone,
        past,
        now,
        contents=asked.contents,
        selection=asked.selection,
    )
    return await write_document(store, plan, asked, document, now, folder=folder, step=step)


async def _with_course(store: Store, document: ReportDocument) -> ReportDocument:
    """The report with how its worst checks went, for its drawings."""
    since, until = document.since, document.until
    told = document.checks[: course.MOST]
    names = [check.name for check in told]

    def ask(tx: Transaction) -> tuple[timedelta, list[Rollup]]:
        step, grain = course.fineness(until - since, tx.aggregates.grain(since))
        return step, tx.rollups.pieces(names, *_outwards(since, until), grain)

    step, pieces = await store.read(ask, within=READ_WITHIN)
    return replace(document, course=await asyncio.to_thread(course.build, told, pieces, since, until, step))


def _outwards(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """A period whose ends lie on the edges of roll-ups."""
    ends = span_start(until)
    return span_start(since), ends if ends == until else ends + SPAN


async def write_document(
    store: Store,
    plan: Plan,
    asked: ReportPlan,
    document: ReportDocument,
    now: datetime,
    *,
    folder: Path | None = None,
    step: Step = silent,
) -> WrittenReport:
    """Write a report that was made: the same again changes nothing, another one becomes the next revision.

    Raises:
        StoreError: the store cannot be read.
    """
    if not document.course:
        document = await _with_course(store, document)
    known = await store.read(lambda tx: tx.reports.made(document.name, document.period))
    order = Order(
        forms=asked.forms,
        folder=folder or plan.reports_folder,
        mailed=bool(asked.channels),
        link=plan.link,
        known=known.revision if known and known.digest else 0,
    )
    shelved = await shelve(document, order, now, step)
    return WrittenReport(
        document=document,
        title=_title(plan, document),
        text=await asyncio.to_thread(text, document, shelved.edition),
        files=shelved.files(asked.forms),
        mailed=shelved.files((MAIL, *asked.attach)),
        made=_made(document, shelved),
        corrects=shelved.is_new and shelved.edition.number > 1,
        problem=shelved.problem,
    )


def _title(plan: Plan, document: ReportDocument) -> str:
    """What a mail is headed with; of a deployment with what came of it."""
    about = document.deployment or document.deployment_review
    if about is not None:
        return f"{called(document)}: {verdict(document).lower()} ({plan.name})"
    return f"{called(document)} of {plan.name}, {document.period}"


def _made(document: ReportDocument, shelved: Shelved) -> Made | None:
    return Made(shelved.edition.number, digest(document)) if shelved.manifest else None


def report_message(plan: Plan, written: WrittenReport, now: datetime) -> Message:
    """The message that carries a report."""
    return Message(
        kind=Kind.REPORT,
        at=now,
        source=plan.name,
        severity=written.document.overall,
        title=written.title,
        text=written.text,
        files=tuple(str(file) for file in written.mailed),
        link=plan.link,
    )
