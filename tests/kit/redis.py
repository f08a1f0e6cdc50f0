"""A real Redis server of the tests' own, on a free port of the loopback address, with its files in a temporary folder."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from examples.servers.redis import command
from tests.kit.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from types import TracebackType

START_WITHIN = 10.0  # seconds; it takes some 0.02
POLL = 0.01  # seconds between two looks at a starting server


class RedisServer:
    """One server. `options` are those of its command line, such as `--maxmemory 4mb`."""

    def __init__(self, *options: str, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="sentinel-redis-"))
        self.port = free_port()
        self._process = subprocess.Popen(
            command(self.port, self.folder, *options),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is for the tests, which then end the server
        )
        self._wait_until_ready()

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}"

    def say(self, *words: str | int, password: str | None = None) -> object:
        """The answer to one command. Raises what redis-py raises."""
        with self.client(password) as client:
            return cast("object", client.execute_command(*words))

    def client(self, password: str | None = None) -> redis.Redis:
        """A client that stays connected; its owner closes it."""
        once = Retry(NoBackoff(), 0)
        return redis.Redis(LOOPBACK, self.port, password=password, decode_responses=True, retry=once)

    def pause(self) -> None:
        """Freeze it: connections are taken by the kernel, and nothing answers."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it as a crash would; nothing is saved."""
        self._process.kill()
        self._process.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_until_ready(self) -> None:
        """Until it answers at all: that it wants a password, or still loads its data, is an answer."""
        for _ in range(int(START_WITHIN / POLL)):
            if self._answers():
                return
            if self._ended(POLL):
                break
        self.stop()
        raise RuntimeError("Redis did not start")

    def _answers(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=START_WITHIN) as connection:
                connection.sendall(b"PING\r\n")
                return bool(connection.recv(1))
        except OSError:
            return False

    def _ended(self, within: float) -> bool:
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True
