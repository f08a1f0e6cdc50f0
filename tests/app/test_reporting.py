"""Reports out of a real store: figures, drawings and every form, the same whenever they are made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from sentinel.app.reporting import WrittenReport, report_message, write_report
from sentinel.base.clock import SystemClock
from sentinel.base.redact import Secret
from sentinel.core import calendar
from sentinel.core.form import Form
from sentinel.core.plan import Content, Plan, ReportPlan, StorePlan
from sentinel.store.database import Store
from tests.kit.past import Outage, Story, tell
from tests.kit.scene import check, plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOUR = timedelta(hours=1)
SINCE = datetime(2026, 10, 3, tzinfo=UTC)
CHECKS = (check("portal", title="Patient portal", interval=5 * HOUR / 60), check("login", kind="auth"))
ASKED = ReportPlan(name="daily", every="day", at="06:00", zone="Europe/Berlin", channels=("mail",))
DAY = calendar.named("2026-10-04", ZoneInfo("Europe/Berlin"))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Two days of two checks, with an outage of 50 minutes on the second."""
    opened = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/s.db")), SystemClock())
    outage = Outage(check="portal", at=SINCE + 33 * HOUR, lasted=50 * HOUR / 60, taken_by="ann")
    await tell(opened, Story(checks=CHECKS, since=SINCE, until=SINCE + 48 * HOUR, outages=(outage,)))
    yield opened
    await opened.close()


@pytest.fixture
def watched(tmp_path: Path) -> Plan:
    return replace(plan(*CHECKS), reports_folder=tmp_path / "reports")


async def written(store: Store, watched: Plan, *, later: int = 8, **more: object) -> WrittenReport:
    asked = replace(ASKED, **more)  # type: ignore[arg-type]  # whichever fields a test wants
    return await write_report(store, watched, asked, DAY, SINCE + timedelta(hours=40 + later))


async def test_a_day_of_a_store_becomes_a_report_with_its_outage(store: Store, watched: Plan) -> None:
    report = (await written(store, watched, forms=(Form.JSON,))).document
    assert [(one.name, one.down) for one in report.checks] == [("portal", 50 * HOUR / 60), ("login", timedelta(0))]
    assert [one.line.check for one in report.incidents] == ["portal"]
    assert sum(step.down for step in report.course[0].steps) == 3000
    assert len(report.course[0].steps) == 24  # of long ago the store has hours


async def test_its_mail_shows_pictures_and_brings_the_forms_for_people_along(store: Store, watched: Plan) -> None:
    report = await written(store, watched)
    stem = f"{watched.reports_folder}/daily-2026-10-04."
    names = [file.removeprefix(stem) for file in report_message(watched, report, SINCE).files]
    assert names == ["mail.html", "uptime.png", "reading-1.png", "html", "pdf"]
    assert report.mailed[1].read_bytes().startswith(b"\x89PNG")
    assert report.problem == ""


async def test_a_report_that_nobody_is_sent_has_no_page_for_mails(store: Store, watched: Plan) -> None:
    report = await written(store, watched, channels=(), forms=(Form.HTML,), attach=())
    assert report.mailed == ()
    assert sorted(file.name for file in watched.reports_folder.iterdir()) == [
        "daily-2026-10-04.html",
        "daily-2026-10-04.manifest.json",
    ]


async def test_it_says_the_same_whenever_it_is_made(store: Store, watched: Plan) -> None:
    first = await written(store, watched)
    again = await written(store, watched, later=300)
    assert (again.made, again.files, again.corrects) == (first.made, first.files, False)


@pytest.mark.parametrize("content", [Content.AUDIT, Content.HIPAA])
async def test_audits_and_the_checklist_come_in_every_form(store: Store, watched: Plan, content: Content) -> None:
    report = await written(store, watched, contents=(content,), forms=tuple(Form), name=content.value)
    assert report.problem == ""
    assert {file.suffix for file in report.files} == {".html", ".pdf", ".json", ".csv", ".md"}
    page = next(file for file in report.files if file.suffix == ".html").read_text()
    assert page.index("GAP") < page.index("Checks against their targets")


async def test_a_step_tells_which_form_is_being_made(store: Store, watched: Plan) -> None:
    steps: list[str] = []
    await write_report(store, watched, replace(ASKED, forms=(Form.HTML, Form.CSV)), DAY, SINCE, step=steps.append)
    assert steps == ["figures", "html", "csv", "mail"]


async def test_hostile_names_stay_text_in_drawings_pages_and_mails(store: Store, watched: Plan) -> None:
    title = '<img src=x onerror=alert(1)>"><svg onload=alert(2)>\u202e'
    hostile = replace(watched, checks=(replace(CHECKS[0], title=title), CHECKS[1]), name="<script>alert(3)</script>")
    report = await written(store, hostile)
    pages = [file.read_text() for file in report.mailed if file.suffix == ".html"]
    assert len(pages) == 2
    for page in pages:
        assert "&lt;img src=x" in page
        assert not [bad for bad in ("<img src=x", "<svg onload", "<script", "\u202e") if bad in page]
