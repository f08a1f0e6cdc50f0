"""A small real service with people who log in, employees and workflows, and a switch per fault."""

from __future__ import annotations

import asyncio
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Self

import jwt
from aiohttp import web

from tests.kit.arrivals import Arrivals
from tests.kit.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from types import TracebackType

    from sentinel.base.clock import Clock

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PASSWORD = "pass-canary"
KEY = "key-canary-" * 6  # long enough for HS512
LIFETIME = 900  # seconds of a token
MOST_WRONG = 5  # wrong passwords; then the account is locked


class Office:
    """Everybody of `rights` may log in by PASSWORD. `faults` are looked at in every request."""

    def __init__(self, clock: Clock) -> None:
        self.port = 0
        self.faults: set[str] = set()
        self.rights = {"monitor": "admin", "reader": "reader", "victim": "reader"}
        self.employees: dict[int, dict[str, Any]] = {1: {"id": 1, "name": "Mary Canary", "department": "ward"}}
        self.workflows: dict[str, int] = {}  # looks that are left until each is done
        self.requests: Arrivals[str] = Arrivals()  # method and path
        self.wrong: dict[str, int] = {}  # passwords in a row, by user
        self.held = asyncio.Event()  # set: requests that a fault holds go on
        self._clock = clock
        self._live: set[str] = set()  # ids of tokens and sessions that are not logged out
        self._next = 2
        self._held: set[asyncio.Task[object]] = set()
        self._runner = web.AppRunner(self._application(), shutdown_timeout=0.1)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def made(self) -> list[dict[str, Any]]:
        """The employees that are no real ones."""
        return [employee for employee in self.employees.values() if employee["id"] != 1]

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._held:
            task.cancel()
        await asyncio.gather(*self._held, return_exceptions=True)
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._look])
        app.add_routes(
            [
                web.get("/health", self._health),
                web.post("/login", self._log_in),
                web.post("/form", self._log_in_by_cookie),
                web.get("/me", self._me),
                web.post("/refresh", self._refresh),
                web.post("/logout", self._log_out),
                web.get("/employees", self._list),
                web.post("/employees", self._create),
                web.get("/employees/{id}", self._get),
                web.put("/employees/{id}", self._update),
                web.delete("/employees/{id}", self._delete),
                web.post("/workflows", self._start),
                web.get("/workflows/{id}", self._poll),
                web.get("/page", self._page),
                web.post("/page", self._posted),
            ]
        )
        return app

    @web.middleware
    async def _look(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        what = f"{request.method} {request.path}"
        self.requests.add(what)
        part = f"{request.method} {request.path.split('/')[1]}".lower()  # such as `post employees`
        if f"{part} fails" in self.faults:
            return web.Response(status=500)
        answer = await handler(request)
        if f"{part} hangs" in self.faults:
            await self._hold()
        if f"{part} breaks after" in self.faults:
            return web.Response(status=500)
        return answer

    async def _hold(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._held.add(task)
        task.add_done_callback(self._held.discard)
        await self.held.wait()

    # --- Who asks ---------------------------------------------------------------------------------------------------

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "healthy", "database": "connected"})

    async def _log_in(self, request: web.Request) -> web.Response:
        user, right = await self._credentials(request)
        if not right:
            return web.Response(status=423 if self._is_locked(user) else 401)
        return web.json_response(self._tokens(user))

    async def _log_in_by_cookie(self, request: web.Request) -> web.Response:
        user, right = await self._credentials(request)
        if not right:
            return web.Response(text="<p>Wrong user or password</p>", content_type="text/html")
        token = f"{user}.{token_hex(16)}"
        self._live.add(token)
        answer = web.Response(status=303, headers={"location": "/me"})
        hidden, secure = "cookie_script" not in self.faults, "cookie_plain" not in self.faults
        answer.set_cookie("session", token, path="/", samesite="Lax", httponly=hidden, secure=secure)
        return answer

    async def _credentials(self, request: web.Request) -> tuple[str, bool]:
        given: Any = await (request.json() if request.content_type == "application/json" else request.post())
        user, password = str(given["username"]), str(given["password"])
        if self._is_locked(user):
            return user, False
        right = user in self.rights and (password == PASSWORD or "any_password" in self.faults)
        self.wrong[user] = 0 if right else self.wrong.get(user, 0) + 1
        return user, right

    def _is_locked(self, user: str) -> bool:
        return "never_locks" not in self.faults and self.wrong.get(user, 0) >= MOST_WRONG

    def _tokens(self, user: str) -> dict[str, Any]:
        lifetime = LIFETIME * 1000 if "long_tokens" in self.faults else LIFETIME
        return {
            "access_token": self._token(user, self._clock.now(), lifetime),
            "refresh_token": self._token(user, self._clock.now(), lifetime),
            "expires_in": lifetime,
        }

    def _token(self, user: str, now: datetime, lifetime: int) -> str:
        name, at = token_hex(8), int(now.timestamp())
        said = {"sub": user, "iat": at, "exp": at + lifetime, "jti": name}
        self._live.add(name)
        return jwt.encode(said, KEY, algorithm="HS512" if "other_algorithm" in self.faults else "HS256")

    def _user(self, request: web.Request) -> str:
        """Who asks; empty when it is not known."""
        if session := request.cookies.get("session"):
            return session.partition(".")[0] if session in self._live else ""
        return self._user_of(request.headers.get("authorization", "").removeprefix("Bearer "))

    def _user_of(self, token: str) -> str:
        try:
            said = jwt.decode(
                token, KEY, algorithms=["HS256", "HS512"], options={"verify_iat": False, "verify_exp": False}
            )
        except jwt.InvalidTokenError:
            return ""
        return str(said["sub"]) if said["jti"] in self._live and said["exp"] > self._clock.now().timestamp() else ""

    async def _me(self, request: web.Request) -> web.Response:
        user = self._user(request)
        return web.json_response({"name": user}) if user else web.Response(status=401)

    async def _refresh(self, request: web.Request) -> web.Response:
        old = str((await request.json())["refresh_token"])
        user = self._user_of(old)
        if not user or "refresh_refused" in self.faults:
            return web.Response(status=401)
        if "refresh_keeps_old" not in self.faults:
            self._live.discard(_id(old))
            self._live.discard(_id(request.headers.get("authorization", "").removeprefix("Bearer ")))
        return web.json_response(self._tokens(user) if "refresh_useless" not in self.faults else {"access_token": "x"})

    async def _log_out(self, request: web.Request) -> web.Response:
        if not self._user(request):
            return web.Response(status=401)
        if "logout_keeps" not in self.faults:
            self._live.discard(request.cookies.get("session", ""))
            self._live.discard(_id(request.headers.get("authorization", "").removeprefix("Bearer ")))
        return web.Response(status=204)

    # --- Employees --------------------------------------------------------------------------------------------------

    def _refusal(self, request: web.Request, *, writing: bool = False) -> web.Response | None:
        user = self._user(request)
        if not user:
            return web.Response(status=401)
        may_not = writing and self.rights[user] != "admin" and "everybody_writes" not in self.faults
        return web.Response(status=403) if may_not else None

    async def _list(self, request: web.Request) -> web.Response:
        wanted = request.query.get("search", "")
        found = [employee for employee in self.employees.values() if wanted in employee["name"]]
        return self._refusal(request) or web.json_response({"items": found, "total": len(found)})

    async def _create(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request, writing=True):
            return refused
        number, self._next = self._next, self._next + 1
        self.employees[number] = {"id": number, "department": "", **await request.json()}
        return web.json_response(self.employees[number], status=201, headers={"location": f"/employees/{number}"})

    async def _get(self, request: web.Request) -> web.Response:
        employee = self.employees.get(int(request.match_info["id"]))
        return self._refusal(request) or (web.json_response(employee) if employee else web.Response(status=404))

    async def _update(self, request: web.Request) -> web.Response:
        number = int(request.match_info["id"])
        if refused := self._refusal(request, writing=True):
            return refused
        if "update_lost" not in self.faults:
            self.employees[number] |= await request.json()
        return web.json_response(self.employees[number])

    async def _delete(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request, writing=True):
            return refused
        return web.Response(status=204 if self.employees.pop(int(request.match_info["id"]), None) else 404)

    # --- Workflows --------------------------------------------------------------------------------------------------

    async def _start(self, request: web.Request) -> web.Response:
        name = str((await request.json())["name"])
        self.workflows[name] = 2
        return web.json_response({"id": name}, status=202)

    async def _poll(self, request: web.Request) -> web.Response:
        name = request.match_info["id"]
        if "workflow_hangs" not in self.faults:
            self.workflows[name] -= 1
        state = "failed" if "workflow_fails" in self.faults else "running" if self.workflows[name] > 0 else "completed"
        return web.json_response({"status": state, "stage": "validate", "who": "Mary Canary"})

    # --- A page with a form -----------------------------------------------------------------------------------------

    async def _page(self, _request: web.Request) -> web.Response:
        answer = web.Response(text='<input name="csrf" value="token-canary">', content_type="text/html")
        answer.set_cookie("visit", "header-canary", path="/page")
        return answer

    async def _posted(self, request: web.Request) -> web.Response:
        given = await request.post()
        good = request.cookies.get("visit") == "header-canary" and given.get("csrf") == "token-canary"
        return web.Response(status=200 if good else 400)


def _id(token: str) -> str:
    """Of a token, unverified; empty when it is none."""
    try:
        return str(jwt.decode(token, options={"verify_signature": False}).get("jti", ""))
    except jwt.InvalidTokenError:
        return ""
