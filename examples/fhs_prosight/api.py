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
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from examples.faults import Switchboard, Switches, Trouble
from examples.fhs_prosight import tokens
from examples.fhs_prosight.effects import Effects
from examples.fhs_prosight.faults import GENERAL, Fault
from examples.fhs_prosight.outside import Outside, person
from examples.fhs_prosight.settings import ADMIN, LIMITED, PASSWORDS, RATE_LIMIT, VIEWER
from examples.releases import Released, Releases
from examples.serving import read_json_object

LOG_EVERY = 1.0  # seconds
MINUTE = 60.0
PATHS = {
    "/health": ["get"],
    "/api/auth/login": ["post"],
    "/api/employees/sync": ["post"],
    "/api/employees/search": ["get"],
    "/api/employees/{employee_id}": ["get", "put", "delete"],
}


class Api:
    """The endpoints, in the order of `application`."""

    def __init__(self, effects: Effects, board: Switchboard) -> None:
        self._effects = effects
        self._board = board
        self._asked: dict[str, deque[float]] = defaultdict(deque)

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "healthy"})

    async def docs(self, _request: Request) -> Response:
        if self._board.is_on(Fault.DOCS_GONE):
            raise HTTPException(404, "not found")
        return HTMLResponse("<!doctype html><title>FHS ProSight</title><h1>API documentation</h1>")

    async def openapi(self, _request: Request) -> Response:
        paths = {path: {m: {"responses": {"200": {"description": "done"}}} for m in ms} for path, ms in PATHS.items()}
        return JSONResponse({"openapi": "3.1.0", "info": {"title": "FHS ProSight", "version": "1.0.0"}, "paths": paths})

    async def login(self, request: Request) -> Response:
        form = await read_json_object(request)
        name = str(form.get("username"))
        if name not in PASSWORDS or form.get("password") != PASSWORDS[name]:
            raise HTTPException(401, "username or password is wrong")
        return JSONResponse({"access_token": tokens.issue(name), "token_type": "bearer", "expires_in": 1800})

    async def sync(self, request: Request) -> Response:
        who = self._admin(request)
        self._count(who)
        if request.method == "GET":
            raise HTTPException(405, "employees are synchronised by POST")
        number = (await read_json_object(request)).get("emp_id")
        if not isinstance(number, int):
            raise HTTPException(422, "emp_id is expected as a number")
        await asyncio.sleep(self._board.value(Fault.SYNC_SLOW))
        if self._board.is_on(Fault.SYNC_FAILS):
            self._effects.surroundings.logger.warning("an outside API gave no answer")
            raise HTTPException(502, "an outside API gave no answer")
        employee = person(f"VNW{number:07}")
        if not self._board.is_on(Fault.ROW_NOT_WRITTEN):
            put = self._effects.database.put
            await run_in_threadpool(put, employee, who, audited=self._audited)
        else:
            await run_in_threadpool(self._effects.database.remove, employee["id"], who, audited=False)
        return JSONResponse(employee)

    async def search(self, request: Request) -> Response:
        self._admin(request, also=VIEWER if self._board.is_on(Fault.VIEWER_ADMITTED) else "")
        await asyncio.sleep(self._board.value(Fault.SEARCH_SLOW))
        if self._board.is_on(Fault.SEARCH_EMPTY):
            return JSONResponse({"employees": [], "total": 0})
        limit, name = request.query_params.get("limit", "20"), request.query_params.get("name", "")
        search = self._effects.database.search
        found = await run_in_threadpool(search, name, int(limit) if limit.isdigit() else 20)
        return JSONResponse({"employees": found, "total": len(found)})

    async def employee(self, request: Request) -> Response:
        self._admin(request)
        found = await run_in_threadpool(self._effects.database.employee, request.path_params["number"])
        if found is None:
            raise HTTPException(404, "there is no such employee")
        return JSONResponse(found)

    async def update(self, request: Request) -> Response:
        who, number = self._admin(request), request.path_params["number"]
        title = (await read_json_object(request)).get("job_title")
        if not isinstance(title, str):
            raise HTTPException(422, "job_title is expected as text")
        if not self._board.is_on(Fault.UPDATE_LOST):
            await run_in_threadpool(self._effects.database.update, number, title, who, audited=self._audited)
        return JSONResponse({"id": number, "job_title": title})

    async def remove(self, request: Request) -> Response:
        who = self._admin(request)
        await run_in_threadpool(
            self._effects.database.remove, request.path_params["number"], who, audited=self._audited
        )
        return Response(status_code=204)

    @property
    def _audited(self) -> bool:
        return not self._board.is_on(Fault.AUDIT_SILENT)

    def _admin(self, request: Request, also: str = "") -> str:
        """Who asks; 401 for nobody, 403 for a lesser role."""
        who = tokens.user(request.headers.get("authorization", "").removeprefix("Bearer "))
        if self._board.is_on(Fault.OPEN_TO_ALL):
            return who or "nobody"
        if who is None:
            raise HTTPException(401, "a token is needed")
        if who not in {ADMIN, LIMITED, also}:
            raise HTTPException(403, "the admin role is needed")
        return who

    def _count(self, who: str) -> None:
        """429 for one that asks to synchronise more often than it may, by whatever method."""
        now, asked = time.monotonic(), self._asked[who]
        while asked and now - asked[0] > MINUTE:
            asked.popleft()
        if who == LIMITED and len(asked) >= RATE_LIMIT and not self._board.is_on(Fault.RATE_LIMIT_OFF):
            raise HTTPException(429, "too many requests")
        asked.append(now)

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Beside the requests, one task writes the log and the journal of a working service."""
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._log())
            yield
            writer.cancel()

    async def _log(self) -> None:
        while True:
            await run_in_threadpool(self._effects.surroundings.live)
            await asyncio.sleep(LOG_EVERY)


def application(effects: Effects, board: Switchboard) -> Starlette:
    api, releases = Api(effects, board), Releases("1.4.0")
    return Starlette(
        routes=[
            Route("/health", api.health),
            Route("/docs", api.docs),
            Route("/openapi.json", api.openapi),
            Route("/api/auth/login", api.login, methods=["POST"]),
            Route("/api/employees/sync", api.sync, methods=["GET", "POST"]),
            Route("/api/employees/search", api.search),
            Route("/api/employees/{number}", api.employee),
            Route("/api/employees/{number}", api.update, methods=["PUT"]),
            Route("/api/employees/{number}", api.remove, methods=["DELETE"]),
            *Outside(board).routes(),
            *Switches(board, effects.switched).routes(),
            *releases.routes(),
        ],
        lifespan=api.lifespan,
        middleware=[Middleware(Trouble, board=board, faults=GENERAL), Middleware(Released, releases=releases)],
    )
