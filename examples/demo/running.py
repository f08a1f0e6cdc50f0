"""What the commands of the next terminal need to know of a running demo: its system, its ports, and which process Sentinel is.

One small file under the demo's folder. The demo holds a lock on it while it runs and the kernel lets go of the lock when the
demo ends, however it ends: what a killed demo left behind is never taken for a running one, nor its numbers for today's.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from examples.demo.ports import Ports, SettingsError
from examples.demo.system import ROOT

FOLDER = ROOT / ".demo"
FILE_NAME = "running.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    system: str  # its name, one of examples.demo.system.NAMES
    ports: Ports
    sentinel: int | None  # its process id; None before its start, and when somebody watches by other means


class Record:
    """The demo's own side: `with Record(folder, ports, system) as record:` for as long as it runs."""

    def __init__(self, folder: Path, ports: Ports, system: str) -> None:
        self._file = folder / FILE_NAME
        self._ports = ports
        self._system = system

    def __enter__(self) -> Self:
        """SettingsError when another demo runs on the same folder."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise SettingsError(
                f"a demo runs already on {self._file.parent}; stop it first, or give this one ports and a folder of its own: "
                f"PORT_BASE=9000 .venv/bin/python -m examples.demo {self._system} --data .demo/second"
            ) from None
        self.write(sentinel=None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def write(self, *, sentinel: int | None) -> None:
        # In place: a new file of the same name would not have the lock.
        demo = Demo(system=self._system, ports=self._ports, sentinel=sentinel)
        content = json.dumps(asdict(demo)).encode()
        os.pwrite(self._descriptor, content, 0)
        os.truncate(self._descriptor, len(content))


def demo(folder: Path = FOLDER) -> Demo | None:
    """The demo that runs on the folder, None when none does."""
    try:
        with (folder / FILE_NAME).open() as file:
            content = json.load(file) if is_held(file.fileno()) else None
    except (OSError, ValueError):  # no file, or one that is just being written
        return None
    return content and Demo(**{**content, "ports": Ports(**content["ports"])})


def is_held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
