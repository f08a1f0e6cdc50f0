"""The HTTP endpoints of the service."""

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from examples.auraconnect.effects import Effects
from examples.auraconnect.faults import GENERAL, Fault
from examples.auraconnect.settings import LIMITS
from examples.faults import Switchboard, Switches, Trouble
from examples.releases import Released, Releases

MINUTE = 60.0  # seconds
LOG_EVERY = 1.0  # seconds

SECURITY_HEADERS = [
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"referrer-policy", b"no-referrer"),
]


class Api:
    """The endpoints, in the order of `application`."""

    def __init__(self, effects: Effects, board: Switchboard) -> None:
        self._effects = effects
        self._board = board
        self._asked: dict[str, deque[float]] = defaultdict(deque)

    async def health(self, _request: Request) -> Response:
        """As the guide has it; 503 while a part is lost."""
        body = {
            "status": "healthy",
            "database": "connected" if await self._has_database() else "disconnected",
            "redis": "connected" if await self._has_redis() else "disconnected",
            "job_queue": "stalled" if self._board.is_on(Fault.QUEUE_STALLED) else "operational",
        }
        if not set(body.values()) <= {"healthy", "connected", "operational"}:
            body["status"] = "unhealthy"
        return JSONResponse(body, status_code=200 if body["status"] == "healthy" else 503)

    async def rules(self, request: Request) -> Response:
        self._admit(request)
        if self._board.is_on(Fault.RULES_REFUSED):
            raise HTTPException(403, "not allowed")
        found = await run_in_threadpool(
            self._effects.database.rows, "SELECT jurisdiction, rate::float FROM tax_approximation_rules"
        )
        return JSONResponse({"rules": [{"jurisdiction": name, "rate": rate} for name, rate in found]})

    async def test_config(self, request: Request) -> Response:
        self._admit(request)
        if self._board.is_on(Fault.CONFIG_BROKEN):
            return JSONResponse({"detail": "configuration could not be read"}, status_code=500)
        count = await run_in_threadpool(self._effects.database.one, "SELECT count(*) FROM payroll_configurations")
        return JSONResponse({"status": "ok", "configurations": count})

    async def _has_database(self) -> bool:
        if self._board.is_on(Fault.DATABASE_DOWN):
            return False
        return bool(await run_in_threadpool(self._effects.database.one, "SELECT 1"))

    async def _has_redis(self) -> bool:
        return not self._board.is_on(Fault.REDIS_DOWN) and await run_in_threadpool(self._effects.cache.ping)

    def _admit(self, request: Request) -> None:
        """401 without a known token, 429 for one that asks more often than it may."""
        if self._board.is_on(Fault.TOKENS_IGNORED):
            return
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in LIMITS:
            raise HTTPException(401, "a token is needed")
        now, asked = time.monotonic(), self._asked[token]
        while asked and now - asked[0] > MINUTE:
            asked.popleft()
        if len(asked) >= LIMITS[token] and not self._board.is_on(Fault.RATE_LIMIT_OFF):
            raise HTTPException(429, "too many requests")
        asked.append(now)

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Beside the requests, one task writes the log of a working payroll."""
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._log())
            yield
            writer.cancel()

    async def _log(self) -> None:
        while True:
            await run_in_threadpool(self._effects.surroundings.log, "payroll_run_started", staff_count=50)
            await asyncio.sleep(LOG_EVERY)


class SecurityHeaders:
    """Middleware of the guide's chapter 16."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *SECURITY_HEADERS]
            await send(message)

        await self._app(scope, receive, secured if scope["type"] == "http" else send)


def application(effects: Effects, board: Switchboard) -> Starlette:
    api, releases = Api(effects, board), Releases("2.4.1")
    return Starlette(
        routes=[
            Route("/health", api.health),
            Route("/payrolls/rules", api.rules),
            Route("/payrolls/test-config", api.test_config),
            *Switches(board, effects.switched).routes(),
            *releases.routes(),
        ],
        lifespan=api.lifespan,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(Trouble, board=board, faults=GENERAL),
            Middleware(Released, releases=releases),
        ],
    )
