"""Routes: which policy an incident goes by."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from sentinel.core.hours import Calendar, Span
from sentinel.core.matcher import Matcher
from sentinel.core.routes import Route, choose, hides
from sentinel.core.rule import Severity
from tests.core.made import check

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 2, 0, tzinfo=UTC)
OFFICE = Calendar(name="office", zone="UTC", spans=(Span(start=time(8), end=time(18)),))
PAYROLL = check(name="payroll-run", tags=frozenset({"hr"}))

ROUTES = (
    Route(
        policy="payroll", match=Matcher(tags=frozenset({"hr"}), severities=frozenset({Severity.CRITICAL})), when=OFFICE
    ),
    Route(policy="night", match=Matcher(checks=("payroll-*",), severities=frozenset({Severity.CRITICAL}))),
    Route(policy="quietly", match=Matcher(kinds=frozenset({"http"}), severities=frozenset({Severity.WARNING}))),
)


@pytest.mark.parametrize(
    ("severity", "now", "policy"),
    [
        (Severity.CRITICAL, NOON, "payroll"),
        (Severity.CRITICAL, MIDNIGHT, "night"),
        (Severity.WARNING, NOON, "quietly"),
    ],
)
def test_the_first_route_that_takes_an_incident_says_its_policy(severity: Severity, now: datetime, policy: str) -> None:
    assert choose(ROUTES, PAYROLL, severity, now) == policy


def test_without_a_route_it_is_the_policy_of_the_check() -> None:
    assert choose(ROUTES, check(name="api"), Severity.CRITICAL, NOON) is None
    assert choose((), PAYROLL, Severity.CRITICAL, NOON) is None


EVERYTHING = Route(policy="all")


@pytest.mark.parametrize(
    ("earlier", "later", "hidden"),
    [
        (EVERYTHING, ROUTES[0], True),
        (ROUTES[0], EVERYTHING, False),
        (ROUTES[0], ROUTES[1], False),
        (
            Route(policy="a", match=Matcher(tags=frozenset({"hr", "it"}))),
            Route(policy="b", match=ROUTES[0].match),
            True,
        ),
        (Route(policy="a", when=OFFICE), Route(policy="b"), False),
        (Route(policy="a", when=OFFICE), Route(policy="b", when=OFFICE), True),
    ],
)
def test_a_route_behind_a_wider_one_never_has_a_turn(earlier: Route, later: Route, hidden: bool) -> None:
    assert hides(earlier, later) is hidden
