"""The demo's child programs: started one after another, watched, stopped in the opposite order."""

import asyncio
import logging
import logging.handlers
import socket
import sys
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

LAST_LINES = 15  # of a child's output, shown when it ends unasked
LOG_SIZE = 1_000_000  # bytes of a child's log, kept twice
LINE_CAP = 1 << 20  # bytes; a child with a longer line is not one of ours
READY_WITHIN = 30.0  # seconds from start to the first answer
STOP_WITHIN = 10.0  # seconds from SIGTERM to SIGKILL
ASK_EVERY = 0.1  # seconds between looks whether a child answers
LIFELINE = (sys.executable, "-m", "examples.demo.lifeline")


class ChildFailedError(Exception):
    """A child ended, or never answered; the message names it and shows its last lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    name: str
    command: Sequence[str]
    relay: Callable[[str], None] | None = None  # gets each line of its output


class Child:
    """One running program; its output goes to a log file and, line by line, to `relay`."""

    def __init__(self, program: Program, process: asyncio.subprocess.Process, log: Path) -> None:
        self.program = program
        self.name = program.name
        self._began = time.monotonic()
        self._process = process
        self._log = log
        self._last: deque[str] = deque(maxlen=LAST_LINES)
        self._reader = asyncio.create_task(self._read())

    async def ended(self) -> None:
        """Returns when the program has ended and all of its output is read."""
        await asyncio.shield(self._reader)  # who gives up waiting must not end the reading
        await self._process.wait()

    async def until_ready(self, url: str) -> None:
        """Returns when the address answers 200; ChildFailedError when the child ends or takes too long."""
        await self._until(lambda: answers(url), f"did not answer at {url}")

    async def until_it_listens(self, port: int) -> None:
        """Returns when the loopback port takes connections; ChildFailedError likewise."""
        await self._until(lambda: listens(port), f"did not listen on port {port}")

    async def _until(self, ready: Callable[[], bool], otherwise: str) -> None:
        try:
            async with asyncio.timeout(READY_WITHIN):
                while not await asyncio.to_thread(ready):
                    if self._process.returncode is not None:
                        await self.ended()
                        raise self.failure(f"ended with status {self._process.returncode}")
                    await asyncio.sleep(ASK_EVERY)
        except TimeoutError:
            raise self.failure(f"{otherwise} within {READY_WITHIN:g} s") from None

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL where that is not enough."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        # A grandchild may hold the output open; what it would still say is not waited for.
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    def failure(self, what: str) -> ChildFailedError:
        last = "".join(f"\n    {line}" for line in self._last)
        return ChildFailedError(f"{self.name} {what}. Its last lines (all of them: {self._log}):{last}")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def age(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self._began

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def _read(self) -> None:
        output = self._process.stdout
        assert output is not None
        handler = logging.handlers.RotatingFileHandler(self._log, maxBytes=LOG_SIZE, backupCount=1)
        try:
            while line := (await output.readline()).decode(errors="replace"):
                self._take(line.rstrip("\n"), handler)
        finally:
            handler.close()

    def _take(self, line: str, handler: logging.Handler) -> None:
        self._last.append(line)
        handler.emit(logging.LogRecord(self.name, logging.INFO, "", 0, line, None, None))
        if self.program.relay is not None:
            self.program.relay(line)


class Children:
    """Starts programs with one environment and one place for logs, and stops all of them at the end."""

    def __init__(self, root: Path, logs: Path, environment: Mapping[str, str]) -> None:
        self._root = root
        self._logs = logs
        self._environment = environment
        self._children: list[Child] = []

    async def start(self, name: str, command: Sequence[str], relay: Callable[[str], None] | None = None) -> Child:
        return await self._start(Program(name=name, command=command, relay=relay))

    async def start_again(self, ended: Child) -> Child:
        """The same program once more, in the place of the child that ended."""
        self._children.remove(ended)
        return await self._start(ended.program)

    async def _start(self, program: Program) -> Child:
        """In a session of its own, so that Ctrl-C reaches the demo alone, which then stops all in order."""
        process = await asyncio.create_subprocess_exec(
            *LIFELINE,
            *program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment,
            cwd=self._root,
            start_new_session=True,
            limit=LINE_CAP,
        )
        child = Child(program, process, self._logs / f"{program.name}.log")
        self._children.append(child)
        return child

    async def first_end(self) -> Child:
        """The first child that has ended, or one that had already."""
        ends = {asyncio.create_task(child.ended()): child for child in self._children}
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        return ends[done.pop()]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._children):
            await child.stop()


def answers(url: str) -> bool:
    """Whether a request to the address is answered with success; blocks for at most 2 seconds or so."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2.0) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def listens(port: int) -> bool:
    """Whether somebody takes connections at the loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2.0).close()
    except OSError:
        return False
    return True
