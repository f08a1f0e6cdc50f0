"""What a browser and a reader of the API see: the page, the list of endpoints, and the headers of every answer."""

import asyncio
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from examples.faults import Switchboard
from examples.healthcare.faults import Fault

ORIGIN = b"https://portal.example.org"  # the only one whose pages may read answers
SECURITY_HEADERS = (
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)
PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Healthcare portal</title><link rel="icon" href="data:,"></head>
<body><main id="portal"></main><script src="/portal.js"></script></body>
</html>
"""
SCRIPT = """\
document.getElementById("portal").innerHTML =
  "<h1>Healthcare portal</h1><form id='login'><input name='user'><input type='password'><button>Sign in</button></form>";
"""
BROKEN_SCRIPT = 'document.getElementById("gone").innerHTML = "";'
FORGOTTEN = {"/api/v1/exports/patients": {"get": {"responses": {"200": {"description": "all patients"}}}}}


class Portal:
    """The page and its script, and the OpenAPI document."""

    def __init__(self, faults: Switchboard) -> None:
        self._faults = faults
        self._paths: dict[str, dict[str, object]] = {}

    def routes(self) -> list[Route]:
        return [Route("/", self.page), Route("/portal.js", self.script), Route("/openapi.json", self.openapi)]

    def describe(self, routes: Iterable[Route]) -> None:
        """Take these endpoints into the document."""
        for route in routes:
            methods = self._paths.setdefault(route.path.replace(":int}", "}"), {})
            for method in sorted((route.methods or set()) - {"HEAD"}):
                methods[method.lower()] = {"responses": {"200": {"description": "as the README says"}}}

    async def page(self, _request: Request) -> Response:
        return Response(PAGE, media_type="text/html")

    async def script(self, _request: Request) -> Response:
        await asyncio.sleep(self._faults.value(Fault.PAGE_SLOW))
        broken = self._faults.is_on(Fault.PAGE_BROKEN)
        return Response(BROKEN_SCRIPT if broken else SCRIPT, media_type="text/javascript")

    async def openapi(self, _request: Request) -> Response:
        paths = self._paths | (FORGOTTEN if self._faults.is_on(Fault.ENDPOINT_FORGOTTEN) else {})
        return JSONResponse({"openapi": "3.1.0", "info": {"title": "Healthcare", "version": "1.4.2"}, "paths": paths})


class Headers:
    """Middleware: security headers, and CORS for the pages of one origin."""

    def __init__(self, app: ASGIApp, board: Switchboard) -> None:
        self._app = app
        self._board = board

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = dict(scope["headers"]).get(b"origin", b"")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._headers(origin)]
            await send(message)

        await self._app(scope, receive, with_headers)

    def _headers(self, origin: bytes) -> list[tuple[bytes, bytes]]:
        headers = [] if self._board.is_on(Fault.HEADERS_GONE) else list(SECURITY_HEADERS)
        if origin and (origin == ORIGIN or self._board.is_on(Fault.CORS_OPEN)):
            headers += [(b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true")]
        return headers
