"""Containers, as Docker's engine tells of them over its socket; Podman speaks the same.

What it tells has the environment of the container in it, secrets and all: nothing is kept but what is picked below.
"""

import errno
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from pydantic import AfterValidator

from sentinel.base.clock import Clock
from sentinel.base.fields import Options
from sentinel.core.result import FailureClass
from sentinel.probes.expect.patterns import Pattern
from sentinel.probes.finding import Finding
from sentinel.probes.service.condition import Condition
from sentinel.probes.wire.failure import WireError
from sentinel.probes.wire.local import get_locally

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}\Z")

#: Bytes of an answer that are read. What is told of one container takes 5 to 20 KiB.
_ANSWER: Final = 512 * 1024

#: Docker's words for a state; others are not repeated.
_STATES: Final = frozenset({"created", "running", "paused", "restarting", "removing", "exited", "dead", "stopped"})


def _name(value: str) -> str:
    if not _NAME.match(value):
        raise ValueError("the name or id of a container")
    return value


class ContainerOptions(Options):
    """A container of Docker or Podman."""

    name: Annotated[str, AfterValidator(_name)]
    """Its name or id."""
    socket: Path = Path("/var/run/docker.sock")
    """The engine's socket. Podman's is /run/podman/podman.sock, or $XDG_RUNTIME_DIR/podman/podman.sock for a user's."""
    image: Pattern | None = None
    """A pattern that the image's name and tag have to match, such as `^registry\\.example\\.org/api:1\\.`."""
    non_root: bool = False
    """Whether its program must not run as root, nor the container be privileged."""
    stats: bool = False
    """Whether memory and processor time are asked for as well: a second question in each run."""


class Container:
    """Asks the engine."""

    def __init__(self, options: ContainerOptions, clock: Clock) -> None:
        self._options = options
        self._clock = clock

    async def look(self, deadline: float) -> Condition:
        name = self._options.name
        document = await self._ask(f"/containers/{name}/json", deadline)
        state, health = _part(document, "State"), _part(document, "State", "Health")
        runs = state.get("Running") is True and state.get("Status") in {"running", None}
        stats = await self._stats(deadline) if runs and self._options.stats else {}
        began = _moment(state.get("StartedAt"))
        return Condition(
            findings=[*self._state(state, health, runs), *self._settings(document)],
            up_for=max((self._clock.now() - began).total_seconds(), 0.0) if runs and began else None,
            mark=f"{str(document.get('Id'))[:12]} {began}" if runs else "",
            restarts=_whole(document.get("RestartCount")),
            memory=_memory(stats),
            cpu=None
            if (used := _part(stats, "cpu_stats", "cpu_usage").get("total_usage")) is None
            else _whole(used) / 1e9,
        )

    def _state(self, state: Mapping[str, Any], health: Mapping[str, Any], runs: bool) -> list[Finding]:
        name = self._options.name
        hint = f"`docker logs --tail 50 {name}` shows what it wrote last; `docker inspect {name}` the rest."
        if not runs:
            return [Finding(FailureClass.NOT_RUNNING, f"{name} is {_shown(state)}", hint)]
        if health.get("Status") == "unhealthy":
            failures = _whole(health.get("FailingStreak"))
            explanation = f"{name} runs, and its own health check failed {failures} times in a row"
            return [Finding(FailureClass.UNHEALTHY, explanation, hint)]
        if state.get("OOMKilled") is True:
            explanation = f"a process of {name} was killed for want of memory"
            return [
                Finding(FailureClass.DEGRADED, explanation, "Raise the container's memory limit, or see what grew.")
            ]
        return []

    def _settings(self, document: Mapping[str, Any]) -> list[Finding]:
        """What was agreed on, and is otherwise."""
        name, findings = self._options.name, []
        config, host = _part(document, "Config"), _part(document, "HostConfig")
        if self._options.non_root and _is_root(config.get("User")):
            hint = "Set `USER` in its image or `user:` where it is started (compose, `docker run --user`)."
            findings.append(Finding(FailureClass.INSECURE, f"{name} runs as root", hint))
        if self._options.non_root and host.get("Privileged") is True:
            hint = "Start it without `--privileged`; grant single capabilities with `--cap-add` instead."
            findings.append(Finding(FailureClass.INSECURE, f"{name} is privileged", hint))
        image = config.get("Image")
        if self._options.image is not None and not (isinstance(image, str) and self._options.image.found_in(image)):
            hint = f"`docker inspect -f '{{{{.Config.Image}}}}' {name}` shows which image it is; deploy the one that is meant."
            findings.append(Finding(FailureClass.DRIFTED, f"{name} runs from another image than was agreed on", hint))
        return findings

    async def _stats(self, deadline: float) -> Mapping[str, Any]:
        return await self._ask(f"/containers/{self._options.name}/stats?stream=false&one-shot=true", deadline)

    async def _ask(self, target: str, deadline: float) -> Mapping[str, Any]:
        path = str(self._options.socket)
        try:
            status, body = await get_locally(path, target, deadline=deadline, body_cap=_ANSWER)
        except WireError as error:
            hint = "`systemctl status docker` (or podman.socket), and its journal."
            raise Finding(error.failure, f"the container engine: {error.explanation}", hint) from None
        except OSError as error:
            raise _unreachable(path, error) from None
        if status == 404:
            hint = "Is the name right (`docker ps -a`), and was it created again under another one?"
            raise Finding(FailureClass.MISSING, f"the engine knows no container {self._options.name}", hint)
        if status in {401, 403}:
            explanation = f"what stands before the container engine refuses GET {target.partition('?')[0]}"
            raise Finding(FailureClass.NOT_PERMITTED, explanation, _PROXY)
        document = _document(body)
        if status != 200 or document is None:
            hint = (
                f"Is {path} the socket of Docker or Podman? `curl --unix-socket {path} http://localhost/version` tells."
            )
            raise Finding(FailureClass.PROTOCOL_ERROR, f"the container engine answered {status}, not as expected", hint)
        return document


_PROXY: Final = (
    "Let the proxy in front of Docker's socket pass GET requests for containers (`CONTAINERS=1` in docker-socket-proxy); "
    "leave `stats` out if it is only that."
)


def _unreachable(path: str, error: OSError) -> Finding:
    if error.errno in {errno.EACCES, errno.EPERM}:
        hint = (
            "Give Sentinel's user the group of the socket (`usermod -aG docker sentinel`, then restart it). Note that whoever "
            "may use Docker's socket is as good as root; a read-only proxy in front of it is safer."
        )
        return Finding(FailureClass.NOT_PERMITTED, f"Sentinel may not talk to {path}", hint)
    if error.errno == errno.ECONNREFUSED:
        hint = "Start the engine: `systemctl status docker` (or podman.socket), and its journal."
        return Finding(FailureClass.REFUSED, f"no container engine answers on {path}", hint)
    hint = "Install Docker or Podman and start it, or set `socket` to the path of its socket."
    return Finding(FailureClass.NOT_INSTALLED, f"there is no socket of a container engine at {path}", hint)


def _document(body: bytes) -> Mapping[str, Any] | None:
    try:
        document = orjson.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, Mapping) else None


def _shown(state: Mapping[str, Any]) -> str:
    """The state, and by what it came about."""
    status = state.get("Status")
    shown = status if isinstance(status, str) and status in _STATES else "not running"
    if state.get("OOMKilled") is True:
        return f"{shown}, killed for want of memory"
    code = state.get("ExitCode")
    return f"{shown}, exit status {code}" if isinstance(code, int) and shown in {"exited", "restarting"} else shown


def _is_root(user: object) -> bool:
    name = user.partition(":")[0] if isinstance(user, str) else ""
    return name in {"", "0", "root"}


def _memory(stats: Mapping[str, Any]) -> float | None:
    """What `docker stats` shows: the cache of files that can be given back is not counted."""
    memory = _part(stats, "memory_stats")
    if not memory.get("usage"):
        return None
    details = _part(memory, "stats")
    cache = details.get("inactive_file", details.get("total_inactive_file", 0))
    return float(max(_whole(memory["usage"]) - _whole(cache), 0))


def _moment(text: object) -> datetime | None:
    """A time as Go writes it: nine digits after the point, of which Python reads six. The year 1 means never."""
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(text)))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment.year > 1 else None


def _part(of: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        part = of.get(name)
        of = part if isinstance(part, Mapping) else {}
    return of


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
