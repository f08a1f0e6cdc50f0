"""The healthcare service as a running process, and what its tests ask of it."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from examples.healthcare import settings
from examples.healthcare.roles import Role
from tests.kit.process import Child, Children

ROOT = Path(__file__).parents[3]
ORPHANED = (
    "SELECT count(*) FROM user_roles LEFT JOIN users ON users.id = user_id"
    " LEFT JOIN roles ON roles.id = role_id WHERE users.id IS NULL OR roles.id IS NULL"
)
READY = r"healthcare service on (http://127\.0\.0\.1:\d+)"


class Service:
    """A started service: `client` calls it, `file` is its database."""

    def __init__(self, child: Child, client: httpx2.AsyncClient, file: Path) -> None:
        self.child = child
        self.client = client
        self.file = file

    async def bearer(self, role: Role) -> dict[str, str]:
        """The header of a fresh login as the role."""
        answer = await self.login(role)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    async def login(self, role: Role, password: str | None = None) -> httpx2.Response:
        form = {"username": settings.username(role), "password": password or settings.password(role, {})}
        return await self.client.post("/api/v1/auth/login", json=form)

    async def status(self, path: str, headers: dict[str, str] | None = None, method: str = "GET") -> int:
        return (await self.client.request(method, path, headers=headers)).status_code

    async def switch(self, fault: str, *, on: bool, value: float | None = None) -> httpx2.Response:
        order = {"on": on} if value is None else {"on": on, "value": value}
        return await self.client.post(f"/_faults/{fault}", json=order)

    async def mend(self) -> None:
        for line in (await self.client.get("/_faults")).json()["faults"]:
            if line["on"]:
                await self.switch(line["name"], on=False)

    async def records(self, correlation_id: str) -> list[dict[str, Any]]:
        """The audit records of one request, read over the API as an auditor."""
        answer = await self.client.get(
            "/api/v1/audit", params={"correlation_id": correlation_id}, headers=await self.bearer(Role.AUDITOR)
        )
        records: list[dict[str, Any]] = answer.json()["records"]
        return records

    async def records_within(self, correlation_id: str, seconds: float) -> list[dict[str, Any]]:
        """The same, asked again until there are any or the time is up."""
        async with asyncio.timeout(seconds):
            while not (records := await self.records(correlation_id)):  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.05)
        return records

    def count(self, statement: str) -> int:
        """One number from its database file, opened read-only beside the running service."""
        connection = sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)
        try:
            return int(connection.execute(statement).fetchone()[0])
        finally:
            connection.close()


async def start(children: Children, data: Path) -> Service:
    """Starts a service on a free port; its client is to be closed by the caller."""
    module = ("-m", "examples.healthcare.service")
    child = await children.start(sys.executable, *module, "--port", "0", "--data", str(data), cwd=ROOT)
    address = (await child.line(READY))[1]
    return Service(child, httpx2.AsyncClient(base_url=address, timeout=20.0), data / "healthcare.db")


def fresh(headers: dict[str, str]) -> tuple[str, dict[str, str]]:
    """A correlation id of its own, and the headers with it."""
    correlation_id = uuid4().hex
    return correlation_id, {**headers, "X-Correlation-ID": correlation_id}


def tampered(headers: dict[str, str]) -> dict[str, str]:
    """The same token with another signature."""
    unsigned, _, signature = headers["Authorization"].rpartition(".")
    return {"Authorization": f"{unsigned}.{signature[::-1]}"}


async def printed(kind: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {await output('examples.healthcare.tokens', kind)}"}


async def output(module: str, *arguments: str) -> str:
    """What a command prints; it must succeed."""
    async with Children() as children:
        child = await children.start(sys.executable, "-m", module, *arguments, cwd=ROOT)
        assert await child.exit() == 0, child.tail()
        return "\n".join(child.lines)
