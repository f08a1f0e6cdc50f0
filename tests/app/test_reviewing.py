"""Reviews and reports out of a real store."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sentinel.app import reviewing
from sentinel.app.past import read
from sentinel.base.redact import Secret
from sentinel.core.calendar import Period
from sentinel.core.holding import Held
from sentinel.core.incident import EffectKind
from sentinel.core.matcher import Matcher
from sentinel.core.plan import Content, Plan, StorePlan
from sentinel.core.rule import Severity
from sentinel.core.slo import SPAN
from sentinel.reports.report import ReportDocument, build
from sentinel.store.database import Store
from tests.kit.audited import DAY, entry, incident, rollup
from tests.kit.clock import FakeClock
from tests.kit.scene import MINUTE, NOW, check, plan

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HEALTH, LOGIN = check("health"), check("login")
PLAN = replace(plan(HEALTH, LOGIN), reviews=(timedelta(hours=1), timedelta(hours=24)))
OVER = incident(HEALTH, hours_ago=30)  # for 28 hours and 57 minutes
SPANS = timedelta(days=3) // SPAN


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of two checks. Health was down for an hour, and for half an hour in a window."""
    file = tmp_path_factory.mktemp("made") / "sentinel.db"
    asyncio.run(_fill(file))
    return file


@pytest.fixture
async def store(made: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """A copy of those three days."""
    opened = await _open(Path(shutil.copy(made, tmp_path)))
    yield opened
    await opened.close()


async def _open(file: Path) -> Store:
    return await Store.open(StorePlan(url=Secret(f"sqlite:///{file}")), FakeClock())


async def _fill(file: Path) -> None:
    opened = await _open(file)
    down = {NOW - timedelta(hours=30) + n * SPAN for n in range(12)} | {
        NOW - timedelta(hours=3) + n * SPAN for n in range(6)
    }
    parts = []
    for number in range(1, SPANS + 1):
        start = NOW - number * SPAN
        for name in ("health", "login"):
            bad = name == "health" and start in down
            whole = rollup(name, *[0.2] * 5, up=0.0 if bad else 300.0, down=300.0 if bad else 0.0, failures=5 * bad)
            parts.append(replace(whole, start=start, span=SPAN))
    await opened.write(lambda tx: tx.rollups.add(parts))
    await opened.write(lambda tx: tx.incidents.save(OVER))
    await opened.write(lambda tx: tx.incidents.note([entry(OVER, EffectKind.ACKNOWLEDGED, 4, "ann", "on it")]))
    await opened.close()


def window(first: timedelta, last: timedelta) -> Held:
    return Held(
        window="upgrade",
        title="Upgrade",
        matcher=Matcher(checks=("health",)),
        starts_at=NOW - first,
        ends_at=NOW - last,
        expects_down=True,
        by="ann",
        why="",
    )


async def report(store: Store, watched: Plan = PLAN) -> ReportDocument:
    past = await store.read(lambda tx: read(tx, watched.checks, DAY, "UTC"))
    period = Period(key="2026-11-21", since=DAY.since, until=DAY.until)
    contents = (Content.OPERATIONS, Content.AUDIT, Content.HIPAA)
    return build(watched, "daily", period, "UTC", past, NOW, contents=contents)


async def test_a_report_leaves_out_what_a_window_covers(store: Store) -> None:
    before = await report(store)
    await store.write(lambda tx: tx.windows.hold([window(timedelta(hours=3), timedelta(hours=2))]))
    after = await report(store)
    assert (before.downtime, after.downtime) == (30 * MINUTE, timedelta(0))
    assert after.method is not None
    assert (after.method.exclusions[0].down, after.method.edge) == (30 * MINUTE, timedelta(0))


async def test_a_window_that_cuts_roll_ups_is_unsure_by_one_of_them(store: Store) -> None:
    await store.write(lambda tx: tx.windows.hold([window(timedelta(hours=3) - MINUTE, timedelta(hours=2))]))
    found = await report(store)
    assert found.method is not None
    assert (found.downtime, found.method.edge) == (MINUTE, SPAN)


async def test_a_report_compares_with_the_day_before(store: Store) -> None:
    found = (await report(store)).operations
    assert found is not None
    (line,) = [one for one in found.checks if one.name == "health"]
    assert (line.uptime, line.before) == (round(23.5 / 24, 7), round(23 / 24, 7))
    assert (found.flakiest[0].spells, found.flakiest[0].before) == (1, 1)


async def test_the_same_store_gives_the_same_report(store: Store) -> None:
    first, second = [json.dumps((await report(store)).to_json()) for _ in range(2)]
    assert first == second


async def test_a_report_names_the_configurations_that_came_into_force(store: Store) -> None:
    await store.write(lambda tx: tx.configurations.note("f2", NOW - timedelta(hours=2)))
    method = (await report(store)).method
    assert method is not None
    assert [(change.what, change.by) for change in method.changes] == [("configuration f2", "")]


async def test_a_critical_incident_is_due_for_review_once_for_each_time(store: Store) -> None:
    first = await reviewing.next_due(store, PLAN, NOW)
    assert first is not None
    assert (first.incident.id, first.after) == (12, timedelta(hours=1))
    await store.write(lambda tx: tx.reports.claim("review", "12-1h"))
    second = await reviewing.next_due(store, PLAN, NOW)
    assert second is not None
    assert second.after == timedelta(hours=24)
    await store.write(lambda tx: tx.reports.claim("review", "12-1d"))
    assert await reviewing.next_due(store, PLAN, NOW) is None


async def test_without_times_nothing_is_reviewed_by_itself(store: Store) -> None:
    assert await reviewing.next_due(store, replace(PLAN, reviews=()), NOW) is None


async def test_a_review_shows_before_during_and_since_as_the_store_has_them(store: Store) -> None:
    document = await reviewing.review(store, PLAN, 12, NOW, timedelta(hours=24))
    found = document.review
    assert found is not None
    uptime = found.figures[0]
    assert (uptime.before, uptime.since, found.due) == (1.0, 1.0, "1d")
    assert uptime.during is not None
    assert uptime.during < 0.1
    assert (found.times.acknowledge, found.severity, document.period) == (4 * MINUTE, Severity.OK, "12-1d")


async def test_a_review_whose_time_has_not_come_looks_back_from_now(store: Store) -> None:
    document = await reviewing.review(store, PLAN, 12, NOW, timedelta(days=7))
    assert (document.until, document.review is not None and document.review.due) == (NOW, "")


async def test_a_review_of_no_incident_is_refused(store: Store) -> None:
    with pytest.raises(reviewing.NoSuchIncident, match="no incident 99"):
        await reviewing.review(store, PLAN, 99, NOW)


def test_only_critical_incidents_whose_time_was_not_long_ago_are_due() -> None:
    hour = (timedelta(hours=1),)
    assert reviewing.due([replace(OVER, severity=Severity.WARNING)], hour, NOW) == []
    assert reviewing.due([incident(HEALTH, lasted=None)], hour, NOW) == []
    assert len(reviewing.due([OVER], hour, NOW)) == 1
    assert reviewing.due([OVER], hour, NOW + timedelta(days=3)) == []
