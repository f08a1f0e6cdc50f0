"""Who watches Sentinel from outside: told that it lives, by one bounded GET to a URL that raises the alarm when no more come.

Each has a connection of its own. Redirects are not followed and the body of the answer is not read; the URL, which is a secret,
stands in no text.
"""

import asyncio
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from sentinel import __version__
from sentinel.base.redact import Secret

if TYPE_CHECKING:
    import httpx2

_GOOD: Final = range(200, 300)


class HttpWatcher:
    """Asks for one URL."""

    def __init__(self, url: Secret, timeout: timedelta) -> None:
        import httpx2  # noqa: PLC0415  heavy, and only needed where a heartbeat is configured

        self._httpx = httpx2
        self._url = url
        self._timeout = timeout.total_seconds()
        plain = url.reveal().startswith("http://")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if plain else ssl.create_default_context()

    async def tell(self) -> str:
        """Try once; answers why it did not arrive, or nothing."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._ask()
        except TimeoutError:
            return f"no answer within {self._timeout:g} s"
        except (self._httpx.TransportError, OSError) as error:
            return f"it could not be delivered ({type(error).__name__})"

    async def _ask(self) -> str:
        headers = {"User-Agent": f"Sentinel/{__version__}", "Connection": "close"}
        request = self._httpx.Request("GET", self._url.reveal(), headers=headers)
        async with self._transport() as transport:
            response = await transport.handle_async_request(request)
            await response.aclose()
        return "" if response.status_code in _GOOD else f"the receiver answered {response.status_code}"

    def _transport(self) -> "httpx2.AsyncHTTPTransport":
        return self._httpx.AsyncHTTPTransport(verify=self._context, trust_env=False)
