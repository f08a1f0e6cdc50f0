"""Long lists: filtered by the address, in pages, the most urgent first."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sentinel.core.rule import Severity
from sentinel.reports.overview import Filter
from sentinel.web.pages.overview import address
from tests.kit.monitor import resolved
from tests.kit.scene import NOW, broken, check, history, well
from tests.web.pages.conftest import standing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.monitor import StillMonitor
    from tests.web.pages.conftest import Dashboard

_ROWS = re.compile(r'<th scope="row" class="c-check"><a href="/checks/([^"]+)"')


@pytest.fixture
def monitor(tmp_path: Path) -> StillMonitor:
    """60 checks of two systems, one of them broken."""
    checks = [
        check(f"c{n:02}", title=f"Number {n}", system="north" if n % 2 else "south", tags=frozenset({f"t{n % 3}"}))
        for n in range(60)
    ]
    runs = [[broken()] * 3 if n == 41 else [well()] for n in range(60)]
    return standing(tmp_path, *(history(one, run) for one, run in zip(checks, runs, strict=True)))


async def rows(dashboard: Dashboard, path: str) -> list[str]:
    return _ROWS.findall(await dashboard.viewer.page(path))


async def test_the_first_page_begins_with_the_most_urgent(dashboard: Dashboard) -> None:
    found = await rows(dashboard, "/")
    assert found[:3] == ["c41", "c00", "c01"]
    assert len(found) == 50
    assert "Page 1 of 2" in await dashboard.viewer.page("/")


async def test_the_second_page_has_the_rest_and_leads_back(dashboard: Dashboard) -> None:
    assert len(await rows(dashboard, "/?page=2")) == 10
    page = await dashboard.viewer.page("/?page=2")
    assert 'rel="prev" href="/"' in page
    assert 'rel="next"' not in page


@pytest.mark.parametrize("page", ["0", "-1", "99999999999", "x", "", "٣"])
async def test_a_page_that_is_none_is_another_one(dashboard: Dashboard, page: str) -> None:
    assert (await dashboard.viewer.get(f"/?page={page}")).status_code == 200


@pytest.mark.parametrize(
    ("question", "number"),
    [
        ("text=number%201", 11),
        ("text=C05", 1),
        ("system=north", 30),
        ("tag=t1", 20),
        ("system=south&tag=t0", 10),
        ("state=critical", 1),
        ("state=critical&state=unknown", 1),
        ("state=nonsense", 50),
        ("text=nowhere", 0),
    ],
)
async def test_a_filter_narrows_the_list(dashboard: Dashboard, question: str, number: int) -> None:
    assert len(await rows(dashboard, f"/?{question}")) == number


async def test_a_filter_that_nothing_passes_says_so(dashboard: Dashboard) -> None:
    assert "No check is like that" in await dashboard.viewer.page("/?text=nowhere")


async def test_choosing_a_state_keeps_the_rest_of_the_filter(dashboard: Dashboard) -> None:
    page = await dashboard.viewer.page("/?system=north")
    assert 'href="/?system=north&amp;state=critical#checks"' in page
    chosen = await dashboard.viewer.page("/?system=north&state=critical")
    assert 'href="/?system=north#checks" aria-current="true"' in chosen
    assert "<option selected>north</option>" in chosen


def test_the_address_of_a_filter_is_the_shortest() -> None:
    assert address(Filter()) == "/"
    asked = Filter(text="a b", tag="x&y", severities=frozenset({Severity.WARNING, Severity.CRITICAL}))
    assert address(asked, page=3) == "/?text=a+b&tag=x%26y&state=warning&state=critical&page=3"


async def test_incidents_of_the_past_are_listed_when_they_are_asked_for(
    monitor: StillMonitor, dashboard: Dashboard
) -> None:
    (now,) = await monitor.incidents()
    monitor.past = [resolved(replace(now, id=n), NOW - timedelta(hours=n)) for n in range(100, 160)]
    assert "1 incident open" in await dashboard.viewer.page("/incidents")
    page = await dashboard.viewer.page("/incidents?since=7d")
    assert "61 incidents of the last 7d" in page
    assert page.index('href="/incidents/12"') < page.index('href="/incidents/100"')
    assert "Page 1 of 2" in page
    assert 'href="/incidents?since=7d&amp;page=2"' in page
    assert "No such incident" in await dashboard.viewer.page("/incidents?since=7d&text=nowhere")


async def test_a_list_of_incidents_names_checks_by_their_titles(dashboard: Dashboard) -> None:
    assert "12 · Number 41" in await dashboard.viewer.page("/incidents")


async def test_figures_are_of_one_system_or_of_each(dashboard: Dashboard) -> None:
    assert (await dashboard.viewer.page("/figures")).count("<h2>") == 3
    assert (await dashboard.viewer.page("/figures?system=north&for=7d")).count("<h2>") == 1
    assert (await dashboard.viewer.get("/figures?system=east")).status_code == 404
