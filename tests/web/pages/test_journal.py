"""The journal on the dashboard: for administrators, the newest first, with a word on whether the chain holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.journal import Journal
from sentinel.base.redact import Secret
from sentinel.core.access import Via
from sentinel.core.journal import START, Deed
from sentinel.core.plan import StorePlan
from sentinel.store.database import Store
from tests.kit.clock import FakeClock
from tests.kit.scene import NOW, check, history, well
from tests.web.pages.conftest import standing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.kit.monitor import StillMonitor
    from tests.web.pages.conftest import Dashboard

LOOK = Deed(at=NOW, by="ann", via=Via.PASSWORD, action="incident.acknowledge", subject="incident 12", detail="for 2h")
BEGIN = Deed(at=NOW - timedelta(days=3), by="", via=Via.HOST, action=START, subject="configuration", detail="as of")
OLD = Deed(at=NOW - timedelta(days=20), by="ben", via=Via.TOKEN, action="silence.add", subject="silence 4")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), FakeClock(NOW))
    yield opened
    await opened.close()


@pytest.fixture
async def monitor(tmp_path: Path, store: Store) -> StillMonitor:
    """A monitor whose journal is kept, with three entries."""
    made = standing(tmp_path, history(check("health"), [well()]))
    kept = Journal(store, tmp_path / "journal.key", lambda: NOW)
    for deed in (OLD, BEGIN, LOOK):
        await kept.note(deed)
    made.journal = kept  # type: ignore[assignment]  # the real one
    return made


async def test_the_newest_stands_first_and_the_chain_is_told_of(dashboard: Dashboard) -> None:
    page = await dashboard.root.page("/journal")
    assert "The journal is whole, up to entry 3." in page
    assert page.index("incident.acknowledge") < page.index(">started<")
    assert '<th scope="row">Sentinel</th>' in page
    assert "ben" not in page


async def test_people_ask_for_longer_and_for_one_person(dashboard: Dashboard) -> None:
    page = await dashboard.root.page("/journal?last=30d&by=ben")
    assert "silence 4" in page
    assert "incident 12" not in page
    assert '<option value="30d" selected>' in page
    assert "by nemo." in await dashboard.root.page("/journal?by=nemo")


async def test_a_chain_that_was_broken_into_is_told_of(dashboard: Dashboard, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "sentinel.db")) as database, database:
        database.execute("UPDATE journal SET by_whom = 'eve' WHERE id = 2")
    page = await dashboard.root.page("/journal")
    assert "The journal breaks at entry 2: it is not as it was written" in page


async def test_without_its_key_the_journal_is_shown_and_not_called_whole(dashboard: Dashboard, tmp_path: Path) -> None:
    (tmp_path / "journal.key").unlink()
    page = await dashboard.root.page("/journal")
    assert "Whether it is whole cannot be told: " in page
    assert "incident 12" in page


@pytest.mark.parametrize("question", ["last=soon", "last=", f"by={'x' * 101}"])
async def test_a_question_that_makes_no_sense_is_refused_with_why(dashboard: Dashboard, question: str) -> None:
    answer = await dashboard.root.get(f"/journal?{question}")
    assert answer.status_code == 400
    assert "That was not done:" in answer.text


async def test_only_administrators_see_it_and_the_way_to_it(dashboard: Dashboard) -> None:
    assert '<a href="/journal"' in await dashboard.root.page("/")
    assert '<a href="/journal"' not in await dashboard.ann.page("/")
    assert (await dashboard.ann.get("/journal")).status_code == 403
    assert (await dashboard.nobody.get("/journal")).status_code == 303


async def test_what_people_were_called_is_text(dashboard: Dashboard) -> None:
    await dashboard.monitor.journal.note(replace(LOOK, by="<b>ann</b>", detail="<script>alert(1)</script>"))
    page = await dashboard.root.page("/journal")
    assert "<b>ann" not in page
    assert "<script>alert" not in page
