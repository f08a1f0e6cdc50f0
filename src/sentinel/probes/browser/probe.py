"""The probe: one page, in one browser, from its start to what is seen on it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import orjson

from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Reading
from sentinel.probes.base import ProbeTools
from sentinel.probes.browser.chromium import chromium, why_it_ended
from sentinel.probes.browser.devtools import BrowserGone, DevTools, Refused
from sentinel.probes.browser.errors import finding_of
from sentinel.probes.browser.options import BrowserOptions
from sentinel.probes.browser.page import Page
from sentinel.probes.expect.statuses import all_of
from sentinel.probes.finding import Finding, measurement

AT_ONCE: Final = 2  # browsers, for all checks: each takes some 300 MB and a processor
_RESERVE: Final = 0.3  # seconds before the deadline in which the browser is ended
_TRIES: Final = 3  # times that a page is asked something
_PAINT: Final = 1.0  # seconds after loading that are waited for something to be drawn

_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

TIMES: Final = {
    "response_time": "response",
    "first_contentful_paint": "paint",
    "dom_content_loaded": "dom",
    "load_time": "load",
}

#: Milliseconds since the navigation began (Navigation Timing, Paint Timing), once they are all there or time is up.
_TIMING: Final = """
new Promise(resolve => {
  const until = Date.now() + %d;
  const look = () => {
    const [page] = performance.getEntriesByType("navigation");
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    if (page && page.loadEventEnd && paint || Date.now() > until)
      resolve({response: page && page.responseStart, dom: page && page.domContentLoadedEventEnd,
               load: page && page.loadEventEnd, paint: paint && paint.startTime});
    else setTimeout(look, 20);
  };
  look();
})
"""
#: How many milliseconds it took until everything is seen, or which of them are not when time is up.
_SEEN: Final = """
new Promise((resolve, reject) => {
  const until = Date.now() + %d, texts = %s, selectors = %s;
  const look = () => {
    try {
      const words = document.body ? document.body.innerText : "";
      const missing = [texts.map(text => !words.includes(text)),
                       selectors.map(selector => !document.querySelector(selector))];
      if (!missing.flat().includes(true)) resolve({at: performance.now()});
      else if (Date.now() > until) resolve({missing: missing});
      else setTimeout(look, 50);
    } catch (error) { reject(error); }
  };
  look();
})
"""


class BrowserProbe:
    """Starts a browser for every run, so that a run sees what somebody sees who comes for the first time."""

    def __init__(self, options: BrowserOptions, tools: ProbeTools) -> None:
        self._options = options
        self._tools = tools
        self._statuses = all_of(options.status)
        self.host = urlsplit(options.url).hostname or ""

    async def measure(self, deadline: float) -> Measurement:
        limit = deadline - _RESERVE
        readings: list[Reading] = []
        try:
            async with _turn(limit), chromium(self._options, self._tools.threads) as process:
                assert process.stdout is not None
                assert process.stdin is not None
                run = _Run(self._options, self._statuses, process.stdout, process.stdin, limit)
                try:
                    await run.load(readings)
                except BrowserGone:
                    raise await why_it_ended(process, self._options.program) from None
                except Refused:
                    raise Finding(FailureClass.NOT_INSTALLED, "this Chromium does not know a command", _OLD) from None
        except Finding as finding:
            return measurement([finding], readings, hints=_HINTS)
        return measurement([], readings, hints=_HINTS)

    async def close(self) -> None:
        """There is nothing to give back: every run has a browser of its own."""


@asynccontextmanager
async def _turn(limit: float) -> AsyncIterator[None]:
    """One of the browsers that may run at the same time. Raises Finding when none is free until `limit`."""
    turns = _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
    try:
        async with asyncio.timeout_at(limit):
            await turns.acquire()
    except TimeoutError:
        explanation = f"{AT_ONCE} other pages were being loaded all the time"
        raise Finding(
            FailureClass.OVERLOADED, explanation, "Raise `interval` or `timeout` of the browser checks."
        ) from None
    try:
        yield
    finally:
        turns.release()


class _Run:
    """One page in one browser."""

    def __init__(
        self,
        options: BrowserOptions,
        statuses: frozenset[int],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limit: float,
    ) -> None:
        self._options = options
        self._statuses = statuses
        self._limit = limit
        self._page = Page({"Fetch.requestPaused": self._decide, "Page.javascriptDialogOpening": self._go_on})
        self._tools = DevTools(reader, writer, self._page.take)
        self._session = ""
        self._frame = ""

    async def load(self, readings: list[Reading]) -> None:
        """Start, load, look. Raises Finding for the first thing that is not as it must be; `readings` has what was measured."""
        async with self._tools.listening():
            try:
                await self._within(self._prepare(), _not_started)
                await self._within(self._navigate(), self._too_slow)
                await self._within(self._measure(readings), self._too_slow)
                await self._look(readings)
            finally:
                readings += self._page.readings()

    async def _within(self, work: Awaitable[None], late: Callable[[], Finding]) -> None:
        try:
            async with asyncio.timeout_at(self._limit):
                await work
        except TimeoutError:
            raise late() from None

    async def _call(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        return await self._tools.call(method, self._session, **parameters)

    async def _prepare(self) -> None:
        target = (await self._call("Target.createTarget", url="about:blank"))["targetId"]
        self._session = (await self._call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        self._frame = target
        await self._call("Browser.setDownloadBehavior", behavior="deny")
        for domain in ("Page", "Runtime", "Inspector"):
            await self._call(f"{domain}.enable")
        await self._call("Network.enable", maxTotalBufferSize=1 << 20, maxResourceBufferSize=1 << 18)
        if self._options.only_hosts is not None:
            await self._call("Fetch.enable")
        for name, value in self._options.cookies.items():
            await self._call("Network.setCookie", url=self._options.url, name=name, value=value.reveal())

    def _decide(self, parameters: Mapping[str, Any]) -> None:
        """Let a request go, or not."""
        host = urlsplit(str(parameters.get("request", {}).get("url", ""))).hostname or ""
        request = parameters.get("requestId")
        own = urlsplit(self._options.url).hostname or ""
        if _is_among(host, (own, *(self._options.only_hosts or ()))):
            self._tools.tell("Fetch.continueRequest", self._session, requestId=request)
        else:
            self._tools.tell("Fetch.failRequest", self._session, requestId=request, errorReason="BlockedByClient")

    def _go_on(self, _parameters: Mapping[str, Any]) -> None:
        """Agree to what a page says or asks in a dialogue, as nothing else happens before that."""
        self._tools.tell("Page.handleJavaScriptDialog", self._session, accept=True)

    async def _navigate(self) -> None:
        answer = await self._call("Page.navigate", url=self._options.url)
        self._page.began(str(answer.get("loaderId", "")))
        if error := answer.get("errorText"):
            raise finding_of(str(error))
        while not self._page.loaded:
            await self._page.changed.wait()
            self._page.changed.clear()
            if self._page.crashed:
                raise Finding(FailureClass.UNHEALTHY, "the page crashed the browser's tab", _CRASHED)
            if self._page.gone:
                raise BrowserGone

    async def _measure(self, readings: list[Reading]) -> None:
        paint = min(_PAINT, max(self._left() / 2, 0.0))
        times = await self._evaluate(_TIMING % int(paint * 1000))
        for name, key in TIMES.items():
            value = times.get(key)
            if isinstance(value, int | float) and value > 0:
                readings.append(Reading(name, value / 1000, Unit.SECONDS))
        status = self._page.status
        if status is not None and status not in self._statuses:
            explanation = f"status {status}, expected {', '.join(self._options.status)}"
            raise Finding(
                FailureClass.WRONG_STATUS, explanation, "Open the page by hand, and look at the service's log."
            )

    async def _look(self, readings: list[Reading]) -> None:
        """Wait for what must be on the page."""
        texts, selectors = self._options.text, self._options.selector
        if not texts and not selectors:
            return
        wait = min(self._options.wait.total_seconds(), max(self._left() - 0.2, 0.0))
        expression = _SEEN % (int(wait * 1000), _literal(texts), _literal(selectors))
        found: Mapping[str, Any] = {}
        try:
            async with asyncio.timeout_at(self._limit):
                found = await self._evaluate(expression)
        except TimeoutError:  # the page is too busy to be looked at
            raise self._too_slow() from None
        if isinstance(at := found.get("at"), int | float):
            readings.append(Reading("shown_time", at / 1000, Unit.SECONDS))
            return
        missing = _missing(found.get("missing"), texts, selectors)
        raise Finding(FailureClass.WRONG_BODY, f"{missing} is not on the page {wait:.2g} s after loading", _ABSENT)

    async def _evaluate(self, expression: str) -> Mapping[str, Any]:
        """What the page answers, asked from a world of our own, which its scripts cannot change."""
        for _ in range(_TRIES):
            try:
                answer = await self._evaluate_once(expression)
            except Refused:  # it has just moved on to another page
                continue
            if "exceptionDetails" in answer:
                raise Finding(FailureClass.MISCONFIGURED, "one of `selector` is no CSS selector", _SELECTOR)
            value = answer.get("result", {}).get("value")
            return value if isinstance(value, dict) else {}
        raise Finding(FailureClass.WRONG_BODY, "the page keeps moving on to others", _ABSENT)

    async def _evaluate_once(self, expression: str) -> Mapping[str, Any]:
        world = await self._call("Page.createIsolatedWorld", frameId=self._frame)
        return await self._call(
            "Runtime.evaluate",
            expression=expression,
            contextId=world["executionContextId"],
            awaitPromise=True,
            returnByValue=True,
        )

    def _left(self) -> float:
        return self._limit - asyncio.get_running_loop().time()

    def _too_slow(self) -> Finding:
        if self._page.status is None:
            return Finding(FailureClass.READ_TIMEOUT, "there was no answer in time")
        explanation = (
            f"the page was not loaded in time; {self._page.under_way} of {self._page.requests} requests are under way"
        )
        return Finding(FailureClass.READ_TIMEOUT, explanation, _SLOW)


def _is_among(host: str, hosts: Sequence[str]) -> bool:
    return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in hosts)


def _literal(texts: Sequence[str]) -> str:
    """As JavaScript has it."""
    return orjson.dumps(list(texts)).decode()


def _missing(found: Any, texts: Sequence[str], selectors: Sequence[str]) -> str:
    """What the check expects and the page lacks: the first of it."""
    match found:
        case [list(of_texts), list(of_selectors)]:
            absent = [f"text {text!r}" for text, is_missing in zip(texts, of_texts, strict=False) if is_missing]
            absent += [
                f"selector {one!r}" for one, is_missing in zip(selectors, of_selectors, strict=False) if is_missing
            ]
            return absent[0] if absent else "what is expected"
    return "what is expected"


def _not_started() -> Finding:
    return Finding(FailureClass.OVERLOADED, "Chromium did not start in time", _START)


_START: Final = (
    "It takes a second on a host that has nothing else to do: look at the host's load, and raise the check's `timeout`."
)
_SELECTOR: Final = "Try them in a browser's console, with document.querySelector('…')."
_OLD: Final = "Install a newer one: Sentinel knows how to talk to those of 2022 and later."
_LOOK: Final = "Open the page with a browser's developer tools, and look at the tab "
_HINTS: Final = {
    **dict.fromkeys(TIMES, f"{_LOOK}Network: what takes longest, and what waits for what?"),
    "shown_time": f"{_LOOK}Performance: what does the page do before it draws itself?",
    "failed_requests": f"{_LOOK}Network: those in red have failed.",
    "console_errors": f"{_LOOK}Console.",
}
_SLOW: Final = f"{_LOOK}Network: which requests hang?"
_CRASHED: Final = "Open the page by hand: it may take more memory than a tab may have (256 MB for its scripts)."
_ABSENT: Final = "Open the page by hand: look for an error on it, in the console, and in the requests that have failed."
