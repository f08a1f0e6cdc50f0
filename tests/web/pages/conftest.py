"""A running dashboard, and people who look at it."""

from __future__ import annotations

import re
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx2
import pytest

from sentinel.base.redact import Secret
from sentinel.core.access import EVERYTHING, Access, Role, User, Via
from sentinel.core.incident import Address
from sentinel.core.notification import Kind, Message, Notification, State
from sentinel.web.server import WebServer
from sentinel.web.sign_in.guard import PLAIN_COOKIE
from tests.kit.clock import FakeClock
from tests.kit.monitor import StillMonitor
from tests.kit.scene import NOW, broken, check, history, plan, well

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from sentinel.core.history import History

#: To read all authorities of this host for each client would take longer than most tests.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]+)"')


class Visitor:
    """Somebody with a browser that follows no redirects."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client
        self._token = ""

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self._client.get(path, headers=headers)

    async def page(self, path: str) -> str:
        """The text of a page that there has to be."""
        answer = await self._client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def token(self) -> str:
        """What the forms of this visitor carry."""
        if not self._token:
            found = _TOKEN.search(await self.page("/"))
            self._token = found.group(1) if found else ""
        return self._token

    async def send(self, path: str, **fields: str | list[str]) -> httpx2.Response:
        """Send a form of a page."""
        return await self._client.post(path, data={"csrf": await self.token(), **fields})

    async def send_plain(self, path: str, **fields: str) -> httpx2.Response:
        """Send a form that needs nobody's token."""
        return await self._client.post(path, data=fields)

    async def post(self, path: str, content: bytes = b"", headers: dict[str, str] | None = None) -> httpx2.Response:
        """Send something else."""
        return await self._client.post(path, content=content, headers=headers)

    def stream(self, path: str) -> AbstractAsyncContextManager[httpx2.Response]:
        """An answer that goes on."""
        return self._client.stream("GET", path)


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """The server, what is behind it, and the ways in."""

    monitor: StillMonitor
    server: WebServer
    viewer: Visitor
    ann: Visitor  # an operator
    root: Visitor  # an administrator
    nobody: Visitor


def standing(folder: Path, *pasts: History, people: bool = True, rows: tuple[Notification, ...] = ()) -> StillMonitor:
    """A monitor whose dashboard is on."""
    users = {name: User(name=name, role=Role.OPERATOR, password=Secret("x")) for name in ("ann",)} if people else {}
    whole = plan(*(past.check for past in pasts), folder=folder, port=0)
    access = Access(users=users, anonymous=Access().anonymous if people else EVERYTHING)
    return StillMonitor(replace(whole, web=replace(whole.web, dashboard=True, access=access)), list(pasts), list(rows))


def given_up(number: int = 7) -> Notification:
    """A message that was given up."""
    message = Message(kind=Kind.TEST, at=NOW, source="ward")
    address = Address("mail", "a@example.org")
    created = NOW - timedelta(hours=1)
    return Notification(
        key=f"k{number}", id=number, address=address, message=message, created_at=created, state=State.DEAD
    )


@pytest.fixture
def monitor(tmp_path: Path) -> StillMonitor:
    """One check that is well, one with incident 12, one notification that was given up."""
    pasts = (history(check("health"), [well(0.25)] * 3), history(check("login"), [broken()] * 3))
    return standing(tmp_path, *pasts, rows=(given_up(),))


@pytest.fixture
async def open_dashboard() -> AsyncIterator[Callable[[StillMonitor], Awaitable[Dashboard]]]:
    async with AsyncExitStack() as stack:

        async def opened(monitor: StillMonitor) -> Dashboard:
            server = WebServer(monitor, monitor.plan, FakeClock(NOW))
            await server.start()
            stack.push_async_callback(server.stop)

            async def visitor(name: str, role: Role | None) -> Visitor:
                shown = await monitor.sessions.open(name, role, Via.PASSWORD, "") if role else ""
                cookies = {PLAIN_COOKIE: shown} if shown else {}
                headers = {"accept": "text/html"}
                client = httpx2.AsyncClient(
                    base_url=f"http://127.0.0.1:{server.port}", cookies=cookies, headers=headers, verify=_NO_TLS
                )
                return Visitor(await stack.enter_async_context(client))

            return Dashboard(
                monitor=monitor,
                server=server,
                viewer=await visitor("vic", Role.VIEWER),
                ann=await visitor("ann", Role.OPERATOR),
                root=await visitor("root", Role.ADMIN),
                nobody=await visitor("", None),
            )

        yield opened


@pytest.fixture
async def dashboard(monitor: StillMonitor, open_dashboard: Callable[[StillMonitor], Awaitable[Dashboard]]) -> Dashboard:
    return await open_dashboard(monitor)
