"""Every face says the same of the same time, and what it says is what happened."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from sentinel.app.lately import Lately
from sentinel.app.past import read
from sentinel.app.public import PublicPage
from sentinel.base.redact import Secret
from sentinel.core import calendar
from sentinel.core.plan import Content, StorePlan
from sentinel.core.planned import Stretch as Period
from sentinel.core.slo import SPAN
from sentinel.engine.housekeeping import Retention
from sentinel.engine.recovery import recall
from sentinel.reports import report, status
from sentinel.reports.check import Stretch
from sentinel.reports.documents import OutboxLine
from sentinel.reports.overview import Filter
from sentinel.reports.proof import Answer
from sentinel.store.database import Store
from tests.kit.clock import FakeClock
from tests.kit.facing import Facing
from tests.kit.scene import POLICY, broken, check, plan, well
from tests.kit.truth import CHECKS, DAY, MIDNIGHT, SHOWN, WINDOW, Truth, watched

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from sentinel.core.check import Check
    from sentinel.reports.documents import CheckReport, StatusDocument
    from sentinel.reports.report import ReportDocument

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NAMES = tuple(check.name for check in CHECKS)


class Awake:
    """Nothing has kept Sentinel from looking."""

    def watched_since(self, started_at: datetime) -> datetime:
        return started_at


class Seen(Facing):
    """Fits `sentinel.app.public.Around`, too."""

    eyes = Awake()


@pytest.fixture
def truth() -> Truth:
    return Truth()


@pytest.fixture
async def facing(tmp_path: Path, truth: Truth) -> AsyncIterator[Seen]:
    """A Sentinel that has watched for two days; it is midnight."""
    clock = FakeClock(MIDNIGHT)
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), clock)
    await store.write(lambda tx: tx.windows.hold([WINDOW]))
    seen = Seen(watched(), store, clock)
    await truth.tell(seen)
    yield seen
    await store.close()


def name_of(line: CheckReport) -> str:
    return line.name


async def said(facing: Facing) -> StatusDocument:
    """As `--status` says it."""
    day, _ = await Lately(facing).day(MIDNIGHT)
    known = [status.facts(history, day.get(history.check.name)) for history in facing.snapshot()]
    return status.build(facing.plan, known, now=MIDNIGHT, started_at=facing.started_at, outbox=OutboxLine(), own=None)


async def reported(facing: Facing, key: str, zone: str, checks: Sequence[Check] = CHECKS) -> ReportDocument:
    period = calendar.named(key, ZoneInfo(zone))
    past = await facing.store.read(lambda tx: read(tx, checks, Period(period.since, period.until), zone))
    return report.build(facing.plan, "daily", period, zone, past, MIDNIGHT + 6 * HOUR, contents=tuple(Content)[:3])


@pytest.mark.parametrize("condensed", [False, True])
async def test_every_face_says_of_a_day_what_happened_on_it(facing: Seen, truth: Truth, condensed: bool) -> None:
    if condensed:
        facing.time.step(minutes=20)
        await Retention(facing.clock, facing.store).condense(facing.plan.store)
        facing.time.step(minutes=-20)
    true = {name: truth.of(name, MIDNIGHT - DAY, MIDNIGHT) for name in NAMES}
    expected = {name: pytest.approx(one.uptime, abs=1e-6) for name, one in true.items()}
    assert len({one.uptime for one in true.values()} - {0.0, 1.0}) == 3

    assert {line.name: line.uptime for line in (await said(facing)).checks} == expected
    assert {row.line.name: row.line.uptime for row in (await facing.faces.overview(Filter())).rows} == expected
    pages = [await facing.faces.check(name, Stretch.DAY) for name in NAMES]
    assert {page.line.name: page.line.uptime for page in pages if page} == expected
    daily = await reported(facing, "2026-11-21", "UTC")
    assert {one.name: one.uptime for one in daily.checks} == expected
    assert {one.name: one.down.total_seconds() for one in daily.checks} == pytest.approx(
        {name: one.down for name, one in true.items()}, abs=0.01
    )

    whole = sum(one.up for one in true.values()) / sum(one.up + one.down for one in true.values())
    assert daily.uptime == pytest.approx(whole, abs=1e-6)
    assert daily.operations is not None
    assert daily.operations.whole.uptime == daily.uptime
    figures = {one.name: one.value for one in (await facing.faces.figures("", DAY)).figures}
    assert figures["uptime"] == pytest.approx(whole, abs=1e-6)

    page = await PublicPage(facing).document()
    assert page is not None
    for component, names in zip(page.components, (one.checks for one in SHOWN.components), strict=True):
        own = [true[name] for name in names]
        uptime = sum(one.up for one in own) / sum(one.up + one.down for one in own)
        assert component.days[-2].date == "2026-11-21"
        assert component.days[-2].uptime == pytest.approx(uptime, abs=1e-6)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
async def test_a_day_of_another_zone_is_not_a_day_of_utc(facing: Seen, truth: Truth, zone: str) -> None:
    facing.time.step(minutes=20)
    await Retention(facing.clock, facing.store).condense(facing.plan.store)
    daily = await reported(facing, "2026-11-21", zone)
    true = {name: truth.of(name, daily.since, daily.until) for name in NAMES}
    assert {one.name: one.uptime for one in daily.checks} == pytest.approx(
        {name: one.uptime for name, one in true.items()}, abs=1e-6
    )


@pytest.mark.parametrize("stretch", [Stretch.HOURS_6, Stretch.DAY, Stretch.WEEK, Stretch.MONTH, Stretch.YEAR])
async def test_the_page_of_a_check_says_of_its_stretch_what_happened(
    facing: Seen, truth: Truth, stretch: Stretch
) -> None:
    for name in NAMES:
        page = await facing.faces.check(name, stretch)
        assert page is not None
        true = truth.of(name, page.since, page.until)
        assert page.uptime == pytest.approx(true.uptime, abs=1e-6)
        assert (page.up.total_seconds(), page.down.total_seconds()) == pytest.approx((true.up, true.down), abs=0.01)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata"])
async def test_a_report_of_long_ago_leaves_no_time_out(facing: Seen, truth: Truth, zone: str) -> None:
    """Where only hours are left, one that midnight cuts is shared out."""
    facing.time.step(minutes=20)
    await Retention(facing.clock, facing.store).condense(facing.plan.store)
    before = await reported(facing, "2026-11-21", zone)
    await facing.store.write(lambda tx: tx.rollups.purge(SPAN, MIDNIGHT + HOUR, 10_000))
    daily = await reported(facing, "2026-11-21", zone)
    for old, new in zip(sorted(before.checks, key=name_of), sorted(daily.checks, key=name_of), strict=True):
        assert new.unknown == pytest.approx(old.unknown, abs=HOUR / 60)
        assert new.up + new.down == pytest.approx(old.up + old.down, abs=HOUR / 60)


async def test_a_check_that_runs_once_a_day_is_not_unknown_until_its_next_run(tmp_path: Path) -> None:
    backup = check("backup", kind="backup", interval=DAY, rules=())
    clock = FakeClock(MIDNIGHT + 6 * HOUR)
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), clock)
    facing = Seen(plan(backup), store, clock)
    running = asyncio.create_task(facing.pipeline.run())
    for days in (2.5, 1.5, 0.5):
        facing.measure("backup", well(), MIDNIGHT - days * DAY)
    await facing.pipeline.flush()
    daily = await reported(facing, "2026-11-21", "UTC", (backup,))
    assert (daily.checks[0].up, daily.checks[0].unknown) == (12 * HOUR, 0 * HOUR)
    assert daily.audit is not None
    (answer,) = [one.answer for part in daily.audit.sections for one in part.questions if one.id == "backups"]
    assert answer is Answer.YES
    page = await facing.faces.check("backup", Stretch.DAY)
    assert page is not None
    assert page.unknown == 0 * HOUR
    facing.pipeline.stop()
    await running
    await store.close()


@pytest.mark.parametrize("killed", [False, True])
async def test_restarts_within_a_span_neither_lose_nor_make_time(tmp_path: Path, killed: bool) -> None:
    clock, api = FakeClock(MIDNIGHT - HOUR), check("api")
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), clock)
    for minutes in (7, 4, 13, 1, 36):
        seen = Seen(plan(api), store, clock)
        seen.pipeline.resume(await recall(store, (api,), {"default": POLICY}, clock.now()), 0)
        running = asyncio.create_task(seen.pipeline.run())
        for _ in range(minutes):
            seen.measure("api", broken() if clock.now().minute % 3 == 0 else well())
            clock.step(minutes=1)
        await seen.pipeline.flush()
        if killed:
            running.cancel()
        else:
            seen.pipeline.stop()
        await asyncio.gather(running, return_exceptions=True)
    whole = (await store.read(lambda tx: tx.rollups.summed(MIDNIGHT - HOUR, MIDNIGHT)))["api"]
    assert (whole.up + whole.down, whole.samples) == (3600, 60)
    assert whole.down / (whole.up + whole.down) == pytest.approx(1 / 3, abs=0.01)
    await store.close()


@pytest.mark.parametrize("killed", [False, True])
async def test_restarts_between_the_runs_of_a_slow_check_neither_lose_nor_count_anything_twice(
    tmp_path: Path, killed: bool
) -> None:
    clock, slow, fast = FakeClock(MIDNIGHT - DAY), check("slow", interval=11 * MINUTE), check("fast")
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), clock)
    for restart in range(11):
        seen = Seen(plan(slow, fast), store, clock)
        seen.pipeline.resume(await recall(store, (slow, fast), {"default": POLICY}, clock.now()), 0)
        running = asyncio.create_task(seen.pipeline.run())
        for minute in range(restart * 17, restart * 17 + 17):
            if minute % 11 == 0:
                seen.measure("slow", well())
            seen.measure("fast", well())
            clock.step(minutes=1)
        await seen.pipeline.flush()
        if killed:
            running.cancel()
        else:
            seen.pipeline.stop()
        await asyncio.gather(running, return_exceptions=True)
    since = MIDNIGHT - DAY
    whole = await store.read(lambda tx: tx.rollups.summed(since, since + 176 * MINUTE))
    # What was in memory alone when it was killed is not known: less than a span at a time.
    assert (whole["slow"].samples, whole["fast"].samples) == ((16, 180) if killed else (17, 180))
    assert 176 * 60 - (11 * 300 if killed else 0) <= whole["slow"].up <= 176 * 60
    await store.close()
