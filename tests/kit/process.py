"""Programs started as children: output captured, waits bounded, always reaped."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from tests.kit.arrivals import Arrivals
from tests.kit.nursery import fork

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from tests.kit.nursery import Fork

LINE_LIMIT = 1 << 20  # bytes; a longer line of output is an error of the child
REAP_WITHIN = 2.0  # seconds from the end of a killed child to the end of its output
SHOWN_LINES = 30  # of the output, in a failure's message


class Child:
    """One running program. Its standard output and error are one stream of `lines`, without line ends."""

    def __init__(self, process: asyncio.subprocess.Process | Fork) -> None:
        self._process = process
        self.lines: Arrivals[str] = Arrivals()
        self._life = asyncio.create_task(self._follow())

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative for a signal, as in `subprocess`."""
        return self._process.returncode

    async def line(self, pattern: str, *, within: float = 10.0) -> re.Match[str]:
        """The first line with `pattern` (a regular expression); AssertionError when the child ended without."""
        await self.lines.until(lambda lines: self._life.done() or _first(pattern, lines) is not None, within=within)
        match = _first(pattern, list(self.lines))
        assert match is not None, f"the child ended ({self.returncode}) without a line like {pattern!r}:\n{self.tail()}"
        return match

    async def exit(self, *, within: float = 10.0) -> int:
        """Its return code once it ended and all output is read; AssertionError when it still runs."""
        try:
            async with asyncio.timeout(within):
                return await asyncio.shield(self._life)
        except TimeoutError:
            raise AssertionError(f"the child still runs after {within} s:\n{self.tail()}") from None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def terminate(self, *, within: float = 10.0) -> int:
        """SIGTERM, then its return code."""
        self.send(signal.SIGTERM)
        return await self.exit(within=within)

    async def kill(self) -> int:
        """SIGKILL to the program alone, as the kernel's OOM killer would, then its return code."""
        self.send(signal.SIGKILL)
        return await self._process.wait()

    async def reap(self) -> None:
        """End it and every process of its session, whatever state they are in."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        await self._process.wait()
        with suppress(TimeoutError):  # a process that left the session may hold the output open
            async with asyncio.timeout(REAP_WITHIN):
                await self._life

    def tail(self) -> str:
        return "\n".join(list(self.lines)[-SHOWN_LINES:])

    async def _follow(self) -> int:
        stream = self._process.stdout
        assert stream is not None
        while line := await stream.readline():
            self.lines.add(line.decode(errors="replace").rstrip("\r\n"))
        code = await self._process.wait()
        asyncio.get_running_loop().call_soon(self.lines.stir)  # when this task is done, for who waits for a line
        return code


class Children:
    """Starts programs and reaps all of them at the end, also when the test failed."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    async def start(self, *command: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Child:
        """Start `command` in a session of its own; `env` is added to this process's environment."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            cwd=cwd,
            start_new_session=True,
            limit=LINE_LIMIT,
        )
        return self._kept(process)

    async def sentinel(
        self, *words: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Child:
        """The same for `sentinel` with these words, without the time that loading it takes."""
        everything = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
        return self._kept(await fork(*map(str, words), env=everything, cwd=cwd, limit=LINE_LIMIT))

    def _kept(self, process: asyncio.subprocess.Process | Fork) -> Child:
        child = Child(process)
        self._children.append(child)
        return child

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._children):
            await child.reap()


def _first(pattern: str, lines: list[str]) -> re.Match[str] | None:
    return next(filter(None, (re.search(pattern, line) for line in lines)), None)
