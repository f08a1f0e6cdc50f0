from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sentinel.base.units import Unit
from sentinel.core.calendar import Period
from sentinel.core.histogram import Histogram
from sentinel.core.incident import Address, Incident, Phase
from sentinel.core.rule import Bounds, Direction, Quantile, Severity
from sentinel.core.slo import Rollup
from sentinel.core.timeline import TimelineEntry
from sentinel.reports.forms.brief import text
from sentinel.reports.forms.data import as_json
from sentinel.reports.past import Past
from sentinel.reports.report import build
from tests.kit.audited import delivered
from tests.kit.paper import html
from tests.kit.scene import CANARY, MINUTE, NOW, RESPONSE, broken, check, history, plan

if TYPE_CHECKING:
    from sentinel.core.check import Check
    from sentinel.reports.documents import CheckReport
    from sentinel.reports.report import ReportDocument

DAY = Period(key="2026-11-21", since=NOW - timedelta(days=1), until=NOW)
HEALTH, LOGIN = check("health"), check("login", title="Login & <tokens>")


def rollup(name: str = "health", seconds: float = 0.2, **more: float) -> Rollup:
    """A day with 1,000 results that took so long."""
    histogram = Histogram()
    for _ in range(1000):
        histogram.add(seconds)
    day = Rollup(
        check=name, start=DAY.since, span=timedelta(days=1), up=86_400, samples=1000, histogram=histogram.encode()
    )
    return replace(day, **more)  # type: ignore[arg-type]  # numbers all


def incident(number: int = 12, *, lasted: timedelta | None = timedelta(hours=1)) -> Incident:
    past = history(HEALTH, [broken()] * 3, until=NOW - timedelta(hours=5)).incident
    assert past is not None
    assert past.opened_at is not None
    told = (Address("mail", "a@example.org"), Address("chat"))
    whole = replace(past, id=number, sequence=5, told=told)
    return replace(whole, phase=Phase.RESOLVED, resolved_at=past.opened_at + lasted) if lasted else whole


def report(
    *checks: Check, rollups: tuple[Rollup, ...] = (), incidents: tuple[Incident, ...] = (), taken: int = 0
) -> ReportDocument:
    timelines = {}
    if taken:
        opened = incidents[0].opened_at
        assert opened is not None
        entry = TimelineEntry(incident=12, at=opened + taken * MINUTE, kind="acknowledged", by="ann", text="on it")
        timelines = {12: [entry]}
    told = {one.id: delivered(one, messages=5) for one in incidents if one.told}
    past = Past(rollups={r.check: r for r in rollups}, incidents=incidents, timelines=timelines, delivered=told)
    return build(plan(*checks), "daily", DAY, "Europe/Berlin", past, NOW)


def only(rolled: Rollup, checked: Check = HEALTH) -> CheckReport:
    (line,) = report(checked, rollups=(rolled,)).checks
    return line


def test_a_check_that_kept_its_targets_is_ok() -> None:
    line = only(rollup())
    assert (line.severity, line.missed, line.uptime, line.error_rate) == (Severity.OK, (), 1.0, 0.0)


def test_quantiles_stand_beside_the_bounds_of_the_rule() -> None:
    line = only(rollup(seconds=3.0))
    assert line.p95 is not None
    assert abs(line.p95 - 3.0) < 0.061
    assert line.reading is not None
    assert (line.reading.warning, line.reading.critical) == (2.0, 5.0)
    assert line.missed == ("p95 of response_time 3.06 s, above 2 s",)
    assert line.severity is Severity.WARNING


def test_where_low_values_are_the_trouble_the_low_end_is_held_against_the_bound() -> None:
    rule = replace(RESPONSE, bounds=Bounds(warning=5.0, direction=Direction.BELOW))
    histogram = Histogram()
    for number in range(100):
        histogram.add(1.0 if number < 10 else 9.0)
    line = only(replace(rollup(), histogram=histogram.encode()), replace(HEALTH, rules=(rule,)))
    assert line.missed == ("p5 of response_time 981 ms, below 5 s",)


def test_uptime_below_its_targets_is_a_warning_and_then_critical() -> None:
    barely = only(rollup(up=86_400 - 200, down=200))
    badly = only(rollup(up=86_400 - 2000, down=2000))
    assert (barely.severity, barely.missed) == (Severity.WARNING, ("uptime 99.76 %, below 99.9 %",))
    assert (badly.severity, badly.missed) == (Severity.CRITICAL, ("uptime 97.6 %, below 99 %",))


def test_an_error_rate_above_its_bound_is_named() -> None:
    assert only(rollup(failures=60)).missed == ("error rate 6 %, above 5 %",)


def test_degraded_time_counts_as_up() -> None:
    assert only(rollup(up=43_200, degraded=43_200)).uptime == 1.0


def test_time_beyond_a_bound_keeps_no_target_and_is_told() -> None:
    line = only(rollup(up=85_680, degraded=720))
    assert (line.severity, line.missed) == (Severity.WARNING, ("degraded 12 min",))


def test_a_check_with_an_incident_has_not_kept_its_targets() -> None:
    document = report(HEALTH, rollups=(rollup(),), incidents=(incident(),))
    assert (document.checks[0].severity, document.checks[0].missed) == (Severity.WARNING, ("an incident, critical",))
    assert "0 of 1 checks kept their targets, 1 missed one" in text(document)


def test_a_main_reading_that_is_no_duration_is_shown_in_its_own_unit() -> None:
    line = only(rollup(seconds=40), replace(HEALTH, main="running", main_unit=Unit.COUNT))
    assert line.reading is not None
    assert (line.reading.name, line.reading.unit) == ("running", Unit.COUNT)


def test_unknown_time_is_shown_apart_and_counts_neither_way() -> None:
    line = only(rollup(up=43_200, unknown=1000))
    assert (line.uptime, line.unknown) == (1.0, timedelta(seconds=43_200))


def test_a_check_that_was_never_judged_is_unknown() -> None:
    (line,) = report(HEALTH).checks
    assert (line.severity, line.uptime, line.unknown) == (Severity.UNKNOWN, None, timedelta(days=1))


def test_a_rule_on_a_quantile_sets_the_bounds_where_no_threshold_does() -> None:
    rule = Quantile(
        reading="response_time",
        unit=Unit.SECONDS,
        quantile=0.95,
        window=timedelta(hours=1),
        min_samples=10,
        bounds=Bounds(warning=0.1),
    )
    assert only(rollup(), replace(HEALTH, rules=(rule,))).severity is Severity.WARNING


def test_the_worst_check_comes_first_and_colours_the_whole() -> None:
    document = report(HEALTH, LOGIN, rollups=(rollup(), rollup("login", up=80_000, down=6_400)))
    assert [line.name for line in document.checks] == ["login", "health"]
    assert document.overall is Severity.CRITICAL


def test_totals_add_up_times_and_counts() -> None:
    document = report(HEALTH, LOGIN, rollups=(rollup(failures=2), rollup("login", up=80_000, down=6_400, failures=3)))
    assert (document.samples, document.failures) == (2000, 5)
    assert document.downtime == timedelta(seconds=6_400)
    assert document.uptime is not None
    assert round(document.uptime, 6) == round(166_400 / 172_800, 6)


def test_an_incident_has_its_duration_and_who_took_it_after_how_long() -> None:
    (row,) = report(HEALTH, incidents=(incident(),), taken=7).incidents
    assert (row.duration, row.acknowledged_by, row.acknowledged_why) == (timedelta(hours=1, minutes=2), "ann", "on it")
    assert (row.acknowledged_after, row.notifications, row.told) == (7 * MINUTE, 5, 2)


def test_messages_about_an_incident_are_those_that_were_taken_in_the_period() -> None:
    document = report(HEALTH, incidents=(replace(incident(), sequence=90),))
    assert document.notifications == 5
    assert document.operations is not None
    assert document.operations.quality.messages == 5


def test_an_incident_of_which_nobody_is_told_sends_nothing() -> None:
    assert report(HEALTH, incidents=(replace(incident(), told=()),)).notifications == 0


def test_an_incident_that_is_still_open_lasts_up_to_the_end_of_the_period() -> None:
    (row,) = report(HEALTH, incidents=(incident(lasted=None),)).incidents
    assert row.line.resolved_at is None
    assert row.duration == timedelta(hours=5, minutes=3)


def test_only_incidents_that_opened_in_the_period_are_counted_as_opened() -> None:
    earlier = replace(incident(11), opened_at=DAY.since - MINUTE)
    document = report(HEALTH, incidents=(incident(), earlier))
    assert (document.opened, len(document.incidents), document.checks[0].incidents) == (1, 2, 2)


def test_the_page_escapes_what_comes_from_outside() -> None:
    rotten = replace(incident(), check="<img src=x onerror=alert(1)>")
    page = html(report(LOGIN, rollups=(rollup("login"),), incidents=(rotten,)))
    assert "<img" not in page
    assert "Login &amp; &lt;tokens&gt;" in page


def test_the_page_loads_nothing_from_anywhere() -> None:
    page = html(report(HEALTH, rollups=(rollup(),)))
    for word in ("http://", "https://", "src=", "href=", "<script", "@import", "url("):
        assert word not in page


def test_the_page_shows_times_in_the_zone_of_the_report() -> None:
    assert "2026-11-21 13:00 CET to 2026-11-22 13:00 CET" in html(report(HEALTH))


def test_the_json_has_the_same_figures() -> None:
    form = json.loads(as_json(report(HEALTH, rollups=(rollup(),), incidents=(incident(),), taken=7)))
    assert (form["format"], form["period"], form["checks"][0]["uptime"]) == (1, "2026-11-21", 1.0)
    assert form["incidents"][0]["acknowledged_after"] == 420.0


def test_the_text_says_what_was_missed_and_who_took_it() -> None:
    said = text(report(HEALTH, rollups=(rollup(up=80_000, down=6_400),), incidents=(incident(),), taken=7))
    assert "Daily report of ward: CRITICAL" in said
    assert "CRITICAL  health: uptime 92.5 %, below 99 %" in said
    assert "#12 CRITICAL health: 2026-11-22 07:59 CET, lasted 1 h 2 min, acknowledged by ann after 7 min" in said


def test_the_text_stays_short_with_many_misses() -> None:
    many = [check(f"c{n:03}") for n in range(200)]
    said = text(report(*many, rollups=tuple(rollup(c.name, up=0, down=86_400) for c in many)))
    assert "and 180 more" in said
    assert len(said.splitlines()) < 40


def test_the_text_tells_kept_targets_from_checks_that_nobody_judged() -> None:
    said = text(report(HEALTH, LOGIN, rollups=(rollup(),)))
    assert "1 of 2 checks kept their targets, 0 missed one, 1 were not judged." in said


def test_no_face_of_a_report_carries_a_secret_of_the_plan() -> None:
    document = report(HEALTH, rollups=(rollup(),), incidents=(incident(),), taken=7)
    assert CANARY not in html(document) + as_json(document) + text(document)
