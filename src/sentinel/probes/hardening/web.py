"""What the `hardening` probe asks a service: as its user, as another web page, as a stranger."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from sentinel.core.result import FailureClass
from sentinel.probes.calls.caller import Caller
from sentinel.probes.expect.statuses import all_of
from sentinel.probes.finding import Finding
from sentinel.probes.hardening import answers
from sentinel.probes.hardening.options import Group, HardeningOptions, RateLimitOptions
from sentinel.probes.hardening.remarks import Remark, remark
from sentinel.probes.wire import Exchange

_PLAIN_WAIT: Final = 3.0  # seconds at most for plain HTTP to answer: a firewall that drops it never does
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

#: Failures of our own host, which say nothing about the service.
_OURS: Final = frozenset({FailureClass.NETWORK_DOWN, FailureClass.OVERLOADED, FailureClass.INTERNAL_ERROR})

#: A server may hang up on a request that it does not want.
_HUNG_UP: Final = frozenset({FailureClass.RESET, FailureClass.INCOMPLETE, FailureClass.PROTOCOL_ERROR})

#: Words that only pages for developers have.
_DEBUG_MARKS: Final = {
    b"Traceback (most recent call last)": "a Python traceback",
    b"Werkzeug Debugger": "the Werkzeug debugger",
    b"DEBUG = True": "Django's debug page",
    b"Whoops, looks like something went wrong": "a Laravel or Symfony debug page",
    b"symfony/symfony": "Symfony's debug page",
    b"org.springframework": "a Java stack trace",
    b"node_modules/": "a Node.js stack trace",
    b"Action Controller: Exception caught": "the debug page of Rails",
}


class Web:
    """One service, asked by one probe."""

    def __init__(self, options: HardeningOptions, caller: Caller) -> None:
        self._options = options
        self._caller = caller
        steps: list[tuple[Group, Callable[[float], Awaitable[list[Remark]]]]] = [
            ("https", self._plain),
            ("cors", self._foreign_origin),
            ("methods", self._trace),
            ("debug", self._for_developers),
            ("rate_limit", self._rate_limit),
        ]
        self._steps = [(group, step) for group, step in steps if options.asks_for(group)]

    @property
    def groups(self) -> list[Group]:
        """What is looked at."""
        wanted: list[Group] = ["https", "headers", "cors", "cookies", "banners", "methods", "debug"]
        if self._options.rate_limit is not None:
            wanted.append("rate_limit")
        return [group for group in wanted if self._options.asks_for(group)]

    async def look(self, deadline: float) -> list[Remark]:
        """Everything that is wrong. Raises Finding when the address itself gives no answer."""
        remarks: list[Remark] = []
        for path in ("", *self._options.paths):
            try:
                exchange = await self._page(path, deadline)
            except Finding as finding:
                if not path:
                    raise
                remarks.append(Remark(group="headers", finding=finding))
            else:
                remarks += self._of_page(exchange, _shown(path), first=not path)
        for group, step in self._steps:
            try:
                remarks += await step(deadline)
            except Finding as finding:
                remarks.append(Remark(group=group, finding=finding))
        return remarks

    async def _page(self, path: str, deadline: float) -> Exchange:
        exchange = await self._caller.call(_shown(path), self._options.request(path), deadline)
        if exchange.status >= 500:
            # A proxy has other headers on its own page of errors than on those of the service behind it.
            raise Finding(FailureClass.WRONG_STATUS, f"{_shown(path)}: status {exchange.status}", _DOWN_HINT)
        return exchange

    def _of_page(self, exchange: Exchange, where: str, *, first: bool) -> Iterator[Remark]:
        options = self._options
        https = (options.url or "").lower().startswith("https:")
        if options.asks_for("headers"):
            yield from answers.of_headers(exchange, where, options)
        if options.asks_for("cookies"):
            yield from answers.of_cookies(exchange, where, options)
        if options.asks_for("banners"):
            yield from answers.of_banners(exchange, where)
        if options.asks_for("https") and first:
            if not https:
                yield remark(
                    "https", "the address is one of plain HTTP", "Serve it over https, and give that address here."
                )
            elif options.wants_hsts:
                yield from answers.of_hsts(exchange, options.hsts)

    async def _plain(self, deadline: float) -> list[Remark]:
        """Plain HTTP is refused, or leads to https."""
        if not (self._options.url or "").lower().startswith("https:"):
            return []
        now = asyncio.get_running_loop().time()
        limit = min(now + _PLAIN_WAIT, now + (deadline - now) / 2)
        try:
            exchange = await self._caller.call("plain HTTP", self._options.plain_request(), limit)
        except Finding as finding:
            if finding.failure in _OURS:
                raise
            return []
        target = (exchange.header("location") or "").strip().lower()
        if 400 <= exchange.status < 500 or (exchange.status in _REDIRECTS and target.startswith("https://")):
            return []
        what = f"plain HTTP is answered with status {exchange.status} and leads to no https address"
        return [remark("https", what, "Close that port, or redirect everything to https with status 301 or 308.")]

    async def _foreign_origin(self, deadline: float) -> list[Remark]:
        header = ("Origin", self._options.origin)
        exchange = await self._caller.call("foreign origin", self._options.request(), deadline, headers=(header,))
        return list(answers.of_origin(exchange, self._options.origin))

    async def _trace(self, deadline: float) -> list[Remark]:
        request = self._options.request(method="TRACE", as_stranger=True)
        try:
            status = (await self._caller.call("TRACE", request, deadline)).status
        except Finding as finding:
            if finding.failure in _HUNG_UP:
                return []
            raise
        if status // 100 != 2:
            return []
        return [
            remark("methods", "the method TRACE is answered", "Apache: `TraceEnable off`; elsewhere refuse the method.")
        ]

    async def _for_developers(self, deadline: float) -> list[Remark]:
        """The page of a path that does not exist, and paths that must not be there for a stranger."""
        found: list[Remark] = []
        missing = None
        if self._options.error_path is not None:
            missing = await self._as_stranger("error page", self._options.error_path, deadline)
            if shown := next((name for mark, name in _DEBUG_MARKS.items() if mark in missing.body), ""):
                what = f"the error page shows {shown}"
                found.append(remark("debug", what, "Switch the debug mode of the application off."))
        for path in self._options.debug_paths:
            exchange = await self._as_stranger(_shown(path), path, deadline)
            # Many an application in the browser answers every path with the same page: then there is nothing behind this one.
            same = missing is not None and (missing.status, missing.body) == (exchange.status, exchange.body)
            if exchange.status // 100 in {2, 5} and not same:
                what = f"{_shown(path)} answers a stranger with status {exchange.status}"
                found.append(remark("debug", what, "Switch it off in production, or have the proxy answer 404."))
        return found

    async def _as_stranger(self, step: str, path: str, deadline: float) -> Exchange:
        return await self._caller.call(step, self._options.request(path, as_stranger=True), deadline)

    async def _rate_limit(self, deadline: float) -> list[Remark]:
        limit = self._options.rate_limit
        if limit is None:
            return []
        loop = asyncio.get_running_loop()
        end = min(deadline, loop.time() + limit.within.total_seconds())
        request = self._options.request(limit.path, method=limit.method)
        refused = all_of(limit.status)
        for number in range(limit.requests + 1):
            if loop.time() >= end:
                raise _too_slow(number, limit)
            if (await self._caller.call("rate limit", request, deadline)).status in refused:
                return []
        what = f"{limit.requests + 1} requests were answered, and {limit.requests} are the limit"
        return [remark("rate_limit", what, "Is the limit switched on, and does it count by the address that it sees?")]


_DOWN_HINT: Final = (
    "While the service fails, nothing can be said of how it was set up: see its log, and the checks that watch it."
)


def _shown(path: str) -> str:
    """A path in an explanation: without its query, which may hold what is nobody's business."""
    return path.partition("?")[0] or "the address"


def _too_slow(number: int, limit: RateLimitOptions) -> Finding:
    explanation = f"rate_limit: only {number} of {limit.requests + 1} requests could be made in time"
    return Finding(
        FailureClass.READ_TIMEOUT, explanation, "Raise the check's `timeout`, or choose a path that answers faster."
    )
