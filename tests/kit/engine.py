"""A container engine on a Unix socket: real HTTP, and containers that a test makes up."""

from __future__ import annotations

import asyncio
import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

#: What Docker 27 says of a container that runs, the parts that matter, and an environment with a secret.
RUNNING: dict[str, Any] = {
    "Id": "4e2f8c0a9d1b",
    "State": {
        "Status": "running",
        "Running": True,
        "Paused": False,
        "Restarting": False,
        "OOMKilled": False,
        "Dead": False,
        "Pid": 4711,
        "ExitCode": 0,
        "StartedAt": "2026-11-22T06:00:00.123456789Z",
        "FinishedAt": "0001-01-01T00:00:00Z",
        "Health": {"Status": "healthy", "FailingStreak": 0, "Log": [{"Output": "Mary Canary"}]},
    },
    "RestartCount": 0,
    "HostConfig": {"Privileged": False},
    "Config": {"User": "1000:1000", "Image": "registry.example.org/api:1.4.2", "Env": ["SECRET_KEY=key-canary"]},
}


class Engine:
    """Answers `/containers/NAME/json` and `…/stats`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.containers: dict[str, dict[str, Any]] = {"api": deepcopy(RUNNING)}
        self.stats: dict[str, Any] = {}
        self.requests: list[str] = []
        self.script: Any = None  # talks to each client instead
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head.split()[1])
            if self.script is not None:
                await self.script(reader, writer)
            else:
                writer.write(self._answer(self.requests[-1]))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    def _answer(self, target: str) -> bytes:
        _, kind, name, *rest = target.split("/")
        container = self.containers.get(name) if kind == "containers" else None
        if container is None:
            return _http("404 Not Found", {"message": f"No such container: {name}"})
        return _http("200 OK", self.stats if rest[0].startswith("stats") else container)


def _http(status: str, document: dict[str, Any]) -> bytes:
    body = json.dumps(document).encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
