"""Programs that a benchmark starts, and ends by their id whatever happens."""

import ctypes
import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import orjson

from benchmarks.server import Entry

STOP_WITHIN = 20.0  # seconds from SIGTERM to SIGKILL
PR_SET_PDEATHSIG = 1  # prctl(2)

_libc = ctypes.CDLL(None)


def _end_with_parent() -> None:
    """Even a benchmark that is killed leaves nothing running."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Child:
    """One program, in a session of its own so that Ctrl-C reaches the benchmark alone."""

    def __init__(
        self,
        command: list[str],
        *,
        cwd: Path | None = None,
        stdin: int = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.PIPE,
    ) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=None if stdout == subprocess.PIPE else subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - the benchmark has no threads when it starts programs
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> int:
        """SIGTERM, and SIGKILL if that does not help; answers the return code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Server(Child):
    """A running `benchmarks.server`."""

    def __init__(self, folder: Path, certificate: Path | None = None) -> None:
        more = [str(certificate)] if certificate else []
        super().__init__([sys.executable, "-m", "benchmarks.server", *more], stdin=subprocess.PIPE)
        self._dump_file = folder / f"log-{self.pid}.json"
        ports = self._hear()
        self.http_ports: list[int] = ports["http"]
        self.smtp_port: int = ports["smtp"]
        self.https_port: int | None = ports.get("https")

    def fail(self, path: str) -> None:
        """Answer 500 on that path from now on."""
        self._say(f"fail {path}")

    def fail_all(self) -> None:
        """Answer 500 on every path from now on."""
        self._say("fail *")

    def paths(self) -> int:
        """How many different paths were asked for."""
        return int(self._say("count")["paths"])

    def take_log(self) -> list[Entry]:
        """What was answered since the last time."""
        self._say(f"dump {self._dump_file}")
        entries: list[Entry] = [(at, path, what) for at, path, what in orjson.loads(self._dump_file.read_bytes())]
        return entries

    def _say(self, line: str) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()
        return self._hear()

    def _hear(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the benchmark's own server has ended")
        return json.loads(line)
