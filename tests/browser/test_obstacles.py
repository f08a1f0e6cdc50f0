"""Whoever reads by ear, by keyboard, or in the dark finds nothing in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sentinel.core.access import Role
from tests.kit.browser import PHONE

if TYPE_CHECKING:
    from tests.browser.conftest import House
    from tests.kit.browser import Tab

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATHS = (
    "/",
    "/?text=nothing+is+like+this",
    "/?state=critical&system=Records",
    "/checks/login",
    "/checks/slow?for=30d",
    "/checks/never",
    "/incidents",
    "/incidents?since=30d",
    "/incidents/12",
    "/incidents/13",
    "/deployments?new=1",
    "/deployments/20",
    "/deployments/21",
    "/deployments/22",
    "/quiet",
    "/figures",
    "/reports",
    "/posts",
    "/channels",
    "/sentinel",
    "/journal",
    "/nowhere",
)


async def open_everything(tab: Tab) -> None:
    """Unfold whatever is folded: forms and menus are on the page too."""
    await tab.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


async def test_axe_finds_nothing_on_any_page_in_the_light_or_in_the_dark(house: House) -> None:
    found = {}
    async with house.tab() as tab:
        for path in PATHS:
            await tab.page.emulate_media(color_scheme="light")
            await tab.go(path)
            await open_everything(tab)
            found[path] = await tab.obstacles()
            await tab.page.emulate_media(color_scheme="dark")
            found[f"{path} in the dark"] = await tab.obstacles("color-contrast")
    assert {path: obstacles for path, obstacles in found.items() if obstacles} == {}


async def test_axe_finds_nothing_on_a_phone(house: House) -> None:
    found = {}
    async with house.tab(size=PHONE) as tab:
        for path in ("/", "/incidents/12", "/quiet", "/deployments?new=1", "/deployments/21", "/deployments/22"):
            await tab.go(path)
            await open_everything(tab)
            found[path] = await tab.obstacles()
    assert {path: obstacles for path, obstacles in found.items() if obstacles} == {}


async def test_no_page_is_wider_than_a_phone(house: House) -> None:
    found = {}
    async with house.tab(size=PHONE) as tab:
        for path in PATHS:
            await tab.go(path)
            found[path] = await tab.too_wide()
            await open_everything(tab)
            found[f"{path} unfolded"] = await tab.too_wide()
    assert {path: wide for path, wide in found.items() if wide} == {}


async def test_the_keyboard_reaches_everything_and_shows_where_it_is(house: House) -> None:
    async with house.tab() as tab:
        await tab.go("/")
        stops = []
        while not (stop := await tab.tab_on())["body"]:
            stops.append(stop)
            assert len(stops) < 100, "the tab key never leaves the page"
        names = [stop["name"] for stop in stops]
        assert names[0] == "a Skip to the content"
        assert names.index("a Overview") < names.index("summary Acknowledge") < names.index("a Ward 1")
        assert [stop for stop in stops if not (stop["ring"] and stop["seen"])] == []


async def test_the_skip_link_leads_past_the_navigation(house: House) -> None:
    async with house.tab() as tab:
        await tab.go("/")
        await tab.tab_on()
        await tab.page.keyboard.press("Enter")
        after = await tab.tab_on()
        assert after["name"].startswith("a Deployment")


async def test_an_incident_is_taken_by_keyboard_alone(house: House) -> None:
    async with house.tab(Role.OPERATOR) as tab:
        await tab.go("/incidents/12")
        while (await tab.tab_on())["name"] != "summary Comment":
            pass
        await tab.page.keyboard.press("Enter")
        await tab.sees("textarea:focus")  # what was opened has the focus
        await tab.page.keyboard.type("The disk is full")
        await tab.page.keyboard.press("Tab")
        await tab.page.keyboard.press("Enter")
        await tab.sees("text=Your comment stands on the timeline.")


async def test_nothing_is_in_the_way_of_signing_in(house: House) -> None:
    async with house.tab(None) as tab:
        await tab.go("/")
        assert await tab.obstacles() == []
        assert (await tab.page.evaluate("document.activeElement.id")) == "name"
        await tab.page.keyboard.type("ann")
        await tab.page.keyboard.press("Tab")
        await tab.page.keyboard.type("wrong")
        await tab.page.keyboard.press("Enter")
        await tab.sees("[role=alert]")
        assert await tab.obstacles() == []


async def test_a_form_with_a_mistake_keeps_what_was_typed_and_is_in_nobodys_way(house: House) -> None:
    async with house.tab() as tab:
        await tab.go("/quiet")
        await tab.one("text=New silence").click()
        await tab.one("#s-checks").fill("ward-*")
        await tab.one("#s-why").fill("New disks")
        await tab.one("#s-for").fill("long")
        await tab.one("text=Keep the silence").click()
        await tab.sees("[role=alert]")
        assert await tab.one("#s-checks").input_value() == "ward-*"
        assert await tab.one("#s-why").input_value() == "New disks"
        assert await tab.obstacles() == []
