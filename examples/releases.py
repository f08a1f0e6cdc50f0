"""Which release of a service is in place: what a deployment changes, and what undoes it.

A release whose version ends like one of these is a bad one, to see what a monitor finds out about it:

    2.1.0-slow      every answer takes 60 % longer, and 60 ms at least
    2.1.0-errors    three of a hundred requests are answered 500
    2.1.0-broken    every request is answered 503
"""

import asyncio
import re
import time
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from examples.serving import read_json_object

PATH: Final = "/_release"  # of the switch itself, which always answers

SLOWER: Final = 0.6  # of the time that an answer takes
SLOWER_BY: Final = 0.06  # seconds, at least
ERRORS: Final = 0.03  # share of requests

_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")


class Releases:
    """The release in place and those before it. Nothing is kept over a restart of the service."""

    def __init__(self, version: str) -> None:
        self._versions = [version]
        self._owed = 0.0

    @property
    def version(self) -> str:
        return self._versions[-1]

    @property
    def before(self) -> str:
        """The release before; empty: there was none."""
        return self._versions[-2] if len(self._versions) > 1 else ""

    def put(self, version: str) -> None:
        """Put a release in place; ValueError when it is no version."""
        if not _VERSION.fullmatch(version):
            raise ValueError("a version is expected, such as 2.1.0")
        if version != self.version:
            self._versions.append(version)

    def go_back(self) -> None:
        """Put the release before in place again; ValueError when there was none."""
        if not self.before:
            raise ValueError(f"there was no release before {self.version}")
        self._versions.pop()

    def ends_with(self, fault: str) -> bool:
        return self.version.endswith(f"-{fault}")

    def is_due(self) -> bool:
        """Whether this request is one of the share that fails; evenly spread, not by chance."""
        self._owed += ERRORS
        if self._owed < 1.0:
            return False
        self._owed -= 1.0
        return True

    # --- The switch -------------------------------------------------------------------------------------------------

    def routes(self) -> list[Route]:
        """`GET /_release`; `POST /_release` with `{"version": "2.1.0"}`; `POST /_release/back`."""
        return [
            Route(PATH, self._show),
            Route(PATH, self._put, methods=["POST"]),
            Route(f"{PATH}/back", self._back, methods=["POST"]),
        ]

    async def _show(self, _request: Request) -> Response:
        return JSONResponse({"version": self.version, "before": self.before})

    async def _put(self, request: Request) -> Response:
        try:
            self.put(str((await read_json_object(request)).get("version", "")))
        except ValueError as error:
            raise HTTPException(422, str(error)) from None
        return await self._show(request)

    async def _back(self, request: Request) -> Response:
        try:
            self.go_back()
        except ValueError as error:
            raise HTTPException(409, str(error)) from None
        return await self._show(request)


class Released:
    """Middleware: what is wrong with the release in place."""

    def __init__(self, app: ASGIApp, releases: Releases) -> None:
        self._app = app
        self._releases = releases

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_"):
            await self._app(scope, receive, send)
        elif self._releases.ends_with("broken"):
            await _answer(503)(scope, receive, send)
        elif self._releases.ends_with("errors") and self._releases.is_due():
            await _answer(500)(scope, receive, send)
        elif self._releases.ends_with("slow"):
            await self._app(scope, receive, _late(send))
        else:
            await self._app(scope, receive, send)


def _answer(status: int) -> JSONResponse:
    return JSONResponse({"detail": "this release is a bad one"}, status_code=status)


def _late(send: Send) -> Send:
    began = time.monotonic()

    async def send_late(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(max(SLOWER_BY, SLOWER * (time.monotonic() - began)))
        await send(message)

    return send_late
