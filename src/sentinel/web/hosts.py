"""Which names a request over TCP may call this host by.

A page of a foreign site can make a browser resolve that site's own name to 127.0.0.1 and then read what answers there (DNS
rebinding). The name still stands in the Host header, so requests by any other name than ours are refused. An address as such
cannot be rebound.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class KnownHosts:
    """Lets requests through that call this host by an address or a known name."""

    def __init__(self, app: ASGIApp, names: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset(names) | {"localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) == 1 and self.knows(hosts[0]):
            await self._app(scope, receive, send)
        else:
            await PlainTextResponse("this host is not known by that name", 421)(scope, receive, send)

    def knows(self, host: str) -> bool:
        """Whether a Host header names us, port aside."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
