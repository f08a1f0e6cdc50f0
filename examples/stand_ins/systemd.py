"""systemd of a demo's host: `systemctl` and `journalctl` in a folder, and the units and entries that they tell of."""

import json
import os
import shlex
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROGRAMS: Final = ("systemctl", "journalctl")
MOST_ENTRIES: Final = 500


@dataclass(slots=True, kw_only=True)
class Unit:
    """One service."""

    name: str  # with its `.service`
    active: str = "active"
    sub: str = "running"
    restarts: int = 0
    memory: int = 200 << 20  # bytes

    def shown(self) -> dict[str, str]:
        """As `systemctl show` has it (org.freedesktop.systemd1(5))."""
        running = self.active == "active"
        return {
            "Id": self.name,
            "Names": self.name,
            "LoadState": "loaded",
            "ActiveState": self.active,
            "SubState": self.sub,
            "UnitFileState": "enabled",
            "Result": "success" if running else "exit-code",
            "NRestarts": str(self.restarts),
            "InvocationID": f"{self.restarts:032x}" if running else "",
            "MainPID": str(os.getpid()) if running else "0",
            "ExecMainStatus": "0" if running else "1",
            "MemoryCurrent": str(self.memory) if running else "[not set]",
            "ActiveEnterTimestamp": time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime()),
            "ActiveEnterTimestampMonotonic": str(time.monotonic_ns() // 1000),
            "StateChangeTimestampMonotonic": str(time.monotonic_ns() // 1000),
        }


class Host:
    """One host with some units."""

    def __init__(self, folder: Path, *units: Unit) -> None:
        self.folder = folder
        self.units = {unit.name: unit for unit in units}
        self._entries: list[dict[str, str]] = []
        self._number = 0

    def install(self) -> None:
        """Put the programs in place, with what they tell."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in PROGRAMS:
            script = Path(shutil.copy(Path(__file__).with_name(name), self.folder / f"{name}.py"))
            # This Python by its path, without its packages: `env python3` may be a shim that takes five times as long.
            started = shlex.join([sys.executable, "-IS", str(script.resolve())])
            program = self.folder / name
            program.write_text(f'#!/bin/sh\nexec {started} "$@"\n', encoding="utf-8")
            program.chmod(0o700)
        self.changed()

    def changed(self) -> None:
        """Tell of the units as they are now."""
        self._write("units.json", json.dumps({name: unit.shown() for name, unit in self.units.items()}))

    def log(self, unit: str, message: str) -> None:
        """Add an entry to the journal."""
        self._number += 1
        entry = {
            "__CURSOR": f"s=demo;i={self._number:x}",
            "__REALTIME_TIMESTAMP": str(time.time_ns() // 1000),
            "_SYSTEMD_UNIT": unit,
            "PRIORITY": "6",
            "MESSAGE": message,
        }
        self._entries = [*self._entries[-MOST_ENTRIES:], entry]
        self._write("journal.jsonl", "".join(json.dumps(entry) + "\n" for entry in self._entries))

    def _write(self, name: str, text: str) -> None:
        # Renamed into place: whoever reads meanwhile has one version whole.
        temporary = self.folder / f".{name}"
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self.folder / name)
