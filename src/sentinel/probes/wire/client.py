"""The probe transport under httpx2's client, for flows with cookies, redirects and logins.

    async with httpx2.AsyncClient(transport=ClientTransport(...), trust_env=False) as client: ...

Each request still has a connection of its own. What fails comes through the client as ExchangeFailed, with its class.
"""

from typing import Final

import httpx2

from sentinel.probes.wire.exchange import Exchange
from sentinel.probes.wire.request import InvalidRequest, PreparedRequest, prepare
from sentinel.probes.wire.tls import TlsContexts, TlsSetting
from sentinel.probes.wire.transport import BODY_CAP, Transport

#: The wire decides these itself; the client's own say what the wire cannot do (keep-alive, other encodings).
_OF_THE_REQUEST: Final = frozenset({"connection", "content-length", "transfer-encoding", "accept-encoding"})
#: They describe the body as it was sent, and the client gets it decompressed.
_OF_THE_ANSWER: Final = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class ClientTransport(httpx2.AsyncBaseTransport):
    """For one run of a flow: all its requests end by one deadline (the loop's time)."""

    def __init__(
        self,
        transport: Transport,
        contexts: TlsContexts,
        *,
        deadline: float,
        tls: TlsSetting | None = None,
        body_cap: int = BODY_CAP,
    ) -> None:
        self._transport = transport
        self._contexts = contexts
        self._deadline = deadline
        self._tls = tls
        self._body_cap = body_cap

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, with its Exchange in `extensions["exchange"]`; raises ExchangeFailed."""
        prepared = self._prepare(request, await request.aread())
        exchange = await self._transport.exchange(prepared, deadline=self._deadline, body_cap=self._body_cap)
        return _response(exchange)

    def _prepare(self, request: httpx2.Request, body: bytes) -> PreparedRequest:
        headers = [pair for pair in request.headers.multi_items() if pair[0].lower() not in _OF_THE_REQUEST]
        try:
            return prepare(
                request.method, str(request.url), headers=headers, body=body, tls=self._tls, contexts=self._contexts
            )
        except InvalidRequest as error:
            # Where the target sends us may be what cannot be requested.
            raise httpx2.LocalProtocolError(str(error), request=request) from None


def _response(exchange: Exchange) -> httpx2.Response:
    headers = [pair for pair in exchange.headers if pair[0].lower() not in _OF_THE_ANSWER]
    return httpx2.Response(exchange.status, headers=headers, content=exchange.body, extensions={"exchange": exchange})
