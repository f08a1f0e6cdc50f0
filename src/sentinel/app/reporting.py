"""Reports made from the store and written into the reports folder."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sentinel.app.past import read
from sentinel.core.calendar import Period
from sentinel.core.notification import Kind, Message
from sentinel.core.plan import Content, Plan
from sentinel.core.planned import Stretch
from sentinel.core.selection import EVERYTHING, Selection
from sentinel.reports import render, report
from sentinel.reports.report import ReportDocument
from sentinel.store.database import Store

#: Seconds that reading a long period may take; other readers have a thread of their own meanwhile.
READ_WITHIN = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenReport:
    """A report as it lies in the reports folder."""

    document: ReportDocument
    title: str
    text: str  # in brief, for a mail's text part
    files: tuple[Path, ...]  # the page first, then the JSON; none when they could not be written
    problem: str = ""  # why they could not be written


async def write_report(
    store: Store,
    plan: Plan,
    name: str,
    period: Period,
    zone: str,
    now: datetime,
    folder: Path | None = None,
    *,
    contents: Sequence[Content] = (Content.OPERATIONS,),
    selection: Selection = EVERYTHING,
) -> WrittenReport:
    """Make a report of a period and write it.

    Args:
        store: what happened.
        plan: what was watched, and the targets.
        name: of the report.
        period: what it is about.
        zone: IANA name; times are shown in it.
        now: aware.
        folder: where to; the plan's reports folder when None.
        contents: which parts it has.
        selection: which checks it is about.

    Raises:
        StoreError: the store cannot be read.
    """
    stretch = Stretch(period.since, period.until)
    past = await store.read(lambda tx: read(tx, plan.checks, stretch, zone), within=READ_WITHIN)
    document = await asyncio.to_thread(
        report.build, plan, name, period, zone, past, now, contents=contents, selection=selection
    )
    files, problem = await asyncio.to_thread(_write, document, folder or plan.reports_folder)
    title = f"{name} report of {plan.name}, {period.key}"
    return WrittenReport(document=document, title=title, text=render.text(document), files=files, problem=problem)


def _write(document: ReportDocument, folder: Path) -> tuple[tuple[Path, ...], str]:
    try:
        return render.write(document, folder), ""
    except OSError as error:
        return (), f"{folder}: {error.strerror or error}"


def report_message(plan: Plan, written: WrittenReport, now: datetime) -> Message:
    """The mail that carries a report."""
    return Message(
        kind=Kind.REPORT,
        at=now,
        source=plan.name,
        severity=written.document.overall,
        title=written.title,
        text=written.text,
        files=tuple(str(file) for file in written.files[:1]),
        link=plan.link,
    )
