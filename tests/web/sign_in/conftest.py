"""A listener whose configuration has people and programs; what is behind it stands still, sessions and journal are real."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from argon2 import PasswordHasher

from sentinel.app.journal import Journal, read_key
from sentinel.app.sessions import Sessions
from sentinel.base.redact import Secret
from sentinel.core.access import Access, ApiToken, Role, Scope, User
from sentinel.core.plan import StorePlan
from sentinel.store.database import Store
from sentinel.web.server import WebServer
from tests.kit.clock import FakeClock
from tests.kit.eventually import eventually
from tests.kit.monitor import StillMonitor
from tests.kit.scene import NOW, broken, check, history, plan, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sentinel.core.journal import Deed

#: Canaries: none of these may turn up anywhere.
PASSWORDS = {"ann": "correct-horse-canary-1", "ben": "battery-staple-canary-2", "cleo": "tr0ub4dor-canary-3"}
TOKENS = {
    "ci": "token-canary-4-ci",
    "prometheus": "token-canary-5-scrape",
    "old": "token-canary-6-old",
    "root": "token-canary-7",
}
_CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASHES = {name: Secret(_CHEAP.hash(password)) for name, password in PASSWORDS.items()}
ROLES = {"ann": Role.ADMIN, "ben": Role.OPERATOR, "cleo": Role.VIEWER}


def token(name: str, role: Role, **more: Any) -> ApiToken:
    return ApiToken(name=name, role=role, digest=sha256(TOKENS[name].encode()).hexdigest(), **more)


ACCESS = Access(
    users={name: User(name=name, role=role, password=HASHES[name]) for name, role in ROLES.items()},
    tokens=(
        token("ci", Role.OPERATOR, scopes=frozenset({Scope.DEPLOY, Scope.STATUS})),
        token("prometheus", Role.VIEWER, scopes=frozenset({Scope.METRICS})),
        token("old", Role.ADMIN, until=(NOW - timedelta(days=1)).date()),
        token("root", Role.ADMIN),
    ),
    anonymous=frozenset({Scope.METRICS}),
)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A listener, what is behind it, and browsers before it."""

    monitor: StillMonitor
    server: WebServer
    store: Store
    clock: FakeClock
    sessions: Sessions
    key: bytes
    url: str

    @asynccontextmanager
    async def browser(self, **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
        """One that keeps cookies, follows nothing by itself, and says from where its requests come."""
        own = {"origin": self.url, "accept": "text/html", "sec-fetch-site": "same-origin"} | headers
        async with httpx2.AsyncClient(base_url=self.url, headers=own) as client:
            yield client

    @asynccontextmanager
    async def program(self, name: str) -> AsyncIterator[httpx2.AsyncClient]:
        """One that shows a token."""
        headers = {"authorization": f"Bearer {TOKENS.get(name, name)}"}
        async with httpx2.AsyncClient(base_url=self.url, headers=headers) as client:
            yield client

    def set_access(self, **changed: Any) -> None:
        """What a reload does."""
        web = self.monitor.plan.web
        self.monitor.plan = replace(self.monitor.plan, web=replace(web, access=replace(web.access, **changed)))

    async def deeds(self) -> list[Deed]:
        """What the journal has, in its order."""
        return [entry.deed for entry in await self.store.read(lambda tx: tx.journal.after(0, 10_000))]


async def sign_in(client: httpx2.AsyncClient, name: str, password: str | None = None, **more: str) -> httpx2.Response:
    wanted = {"name": name, "password": PASSWORDS[name] if password is None else password, **more}
    return await client.post("/sign-in", data=wanted)


@asynccontextmanager
async def serving(folder: Path, access: Access = ACCESS, **web: Any) -> AsyncIterator[Desk]:
    clock = FakeClock(NOW)
    pasts = [history(check("health"), [well(0.25)]), history(check("login"), [broken()] * 3)]
    made = plan(*(past.check for past in pasts), folder=folder, port=0)
    made = replace(made, web=replace(made.web, access=access, dashboard=True, **web))
    monitor = StillMonitor(made, pasts)
    store = await Store.open(StorePlan(url=Secret(f"sqlite:///{folder}/store.db")), clock)
    key = read_key(folder / "journal.key")
    sessions = Sessions(store, clock, lambda: monitor.plan.web.access, key)
    await sessions.recall()
    monitor.journal = Journal(store, folder / "journal.key", clock.now)  # type: ignore[assignment]  # the real one
    monitor.sessions = sessions  # type: ignore[assignment]  # the real ones
    server = WebServer(monitor, made, clock)
    await server.start()
    scheme = "https" if made.web.tls else "http"
    try:
        yield Desk(
            monitor=monitor,
            server=server,
            store=store,
            clock=clock,
            sessions=sessions,
            key=key,
            url=f"{scheme}://127.0.0.1:{server.port}",
        )
    finally:
        await server.stop()
        await eventually(lambda: not any(state.connections for state in server._states))
        await asyncio.sleep(0)  # the transports below TLS
        await store.close()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with serving(tmp_path) as made:
        yield made
