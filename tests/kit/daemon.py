"""The real daemon as a child process: its folder, its configuration, its socket, and what it tells systemd."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import httpx2

from tests.kit.arrivals import Arrivals
from tests.kit.eventually import eventually
from tests.kit.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

    from tests.kit.process import Child, Children

COMMAND = (sys.executable, "-m", "sentinel")
START_WITHIN = 20.0  # seconds from the start of the process to READY=1
STOP_WITHIN = 30.0  # seconds from SIGTERM to the end
DATAGRAM = 4096  # bytes
PAUSE = 0.1  # seconds between two looks at the status

Json = dict[str, Any]


class Said(NamedTuple):
    """What a command printed (standard output and error as one), and how it ended."""

    code: int
    text: str


class Daemon:
    """One Sentinel in `folder`. It can be started again and again; every start reads `config` anew."""

    def __init__(
        self, children: Children, folder: Path, config: Json, *, env: Mapping[str, str] | None = None, dsn: str = ""
    ) -> None:
        """`dsn` is of a PostgreSQL database for the store, instead of an SQLite file in `folder`."""
        self.folder = folder
        self.file = folder / "sentinel.json"
        self.config = config
        self.env = dict(env or {})
        self.signs: Arrivals[Mapping[str, str]] = Arrivals()  # what it told systemd, one datagram each
        self.ledger = Ledger(dsn or folder / "state" / "sentinel.db")
        self.config.setdefault("store", {"url": dsn} if dsn else {})
        self._children = children
        self._process: Child | None = None
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    @property
    def process(self) -> Child:
        assert self._process is not None, "it was never started"
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> list[Json]:
        """What this process has logged so far; lines that are not JSON are left out."""
        return [json.loads(line) for line in self.process.lines if line.startswith("{")]

    # --- Life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        ready = self.count("READY")
        await self.launch()
        await self._told(lambda: self.count("READY") > ready, within=START_WITHIN)

    async def launch(self, *wrapper: str) -> Child:
        """Start it and wait for nothing. `wrapper` is a program that runs it, such as prlimit."""
        self.write()
        env = {**self.env, "NOTIFY_SOCKET": str(self.folder / "notify")}
        words = ("--config", self.file)
        if wrapper:
            self._process = await self._children.start(*wrapper, *COMMAND, *words, env=env)
        else:
            self._process = await self._children.sentinel(*words, env=env)
        return self._process

    def write(self) -> None:
        """Put `config` where the daemon reads it. It holds secrets, so nobody else may read it."""
        self.file.touch(mode=0o600)
        self.file.write_text(json.dumps(self.config))

    async def reload(self) -> None:
        """SIGHUP, and wait until it says that it is done."""
        ready = self.count("READY")
        self.process.send(signal.SIGHUP)
        await self._told(lambda: self.count("READY") > ready, within=10.0)

    async def stop(self) -> int:
        """SIGTERM; its exit status."""
        return await self.process.terminate(within=STOP_WITHIN)

    async def kill(self) -> None:
        """SIGKILL."""
        await self.process.kill()

    async def end(self) -> None:
        """However it is: it runs no more."""
        if self._process is not None and self._process.returncode is None:
            await self._process.kill()

    def count(self, word: str) -> int:
        """How often it told systemd this word."""
        return sum(word in sign for sign in self.signs)

    # --- Questions --------------------------------------------------------------------------------------------------

    async def status(self) -> Json:
        """What its socket answers, as `sentinel --status --json` prints it."""
        return await self.ask("/api/v1/status")

    async def shows(self, holds: Callable[[Json], object], *, within: float = 15.0) -> Json:
        """The status once it is so. The daemon gives the same answer again for a second, hence the wait."""
        end = asyncio.get_running_loop().time() + within
        status = await self.status()
        while not holds(status):
            assert asyncio.get_running_loop().time() < end, f"after {within} s still {status}"
            await asyncio.sleep(PAUSE)
            status = await self.status()
        return status

    async def ask(self, path: str) -> Json:
        """What its socket answers to a GET."""
        async with self._client() as client:
            answer: Json = (await client.get(path)).raise_for_status().json()
            return answer

    async def tell(self, path: str, **asked: object) -> Json:
        """What its socket answers to a POST that a person makes."""
        async with self._client() as client:
            answer: Json = (await client.post(path, json={"by": "ann", **asked})).raise_for_status().json()
            return answer

    async def text(self, path: str) -> str:
        async with self._client() as client:
            return (await client.get(path)).raise_for_status().text

    async def say(self, *words: str, within: float = 20.0) -> Said:
        """Run a command with this daemon's configuration, such as `say("ack", "1")` or `say("--status")`."""
        child = await self._children.sentinel("--config", self.file, *words, env=self.env)
        code = await child.exit(within=within)
        return Said(code, "\n".join(child.lines))

    async def committed(self, query: str, *, within: float = 15.0) -> None:
        """Wait until a query of the store finds something."""
        await eventually(lambda: self.ledger.ask(query), within=within)

    def _client(self) -> httpx2.AsyncClient:
        # There is no TLS on the socket: to read the certificates of the world for each question takes longer than the answer.
        transport = httpx2.AsyncHTTPTransport(uds=str(self.folder / "state" / "sentinel.sock"), verify=False)
        return httpx2.AsyncClient(transport=transport, base_url="http://localhost", timeout=10.0)

    # --- systemd's end ----------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._systemd.setblocking(False)
        self._systemd.bind(str(self.folder / "notify"))
        asyncio.get_running_loop().add_reader(self._systemd, self._hear)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._systemd)
        self._systemd.close()

    def _hear(self) -> None:
        words = self._systemd.recv(DATAGRAM).decode()
        self.signs.add(dict(word.split("=", 1) for word in words.splitlines()))

    async def _told(self, holds: Any, *, within: float) -> None:
        """Wait for a sign; a process that ended will give none."""
        ended = asyncio.ensure_future(self.process.exit(within=within + 1))
        heard = asyncio.ensure_future(self.signs.until(lambda _: holds(), within=within))
        await asyncio.wait((ended, heard), return_when=asyncio.FIRST_COMPLETED)
        for one in (ended, heard):
            one.cancel()
        await asyncio.gather(ended, heard, return_exceptions=True)
        assert holds(), f"it did not say so ({self.process.returncode}):\n{self.process.tail()}"
