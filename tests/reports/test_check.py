from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.base.units import Unit
from sentinel.core.holding import Held
from sentinel.core.matcher import Matcher
from sentinel.core.result import FailureClass, Outcome, Reading, Result, passed
from sentinel.core.rule import Severity
from sentinel.core.slo import Sums
from sentinel.reports import status
from sentinel.reports.check import MOST_CHARTS, MOST_RAW, CheckDocument, Past, Stretch, build, wants_raw
from tests.kit.days import piece
from tests.kit.released import PASSED
from tests.kit.scene import MINUTE, NOW, broken, check, history, well

if TYPE_CHECKING:
    from sentinel.core.history import History

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAST = history(check("health", depends_on=(("db", "replica"), ("db",))), [broken()] * 3)


def shown(past: Past = Past(), stretch: Stretch = Stretch.DAY, of: History = PAST) -> CheckDocument:
    return build(status.facts(of, None), stretch, past, now=NOW, started_at=NOW - DAY)


def result(at: timedelta, *readings: Reading) -> Result:
    return Result(
        check="health", scheduled_at=NOW - at, finished_at=NOW - at + MINUTE / 60, measurement=passed(readings)
    )


@pytest.mark.parametrize("stretch", list(Stretch))
def test_every_stretch_ends_with_a_step_that_holds_now(stretch: Stretch) -> None:
    document = shown(stretch=stretch)
    strip = document.strip
    assert document.since <= NOW < document.since + stretch.length
    assert strip.step * len(strip.cells) == stretch.length
    assert strip.step % stretch.step == timedelta(0)


def test_the_main_reading_is_drawn_first_then_the_others_by_name() -> None:
    sums = {name: Sums(5, 1.0, 0.1, 0.3, Unit.SECONDS) for name in ("connect", "response_time", "body")}
    document = shown(Past(pieces=[piece(at=NOW - HOUR, readings=sums)]))
    assert [chart.reading for chart in document.charts] == ["response_time", "body", "connect"]


def test_bounds_of_the_rule_stand_beside_the_reading() -> None:
    sums = {name: Sums(5, 1.0, 0.1, 0.3, Unit.SECONDS) for name in ("connect", "response_time")}
    main, other = shown(Past(pieces=[piece(at=NOW - HOUR, readings=sums)])).charts
    assert (main.warning, main.critical, other.warning) == (2.0, 5.0, None)


def test_pieces_become_points_of_the_step() -> None:
    day = [piece(at=NOW - 26 * HOUR + n * 5 * MINUTE, value=0.1 + 0.1 * n, high=3.0) for n in range(3)]
    (chart,) = shown(Past(pieces=day), Stretch.WEEK).charts
    assert [(point.count, point.low, point.high) for point in chart.points] == [(15, 0.1, 3.0)]
    assert chart.points[0].mean == pytest.approx(0.2)
    assert chart.step == HOUR


def test_of_six_hours_each_result_is_a_point() -> None:
    raw = [result(n * MINUTE, Reading("response_time", n / 10, Unit.SECONDS)) for n in (3, 2, 1)]
    (chart,) = shown(Past(raw=raw), Stretch.HOURS_6).charts
    assert [point.mean for point in chart.points] == [0.3, 0.2, 0.1]
    assert wants_raw(PAST.check, Stretch.HOURS_6)
    assert not wants_raw(PAST.check, Stretch.DAY)
    assert not wants_raw(replace(PAST.check, interval=6 * HOUR / (MOST_RAW + 1)), Stretch.HOURS_6)


def test_a_hundred_readings_do_not_make_a_hundred_charts() -> None:
    sums = {f"disk.{n:03}": Sums(1, 1.0, 1.0, 1.0, Unit.RATIO) for n in range(100)}
    main = {"response_time": Sums(1, 1.0, 1.0, 1.0, Unit.SECONDS)}
    charts = shown(Past(pieces=[piece(at=NOW - HOUR, readings={**sums, **main})])).charts
    assert len(charts) == MOST_CHARTS
    assert charts[0].reading == "response_time"


def test_time_that_nobody_watched_is_unknown() -> None:
    whole = [piece(at=NOW - 2 * HOUR, span=HOUR, down=600)]
    document = shown(Past(whole=whole), of=history(check("health"), []))
    assert (document.up, document.down) == (timedelta(minutes=50), timedelta(minutes=10))
    assert document.unknown == NOW - document.since - HOUR
    assert document.uptime == pytest.approx(5 / 6)


def test_quantiles_stand_beside_those_of_the_time_before() -> None:
    past = Past(whole=[piece(at=NOW - HOUR, value=0.4)], before=[piece(at=NOW - 30 * HOUR, value=0.2)])
    document = shown(past)
    assert document.quantiles.p95 == pytest.approx(0.4, rel=0.02)
    assert document.before is not None
    assert document.before.p95 == pytest.approx(0.2, rel=0.02)
    assert shown().before is None


def test_incidents_and_the_windows_of_the_check_are_marked() -> None:
    assert PAST.incident is not None
    window = Held(
        window="1", title="Update", matcher=Matcher(checks=("health",)), starts_at=NOW - 3 * HOUR, ends_at=NOW - 2 * HOUR,
        expects_down=True, by="ops", why="",
    )  # fmt: skip
    other = replace(window, matcher=Matcher(checks=("login",)))
    document = shown(Past(incidents=[PAST.incident], held=[window, other]))
    assert [(mark.kind, mark.incident) for mark in document.marks] == [("window", None), ("incident", 12)]
    assert [line.id for line in document.incidents] == [12]
    assert document.marks[1].until is None


def test_a_deployment_is_marked_once_by_its_version_without_its_window() -> None:
    one = replace(PASSED, started_at=NOW - 3 * HOUR, ended_at=None)
    window = Held(
        window="deployment-12", title="Deployment", matcher=Matcher(), starts_at=NOW - 3 * HOUR, ends_at=NOW - 2 * HOUR,
        expects_down=True, by="ops", why="",
    )  # fmt: skip
    [mark] = shown(Past(deployments=[one], held=[window]), of=history(check("health"), [well()])).marks
    assert (mark.kind, mark.title, mark.deployment, mark.until) == ("deployment", "2.4.1", 12, None)


def test_results_say_why_the_newest_first() -> None:
    bad = Result(check="health", scheduled_at=NOW - MINUTE, finished_at=NOW, measurement=broken())
    good = result(2 * MINUTE, Reading("response_time", 0.2, Unit.SECONDS))
    newest, older = shown(Past(results=[(good, Severity.OK), (bad, Severity.CRITICAL)])).results
    assert (newest.failure, newest.took, newest.severity) == (FailureClass.REFUSED, MINUTE, Severity.CRITICAL)
    assert newest.hint
    assert (older.outcome, older.readings[0].value) == (Outcome.PASS, 0.2)


def test_what_it_depends_on_is_named_once() -> None:
    assert shown().depends_on == ("db", "replica")


def test_without_a_store_there_is_what_memory_has() -> None:
    document = shown(of=history(check("health"), [well()] * 3))
    assert document.line.severity is Severity.OK
    assert document.results == ()
    assert [chart.reading for chart in document.charts] == ["response_time"]  # of the open span
