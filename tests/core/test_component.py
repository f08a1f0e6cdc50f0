"""How components of the public status page are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sentinel.core.component import (
    Condition,
    Seen,
    Share,
    condition,
    condition_of_day,
    outage_began,
    overall,
    seen,
)
from sentinel.core.rule import Severity
from tests.kit.scene import NOW, blind, broken, check, history, well

OK, WARNING = Seen(severity=Severity.OK), Seen(severity=Severity.WARNING)
CRITICAL = Seen(severity=Severity.CRITICAL, began_at=NOW)
UNKNOWN = Seen(severity=Severity.UNKNOWN)
COVERED = Seen(severity=Severity.CRITICAL, covered=True, began_at=NOW - timedelta(hours=1))
COVERED_WELL = Seen(severity=Severity.OK, covered=True)


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([OK, OK], Condition.OPERATIONAL),
        ([OK, WARNING], Condition.DEGRADED),
        ([OK, CRITICAL], Condition.PARTIAL_OUTAGE),
        ([WARNING, CRITICAL], Condition.PARTIAL_OUTAGE),
        ([CRITICAL, CRITICAL], Condition.MAJOR_OUTAGE),
        ([CRITICAL, UNKNOWN], Condition.PARTIAL_OUTAGE),
        ([OK, UNKNOWN], Condition.UNKNOWN),
        ([UNKNOWN], Condition.UNKNOWN),
        ([], Condition.UNKNOWN),
        ([COVERED], Condition.MAINTENANCE),
        ([COVERED_WELL, OK], Condition.MAINTENANCE),
        ([COVERED, CRITICAL], Condition.MAJOR_OUTAGE),
        ([COVERED, WARNING, OK], Condition.DEGRADED),
    ],
)
def test_a_component_is_as_its_checks_are(checks: list[Seen], expected: Condition) -> None:
    assert condition(checks) is expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["operational", "operational"], "operational"),
        (["operational", "degraded"], "degraded"),
        (["operational", "major_outage"], "partial_outage"),
        (["major_outage", "major_outage"], "major_outage"),
        (["operational", "unknown"], "unknown"),
        (["unknown", "maintenance"], "maintenance"),
        ([], "unknown"),
    ],
)
def test_the_page_is_as_the_worst_of_it(conditions: list[str], expected: str) -> None:
    assert overall([Condition(one) for one in conditions]) is Condition(expected)


def test_an_outage_began_with_its_first_check_outside_of_windows() -> None:
    later = Seen(severity=Severity.CRITICAL, began_at=NOW + timedelta(minutes=1))
    assert outage_began([OK, COVERED, later, CRITICAL]) == NOW
    assert outage_began([OK, COVERED]) is None


def test_a_trouble_shows_once_it_is_confirmed() -> None:
    once, thrice = (history(check("a"), [well()] + [broken()] * times) for times in (1, 3))
    looks = [seen(one, covered=False, started_at=NOW - timedelta(hours=1), now=NOW).severity for one in (once, thrice)]
    assert looks == [Severity.OK, Severity.CRITICAL]


@pytest.mark.parametrize("minutes_later", [0, 30])
def test_what_was_not_judged_or_not_looked_at_is_unknown(minutes_later: int) -> None:
    past = history(check("a"), [well(), blind()] if not minutes_later else [well()])
    now = NOW + timedelta(minutes=minutes_later)
    assert seen(past, covered=False, started_at=NOW - timedelta(hours=1), now=now).severity is Severity.UNKNOWN


def test_a_check_that_never_ran_is_unknown() -> None:
    assert seen(history(check("a"), []), covered=False, started_at=NOW, now=NOW).severity is Severity.UNKNOWN


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (Share(up=86400), Condition.OPERATIONAL),
        (Share(up=86390, down=10), Condition.OPERATIONAL),
        (Share(up=86300, down=100), Condition.DEGRADED),
        (Share(up=80000, degraded=6400), Condition.DEGRADED),
        (Share(up=84000, down=2400), Condition.PARTIAL_OUTAGE),
        (Share(up=43200, down=43200), Condition.MAJOR_OUTAGE),
        (Share(up=3600, unknown=80000), Condition.UNKNOWN),
        (Share(down=3600, unknown=80000), Condition.MAJOR_OUTAGE),
        (Share(unknown=86400), Condition.UNKNOWN),
        (Share(), Condition.UNKNOWN),
    ],
)
def test_a_day_is_shown_by_its_uptime_and_a_gap_is_no_health(share: Share, expected: Condition) -> None:
    assert condition_of_day(share) is expected


def test_unknown_time_is_in_no_uptime() -> None:
    assert Share(up=90, degraded=5, down=5, unknown=1000).uptime == pytest.approx(0.95)
    assert Share(unknown=10).uptime is None
