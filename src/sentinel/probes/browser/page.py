"""What happens while a page is loaded, from the browser's events. Texts that the page writes are counted and dropped."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.core.result import Reading

#: Answers an event at which the browser waits; given its parameters.
Asked = Callable[[Mapping[str, Any]], None]

#: Requests whose end is followed at the same time; of what a page asks for beyond that, no failure is counted.
_FOLLOWED: Final = 20_000


class Page:
    """Counts what is asked for, what comes, and what goes wrong."""

    def __init__(self, asked: Mapping[str, Asked]) -> None:
        self._asked = asked  # what has to be done about an event, by its method
        self._under_way: set[str] = set()
        self._addresses = 0
        self._loader = ""  # of the page itself, as the browser names it
        self.changed = asyncio.Event()  # loaded, or gone
        self.loaded = False
        self.crashed = False
        self.gone = False
        self.status: int | None = None  # of the page itself
        self.requests = 0
        self.failed = 0
        self.blocked = 0
        self.bytes = 0
        self.errors = 0

    @property
    def under_way(self) -> int:
        """Requests that have not ended."""
        return len(self._under_way)

    def take(self, method: str, parameters: Mapping[str, Any]) -> None:
        """One event. What is not looked at is dropped."""
        match method:
            case "Network.requestWillBeSent":
                self._begun(parameters)
            case "Network.responseReceived":
                self._answered(parameters)
            case "Network.loadingFinished":
                self.bytes += _number(parameters.get("encodedDataLength"))
                self._under_way.discard(str(parameters.get("requestId")))
            case "Network.loadingFailed":
                self._failed(parameters)
            case "Runtime.exceptionThrown":
                self.errors += 1
            case "Runtime.consoleAPICalled":
                self.errors += parameters.get("type") in {"error", "assert"}
            case "Page.loadEventFired":
                self.loaded = True
                self.changed.set()
            case "Inspector.targetCrashed" | "Target.targetCrashed":
                self.crashed = True
                self.changed.set()
            case "Sentinel.browserGone":
                self.gone = True
                self.changed.set()
            case _ if method in self._asked:
                self._asked[method](parameters)

    def began(self, loader: str) -> None:
        """The page's own request, by the name that `Page.navigate` gave it."""
        self._loader = loader

    def readings(self) -> list[Reading]:
        return [
            Reading("requests", self.requests, Unit.COUNT),
            Reading("failed_requests", self.failed, Unit.COUNT),
            Reading("blocked_requests", self.blocked, Unit.COUNT),
            Reading("bytes", self.bytes, Unit.BYTES),
            Reading("console_errors", self.errors, Unit.COUNT),
        ]

    def _begun(self, parameters: Mapping[str, Any]) -> None:
        url = str(parameters.get("request", {}).get("url", ""))
        if url.startswith("data:") or url.endswith("/favicon.ico"):  # the latter is the browser's own wish
            return
        self.requests += "redirectResponse" not in parameters
        if len(self._under_way) < _FOLLOWED:
            self._under_way.add(str(parameters.get("requestId")))

    def _answered(self, parameters: Mapping[str, Any]) -> None:
        status = parameters.get("response", {}).get("status")
        # The page's own request has the name of its loader; a frame's has another.
        if parameters.get("type") == "Document" and parameters.get("requestId") == parameters.get("loaderId"):
            if self.status is None or parameters.get("loaderId") == self._loader:
                self.status = status if isinstance(status, int) else None
        elif isinstance(status, int) and status >= 400 and str(parameters.get("requestId")) in self._under_way:
            self.failed += 1

    def _failed(self, parameters: Mapping[str, Any]) -> None:
        request = str(parameters.get("requestId"))
        if request not in self._under_way:
            return
        self._under_way.remove(request)
        if parameters.get("blockedReason") == "inspector" or "BLOCKED_BY_CLIENT" in str(parameters.get("errorText")):
            self.blocked += 1
        elif not parameters.get("canceled"):
            self.failed += 1


def _number(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and value > 0 else 0
