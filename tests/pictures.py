"""`python -m tests.pictures`: takes the pictures of the documentation, in a real Chromium, of a hospital that nobody runs."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typst

from sentinel.app.deploying import reporting
from sentinel.base.redact import Secret
from sentinel.core.access import Role, Via
from sentinel.core.plan import StorePlan
from sentinel.reports.forms.laying import lay_out
from sentinel.reports.forms.pdf import sheet
from sentinel.store.database import Store
from sentinel.web.public.listener import PublicListener
from sentinel.web.server import WebServer
from sentinel.web.sign_in.guard import PLAIN_COOKIE
from tests.kit import hospital_releases as releases
from tests.kit.browser import Chromium, Tab
from tests.kit.clock import FakeClock
from tests.kit.hospital import PORTAL, daily_report, hospital, status_page
from tests.kit.release_past import release, watched
from tests.kit.released import UNDONE
from tests.kit.scene import NOW

if TYPE_CHECKING:
    from sentinel.reports.report import ReportDocument

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"

#: Bytes of one picture at most: a page of documentation is read over slow lines, too.
LARGEST = 150_000

SCREEN, NARROW = (1200, 900), (390, 800)

#: Each picture: its name, the page, the size of the screen, and whether it is dark.
PAGES = (
    ("overview", "/", SCREEN, False),
    ("overview-dark", "/", SCREEN, True),
    ("check", "/checks/lab-results", SCREEN, False),
    ("incident", f"/incidents/{PORTAL}", SCREEN, False),
    ("deployment", f"/deployments/{releases.LABORATORY}", SCREEN, False),
    ("deployment-failed", f"/deployments/{releases.PORTAL}", SCREEN, False),
    ("phone", "/", NARROW, False),
)


async def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with Chromium() as chromium:
            await _dashboard(chromium, Path(folder))
            await _status_page(chromium)
        await _deployment(Path(folder))
    _report()
    large = [
        f"{file.name}: {file.stat().st_size:,} bytes" for file in FOLDER.glob("*.png") if file.stat().st_size > LARGEST
    ]
    if large:
        sys.exit(f"too large: {', '.join(large)}")


async def _dashboard(chromium: Chromium, folder: Path) -> None:
    monitor = hospital(folder)
    server = WebServer(monitor, monitor.plan, FakeClock(NOW))
    await server.start()
    shown = await monitor.sessions.open("robin", Role.OPERATOR, Via.PASSWORD, "")
    for name, path, size, dark in PAGES:
        origin = f"http://127.0.0.1:{server.port}"
        async with chromium.tab(origin, size=size, dark=dark, cookies={PLAIN_COOKIE: shown}) as tab:
            await tab.go(path)
            await _take(tab, name)
    await server.stop()


async def _status_page(chromium: Chromium) -> None:
    page = status_page()
    assert page.plan is not None
    listener = PublicListener(page, page.plan, FakeClock(NOW))
    await listener.start()
    async with chromium.tab(f"http://127.0.0.1:{listener.port}", size=(900, 1000)) as tab:
        await tab.go("/")
        await _take(tab, "status-page")
    await listener.stop()


async def _deployment(folder: Path) -> None:
    """The document of a deployment that was rolled back."""
    clock = FakeClock(NOW)
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{folder}/pictures.db")), clock)
    await release(store, UNDONE)
    document = await reporting.document(store, watched(folder), UNDONE, NOW)
    await store.close()
    _paper("deployment-document", document)


def _report() -> None:
    _paper("report", daily_report())


def _paper(name: str, document: ReportDocument) -> None:
    """The first page of a report as a PDF has it."""
    template = Path(__file__).parents[1] / "src/sentinel/reports/templates/report.typ"
    given = json.dumps(sheet(lay_out(document), NOW))
    pages: Any = typst.compile(template.read_bytes(), format="png", ppi=72, sys_inputs={"report": given})
    (FOLDER / f"{name}.png").write_bytes(pages[0] if isinstance(pages, list) else pages)


async def _take(tab: Tab, name: str) -> None:
    await tab.page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")


if __name__ == "__main__":
    asyncio.run(main())
