"""The HTTP endpoints of the gateway."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from enum import StrEnum

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from examples.bhiv_hr import endpoints
from examples.bhiv_hr.faults import GENERAL, Fault
from examples.bhiv_hr.traffic import Traffic
from examples.bhiv_hr.workflows import Workflows
from examples.faults import Switchboard, Switches, Trouble
from examples.releases import Released, Releases
from examples.serving import read_json_object

GB = 1 << 30
NEWEST = {"title": "Nurse", "contact": "Mary Canary", "salary": 61500}  # what must not leave by way of a monitor


class Api:
    """The endpoints, in the order of `application`."""

    def __init__(self, board: Switchboard, workflows: Workflows, releases: Releases) -> None:
        self._board = board
        self._workflows = workflows
        self._releases = releases
        self._traffic = Traffic(board)

    async def health(self, _request: Request) -> Response:
        return JSONResponse({"status": "healthy", "service": "gateway", "version": self._releases.version})

    async def detailed(self, _request: Request) -> Response:
        components = {
            "database": "disconnected" if self._board.is_on(Fault.DATABASE_LOST) else "healthy",
            "modules": "healthy",
            "workflows": "healthy",
            "external_services": "degraded" if self._board.is_on(Fault.EXTERNAL_DEGRADED) else "healthy",
        }
        performance = {
            "avg_response_time": self._traffic.usual_seconds,
            "active_connections": 120 if self._board.is_on(Fault.CONNECTIONS_GROW) else 12,
            "memory_usage": 3 * GB if self._board.is_on(Fault.MEMORY_GROWS) else GB // 2,
        }
        lost = "disconnected" in components.values()
        body = {"status": "unhealthy" if lost else "healthy", "components": components, "performance": performance}
        return JSONResponse(body, status_code=503 if lost else 200)

    async def metrics(self, _request: Request) -> Response:
        return Response(self._traffic.exposition(), media_type="text/plain; version=0.0.4")

    async def modules(self, _request: Request) -> Response:
        loaded = endpoints.MODULES[:-1] if self._board.is_on(Fault.MODULE_MISSING) else endpoints.MODULES
        body = {"total_modules": len(loaded), "total_endpoints": endpoints.count(), "modules": loaded}
        return JSONResponse(body)

    async def architecture(self, _request: Request) -> Response:
        kind = "monolithic" if self._board.is_on(Fault.MONOLITHIC) else "modular"
        return JSONResponse({"architecture": {"type": kind}, "total_modules": len(endpoints.MODULES)})

    async def jobs(self, _request: Request) -> Response:
        if self._board.is_on(Fault.JOBS_BROKEN):
            return JSONResponse({"jobs": [NEWEST]})
        return JSONResponse({"jobs": [NEWEST], "total": await run_in_threadpool(self._workflows.count_jobs)})

    async def post_job(self, request: Request) -> Response:
        title = (await read_json_object(request)).get("title")
        if not isinstance(title, str):
            raise HTTPException(422, "title is expected as text")
        job, workflow = await run_in_threadpool(self._workflows.post_job, title)
        body = {"job_id": job, "workflow_id": workflow, "workflow_triggered": workflow is not None}
        return JSONResponse(body, status_code=201)

    async def remove_job(self, request: Request) -> Response:
        if not await run_in_threadpool(self._workflows.remove_job, request.path_params["number"]):
            raise HTTPException(404, "there is no such job")
        return Response(status_code=204)

    async def rate_limit(self, _request: Request) -> Response:
        return JSONResponse({} if self._board.is_on(Fault.RATE_LIMIT_GONE) else {"rate_limit": 60, "remaining": 60})

    async def openapi(self, _request: Request) -> Response:
        old, drifted = self._board.is_on(Fault.ENDPOINTS_MISSING), self._board.is_on(Fault.ENDPOINT_DRIFT)
        return JSONResponse(endpoints.document(old=old, drifted=drifted))

    async def create(self, request: Request) -> Response:
        wanted = await read_json_object(request)
        kind, metadata = wanted.get("workflow_type"), wanted.get("metadata", {})
        if not isinstance(kind, str) or not isinstance(metadata, dict):
            raise HTTPException(422, "workflow_type is expected as text, metadata as an object")
        number = await run_in_threadpool(self._workflows.create, kind, str(metadata.get("job_id", "")))
        return JSONResponse({"workflow_id": number, "status": "created"}, status_code=201)

    async def start(self, request: Request) -> Response:
        if not await run_in_threadpool(self._workflows.start, request.path_params["number"]):
            raise HTTPException(404, "there is no such workflow")
        return JSONResponse({"status": "started"})

    async def workflow(self, request: Request) -> Response:
        number = request.path_params["number"]
        found = await run_in_threadpool(self._workflows.find, number)
        if found is None:
            raise HTTPException(404, "there is no such workflow")
        return JSONResponse({"workflow_id": number, "status": found.status, "current_step": found.step})

    async def remove(self, request: Request) -> Response:
        if not await run_in_threadpool(self._workflows.remove, request.path_params["number"]):
            raise HTTPException(404, "there is no such workflow")
        return Response(status_code=204)

    def switched(self, fault: StrEnum, on: bool) -> None:
        """What a fault changes besides how requests are answered."""
        if fault is Fault.TASK_FAILED:
            self._workflows.fail_task(on)
        if fault is Fault.TASK_STUCK:
            self._workflows.hang_task(on)

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Beside the requests of the demo, users work with the platform."""
        async with asyncio.TaskGroup() as tasks:
            users = tasks.create_task(self._traffic.flow())
            yield
            users.cancel()


def application(board: Switchboard, workflows: Workflows) -> Starlette:
    releases = Releases("3.2.1")
    api = Api(board, workflows, releases)
    return Starlette(
        routes=[
            Route("/health", api.health),
            Route("/health/detailed", api.detailed),
            Route("/metrics", api.metrics),
            Route("/system/modules", api.modules),
            Route("/system/architecture", api.architecture),
            Route("/v1/jobs", api.jobs),
            Route("/v1/jobs", api.post_job, methods=["POST"]),
            Route("/v1/jobs/{number}", api.remove_job, methods=["DELETE"]),
            Route("/v1/auth/security/rate-limit-status", api.rate_limit),
            Route("/openapi.json", api.openapi),
            Route("/v1/workflows", api.create, methods=["POST"]),
            Route("/v1/workflows/{number}", api.workflow),
            Route("/v1/workflows/{number}", api.remove, methods=["DELETE"]),
            Route("/v1/workflows/{number}/start", api.start, methods=["POST"]),
            *Switches(board, api.switched).routes(),
            *releases.routes(),
        ],
        lifespan=api.lifespan,
        middleware=[Middleware(Trouble, board=board, faults=GENERAL), Middleware(Released, releases=releases)],
    )
