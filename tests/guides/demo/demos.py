"""Demos as running processes: started on free ports, and ended so that they can end their own programs."""

from __future__ import annotations

import sys
from dataclasses import fields
from itertools import count
from typing import TYPE_CHECKING

import psutil

from examples.demo import running
from examples.demo.ports import Ports
from examples.demo.system import ROOT
from examples.serving import listen
from tests.kit.ports import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kit.process import Child, Children

DEMO = (sys.executable, "-m", "examples.demo")


class Demos:
    """Each demo writes below `data`, its Sentinel too."""

    def __init__(self, children: Children, data: Path) -> None:
        self._children = children
        self._data = data
        self._started: list[Child] = []

    async def start(self, base: int, *, with_sentinel: bool = False, system: str = "healthcare") -> Child:
        without = () if with_sentinel else ("--without-sentinel",)
        environment = {"PORT_BASE": str(base)}
        demo = await self._children.start(*DEMO, system, *without, "--data", self._data, env=environment, cwd=ROOT)
        self._started.append(demo)
        return demo

    async def welcomed(self, base: int, *, with_sentinel: bool = False, system: str = "healthcare") -> Child:
        demo = await self.start(base, with_sentinel=with_sentinel, system=system)
        await demo.line("Nothing leaves this machine", within=30)
        return demo

    async def run(self, module: str, *arguments: str, status: int = 0) -> str:
        """What a command of the example prints; it must end with the status. PORT_BASE is left from another demo."""
        child = await self._children.start(
            sys.executable, "-m", module, *arguments, "--data", self._data, cwd=ROOT, env={"PORT_BASE": "9000"}
        )
        assert await child.exit() == status, child.tail()
        return child.tail()

    def record(self) -> running.Demo:
        """What the running demo wrote about itself."""
        found = running.demo(self._data)
        assert found is not None
        return found

    async def end(self) -> None:
        for demo in self._started:
            if demo.returncode is None:
                await demo.terminate(within=30)


def free_base() -> int:
    """A PORT_BASE whose ports are free."""
    for _ in count():
        base = free_port() - 1
        if all(is_free(port) for port in range(base + 1, base + 1 + len(fields(Ports)))):
            return base
    raise AssertionError


def is_free(port: int) -> bool:
    try:
        listen(port)[0].close()
    except OSError:
        return False
    return True


def programs(demo: Child) -> list[psutil.Process]:
    """The service, the sink, and Sentinel where it runs, in this order."""
    return sorted(psutil.Process(demo.pid).children(), key=lambda program: program.create_time())
