"""Bounds that hold at some hours only leave no hour without one unseen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sentinel.config.coverage import advice_on_hours
from tests.kit.config import CHECK, ConfigFolder

NOW = datetime(2026, 3, 2, 9, 20, tzinfo=UTC)  # a Monday
CALENDARS = {
    "office": {"days": ["mon-fri"], "hours": ["08:00-18:00"], "zone": "UTC"},
    "night": {"hours": ["18:00-08:00"], "zone": "UTC"},
    "evening": {"hours": ["16:00-20:00"], "zone": "UTC"},
}


def said(config: ConfigFolder, *rules: dict[str, Any]) -> list[str]:
    tree = {"calendars": CALENDARS, "checks": [{**CHECK, "rules": list(rules)}]}
    return list(advice_on_hours(config.plan(tree), NOW))


def bound(when: str = "", reading: str = "response_time", critical: float = 2) -> dict[str, Any]:
    return {"reading": reading, "critical": critical} | ({"when": when} if when else {})


def test_a_bound_of_some_hours_that_replaced_the_default_is_warned_of(config: ConfigFolder) -> None:
    [line] = said(config, bound("office"))
    assert line.startswith(
        "check 'api': response_time has no bound outside of 'office', such as on Monday at 18:00 (UTC): "
    )


def test_hours_that_two_calendars_leave_out_are_found(config: ConfigFolder) -> None:
    [line] = said(config, bound("office"), bound("night", critical=5))
    assert "outside of 'office' and 'night', such as on Saturday at 08:00" in line


def test_two_bounds_that_hold_at_once_are_warned_of(config: ConfigFolder) -> None:
    [line] = said(config, bound(), bound("office", critical=1), bound("evening", critical=3))
    assert "two rules on response_time speak at once, while 'office' and 'evening', such as on Monday at 16:00" in line


@pytest.mark.parametrize(
    "rules",
    [(bound(),), (bound(), bound("office", critical=1)), (bound(), bound("office", reading="first_byte", critical=1))],
)
def test_bounds_that_hold_always_or_are_meant_for_some_hours_are_fine(
    config: ConfigFolder, rules: tuple[dict[str, Any], ...]
) -> None:
    assert said(config, *rules) == []
