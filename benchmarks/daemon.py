"""The daemon that is measured: started as a user would, watched through /proc and its own interface."""

import json
import re
import socket
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, monotonic_ns, sleep

import psutil

from benchmarks.children import Child, Server

READY_WITHIN = 90.0  # seconds from the start until every check was made once, at an interval of 10 s
ANSWER_WITHIN = 10.0  # seconds; with 10,000 checks the metrics take a while

_SAMPLE = re.compile(r'^([a-z0-9_]+)(?:\{[a-z]+="([^"]*)"\})? (\S+)$', re.MULTILINE)


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_WITHIN)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_WITHIN)
        self.sock.connect(str(self._path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a tree of processes has used, at one moment."""

    at_ns: int  # of the monotonic clock
    cpu: float  # seconds, user and system, of all processes that live or were reaped
    written: int  # bytes that went to a disk (write_bytes of /proc/PID/io)


class Daemon(Child):
    """A running `python -m sentinel`. Its output goes to `daemon.log` beside the configuration."""

    def __init__(self, config: Path, python: str, *, before: tuple[str, ...] = ()) -> None:
        self.folder = config.parent
        self.config = config
        self.started_ns = monotonic_ns()
        self._log = self.folder / "daemon.log"
        with self._log.open("wb") as output:
            command = [python, *before, "-m", "sentinel", "--config", str(config)]
            super().__init__(command, cwd=self.folder, stdout=output)

    def wait_until_all_checked(self, target: Server, checks: int) -> None:
        """Until the target was asked for every check once."""
        deadline = monotonic() + READY_WITHIN
        while (seen := target.paths()) < checks:
            if self.process.poll() is not None:
                raise RuntimeError(f"the daemon ended ({self.process.returncode}):\n{self.tail()}")
            if monotonic() > deadline:
                raise RuntimeError(f"{seen} of {checks} checks were made within {READY_WITHIN} s:\n{self.tail()}")
            sleep(0.25)

    def usage(self) -> Usage:
        """What it has used so far, its children included."""
        cpu, written = 0.0, 0
        for process in self._tree():
            with suppress(psutil.NoSuchProcess), process.oneshot():
                cpu += sum(process.cpu_times()[:4])
                written += process.io_counters().write_bytes
        return Usage(at_ns=monotonic_ns(), cpu=cpu, written=written)

    def memory(self, field: str = "VmRSS") -> float:
        """Megabytes of memory; `VmHWM` for the most it ever had."""
        return sum(_status(process.pid, field) for process in self._tree()) / 1000

    def cpu_by_thread(self) -> dict[int, float]:
        """Seconds of CPU per thread of the main process; the first has the process's own id."""
        return {thread.id: thread.user_time + thread.system_time for thread in psutil.Process(self.pid).threads()}

    def metrics(self) -> dict[tuple[str, str], float]:
        """Its own metrics by name and (only) label; those of single checks are left out."""
        with closing(_UnixConnection(self.folder / "state" / "sentinel.sock")) as connection:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        return {(name, label): float(value) for name, label, value in _SAMPLE.findall(text)}

    def stored_results(self) -> int:
        """Rows in its store; asked after it has stopped."""
        with closing(sqlite3.connect(self.folder / "state" / "sentinel.db")) as connection:
            (count,) = connection.execute("SELECT count(*) FROM results").fetchone()
            return int(count)

    def tail(self) -> str:
        """The end of what it printed."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-20:])

    def warnings(self) -> list[str]:
        """What it logged as a warning or worse, at most ten lines."""
        lines = self._log.read_text(errors="replace").splitlines()
        return [line for line in lines if _is_warning(line)][:10]

    def _tree(self) -> list[psutil.Process]:
        try:
            main = psutil.Process(self.pid)
            return [main, *main.children(recursive=True)]
        except psutil.NoSuchProcess:
            raise RuntimeError(f"the daemon has ended:\n{self.tail()}") from None


def _is_warning(line: str) -> bool:
    try:
        return json.loads(line).get("level") in {"warning", "error", "critical"}
    except (ValueError, AttributeError):
        return bool(line.strip())  # no JSON: a traceback, or a library that prints


def _status(pid: int, field: str) -> float:
    """Kilobytes (of 1,024 bytes, as the kernel counts them) as kilobytes of 1,000."""
    with suppress(OSError), open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1.024
    return 0.0
