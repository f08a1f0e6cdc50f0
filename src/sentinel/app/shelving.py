"""A report put into its forms and onto its shelf: the files, the manifest that vouches for them, revisions beside each other."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sentinel.core.form import Form
from sentinel.reports.forms import manifest as manifests
from sentinel.reports.forms import shelf
from sentinel.reports.forms.data import as_json
from sentinel.reports.forms.edition import Edition
from sentinel.reports.forms.laying import lay_out
from sentinel.reports.forms.layout import Layout
from sentinel.reports.forms.mail import mail_page
from sentinel.reports.forms.manifest import Manifest
from sentinel.reports.forms.markdown import markdown
from sentinel.reports.forms.page import page
from sentinel.reports.forms.pdf import NotPressed, pdf
from sentinel.reports.forms.shelf import Page
from sentinel.reports.forms.tables import tables
from sentinel.reports.report import ReportDocument

#: The form of what a mail shows; no form of a report by itself.
MAIL = "mail"

#: Is told what is being made, such as `pdf`.
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is wanted of a report."""

    forms: tuple[Form, ...]
    folder: Path
    mailed: bool = False  # whether it goes into a mail
    link: str = ""  # for the mail; empty: no page
    known: int = 0  # the newest revision that the store remembers


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """A report in the folder."""

    edition: Edition
    manifest: Manifest | None  # None: the files could not be written
    folder: Path
    is_new: bool = True  # whether this revision was not there before
    problem: str = ""  # what could not be made or written

    def files(self, forms: Sequence[str]) -> tuple[Path, ...]:
        """The files of some forms, in the order of the forms."""
        entries = self.manifest.files if self.manifest else ()
        return tuple(self.folder / entry.name for form in forms for entry in entries if entry.form == form)


async def shelve(document: ReportDocument, order: Order, now: datetime, step: Step = lambda _: None) -> Shelved:
    """Write a report in its forms, unless the same was written before.

    A form that cannot be made, or a folder that cannot be written, is a problem and no error: what there is can be mailed.
    """
    try:
        edition, before = await asyncio.to_thread(shelf.edition, order.folder, document, order.known)
    except OSError as error:
        return Shelved(edition=Edition(), manifest=None, folder=order.folder, problem=_why(order.folder, error))
    layout = await asyncio.to_thread(lay_out, document, edition)
    manifest = before
    if manifest is None:
        manifest = await asyncio.to_thread(_manifest, document, edition, layout, now)
    missing = [form for form in order.forms if not manifest.of((form,))]
    pages, problem = await _pages(document, layout, missing, step)
    if order.mailed and not any(entry.form == MAIL for entry in manifest.files):
        step(MAIL)
        pages += await asyncio.to_thread(_mail, layout, order.link)
    try:
        manifest = await asyncio.to_thread(shelf.put, order.folder, manifest, pages)
    except OSError as error:
        return Shelved(edition=edition, manifest=None, folder=order.folder, problem=_why(order.folder, error))
    return Shelved(edition=edition, manifest=manifest, folder=order.folder, is_new=before is None, problem=problem)


def _why(folder: Path, error: OSError) -> str:
    return f"{folder}: {error.strerror or error}"


async def _pages(document: ReportDocument, layout: Layout, forms: Sequence[Form], step: Step) -> tuple[list[Page], str]:
    """The files of some forms, and why one could not be made."""
    pages: list[Page] = []
    problem = ""
    for form in forms:
        step(form.value)
        if form is Form.PDF:
            try:
                pages.append(Page(suffix="pdf", form="pdf", content=await pdf(layout, document.until)))
            except NotPressed as error:
                problem = str(error)
        else:
            pages += await asyncio.to_thread(_drawn, form, document, layout)
    return pages, problem


def _drawn(form: Form, document: ReportDocument, layout: Layout) -> list[Page]:
    match form:
        case Form.HTML:
            return [Page(suffix="html", form="html", content=page(layout).encode())]
        case Form.CSV:
            made = tables(document)
            return [Page(suffix=f"{one.name}.csv", form="csv", content=one.text.encode()) for one in made]
        case Form.MARKDOWN:
            return [Page(suffix="md", form="markdown", content=markdown(layout).encode())]
        case _:
            return [Page(suffix="json", form="json", content=as_json(document).encode())]


def _mail(layout: Layout, link: str) -> list[Page]:
    made = mail_page(layout, link)
    pictures = [Page(suffix=f"{name}.png", form=MAIL, content=png) for name, png in made.pictures.items()]
    return [Page(suffix="mail.html", form=MAIL, content=made.html.encode()), *pictures]


def _manifest(document: ReportDocument, edition: Edition, layout: Layout, now: datetime) -> Manifest:
    rests_on = {source.table: source.rows for source in document.method.sources} if document.method else {}
    return Manifest(
        report=document.name,
        period=document.period,
        source=document.source,
        title=layout.title,
        since=document.since,
        until=document.until,
        severity=document.overall.label,
        revision=edition.number,
        corrects=edition.corrects,
        digest=manifests.digest(document),
        made_at=now,
        version=document.version,
        configuration=document.fingerprint,
        rows={table.name: table.rows for table in tables(document)},
        rests_on=rests_on,
        files=(),
    )
