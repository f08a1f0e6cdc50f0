"""The folder of reports: the same again changes nothing, something else is a revision, and manifests vouch for files."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.shelving import MAIL, Order, Shelved, shelve
from sentinel.core.form import Form
from sentinel.reports.forms.manifest import BadManifest
from sentinel.reports.forms.shelf import Fault, verify
from tests.kit.scene import CANARY, NOW
from tests.reports.test_report import HEALTH, incident, report, rollup

if TYPE_CHECKING:
    from pathlib import Path

    from sentinel.reports.report import ReportDocument

FORMS = (Form.HTML, Form.JSON, Form.CSV)
GOOD = report(HEALTH, rollups=(rollup(),), incidents=(incident(),), taken=7)
WORSE = report(HEALTH, rollups=(rollup(up=80_000, down=6_400),), incidents=(incident(),), taken=7)


async def put(folder: Path, document: ReportDocument = GOOD, later: int = 0, **more: object) -> Shelved:
    order = replace(Order(forms=FORMS, folder=folder), **more)  # type: ignore[arg-type]  # whichever fields a test wants
    return await shelve(document, order, NOW + timedelta(hours=later))


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


async def test_files_are_named_by_report_and_period_and_nothing_else_is_left(tmp_path: Path) -> None:
    await put(tmp_path / "reports")
    names = [name for name in contents(tmp_path / "reports") if not name.endswith(".csv")]
    assert names == ["daily-2026-11-21.html", "daily-2026-11-21.json", "daily-2026-11-21.manifest.json"]


async def test_the_same_input_gives_the_same_files(tmp_path: Path) -> None:
    forms = (*FORMS, Form.PDF)
    await put(tmp_path / "a", forms=forms, mailed=True)
    await put(tmp_path / "b", forms=forms, mailed=True)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


async def test_files_are_the_same_whenever_they_are_made(tmp_path: Path) -> None:
    await put(tmp_path / "a")
    await put(tmp_path / "b", later=5)
    now, then = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert [name for name in now if now[name] != then[name]] == ["daily-2026-11-21.manifest.json"]


async def test_the_same_report_again_changes_nothing(tmp_path: Path) -> None:
    await put(tmp_path)
    before = contents(tmp_path)
    again = await put(tmp_path, later=5)
    assert contents(tmp_path) == before
    assert (again.edition.number, again.is_new) == (1, False)


async def test_another_result_is_a_revision_that_says_what_it_corrects(tmp_path: Path) -> None:
    await put(tmp_path)
    before = contents(tmp_path)
    second = await put(tmp_path, WORSE, later=5)
    after = contents(tmp_path)
    assert second.edition.number == 2
    assert all(after[name] == content for name, content in before.items())
    assert "uptime 0.925926 instead of 1" in second.edition.words
    assert "Revision 2, corrects revision 1" in after["daily-2026-11-21.r2.html"].decode()


async def test_a_later_revision_is_compared_with_the_newest(tmp_path: Path) -> None:
    for document in (GOOD, WORSE, WORSE):
        await put(tmp_path, document)
    assert (await put(tmp_path, GOOD)).edition.number == 3


async def test_what_the_store_remembers_counts_when_the_folder_was_emptied(tmp_path: Path) -> None:
    assert (await put(tmp_path, known=2)).edition.words == "Revision 3, corrects revision 2"


async def test_a_form_that_is_asked_for_later_joins_the_others(tmp_path: Path) -> None:
    await put(tmp_path, forms=(Form.JSON,))
    before = (tmp_path / "daily-2026-11-21.json").stat().st_mtime_ns
    both = await put(tmp_path, forms=(Form.JSON, Form.HTML))
    assert [file.name for file in both.files(("html", "json"))] == ["daily-2026-11-21.html", "daily-2026-11-21.json"]
    assert (tmp_path / "daily-2026-11-21.json").stat().st_mtime_ns == before


async def test_files_that_a_crash_left_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "daily-2026-11-21.html").write_text("half a page")
    await put(tmp_path)
    assert (tmp_path / "daily-2026-11-21.html").read_text().rstrip().endswith("</html>")


async def test_a_manifest_says_what_its_files_rest_on(tmp_path: Path) -> None:
    shelved = await put(tmp_path)
    assert shelved.manifest is not None
    assert (shelved.manifest.configuration, shelved.manifest.rows["checks"]) == ("f1", 1)
    assert shelved.manifest.rests_on


async def test_untouched_files_are_verified_and_altered_or_missing_ones_are_named(tmp_path: Path) -> None:
    await put(tmp_path)
    assert [one.faults for one in verify(tmp_path)] == [{}]
    (tmp_path / "daily-2026-11-21.html").write_text("all was well")
    (tmp_path / "daily-2026-11-21.json").unlink()
    (one,) = verify(tmp_path / "daily-2026-11-21.html")
    assert one.faults == {"daily-2026-11-21.html": Fault.ALTERED, "daily-2026-11-21.json": Fault.MISSING}


async def test_a_file_that_no_manifest_names_is_not_vouched_for(tmp_path: Path) -> None:
    (tmp_path / "daily-2026-11-22.html").write_text("all was well")
    with pytest.raises(BadManifest, match="no manifest"):
        verify(tmp_path / "daily-2026-11-22.html")


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"files": [{"name": "../x"}]}', "\x00"])
async def test_a_manifest_that_is_none_is_a_fault_and_no_crash(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.manifest.json").write_text(text)
    assert [one.faults for one in verify(tmp_path)] == [{"x.manifest.json": Fault.UNREADABLE}]
    assert (await put(tmp_path)).edition.number == 1


async def test_a_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    shelved = await put(tmp_path / "reports", replace(GOOD, name="../../x"))
    assert all(file.parent == tmp_path / "reports" for file in shelved.files(FORMS))
    assert os.listdir(tmp_path) == ["reports"]


async def test_a_folder_that_cannot_be_written_is_told_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    shelved = await put(tmp_path / "file" / "reports")
    assert (shelved.manifest, shelved.files(FORMS)) == (None, ())
    assert "Not a directory" in shelved.problem


async def test_a_mail_gets_a_page_below_what_mail_programs_cut(tmp_path: Path) -> None:
    shelved = await put(tmp_path, mailed=True)
    page = next(file for file in shelved.files((MAIL,)) if file.name.endswith(".mail.html"))
    assert page.stat().st_size < 90_000
    assert "<script" not in page.read_text()


async def test_no_form_carries_a_secret_of_the_plan(tmp_path: Path) -> None:
    await put(tmp_path, mailed=True)
    assert not [name for name, content in contents(tmp_path).items() if CANARY.encode() in content]
