"""The HTTP endpoints of the service."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from itertools import count

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from examples.faults import Switchboard
from examples.healthcare import passwords, past, tokens
from examples.healthcare.access import Gate, Origin, Resource, bearer_token, origin
from examples.healthcare.answers import found_or_404, not_found
from examples.healthcare.audit import AuditLog
from examples.healthcare.database import DatabaseDownError
from examples.healthcare.effects import Effects
from examples.healthcare.faults import Fault
from examples.healthcare.inputs import instant, known_role, whole_number
from examples.healthcare.people import People
from examples.healthcare.roles import Permission, Role
from examples.healthcare.surroundings import LIVE_EVERY
from examples.serving import read_json_object

AUDIT_TICK = 0.2  # seconds between looks for audit records held back
READING_EVERY = 12  # of the looks at what lives: once a minute somebody who is no monitor reads a record


class Api:
    """The endpoints, in the order of `routes`."""

    def __init__(self, effects: Effects, faults: Switchboard, key: str) -> None:
        database = effects.database
        self.effects = effects
        self.database = database
        self.faults = faults
        self.key = key
        self.people = People(database)
        self.log = AuditLog(database, faults)
        self.gate = Gate(database, self.people, self.log, faults, key, effects.surroundings.refused)

    async def health(self, _request: Request) -> Response:
        began = time.perf_counter()
        try:
            await run_in_threadpool(self.database.query, "SELECT 1")
        except DatabaseDownError:
            body = {"status": "unhealthy", "components": {"database": "disconnected"}}
            return JSONResponse(body, status_code=503)
        spent = round((time.perf_counter() - began) * 1000, 3)
        return JSONResponse({"status": "healthy", "components": {"database": "connected"}, "database_query_ms": spent})

    async def auth_status(self, _request: Request) -> Response:
        return JSONResponse({"status": "operational", "scheme": "bearer", "algorithm": "HS256"})

    async def login(self, request: Request) -> Response:
        if self.faults.is_on(Fault.LOGIN_BROKEN):
            return JSONResponse({"detail": "login does not work at the moment"}, status_code=500)
        form = await read_json_object(request)
        name, password = form.get("username"), form.get("password")
        if not isinstance(name, str) or not isinstance(password, str):
            raise HTTPException(422, "username and password are expected as text")
        return await run_in_threadpool(self._log_in, name, password, origin(request))

    async def me(self, request: Request) -> Response:
        caller = await run_in_threadpool(self.gate.caller, bearer_token(request))
        body = {"id": caller.user_id, "username": caller.username, "roles": sorted(caller.roles)}
        return JSONResponse(body)

    async def logout(self, request: Request) -> Response:
        caller = await run_in_threadpool(self.gate.caller, bearer_token(request))
        await run_in_threadpool(self.people.revoke, caller.token.token_id, caller.token.expires_at)
        return JSONResponse({"status": "logged out"})

    async def patients(self, request: Request) -> Response:
        limit = whole_number(request.query_params.get("limit", "50"), "limit")
        return await self._guarded(
            request,
            Permission.LIST_PATIENTS,
            Resource(kind="patient"),
            lambda: JSONResponse({"patients": self.people.patients(limit)}),
        )

    async def patient(self, request: Request) -> Response:
        number: int = request.path_params["patient_id"]
        return await self._guarded(
            request,
            Permission.READ_PATIENT,
            Resource(kind="patient", resource_id=str(number)),
            lambda: found_or_404(self.people.patient(number)),
        )

    async def roles(self, request: Request) -> Response:
        return await self._guarded(
            request,
            Permission.LIST_ROLES,
            Resource(kind="role"),
            lambda: JSONResponse({"roles": self.people.role_counts()}),
        )

    async def assign_role(self, request: Request) -> Response:
        user_id: int = request.path_params["user_id"]
        role = known_role((await read_json_object(request)).get("role"))
        return await self._guarded(
            request,
            Permission.ASSIGN_ROLE,
            Resource(kind="user", resource_id=str(user_id)),
            lambda: self._assign(user_id, role),
        )

    async def remove_role(self, request: Request) -> Response:
        user_id: int = request.path_params["user_id"]
        role = known_role(request.path_params["role"])
        return await self._guarded(
            request,
            Permission.REMOVE_ROLE,
            Resource(kind="user", resource_id=str(user_id)),
            lambda: Response(status_code=204) if self.people.remove(user_id, role) else not_found(),
        )

    async def user(self, request: Request) -> Response:
        number: int = request.path_params["user_id"]
        return await self._guarded(
            request,
            Permission.READ_USER,
            Resource(kind="user", resource_id=str(number), owner=number),
            lambda: found_or_404(self.people.profile(number)),
        )

    async def audit(self, request: Request) -> Response:
        wanted = request.query_params
        since = instant(wanted["since"]) if "since" in wanted else None
        limit = whole_number(wanted.get("limit", "50"), "limit")
        return await self._guarded(
            request,
            Permission.READ_AUDIT,
            Resource(kind="audit_log"),
            lambda: JSONResponse(
                {"records": self.log.find(correlation_id=wanted.get("correlation_id"), since=since, limit=limit)}
            ),
        )

    def _log_in(self, name: str, password: str, where: Origin) -> Response:
        user = self.people.user(name)
        # An unknown name costs the same work as a known one, so that the time taken does not tell them apart.
        correct = passwords.matches(password, user.password_hash if user else "")
        actor = user.username if user else "unknown"
        self.gate.note(actor, "auth.login", Resource(kind="session"), where, allowed=correct)
        if not correct:
            return JSONResponse({"detail": "username or password is wrong"}, status_code=401)
        token = tokens.issue(actor, self.key, datetime.now(UTC))
        lifetime = int(tokens.LIFETIME.total_seconds())
        return JSONResponse({"access_token": token, "token_type": "bearer", "expires_in": lifetime})

    def _assign(self, user_id: int, role: Role) -> Response:
        if not self.people.user_exists(user_id):
            return not_found()
        new = self.people.assign(user_id, role)
        return JSONResponse({"user_id": user_id, "role": role, "new": new}, status_code=201 if new else 200)

    async def _guarded(
        self, request: Request, permission: Permission, resource: Resource, act: Callable[[], Response]
    ) -> Response:
        where = origin(request)
        response = await run_in_threadpool(
            self.gate.pass_through, bearer_token(request), permission, resource, where, act
        )
        response.headers["X-Correlation-ID"] = where.correlation_id
        return response

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Beside the requests, one task writes the audit records held back, and one does what a working service does."""
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(self._write_late_records()), tasks.create_task(self._live())]
            yield
            for task in beside:
                task.cancel()

    async def _live(self) -> None:
        for number in count():
            await run_in_threadpool(self.effects.surroundings.live)
            if number % READING_EVERY == 0:
                with contextlib.suppress(DatabaseDownError):
                    await run_in_threadpool(self.log.record, past.reading(datetime.now(UTC), number))
            await asyncio.sleep(LIVE_EVERY)

    async def _write_late_records(self) -> None:
        while True:
            await asyncio.sleep(AUDIT_TICK)
            with contextlib.suppress(DatabaseDownError):
                await run_in_threadpool(self.log.write_due, datetime.now(UTC))
