"""The page of reports, and their files: what a manifest names, and nothing else of this host."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sentinel.app.shelving import Order, shelve
from sentinel.core.form import Form
from tests.kit.scene import NOW
from tests.reports.test_report import HEALTH, report, rollup

if TYPE_CHECKING:
    from pathlib import Path

    from tests.web.pages.conftest import Dashboard


@pytest.fixture
async def folder(dashboard: Dashboard) -> Path:
    """The reports folder with one report, and a file that is none of it."""
    there = dashboard.monitor.plan.reports_folder
    document = replace(report(HEALTH, rollups=(rollup(),)), name="<b>daily")
    await shelve(document, Order(forms=(Form.HTML, Form.JSON, Form.CSV), folder=there), NOW)
    (there / "notes.txt").write_text("nobody's business")
    return there


async def test_the_page_lists_reports_with_their_files(dashboard: Dashboard, folder: Path) -> None:
    page = await dashboard.viewer.page("/reports")
    assert "&lt;b&gt;daily 2026-11-21" in page
    assert 'href="/reports/b-daily-2026-11-21.html"' in page
    assert "notes.txt" not in page


async def test_without_reports_the_page_says_how_to_make_one(dashboard: Dashboard) -> None:
    assert "sentinel report" in await dashboard.viewer.page("/reports")


async def test_a_report_is_shown_with_a_policy_of_its_own(dashboard: Dashboard, folder: Path) -> None:
    answer = await dashboard.viewer.get("/reports/b-daily-2026-11-21.html")
    assert answer.content == (folder / "b-daily-2026-11-21.html").read_bytes()
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith("inline")


async def test_tables_are_saved_and_not_shown(dashboard: Dashboard, folder: Path) -> None:
    answer = await dashboard.viewer.get("/reports/b-daily-2026-11-21.checks.csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="b-daily-2026-11-21.checks.csv"'


@pytest.mark.parametrize(
    "name",
    ["notes.txt", "..%2fmonitoring_config.json", "%2fetc%2fpasswd", "b-daily-2026-11-21.manifest.json", "%00"],
)
async def test_nothing_but_what_a_manifest_names_is_handed_out(dashboard: Dashboard, folder: Path, name: str) -> None:
    for place in ("/reports", "/api/v1/reports"):
        answer = await dashboard.viewer.get(f"{place}/{name}")
        assert answer.status_code in (303, 307, 404)
        assert b"business" not in answer.content


async def test_a_link_in_place_of_a_file_is_not_followed(dashboard: Dashboard, folder: Path) -> None:
    (folder / "b-daily-2026-11-21.json").unlink()
    (folder / "b-daily-2026-11-21.json").symlink_to(folder / "notes.txt")
    assert (await dashboard.viewer.get("/reports/b-daily-2026-11-21.json")).status_code == 404


async def test_programs_get_the_list_and_the_files(dashboard: Dashboard, folder: Path) -> None:
    listed = (await dashboard.viewer.get("/api/v1/reports")).json()["reports"][0]
    assert (listed["report"], listed["revision"]) == ("<b>daily", 1)
    file = next(one for one in listed["files"] if one["form"] == "json")
    assert (await dashboard.viewer.get(f"/api/v1/reports/{file['name']}")).json()["period"] == "2026-11-21"
    assert (await dashboard.viewer.get("/api/v1/reports?report=weekly")).json()["reports"] == []


async def test_nobody_sees_reports_without_signing_in(dashboard: Dashboard, folder: Path) -> None:
    assert (await dashboard.nobody.get("/reports/b-daily-2026-11-21.html")).status_code in (303, 401)
