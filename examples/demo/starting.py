"""Starts what a system is made of, for demos, tests and measurements."""

import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from examples.demo.children import Children
from examples.demo.system import ROOT, Stand, System
from examples.servers import postgres


@asynccontextmanager
async def programs(system: System, stand: Stand, environment: Mapping[str, str]) -> AsyncIterator[Children]:
    """Where programs of a system are started. Leaving it stops them all, and removes what had to stand elsewhere."""
    logs = stand.data / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        async with Children(ROOT, logs, child_environment(environment, os.environ)) as children:
            yield children
    finally:
        home = postgres.place(stand.data / "postgres", stand.ports.postgres)
        if system.postgres and not home.is_relative_to(stand.data):
            shutil.rmtree(home, ignore_errors=True)


async def start_system(children: Children, system: System, stand: Stand) -> None:
    """The databases that it needs, then its service."""
    wanted = {"postgres": (system.postgres, stand.ports.postgres), "redis": (system.redis, stand.ports.redis)}
    for name, (needed, port) in wanted.items():
        if needed:
            command = module(f"examples.servers.{name}", "--port", str(port), "--data", str(stand.data / name))
            child = await children.start(name, command)
            await child.until_it_listens(port)
    service = module(system.service, "--port", str(stand.ports.service), "--data", str(stand.service_data))
    child = await children.start("service", service)
    await child.until_ready(f"{stand.url}/health")


def module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def child_environment(environment: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The environment given, without proxies (a call to loopback would leave through them), and the demo's."""
    kept = {name: value for name, value in given.items() if not name.lower().endswith("_proxy")}
    return {**kept, **environment, "PYTHONUNBUFFERED": "1"}
