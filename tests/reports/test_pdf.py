"""A report as a PDF: everything of it on pages, text as text, the same report as the same file."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader

from sentinel.core.incident import Incident
from sentinel.reports.forms.laying import lay_out
from sentinel.reports.forms.layout import Layout
from sentinel.reports.forms.pdf import MOST_ROWS, NotPressed, pdf, sheet
from tests.kit.scene import NOW, check
from tests.reports.test_report import HEALTH, LOGIN, incident, report, rollup

#: Markup of the typesetter, of pages, of shells, and signs that hardly any font has.
HOSTILE = '*bold* #panic("x") $x$ @ref <label> \\ `code` <script>alert(1)</script> {{ 7*7 }} ${IFS} \u202e 漢字 🙈 \x07'


def hostile() -> Incident:
    return replace(incident(), check=HOSTILE)


def laid(checks: int = 30) -> Layout:
    names = [check(f"c{n:02}", title=f"Check number {n}") for n in range(checks)]
    return lay_out(report(HEALTH, LOGIN, *names, rollups=(rollup(), rollup("login")), incidents=(hostile(),), taken=7))


async def made(layout: Layout) -> PdfReader:
    return PdfReader(io.BytesIO(await pdf(layout, NOW)))


async def test_a_pdf_says_what_the_report_says_on_numbered_pages_with_repeated_headings() -> None:
    reader = await made(laid())
    pages = [page.extract_text() for page in reader.pages]
    assert len(pages) >= 2
    assert "Daily report: ward" in pages[0]
    assert all(f"Page {n} of {len(pages)}" in page for n, page in enumerate(pages, 1))
    assert all("Error rate" in page for page in pages[:2])
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.author) == ("Daily report: ward", "Sentinel")


async def test_hostile_text_stays_text() -> None:
    text = " ".join(page.extract_text() for page in (await made(laid(1))).pages)
    for part in ("*bold*", '#panic("x")', "@ref", "<label>", "`code`", "<script>alert(1)</script>", "{{ 7*7 }}"):
        assert part in text


async def test_the_same_report_is_the_same_file() -> None:
    assert await pdf(laid(1), NOW) == await pdf(laid(1), NOW)


async def test_a_report_that_cannot_be_set_is_refused_without_quoting_it() -> None:
    broken = replace(laid(1), badge="no such severity")
    with pytest.raises(NotPressed) as raised:
        await pdf(broken, NOW)
    assert str(raised.value) == "no PDF: the typesetter ended with status 1 (typst.TypstError)"


def test_a_very_long_table_is_cut_and_says_so() -> None:
    sections: Any = sheet(laid(MOST_ROWS + 20), NOW)["sections"]
    assert len(sections[0]["table"]["rows"]) == MOST_ROWS
    assert sections[0]["notes"][0].startswith("22 more rows")
