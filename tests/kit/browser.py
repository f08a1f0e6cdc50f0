"""A real Chromium and what people do with it. What no page may ever do is looked for all the time: see `Tab.wrong`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from shutil import which
from typing import TYPE_CHECKING, Any, Self

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

    from playwright.async_api import ConsoleMessage, Dialog, Locator, Page, Request, Response

PROGRAM = which("chromium")
WITHIN = 10_000.0  # milliseconds for whatever is waited for
DESK = (1280, 900)
PHONE = (360, 740)

#: How the focused element looks; to be seen it needs an outline, and a place on the screen that nothing covers.
_FOCUS = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
  const over = document.elementFromPoint(box.left + Math.min(box.width, 30) / 2, box.top + Math.min(box.height, 30) / 2);
  const called = (at.getAttribute('aria-label') || at.innerText || at.name || '').trim();
  const name = `${at.nodeName.toLowerCase()} ${called.slice(0, 40)}`;
  const ring = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  return { name, ring, seen: Boolean(over && (at.contains(over) || over.contains(at))), body: at === document.body };
}"""


class Tab:
    """One page that somebody looks at."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.origin = origin
        self.wrong: list[str] = []  # what no page may do; a test that leaves something here fails
        self.loads = 0  # documents that were loaded; what a page fetches by itself is none
        self._answers: list[Response] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("dialog", self._close)
        page.on("request", self._look)
        page.on("response", self._keep)
        page.on("load", self._count)

    async def go(self, path: str) -> None:
        """Go to a page of this origin."""
        self._answers.clear()
        await self.page.goto(self.origin + path, wait_until="load")

    def one(self, selector: str) -> Locator:
        return self.page.locator(selector).first

    async def sees(self, selector: str) -> None:
        """Wait until something that can be seen is there."""
        await self.one(selector).wait_for(state="visible", timeout=WITHIN)

    async def text(self, selector: str = "main") -> str:
        return await self.one(selector).inner_text()

    async def weigh(self) -> int:
        """Bytes of the page that was gone to, its style and scripts, unpacked; pictures and streams are left out."""
        kinds = {"document", "stylesheet", "script"}
        return sum([len(await one.body()) for one in self._answers if one.request.resource_type in kinds])

    async def too_wide(self) -> list[str]:
        """What makes the page wider than the screen; nothing, if it is not."""
        found: list[str] = await self.page.evaluate(
            """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
              [`${document.documentElement.scrollWidth} pixels`, ...[...document.querySelectorAll('body *')]
                .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
                .slice(0, 8).map((one) => `${one.nodeName} ${one.id || (one.className.baseVal ?? one.className)}`)]"""
        )
        return found

    async def obstacles(self, *rules: str) -> list[str]:
        """What axe finds that keeps people from using the page; of all its rules, or of some."""
        only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
        found: dict[str, Any] = (await Axe().run(self.page, options={"resultTypes": ["violations"], **only})).response
        return [
            f"{one['id']} at {node['target'][0]}: {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"][:3]
        ]

    async def tab_on(self, times: int = 1) -> dict[str, Any]:
        """Press the tab key; what has the focus then, and how it shows."""
        for _ in range(times):
            await self.page.keyboard.press("Tab")
        found: dict[str, Any] = await self.page.evaluate(_FOCUS)
        return found

    def _hear(self, message: ConsoleMessage) -> None:
        # A page that says no, such as to a form with a mistake, is told by browsers as a resource that failed.
        says_no = message.text.startswith("Failed to load resource") and message.location["url"] == self.page.url
        if message.type in ("error", "warning") and not says_no:
            self.wrong.append(f"console: {message.text}")

    async def _close(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    def _look(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:")):
            self.wrong.append(f"request: {request.url}")

    def _keep(self, answer: Response) -> None:
        self._answers.append(answer)

    def _count(self, _page: Page) -> None:
        self.loads += 1


class Chromium:
    """One browser. Everybody who looks has a profile of their own."""

    async def __aenter__(self) -> Self:
        self._playwright = await async_playwright().start()
        self._browser = await self._playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._browser.close()
        await self._playwright.stop()

    @asynccontextmanager
    async def tab(
        self,
        origin: str,
        *,
        size: tuple[int, int] = DESK,
        dark: bool = False,
        scripts: bool = True,
        cookies: dict[str, str] | None = None,
    ) -> AsyncIterator[Tab]:
        """Somebody who looks. AssertionError at the end when a page did what none may do."""
        context = await self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            has_touch=size == PHONE,
            reduced_motion="reduce",
        )
        context.set_default_timeout(WITHIN)
        await context.add_cookies(
            [{"name": name, "value": value, "url": origin} for name, value in (cookies or {}).items()]
        )
        tab = Tab(await context.new_page(), origin)
        try:
            yield tab
        finally:
            await context.close()
        assert tab.wrong == [], "\n".join(tab.wrong)
