"""Reports that are owed, on a real store: each once, and none for another's sake left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.owing import Owed
from sentinel.base.redact import Secret
from sentinel.core.form import Form
from sentinel.core.plan import ReportPlan, StorePlan
from sentinel.store.database import Store
from tests.kit.calm import Calm
from tests.kit.clock import FakeClock
from tests.kit.past import Story, tell
from tests.kit.scene import check, plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 10, 5, tzinfo=UTC)
DAILY = ReportPlan(name="daily", every="day", at="00:00", zone="UTC", forms=(Form.JSON,))


class Writing(Calm):
    """Fits `sentinel.app.owing.Around`."""

    report_problem = ""

    def schedule(self, *reports: ReportPlan) -> Owed:
        self.plan = replace(self.plan, reports=reports)
        return Owed(self)

    @property
    def made(self) -> list[str]:
        return sorted(file.name for file in self.plan.reports_folder.glob("*.json") if "manifest" not in file.name)


@pytest.fixture
async def writing(tmp_path: Path) -> AsyncIterator[Writing]:
    """Two days of a check; the second has just ended."""
    clock = FakeClock(MIDNIGHT)
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/s.db")), clock)
    watched = check("portal", interval=5 * HOUR / 60)
    await tell(store, Story(checks=(watched,), since=MIDNIGHT - 48 * HOUR, until=MIDNIGHT))
    yield Writing(plan(watched, folder=tmp_path), store, clock)
    await store.close()


async def test_a_report_is_made_once_when_its_period_has_settled(writing: Writing) -> None:
    owed = writing.schedule(DAILY)
    await owed.write_reports()
    assert writing.made == ["daily-2026-10-03.json"]
    await writing.look(minutes=10)
    for _ in range(2):
        await owed.write_reports()
    assert writing.made == ["daily-2026-10-03.json", "daily-2026-10-04.json"]


async def test_what_is_wrong_with_one_report_is_not_forgotten_for_another_that_is_well(writing: Writing) -> None:
    writing.plan.reports_folder.mkdir()
    (writing.plan.reports_folder / "weekly-2026-W40.json").mkdir()
    owed = writing.schedule(replace(DAILY, name="weekly", every="week"), DAILY)
    await writing.look(minutes=10)
    await owed.write_reports()
    assert writing.report_problem.endswith("Is a directory")
    assert "daily-2026-10-04.json" in writing.made


async def test_a_report_that_cannot_be_made_keeps_no_other_from_being_made(writing: Writing) -> None:
    owed = writing.schedule(replace(DAILY, name="lost", zone="No/Where"), DAILY)
    await writing.look(minutes=10)
    await owed.write_reports()
    assert writing.made == ["daily-2026-10-04.json"]
