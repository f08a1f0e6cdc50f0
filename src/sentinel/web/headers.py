"""The headers that every answer has, unless it says otherwise itself."""

from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Of what is no page: nothing may be loaded, framed, guessed or kept.
STRICT: Sequence[tuple[bytes, bytes]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Headed:
    """Adds headers to answers that do not have them. Two policies at once would both hold, so an own one stands alone."""

    def __init__(self, app: ASGIApp, headers: Sequence[tuple[bytes, bytes]] = STRICT) -> None:
        self._app = app
        self._headers = tuple(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in self._headers if one[0] not in given)]
            await send(message)

        await self._app(scope, receive, headed)
