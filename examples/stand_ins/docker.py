"""Answers as the Docker Engine's API does about containers, on a Unix socket, and lets a demo change their state.

Fields are those of GET /containers/{id}/json (Docker Engine API 1.43).
"""

import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from examples.serving import LoopbackServer


@dataclass(slots=True, kw_only=True)
class Container:
    """One container, as its engine knows it."""

    name: str
    image: str
    user: str
    status: str = "running"
    health: str = "healthy"
    restarts: int = 0
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def inspected(self) -> dict[str, Any]:
        running = self.status == "running"
        return {
            "Id": self.name.encode().hex().ljust(64, "0"),
            "Name": f"/{self.name}",
            "RestartCount": self.restarts,
            "Image": f"sha256:{self.image.encode().hex().ljust(64, '0')}",
            "State": {
                "Status": self.status,
                "Running": running,
                "Paused": False,
                "Restarting": self.status == "restarting",
                "OOMKilled": False,
                "Dead": False,
                "Pid": 4711 if running else 0,
                "ExitCode": 0 if running else 137,
                "Error": "",
                "StartedAt": self.started_at.isoformat().replace("+00:00", "Z"),
                "FinishedAt": "0001-01-01T00:00:00Z",
                "Health": {"Status": self.health, "FailingStreak": 0 if self.health == "healthy" else 3, "Log": []},
            },
            "Config": {"User": self.user, "Image": self.image, "Env": [], "Labels": {}},
            "HostConfig": {"Privileged": False, "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0}},
        }

    def listed(self) -> dict[str, Any]:
        whole = self.inspected()
        return {"Id": whole["Id"], "Names": [whole["Name"]], "Image": self.image, "State": self.status, "Status": "Up"}


class Engine:
    """The engine of one host."""

    def __init__(self, *containers: Container) -> None:
        self.containers = {container.name: container for container in containers}

    def server(self, path: Path) -> LoopbackServer:
        """Its API on a Unix socket, which is made anew."""
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(64)
        return LoopbackServer(self.application(), listener, beside=True)

    def application(self) -> Starlette:
        paths = ("/containers/{name}/json", "/v{version}/containers/{name}/json")
        lists = ("/containers/json", "/v{version}/containers/json")
        pings = ("/_ping", "/v{version}/_ping")
        return Starlette(
            routes=[
                *(Route(path, self._list) for path in lists),
                *(Route(path, self._inspect) for path in paths),
                *(Route(path, self._ping) for path in pings),
            ]
        )

    async def _list(self, _request: Request) -> Response:
        return JSONResponse([container.listed() for container in self.containers.values()])

    async def _inspect(self, request: Request) -> Response:
        name = request.path_params["name"]
        container = self.containers.get(name)
        if container is None:
            return JSONResponse({"message": f"No such container: {name}"}, status_code=404)
        return JSONResponse(container.inspected())

    async def _ping(self, _request: Request) -> Response:
        return Response("OK", media_type="text/plain", headers={"Api-Version": "1.43"})
