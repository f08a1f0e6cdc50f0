"""What pages show, out of a real store and a real pipeline."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.base.redact import Secret
from sentinel.base.units import Unit
from sentinel.core.deployment.plan import DeploymentPlan
from sentinel.core.matcher import Matcher
from sentinel.core.plan import StorePlan
from sentinel.core.result import Reading, passed
from sentinel.core.rule import Severity
from sentinel.core.silence import Silence
from sentinel.core.slo import SPAN, Sums
from sentinel.reports.check import Stretch
from sentinel.reports.overview import Filter
from sentinel.store.database import Store
from tests.kit.broken_store import MissingTable
from tests.kit.clock import FakeClock
from tests.kit.days import piece
from tests.kit.facing import Facing
from tests.kit.released import PASSED
from tests.kit.scene import NOW, broken, check, plan, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sentinel.core.slo import Rollup

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SILENCE = Silence(
    id=1,
    matcher=Matcher(checks=("api",)),
    starts_at=NOW,
    ends_at=NOW + HOUR,
    by="ann",
    why="it is known",
    created_at=NOW,
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(StorePlan(url=Secret(f"sqlite:///{tmp_path}/sentinel.db")), FakeClock(NOW))
    yield opened
    await opened.close()


@pytest.fixture
async def facing(store: Store) -> AsyncIterator[Facing]:
    """Two checks, of which one has a past of two days, and a pipeline that commits."""
    made = Facing(plan(check("api", system="erp"), check("login")), store, FakeClock(NOW))
    past = [piece("api", NOW - n * SPAN, value=0.2 if n <= 288 else 0.1, samples=1) for n in range(1, 2 * 288 + 1)]
    await store.write(lambda tx: tx.rollups.add(past))
    running = asyncio.create_task(made.pipeline.run())
    yield made
    made.pipeline.stop()
    await running


async def test_the_overview_has_a_strip_and_a_line_of_the_last_day(facing: Facing) -> None:
    facing.measure("api", well(0.3))
    document = await facing.faces.overview(Filter())
    row = next(row for row in document.rows if row.line.name == "api")
    assert sum(cell.up for cell in row.strip.cells) == pytest.approx(86_400, rel=0.03)
    assert row.spark is not None
    assert row.line.uptime == 1.0


async def test_the_figures_compare_with_the_day_before(facing: Facing) -> None:
    time = (await facing.faces.figures("erp", DAY)).figures[0]
    assert (time.value, time.before) == pytest.approx((0.2, 0.1), rel=0.02)
    assert (await facing.faces.figures("shop", DAY)).figures[0].value is None


async def test_people_are_counted_where_a_check_counts_them(facing: Facing, store: Store) -> None:
    def counted(before: timedelta, people: float) -> Rollup:
        return piece("login", NOW - before, readings={"active_users": Sums(1, people, people, people, Unit.COUNT)})

    await store.write(lambda tx: tx.rollups.add([counted(HOUR, 30), counted(30 * HOUR, 20)]))
    facing.measure("login", passed([Reading("active_users", 30, Unit.COUNT)]))
    people = (await facing.faces.figures("", DAY)).figures[-1]
    assert (people.name, people.value, people.change) == ("active_users", 30, 0.5)


async def test_all_who_ask_the_same_share_an_overview_until_something_changes(facing: Facing) -> None:
    first, second = await asyncio.gather(facing.faces.overview(Filter()), facing.faces.overview(Filter()))
    assert first is second
    assert await facing.faces.overview(Filter(tag="x")) is not first
    facing.pipeline.edition.outdate(at_once=True)
    assert await facing.faces.overview(Filter()) is not first


async def test_a_failure_makes_a_new_version_after_its_commit(facing: Facing) -> None:
    await facing.pipeline.flush()
    version = facing.faces.version
    waiting = asyncio.create_task(facing.faces.changed(version, within=60))
    facing.measure("login", broken())
    await facing.pipeline.flush()
    await facing.time.advance(seconds=1)
    assert await waiting > version
    document = await facing.faces.overview(Filter())
    assert document.rows[0].line.severity is Severity.CRITICAL


async def test_a_check_is_shown_over_every_stretch(facing: Facing) -> None:
    facing.measure("api", well(0.3), NOW - timedelta(minutes=1))
    await facing.pipeline.flush()
    for stretch in Stretch:
        document = await facing.faces.check("api", stretch)
        assert document is not None
        assert document.stretch is stretch
        assert document.results[0].readings[0].value == 0.3
        assert document.charts[0].reading == "response_time"
        assert document.explanation is not None


async def test_a_day_stands_beside_the_day_before(facing: Facing) -> None:
    document = await facing.faces.check("api", Stretch.DAY)
    assert document is not None
    assert document.before is not None
    assert (document.quantiles.p50, document.before.p50) == pytest.approx((0.2, 0.1), rel=0.02)
    assert len(document.charts[0].points) > 250


async def test_there_is_no_page_of_a_check_that_there_is_not(facing: Facing) -> None:
    assert await facing.faces.check("nobody", Stretch.DAY) is None


async def test_a_store_that_fails_makes_answers_poorer_not_late(facing: Facing, tmp_path: Path) -> None:
    facing.measure("api", well(0.3))
    await facing.pipeline.flush()
    with MissingTable(tmp_path / "sentinel.db", "rollups"):
        document = await facing.faces.overview(Filter())
        shown = await facing.faces.check("api", Stretch.MONTH)
    assert [row.line.name for row in document.rows] == ["login", "api"]
    assert document.store_problem
    assert document.overall is Severity.WARNING
    assert shown is not None
    assert (shown.results, bool(shown.store_problem)) == ((), True)
    assert shown.line.severity is Severity.OK


async def test_deployments_of_its_system_alone_are_marked_on_a_check(facing: Facing, store: Store) -> None:
    facing.plan = replace(facing.plan, deployments={name: DeploymentPlan(system=name) for name in ("erp", "lab")})
    lab = replace(PASSED, id=13, system="lab")
    await store.write(lambda tx: tx.deployments.save(replace(PASSED, system="erp"), lab))
    marked = {}
    for name in ("api", "login"):
        document = await facing.faces.check(name, Stretch.DAY)
        assert document is not None
        marked[name] = [(mark.kind, mark.deployment) for mark in document.marks]
    assert marked == {"api": [("deployment", 12)], "login": []}


async def test_sentinel_itself_is_shown_without_its_secrets(facing: Facing) -> None:
    document = await facing.faces.own()
    assert (document.checks, document.schema, document.source) == (2, "0005", "ward")
    assert "canary" not in str(document.to_json())


async def test_an_incident_stands_on_the_page_of_its_check_alone(facing: Facing) -> None:
    for minutes in (3, 2, 1):
        facing.measure("login", broken(), NOW - timedelta(minutes=minutes))
    await facing.pipeline.flush()
    login = await facing.faces.check("login", Stretch.DAY)
    api = await facing.faces.check("api", Stretch.DAY)
    assert login is not None
    assert api is not None
    assert [mark.kind for mark in login.marks] == ["incident"]
    assert (len(login.incidents), api.incidents, api.marks) == (1, (), ())


async def test_what_a_person_did_is_on_the_next_page(facing: Facing) -> None:
    before = await facing.faces.overview(Filter())
    await facing.pipeline.heed_silence(SILENCE)
    after = await facing.faces.overview(Filter())
    assert (len(before.silences), len(after.silences)) == (0, 1)


async def test_the_end_of_a_silence_is_seen_though_nobody_did_anything(facing: Facing) -> None:
    await facing.pipeline.heed_silence(SILENCE)
    version = facing.faces.version
    await facing.time.advance(hours=1, seconds=1)
    assert facing.faces.version > version
    assert (await facing.faces.overview(Filter())).silences == ()


async def test_every_document_has_a_json_form(facing: Facing) -> None:
    faces = facing.faces
    asked = Filter(severities=frozenset({Severity.OK, Severity.UNKNOWN}))
    documents = [await faces.overview(asked), await faces.check("api", Stretch.DAY), await faces.own()]
    for document in (*documents, await faces.figures("", DAY)):
        assert document is not None
        assert json.loads(json.dumps(document.to_json()))
    assert documents[0] is not None
    assert documents[0].to_json()["asked"]["severities"] == ["OK", "UNKNOWN"]
