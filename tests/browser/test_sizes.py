"""Thousands of checks, in the light and in the dark, on a large screen and on a small one: the page stays small and of use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.browser.conftest import House, serving
from tests.kit.browser import DESK, PHONE, Chromium
from tests.kit.ward import crowd

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Bytes of a page with its style and script, unpacked.
HEAVIEST = 150_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def crowded(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A dashboard of 2,000 checks, 50 of them with an incident."""
    async with serving(chromium, crowd(tmp_path_factory.mktemp("crowd"), 2_000)) as opened:
        yield opened


async def test_two_thousand_checks_are_a_page_of_those_that_matter_most(crowded: House) -> None:
    async with crowded.tab() as tab:
        await tab.go("/")
        assert await tab.text("h1") == "50 open incidents"
        assert await tab.page.locator(".checks tbody tr").count() == 50
        assert await tab.page.locator(".checks tbody tr.s-critical").count() == 50
        assert await tab.page.locator(".incident").count() == 8
        await tab.one("text=Next").click()
        await tab.sees("text=Page 2 of 40")
        assert await tab.page.locator(".checks tbody tr.s-ok").count() == 50
        await tab.one("#system").select_option("System 3")  # is sent by itself
        await tab.sees("text=286 of 2000 checks")
        await tab.one("#text").fill("Endpoint 10")
        await tab.page.keyboard.press("Enter")
        await tab.sees("text=/^1\\d of 2000 checks$/")


@pytest.mark.parametrize("path", ["/", "/incidents", "/quiet", "/checks/check-0040"])
async def test_pages_are_light(crowded: House, path: str) -> None:
    async with crowded.tab() as tab:
        await tab.go(path)
        assert 10_000 < await tab.weigh() < HEAVIEST


async def test_the_overview_of_a_crowd_fits_a_phone(crowded: House) -> None:
    async with crowded.tab(size=PHONE) as tab:
        await tab.go("/")
        assert await tab.too_wide() == []
        small = await tab.page.evaluate(
            """() => [...document.querySelectorAll('button, .button, .nav a, .chip, input:not([type=hidden]), select')]
              .map((one) => one.getBoundingClientRect()).filter((box) => box.width && box.height < 40).length"""
        )
        assert small == 0  # fingers are wider than pointers


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_the_colours_follow_the_device_until_somebody_chooses(house: House, size: tuple[int, int]) -> None:
    light, dark = "rgb(246, 247, 249)", "rgb(14, 17, 22)"
    background = "getComputedStyle(document.documentElement).backgroundColor"
    async with house.tab(size=size, dark=True) as tab:
        await tab.go("/incidents")
        assert await tab.page.evaluate(background) == dark
        await tab.one("[name=theme]").click()  # dark, whatever the device says
        await tab.page.emulate_media(color_scheme="light")
        assert await tab.page.evaluate(background) == dark
        await tab.one("[name=theme][value=light]").click()
        await tab.page.emulate_media(color_scheme="dark")
        assert await tab.page.evaluate(background) == light
        assert tab.page.url.endswith("/incidents")
