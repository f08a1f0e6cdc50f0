from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sentinel.base.units import Unit
from sentinel.core.slo import Sums
from sentinel.reports.figures import Figure, Figures, Lately, active_reading, active_users, build, of_system
from tests.kit.days import piece
from tests.kit.scene import NOW, check

DAY = timedelta(days=1)
API, SHOP = check("api", system="erp"), check("shop", system="shop")
BACKUP = check("backup", main="age")


def figure(figures: Figures, name: str) -> Figure:
    return next(one for one in figures.figures if one.name == name)


def test_each_figure_stands_beside_the_time_before() -> None:
    lately = Lately(now={"api": piece("api", value=0.4)}, before={"api": piece("api", value=0.2, down=30)})
    figures = build([API], lately, NOW, DAY)
    time, good, uptime = figures.figures
    assert (time.value, time.before) == pytest.approx((0.4, 0.2), rel=0.02)
    assert time.change == pytest.approx(1.0, rel=0.05)
    assert figures.to_json()["figures"][0]["change"] == time.change
    assert (good.value, good.before) == pytest.approx((1.0, 0.8))
    assert (uptime.value, uptime.before) == pytest.approx((1.0, 0.9))


def test_the_quantile_is_over_all_samples_not_over_checks() -> None:
    lately = Lately(now={"api": piece("api", value=0.1, samples=99), "shop": piece("shop", value=9.0, samples=1)})
    assert figure(build([API, SHOP], lately, NOW, DAY), "response_time").value == pytest.approx(0.1, rel=0.02)


def test_an_age_is_no_response_time() -> None:
    assert [one.takes_time for one in (API, BACKUP, replace(API, main_unit=Unit.DAYS))] == [True, False, False]
    lately = Lately(now={"backup": piece("backup", value=80_000)})
    assert figure(build([BACKUP], lately, NOW, DAY), "response_time").value is None


def test_a_system_has_its_own_checks() -> None:
    assert of_system([API, SHOP], "erp") == [API]
    assert of_system([API, SHOP], "") == [API, SHOP]


def test_without_anything_before_there_is_no_change() -> None:
    figures = build([API], Lately(now={"api": piece("api")}), NOW, DAY)
    assert [one.change for one in figures.figures] == [None] * 3


def test_active_users_are_shown_where_a_check_counts_them() -> None:
    figures = build([API], Lately(active=12.5, active_before=10.0), NOW, DAY)
    assert (figure(figures, "active_users").value, figure(figures, "active_users").change) == (12.5, 0.25)
    assert "active_users" not in {one.name for one in build([API], Lately(), NOW, DAY).figures}


def test_people_are_counted_on_the_mean_and_added_up_over_checks() -> None:
    def users(name: str, total: float) -> dict[str, Sums]:
        return {name: Sums(2, total, 0.0, total, Unit.COUNT)}

    pieces = [
        piece("api", readings=users("active_users", 20)),
        piece("api", readings=users("active_users", 40)),
        piece("shop", readings=users("sessions", 6)),
        piece("other", readings=users("active_users", 999)),
    ]
    assert active_users(pieces, {"api": "active_users", "shop": "sessions"}) == 15 + 3
    assert active_users(pieces, {}) is None
    assert active_reading(["response_time", "active_users"]) == "active_users"
    assert active_reading(["values.requests", "values.active_users"]) == "values.active_users"
    assert active_reading(["response_time"]) == ""
