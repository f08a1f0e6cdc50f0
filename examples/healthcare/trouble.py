"""The faults that strike a whole request, before any endpoint sees it."""

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from examples.healthcare.faults import Fault, Switchboard

EXEMPT = "/_faults"


class Trouble:
    """Middleware: down, slow and errors. The switches themselves always answer."""

    def __init__(self, app: ASGIApp, faults: Switchboard) -> None:
        self.app = app
        self.faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http" and not scope["path"].startswith(EXEMPT):
            await asyncio.sleep(self.faults.value(Fault.SLOW))
            app = self._answer() or app
        await app(scope, receive, send)

    def _answer(self) -> JSONResponse | None:
        if self.faults.is_on(Fault.DOWN):
            return JSONResponse({"detail": "the service is down"}, status_code=503)
        if self.faults.error_is_due():
            return JSONResponse({"detail": "something went wrong"}, status_code=500)
        return None
