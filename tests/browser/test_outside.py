"""What people outside look at: the public status page, and a report as it is mailed and kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from sentinel.app.shelving import Order, shelve
from sentinel.core.component import Condition, Share
from sentinel.core.form import Form
from sentinel.core.posting import Stage, threads
from sentinel.web.public.listener import PublicListener
from tests.kit.browser import DESK, PHONE, Chromium
from tests.kit.clock import FakeClock
from tests.kit.public import FINE, PAGE, StillPage, posted
from tests.kit.scene import NOW
from tests.reports.test_report import HEALTH, LOGIN, incident, report, rollup

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.browser.conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLUGS = ("payroll", "patient-portal")


def troubled() -> StillPage:
    """A page with an outage, a thread that goes on, one that is over, and ninety days of every colour."""
    shares = (Share(up=600.0), Share(up=590.0, down=10.0), Share(up=300.0, down=300.0), Share(up=500.0, degraded=100.0))
    days = {NOW.date() - timedelta(days=n): shares[n % 4] for n in range(90) if n % 9}
    page = StillPage(replace(PAGE, days=90))
    over = posted(3, Stage.RESOLVED, ago=2000, title="Letters were late", text="They have arrived.")
    begun = posted(1, title="Payroll is slow", text="Pages take up to a minute.", components=("payroll",))
    found = posted(2, Stage.IDENTIFIED, ago=30, thread=1, text="A database is busy.")
    page.known = replace(
        FINE,
        conditions={"payroll": Condition.PARTIAL_OUTAGE, "patient-portal": Condition.UNKNOWN},
        days=dict.fromkeys(SLUGS, days),
        threads=threads((over, begun, found)),
    )
    return page


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside() -> AsyncIterator[str]:
    """Where the page of a day with trouble is."""
    page = troubled()
    assert page.plan is not None
    listener = PublicListener(page, page.plan, FakeClock(NOW))
    await listener.start()
    yield f"http://127.0.0.1:{listener.port}"
    await listener.stop()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_on_the_status_page(chromium: Chromium, outside: str, dark: bool) -> None:
    async with chromium.tab(outside, dark=dark) as tab:
        for path in ("/", "/history"):
            await tab.go(path)
            assert await tab.obstacles() == []


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_the_status_page_fits_every_screen(chromium: Chromium, outside: str, size: tuple[int, int]) -> None:
    async with chromium.tab(outside, size=size, scripts=True) as tab:
        await tab.go("/")
        assert await tab.too_wide() == []
        assert "Payroll is slow" in await tab.text()
        assert await tab.weigh() < 150_000


async def test_the_status_page_works_without_scripts(chromium: Chromium, outside: str) -> None:
    async with chromium.tab(outside, scripts=False) as tab:
        await tab.go("/")
        await tab.one("footer a:text('History')").click()
        await tab.sees("text=Letters were late")


NAME = "/daily-2026-11-21.html"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept(house: House) -> str:
    """The folder of a report, as an address: of a day with an incident, a slow check, and words of strangers."""
    past = (rollup(), rollup("login", seconds=3.0, up=80_000.0, down=6_400.0))
    document = report(HEALTH, LOGIN, rollups=past, incidents=(incident(),), taken=5)
    folder = house.monitor.plan.reports_folder
    await shelve(document, Order(forms=(Form.HTML,), folder=folder), NOW)
    return f"file://{folder}"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_in_a_report(chromium: Chromium, kept: str, dark: bool) -> None:
    async with chromium.tab(kept, dark=dark) as tab:
        await tab.go(NAME)
        assert "<tokens>" in await tab.text("body")
        assert await tab.obstacles() == []


async def test_the_list_of_reports_leads_to_them_and_they_need_nothing_beside_themselves(
    house: House, kept: str
) -> None:
    async with house.tab(size=PHONE) as tab:
        await tab.go("/reports")
        assert await tab.obstacles() == []
        assert await tab.too_wide() == []
        await tab.one("text=HTML").click()
        await tab.sees("text=<tokens>")
        assert await tab.too_wide() == []
