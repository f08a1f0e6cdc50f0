"""Sentinels that start at once: forks of a process that has loaded the program already.

Loading takes more than a second of processor time, and the tests start hundreds of daemons. What a fork runs is the same
`python -m sentinel`, as a process of its own, which is stopped, killed and counted as any. That a fresh interpreter runs it too
is tried where a test starts a program through `Children.start`: in `tests/cli/test_run.py`, by the demos and below `prlimit`.

There is one nursery for each process of pytest; it ends when that does. Python's `multiprocessing` has the same idea, but its
forks know neither another standard output nor their own exit.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import selectors
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
REQUEST = 1 << 17  # bytes; words, environment and folder of one start
LINE = 1 << 16  # bytes
ANSWER = 64  # bytes; a process id or an exit status

#: What a daemon loads, and then all commands.
LOADED = ("sentinel.app.daemon", "sentinel.web.server", "uvloop")


class Fork:
    """A Sentinel that runs: the part of `asyncio.subprocess.Process` that the tests use."""

    def __init__(
        self, pid: int, line: socket.socket, stdout: asyncio.StreamReader, stderr: asyncio.StreamReader
    ) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdout, self.stderr = stdout, stderr
        self._line = line
        self._end = asyncio.create_task(self._hear())

    def send_signal(self, number: int) -> None:
        if self.returncode is not None:
            raise ProcessLookupError
        os.kill(self.pid, number)

    async def wait(self) -> int:
        return await asyncio.shield(self._end)

    async def _hear(self) -> int:
        with self._line:
            said = await asyncio.get_running_loop().sock_recv(self._line, ANSWER)
        self.returncode = int(said)
        return self.returncode


async def fork(
    *words: str, env: Mapping[str, str], cwd: Path | None = None, limit: int = LINE, apart: bool = False
) -> Fork:
    """Start `sentinel` with these words in a session of its own. Lines have at most `limit` bytes; outputs may be kept apart."""
    stdout, out = await _pipe(limit)
    stderr, err = await _pipe(limit) if apart else (stdout, os.dup(out))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    asked = json.dumps({"words": words, "env": dict(env), "cwd": str(cwd or Path.cwd())}).encode()
    with theirs:
        try:
            socket.send_fds(_nursery(), [asked], [out, err, theirs.fileno()])
        finally:
            os.close(out)
            os.close(err)
    ours.setblocking(False)
    said = await asyncio.get_running_loop().sock_recv(ours, ANSWER)
    assert said, "the nursery has ended; why stands in its output"
    return Fork(int(said), ours, stdout, stderr)


async def _pipe(limit: int) -> tuple[asyncio.StreamReader, int]:
    """What is written to the other end."""
    reading, writing = os.pipe()
    stream = asyncio.StreamReader(limit=limit)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reading, "rb", buffering=0)
    )
    return stream, writing


@cache
def _nursery() -> socket.socket:
    """The line to the nursery of this process, which is started when it is first asked for."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = (sys.executable, "-u", "-m", __name__, str(theirs.fileno()))
    with theirs:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], start_new_session=True
        )

    def close() -> None:
        ours.close()
        process.wait()

    atexit.register(close)
    return ours


# --- The nursery's own side -------------------------------------------------------------------------------------------


def load() -> None:
    """Load the program, and nothing that starts a thread: a fork has none but its own."""
    cli = importlib.import_module("sentinel.cli")
    for name in (*LOADED, *(f"{cli.__name__}.{found.name}" for found in pkgutil.iter_modules(cli.__path__))):
        importlib.import_module(name)
    assert threading.active_count() == 1
    gc.collect()
    gc.freeze()


class Nursery:
    """Forks what it is asked for, and tells how each ended."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._selector = selectors.DefaultSelector()
        self._selector.register(requests, selectors.EVENT_READ)
        self._lines: dict[int, tuple[int, socket.socket]] = {}  # by the descriptor of a process

    def serve(self) -> list[str]:
        """Returns only in a fork: the words it shall run."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._requests:
                    self._ended(key.fd)
                elif (words := self._asked()) is not None:
                    return words

    def _asked(self) -> list[str] | None:
        asked, given, _, _ = socket.recv_fds(self._requests, REQUEST, 3, socket.MSG_CMSG_CLOEXEC)
        if not asked:
            sys.exit()  # nobody can ask any more
        *outputs, line = given
        request: dict[str, Any] = json.loads(asked)
        pid = os.fork()
        if pid == 0:
            self._leave()
            os.close(line)
            become(outputs, request)
            return list(request["words"])
        for output in outputs:
            os.close(output)
        process = os.pidfd_open(pid)
        self._lines[process] = (pid, socket.socket(fileno=line))
        self._lines[process][1].send(str(pid).encode())
        self._selector.register(process, selectors.EVENT_READ)
        return None

    def _ended(self, process: int) -> None:
        self._selector.unregister(process)
        os.close(process)
        pid, line = self._lines.pop(process)
        _, status = os.waitpid(pid, 0)
        with line:
            line.send(str(os.waitstatus_to_exitcode(status)).encode(), socket.MSG_NOSIGNAL)

    def _leave(self) -> None:
        """Keep nothing of the nursery in a fork."""
        self._selector.close()
        self._requests.close()
        for process, (_, line) in self._lines.items():
            os.close(process)
            line.close()


def become(outputs: Sequence[int], request: Mapping[str, Any]) -> None:
    """Make this fork the process that was asked for."""
    os.setsid()
    for standard, output in enumerate(outputs, start=1):
        os.dup2(output, standard)
        os.close(output)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    importlib.reload(importlib.import_module("sentinel.config.fingerprint"))  # its key is another in each process
    sys.argv[1:] = request["words"]


if __name__ == "__main__":
    load()
    Nursery(socket.socket(fileno=int(sys.argv[1]))).serve()
    runpy.run_module("sentinel", run_name="__main__", alter_sys=True)
