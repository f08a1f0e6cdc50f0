"""Fault W04: text of strangers in every field of every page. It is shown as the text that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import pytest_asyncio

from sentinel.core.access import Role
from sentinel.web.public.listener import PublicListener
from tests.browser.conftest import House, serving
from tests.kit.browser import PHONE, Chromium
from tests.kit.clock import FakeClock
from tests.kit.scene import NOW
from tests.kit.ward import ward

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Each of these would raise a dialog, fetch a picture from elsewhere, or break out of where it stands.
NASTY = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(2)</script>',
    "' onmouseover='alert(3)' autofocus onfocus='alert(4)",
    "</title></textarea></style></script><svg onload=alert(5)>",
    "<!--<img src='http://192.0.2.1/canary.png'>-->",
    "{{7*7}} {% raw %} ${7*7} %0d%0aset-cookie:a=b",
    "&lt;img src=x onerror=alert(6)&gt;",
    "\u202egnp.exe\u2066 \u200b\ufeff\u0007\u0085\u2028",
    '<a href="javascript:alert(7)">here</a>',
    "<iframe srcdoc='<script>parent.alert(8)</script>'>",
)
LONG = "0123456789" * 1_000


def nasty(text: str) -> str:
    return f"{text}{''.join(NASTY)}"


def long(text: str) -> str:
    return f"{text}{LONG}"


PATHS = (
    "/",
    "/?system=" + quote(nasty("Records"), safe="")[:900],
    "/?text=" + quote(NASTY[0] + NASTY[1]),
    "/?tag=" + quote(NASTY[2]) + "&state=critical",
    "/checks/login",
    "/checks/" + quote(nasty("portal"), safe=""),
    "/checks/" + quote(NASTY[0], safe=""),
    "/incidents",
    "/incidents?since=30d&text=" + quote(NASTY[0] + NASTY[1]),
    "/incidents/12",
    "/incidents/13",
    "/deployments?new=1",
    "/deployments/20",
    "/deployments/21",
    "/deployments?system=" + quote(NASTY[1]),
    "/quiet",
    "/figures",
    "/figures?system=" + quote(NASTY[1]),
    "/reports?report=" + quote(NASTY[0]),
    "/channels",
    "/sentinel",
    "/sign-in?to=" + quote("javascript:alert(9)"),
)

#: What a page is made of when nobody has put anything into it.
_STRANGE = """() => [...document.querySelectorAll(
  'img, iframe, object, embed, base, style, script:not([src]), [onerror], [onload], [onmouseover], [onfocus], ' +
  'a[href^="javascript:" i], [href^="http://192.0.2.1"], [src*="192.0.2.1"]'
)].map((one) => one.outerHTML.slice(0, 200))"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hostile(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with serving(chromium, ward(tmp_path_factory.mktemp("nasty"), nasty, source=nasty("ward"))) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def endless(chromium: Chromium, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with serving(chromium, ward(tmp_path_factory.mktemp("long"), long, source=long("ward"))) as opened:
        yield opened


@pytest.mark.parametrize("role", [Role.ADMIN, None], ids=["with scripts", "signed out"])
async def test_hostile_text_runs_nothing_and_asks_for_nothing(hostile: House, role: Role | None) -> None:
    async with hostile.tab(role) as tab:
        for path in PATHS:
            await tab.go(path)
            assert await tab.page.evaluate(_STRANGE) == [], path
            assert (await tab.one("h1").inner_text()).strip(), path


async def test_hostile_text_that_is_typed_comes_back_as_text(hostile: House) -> None:
    async with hostile.tab() as tab:
        await tab.go("/quiet")
        await tab.one("text=New silence").click()
        await tab.one("#s-checks").fill(NASTY[1])
        await tab.one("#s-for").fill(NASTY[0])
        await tab.one("#s-why").fill(NASTY[3])
        await tab.one("text=Keep the silence").click()
        await tab.sees("[role=alert]")
        assert await tab.one("#s-why").input_value() == NASTY[3]
        assert await tab.page.evaluate(_STRANGE) == []


async def test_names_of_ten_thousand_letters_leave_pages_as_wide_as_they_are(endless: House) -> None:
    found = {}
    for size in (PHONE, (1280, 900)):
        async with endless.tab(size=size) as tab:
            for path in (
                "/",
                "/checks/login",
                "/incidents",
                "/incidents/12",
                "/deployments",
                "/deployments/20",
                "/deployments/21",
                "/quiet",
                "/figures",
                "/channels",
                "/sentinel",
            ):
                await tab.go(path)
                found[path, size] = await tab.too_wide()
    assert {place: wide for place, wide in found.items() if wide} == {}


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
async def test_hostile_text_on_the_status_page_is_text(hostile: House, chromium: Chromium, scripts: bool) -> None:
    plan = hostile.monitor.plan.status_page
    assert plan is not None
    listener = PublicListener(hostile.monitor.public, plan, FakeClock(NOW))
    await listener.start()
    try:
        async with chromium.tab(f"http://127.0.0.1:{listener.port}", scripts=scripts) as tab:
            for path in ("/", "/history"):
                await tab.go(path)
                strange = await tab.page.evaluate(_STRANGE) if scripts else []
                assert [one for one in strange if not one.startswith(("<style>", "<script>setInterval"))] == []
    finally:
        await listener.stop()
