"""The method of a report: what was left out, what it rests on, and that the same input gives the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from sentinel.core.histogram import Histogram
from sentinel.core.holding import Held
from sentinel.core.matcher import Matcher
from sentinel.core.plan import Content
from sentinel.core.planned import Planned, pieces
from sentinel.core.selection import Selection
from sentinel.reports.method import Method
from sentinel.reports.past import Past
from sentinel.reports.report import build
from tests.kit.audited import DAY, PERIOD, delivered, incident, past, report, rollup
from tests.kit.scene import CANARY, MINUTE, NOW, check, plan

HEALTH, LOGIN = check("health"), check("login")
EVERY = (Content.OPERATIONS, Content.AUDIT, Content.HIPAA)
UPGRADE = Held(
    window="upgrade",
    title="Upgrade",
    matcher=Matcher(checks=("health",)),
    starts_at=DAY.since + timedelta(hours=1),
    ends_at=DAY.since + timedelta(hours=3),
    expects_down=True,
    by="ann",
    why="new release",
)


def planned(*down: float) -> list[Planned]:
    """What the upgrade took of the day, each of its pieces with so many seconds down."""
    found = pieces([UPGRADE], [HEALTH, LOGIN], DAY)
    span = timedelta(hours=2)
    return [
        Planned(piece=piece, rollups={"health": replace(rollup(up=7200 - one, down=one), span=span, histogram=b"")})
        for piece, one in zip(found, down, strict=True)
    ]


def with_upgrade() -> Past:
    """A day with ten minutes down, all of them in the window."""
    day = rollup(up=86_400 - 600, down=600)
    return past([day, rollup("login")], planned=planned(600), held=[UPGRADE])


def method(known: Past) -> Method:
    found = report([HEALTH, LOGIN], known, *EVERY).method
    assert found is not None
    return found


def test_time_in_windows_is_no_downtime() -> None:
    document = report([HEALTH, LOGIN], with_upgrade(), *EVERY)
    (line,) = [one for one in document.checks if one.name == "health"]
    assert (line.uptime, line.down, line.planned, line.unknown) == (
        1.0,
        timedelta(0),
        timedelta(hours=2),
        timedelta(0),
    )
    assert (document.uptime, document.downtime) == (1.0, timedelta(0))


def test_the_budget_is_not_used_up_by_what_was_planned() -> None:
    document = report([HEALTH], with_upgrade(), Content.OPERATIONS)
    assert document.operations is not None
    (budget,) = document.operations.budgets
    assert (budget.used, budget.allowed) == (timedelta(0), timedelta(seconds=79.2))


def test_what_was_left_out_is_listed_by_the_windows_name() -> None:
    (line,) = method(with_upgrade()).exclusions
    assert (line.window, line.by, line.why, line.checks) == ("upgrade", "ann", "new release", 1)
    assert (line.time, line.down) == (timedelta(hours=2), timedelta(seconds=600))
    assert (line.since, line.until) == (UPGRADE.starts_at, UPGRADE.ends_at)


def test_results_of_windows_are_not_among_the_quantiles() -> None:
    slow, both = Histogram(), Histogram()
    for _ in range(10):
        slow.add(9.0)
        both.add(9.0)
        both.add(0.2)
    day = replace(rollup(), histogram=both.encode(), samples=20)
    (one,) = planned(0)
    taken = replace(one, rollups={"health": replace(one.rollups["health"], histogram=slow.encode(), samples=10)})
    document = report([HEALTH], past([day], planned=[taken]), Content.OPERATIONS)
    (line,) = document.checks
    assert line.p99 is not None
    assert (line.samples, line.p99 < 0.21) == (10, True)


def test_an_end_of_a_window_that_cuts_a_roll_up_is_said_to_be_unsure() -> None:
    found = method(past([rollup()], edge=5 * MINUTE))
    assert (found.edge, any("5 min off" in limit for limit in found.limits)) == (5 * MINUTE, True)


def test_the_sources_are_counted() -> None:
    one = incident(HEALTH)
    rows = {source.table: source.rows for source in method(past([rollup()], [one], told=[delivered(one)])).sources}
    assert (rows["rollups"], rows["incidents"]) == (1000, 1)


def test_more_incidents_than_a_report_holds_are_said_to_be_missing() -> None:
    assert any("newest 1" in limit for limit in method(past(incidents=[incident(HEALTH)], full=True)).limits)


def test_more_windows_than_a_report_heeds_are_said_to_be_missing() -> None:
    assert any("only the latest" in limit for limit in method(past([rollup()], windows_full=True)).limits)


def test_the_same_input_gives_the_same_report_whenever_it_is_made() -> None:
    known = past([rollup(), rollup("login")], [incident(HEALTH)])
    early = report([HEALTH, LOGIN], known, *EVERY).to_json()
    late = report([HEALTH, LOGIN], known, *EVERY, now=NOW + timedelta(days=9)).to_json()
    assert json.dumps(early) == json.dumps(late)


def test_sums_that_were_added_in_another_order_give_the_same_report() -> None:
    """Databases add floating point numbers in any order."""
    one, other = rollup(up=0.1 + 0.2 + 86_000, down=0.3), rollup(up=0.2 + 86_000 + 0.1, down=0.1 + 0.2)
    assert report([HEALTH], past([one]), *EVERY) == report([HEALTH], past([other]), *EVERY)


def test_a_report_of_some_checks_is_about_these_alone() -> None:
    whole = plan(HEALTH, LOGIN)
    known = past([rollup(), rollup("login", failures=9)], [incident(HEALTH, 1), incident(LOGIN, 2)])
    found = build(whole, "daily", PERIOD, "UTC", known, NOW, contents=EVERY, selection=Selection(checks=("health",)))
    assert [line.name for line in found.checks] == ["health"]
    assert ([one.line.id for one in found.incidents], found.failures) == ([1], 0)
    assert found.method is not None
    assert found.method.selection == "checks health"


def test_a_report_has_only_the_parts_that_it_was_asked_for() -> None:
    document = report([HEALTH], past([rollup()]), Content.AUDIT)
    assert (document.operations, document.hipaa, document.review) == (None, None, None)
    assert document.audit is not None


def test_no_part_of_a_report_carries_a_secret_of_the_plan() -> None:
    document = report([HEALTH, LOGIN], with_upgrade(), *EVERY)
    assert CANARY not in json.dumps(document.to_json())
