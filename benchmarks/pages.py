"""The dashboard as a browser gets it: when the first page of 1,000 checks is painted, and how much comes over the wire.

A real daemon watches 1,000 checks every 10 s while Chromium, on the same two cores, opens its first page again and again:
with nothing kept from before, as somebody's first visit is, and with style and script in its cache.
"""

import json
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import which
from statistics import median
from typing import Any, NamedTuple

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from benchmarks.children import Server
from benchmarks.cost import SCRATCH
from benchmarks.daemon import Daemon
from benchmarks.figures import Figure
from benchmarks.workload import plain, write

CHECKS = 1_000
ROUNDS = 10  # of each way to open the page

#: Milliseconds from the click to the first paint, and bytes of page, style and script, unpacked.
PAINT, WEIGHT = 200.0, 150_000.0

PATHS = {"overview": "/", "a check": "/checks/c00001", "incidents": "/incidents", "quiet": "/quiet"}

_TIMES = """async () => {
  const paint = await new Promise((done) => new PerformanceObserver((list) => {
    const first = list.getEntriesByName('first-contentful-paint')[0];
    if (first) done(first.startTime);
  }).observe({type: 'paint', buffered: true}));
  const page = performance.getEntriesByType('navigation')[0];
  const all = [page, ...performance.getEntriesByType('resource').filter((one) => ['link', 'script'].includes(one.initiatorType))];
  const sum = (what) => all.reduce((total, one) => total + one[what], 0);
  return [paint, page.responseEnd, sum('decodedBodySize'), sum('encodedBodySize')];
}"""


class Opened(NamedTuple):
    """One page, opened once."""

    paint: float  # milliseconds until something of it was seen
    answer: float  # milliseconds until the last byte of the document
    weight: float  # bytes of page, style and script
    packed: float  # the same as they came over the wire


def measure(python: str) -> Iterator[Figure]:
    """Open the pages of a daemon that has work to do."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=SCRATCH)))
        origin = _dashboard(stack, folder, python)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
        stack.callback(browser.close)
        _open(browser, origin + "/")  # the first page of all also warms the browser up
        for name, path in PATHS.items():
            yield from _figures(name, [_open(browser, origin + path) for _ in range(ROUNDS)])
        yield _again(browser, origin + "/")


def _dashboard(stack: ExitStack, folder: Path, python: str) -> str:
    """Where the pages of a daemon are that has checked everything once."""
    target, sink = stack.enter_context(Server(folder)), stack.enter_context(Server(folder))
    watches = plain(target, CHECKS)
    file = write(folder, watches, sink)
    port = _free_port()
    file.write_text(json.dumps({**json.loads(file.read_text()), "web": {"port": port, "dashboard": True}}))
    daemon = stack.enter_context(Daemon(file, python))
    daemon.wait_until_all_checked(target, CHECKS)
    return f"http://127.0.0.1:{port}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _visit(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        yield context
    finally:
        context.close()


def _open(browser: Browser, address: str) -> Opened:
    with _visit(browser) as context:
        return _look(context, address)


def _look(context: BrowserContext, address: str) -> Opened:
    page = context.new_page()
    page.goto(address, wait_until="load")
    found: Any = page.evaluate(_TIMES)
    page.close()
    return Opened(*found)


def _again(browser: Browser, address: str) -> Figure:
    """The overview, when its style and script are known."""
    with _visit(browser) as context:
        _look(context, address)
        paints = [_look(context, address).paint for _ in range(ROUNDS)]
    return Figure(name="overview again: first paint, median", value=median(paints), unit="ms", bound=PAINT)


def _figures(name: str, opened: list[Opened]) -> Iterator[Figure]:
    paints = sorted(one.paint for one in opened)
    yield Figure(name=f"{name}: first paint, median", value=median(paints), unit="ms", bound=PAINT)
    yield Figure(name=f"{name}: first paint, most", value=paints[-1], unit="ms")
    yield Figure(name=f"{name}: last byte of the page, median", value=median(one.answer for one in opened), unit="ms")
    yield Figure(
        name=f"{name}: page, style and script",
        value=opened[-1].weight / 1000,
        unit="KB",
        bound=WEIGHT / 1000,
        note=f"{opened[-1].packed / 1000:.0f} KB as sent",
    )
