"""The HTTP endpoints of the service."""

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from examples.employee_system import tokens
from examples.employee_system.effects import Effects
from examples.employee_system.faults import GENERAL, Fault
from examples.employee_system.settings import ADMIN, LIMITED, ORIGIN, PASSWORDS, RATE_LIMIT, TOKEN_LIFETIME
from examples.faults import Switchboard, Switches, Trouble
from examples.releases import Released, Releases
from examples.serving import read_body, read_json_object

LOG_EVERY = 1.0  # seconds
MINUTE = 60.0
FIELDS = ("first_name", "last_name", "position", "department", "phone")

SECURITY_HEADERS = [
    (b"strict-transport-security", b"max-age=31536000"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'"),
    (b"referrer-policy", b"no-referrer"),
]


class Api:
    """The endpoints, in the order of `application`."""

    def __init__(self, effects: Effects, board: Switchboard) -> None:
        self._effects = effects
        self._database = effects.database
        self._board = board
        self._asked: dict[str, deque[float]] = defaultdict(deque)

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "healthy"})

    async def health_of_database(self, _request: Request) -> Response:
        if self._board.is_on(Fault.DATABASE_DOWN) or not await run_in_threadpool(self._database.answers):
            return JSONResponse({"database": "disconnected"}, status_code=503)
        return JSONResponse({"database": "connected"})

    async def login(self, request: Request) -> Response:
        """A form with user and password, as the guide's smoke test sends it."""
        if self._board.is_on(Fault.LOGIN_BROKEN):
            return JSONResponse({"detail": "login does not work at the moment"}, status_code=500)
        form = parse_qs((await read_body(request)).decode())
        name, password = (form.get(key, [""])[0] for key in ("username", "password"))
        if name not in PASSWORDS or PASSWORDS[name] != password:
            raise HTTPException(401, "username or password is wrong")
        answer = {"token_type": "bearer", "expires_in": int(TOKEN_LIFETIME.total_seconds())}
        return JSONResponse({"access_token": tokens.issue(name), **answer})

    async def employees(self, request: Request) -> Response:
        self._admit(request)
        await asyncio.sleep(self._board.value(Fault.LIST_SLOW))
        return JSONResponse(await run_in_threadpool(self._database.employees))

    async def search(self, request: Request) -> Response:
        self._admit(request)
        await asyncio.sleep(self._board.value(Fault.SEARCH_SLOW))
        if self._board.is_on(Fault.SEARCH_BLIND):
            return JSONResponse([])
        return JSONResponse(await run_in_threadpool(self._database.search, request.query_params.get("q", "")))

    async def employee(self, request: Request) -> Response:
        self._admit(request)
        found = await run_in_threadpool(self._database.employee, request.path_params["number"])
        return self._found(found)

    async def create(self, request: Request) -> Response:
        self._admit(request, admin=True)
        await asyncio.sleep(self._board.value(Fault.CREATE_SLOW))
        if self._board.is_on(Fault.CREATE_BROKEN):
            return JSONResponse({"detail": "something went wrong"}, status_code=500)
        number = await run_in_threadpool(self._database.create, await self._fields(request))
        return JSONResponse({"id": number}, status_code=201)

    async def update(self, request: Request) -> Response:
        self._admit(request, admin=True)
        await asyncio.sleep(self._board.value(Fault.UPDATE_SLOW))
        number, changes = request.path_params["number"], await self._fields(request)
        if self._board.is_on(Fault.UPDATE_LOST):
            return JSONResponse({"id": number})
        if not await run_in_threadpool(self._database.update, number, changes):
            raise HTTPException(404, "there is no such employee")
        return JSONResponse({"id": number})

    async def remove(self, request: Request) -> Response:
        self._admit(request, admin=True)
        if self._board.is_on(Fault.DELETE_BROKEN):
            return JSONResponse({"detail": "something went wrong"}, status_code=500)
        if not await run_in_threadpool(self._database.remove, request.path_params["number"]):
            raise HTTPException(404, "there is no such employee")
        return Response(status_code=204)

    def _found(self, employee: dict[str, object] | None) -> Response:
        if employee is None:
            raise HTTPException(404, "there is no such employee")
        return JSONResponse(employee)

    async def _fields(self, request: Request) -> dict[str, object]:
        sent = await read_json_object(request)
        fields = {name: sent.get(name) for name in FIELDS}
        if self._board.is_on(Fault.DEPARTMENT_LOST):
            fields["department"] = None
        if self._board.is_on(Fault.EXTENDED_FIELDS_LOST):
            fields["phone"] = None
        return fields

    def _admit(self, request: Request, *, admin: bool = False) -> None:
        """401 without a known token, 403 for a clerk who changes something, 429 for one that asks too often."""
        who = tokens.user(request.headers.get("authorization", "").removeprefix("Bearer "))
        if who is None and not admin and self._board.is_on(Fault.OPEN_TO_ALL):
            return
        if who is None:
            raise HTTPException(401, "a token is needed")
        if admin and who != ADMIN and not self._board.is_on(Fault.CLERKS_MAY_HIRE):
            raise HTTPException(403, "the admin role is needed")
        if who == LIMITED:
            self._count(who)

    def _count(self, who: str) -> None:
        now, asked = time.monotonic(), self._asked[who]
        while asked and now - asked[0] > MINUTE:
            asked.popleft()
        if len(asked) >= RATE_LIMIT and not self._board.is_on(Fault.RATE_LIMIT_OFF):
            raise HTTPException(429, "too many requests")
        asked.append(now)

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Beside the requests, one task writes the log of a working service."""
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._log())
            yield
            writer.cancel()

    async def _log(self) -> None:
        while True:
            await run_in_threadpool(self._effects.surroundings.log, "INFO schedules are up to date")
            await asyncio.sleep(LOG_EVERY)


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
        if origin and (origin == ORIGIN.encode() or self._board.is_on(Fault.CORS_OPEN)):
            headers += [(b"access-control-allow-origin", origin), (b"access-control-allow-credentials", b"true")]
        return headers


def application(effects: Effects, board: Switchboard) -> Starlette:
    api, releases = Api(effects, board), Releases("0.9.5")
    one = "/api/employees/{number:int}"
    return Starlette(
        routes=[
            Route("/health", api.health),
            Route("/health/db", api.health_of_database),
            Route("/api/auth/login", api.login, methods=["POST"]),
            Route("/api/employees", api.employees),
            Route("/api/employees", api.create, methods=["POST"]),
            Route("/api/employees/search", api.search),
            Route(one, api.employee),
            Route(one, api.update, methods=["PUT"]),
            Route(one, api.remove, methods=["DELETE"]),
            *Switches(board, effects.switched).routes(),
            *releases.routes(),
        ],
        lifespan=api.lifespan,
        middleware=[
            Middleware(Headers, board=board),
            Middleware(Trouble, board=board, faults=GENERAL),
            Middleware(Released, releases=releases),
        ],
    )
