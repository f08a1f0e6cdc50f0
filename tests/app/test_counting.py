"""Uptime is the same number on every page, in every report and for the public: outside of windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.app.counting import by_day, counted, last_day
from sentinel.app.lately import Lately
from sentinel.app.past import read
from sentinel.base.redact import Secret
from sentinel.core.holding import Held
from sentinel.core.matcher import Matcher
from sentinel.core.plan import StorePlan
from sentinel.core.planned import Stretch as Period
from sentinel.core.recurrence import Once
from sentinel.core.slo import SPAN
from sentinel.core.window import Window, Windows
from sentinel.reports.check import Stretch
from sentinel.reports.overview import Filter
from sentinel.reports.past import accounts
from sentinel.store.database import Store
from tests.kit.clock import FakeClock
from tests.kit.days import piece
from tests.kit.facing import Facing
from tests.kit.scene import NOW, check, plan, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
CHECKS = (check("api"), check("login"))
DOWN_AT = NOW - 4 * HOUR

#: A release of an hour, from two minutes after a mark on.
RELEASE = Held(
    window="release",
    title="Release",
    matcher=Matcher(checks=("api",)),
    starts_at=DOWN_AT + 2 * MINUTE,
    ends_at=DOWN_AT + HOUR + 2 * MINUTE,
    expects_down=True,
    by="ann",
    why="",
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A day of one check, which was down for the first 65 minutes from a moment on, and for a window within."""
    opened = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), FakeClock(NOW))
    seconds = SPAN.total_seconds()
    down = {DOWN_AT + n * SPAN for n in range(13)}
    starts = [NOW - n * SPAN for n in range(1, 289)]
    pieces = [piece("api", start, down=seconds if start in down else 0.0) for start in starts]
    await opened.write(lambda tx: tx.rollups.add(pieces))
    await opened.write(lambda tx: tx.windows.hold([RELEASE]))
    yield opened
    await opened.close()


async def reported_uptime(store: Store, since: datetime) -> float | None:
    """What a report says of a time up to now."""
    period = Period(since, NOW)
    past = await store.read(lambda tx: read(tx, CHECKS, period, "UTC"))
    return accounts(CHECKS, past, period)[0].counted.uptime


#: 24 hours, of which 5 minutes were down outside of the window, and an hour was in it.
EXPECTED = 1 - 300 / (23 * 3600)


async def test_every_face_tells_the_same_uptime(store: Store) -> None:
    facing = Facing(plan(*CHECKS), store, FakeClock(NOW))
    overview = await facing.faces.overview(Filter(text="api"))
    shown = await facing.faces.check("api", Stretch.DAY)
    assert shown is not None
    figure = (await facing.faces.figures("", DAY)).figures[2]
    lately, _ = await Lately(facing).day(NOW)
    reported = await reported_uptime(store, NOW - DAY)
    found = [overview.rows[0].line.uptime, shown.line.uptime, figure.value, lately["api"].uptime, reported]
    assert found == pytest.approx([EXPECTED] * 5)
    # What a page shows of a day begins with a cell of its strip.
    assert shown.uptime == pytest.approx(await reported_uptime(store, shown.since))


async def test_a_page_says_how_long_windows_were(store: Store) -> None:
    facing = Facing(plan(*CHECKS), store, FakeClock(NOW))
    shown = await facing.faces.check("api", Stretch.DAY)
    assert shown is not None
    assert (shown.planned, shown.down) == (HOUR, 5 * MINUTE)
    assert shown.unknown == NOW - shown.since - HOUR - shown.up - shown.down
    assert sum(cell.down for cell in shown.strip.cells) == 65 * 60


async def test_days_are_told_without_windows_and_others_are_not_touched(store: Store) -> None:
    since = datetime.combine(NOW.date(), datetime.min.time(), UTC) - DAY
    days = await store.read(lambda tx: list(by_day(tx, CHECKS, since, NOW)))
    assert sum(one.down for one in days) == pytest.approx(300)
    calm = await store.read(lambda tx: counted(tx, [check("login")], since, NOW))
    assert calm == {}


async def test_a_window_of_which_only_hours_are_left_still_takes_its_time(store: Store) -> None:
    hours = [NOW - n * HOUR for n in range(1, 25)]
    await store.write(lambda tx: sum(tx.rollups.condense(hour) for hour in hours))
    exact = await store.read(lambda tx: last_day(tx, CHECKS, NOW))
    await store.write(lambda tx: tx.rollups.purge(SPAN, NOW - HOUR, 1_000))
    coarse = await store.read(lambda tx: last_day(tx, CHECKS, NOW))
    assert exact["api"].down == pytest.approx(300)
    # 58 minutes of an hour that was down throughout, and 2 of one that was down for 5: shared out evenly.
    assert coarse["api"].down == pytest.approx(2 * 60 + 300 * 58 / 60)


async def test_while_a_window_is_open_the_span_that_is_not_over_does_not_count(store: Store) -> None:
    facing = Facing(plan(check("login")), store, FakeClock(NOW))
    facing.measure("login", well(), NOW - 2 * MINUTE)
    facing.measure("login", well(), NOW - MINUTE)
    assert (await facing.faces.overview(Filter())).rows[0].line.uptime == 1.0
    window = Window(id="1", title="", matcher=Matcher(), when=Once(starts_at=NOW - HOUR, ends_at=NOW + HOUR))
    facing.pipeline.desk.scene.windows = Windows([window])
    facing.pipeline.edition.outdate(at_once=True)
    assert (await facing.faces.overview(Filter())).rows[0].line.uptime is None


async def test_what_windows_take_at_once_is_what_they_take_one_by_one(store: Store) -> None:
    again = replace(RELEASE, window="again", starts_at=RELEASE.ends_at + HOUR, ends_at=RELEASE.ends_at + 90 * MINUTE)
    await store.write(lambda tx: tx.windows.hold([again]))
    period = Period(NOW - DAY, NOW)
    past = await store.read(lambda tx: read(tx, CHECKS, period, "UTC"))
    at_once = await store.read(lambda tx: tx.aggregates.taken(one.piece for one in past.planned))
    one_by_one = [one.rollups["api"] for one in past.planned]
    assert (len(one_by_one), set(at_once)) == (2, {"api"})
    assert at_once["api"].up == pytest.approx(sum(one.up for one in one_by_one))
    assert at_once["api"].samples == sum(one.samples for one in one_by_one)
