"""Sentinel ends while somebody looks: nothing on the page may go on to look well."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.browser.conftest import serving
from tests.kit.monitor import StillMonitor
from tests.kit.ports import free_port
from tests.kit.scene import check, history, plan, well

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.browser import Chromium, Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")


def calm(folder: Path) -> StillMonitor:
    """A monitor with nothing wrong, always at the same port."""
    whole = plan(check("api"), folder=folder, port=free_port())
    return StillMonitor(replace(whole, web=replace(whole.web, dashboard=True)), [history(check("api"), [well()])])


async def colour(tab: Tab, selector: str) -> str:
    found: str = await tab.one(selector).evaluate("one => getComputedStyle(one).backgroundColor")
    return found


async def test_a_page_says_at_once_that_nobody_answers_and_stops_looking_well(
    chromium: Chromium, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monitor = calm(tmp_path_factory.mktemp("calm"))
    async with serving(chromium, monitor) as house, house.tab() as tab:
        await tab.go("/")
        await tab.sees("text=This page follows what happens.")
        green, title = await colour(tab, "#mark"), await tab.page.title()
        await house.end()
        await tab.sees("#lost")
        assert "No answer from Sentinel since 20" in await tab.text("#lost")
        assert await colour(tab, "#mark") != green
        assert (await tab.page.title()) == f"(?) {title}"
        assert "icon-unknown" in (await tab.one("link[rel=icon]").get_attribute("href") or "")
        async with serving(chromium, monitor):
            await tab.one("#lost").wait_for(state="hidden")
            assert await colour(tab, "#mark") == green
            assert (await tab.page.title()) == title
        tab.wrong[:] = [said for said in tab.wrong if "Failed to load resource" not in said]  # while nobody answered
