"""What lies around the service on its host: settings, logs, backups, managers of processes, the worker's port."""

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress

from examples import backups
from examples.employee_system.settings import PLACES, PROCESS, UNIT, Settings
from examples.serving import listen
from examples.stand_ins.pm2 import ProcessManager
from examples.stand_ins.systemd import Host, Unit

GOOD = {
    "DATABASE_URL": "postgresql://employee_app@127.0.0.1/employee_system",
    "SECRET_KEY": "demo-0c4f7be2d84c6f905e71b8a4d2c6f03a5d1f7be2d84c6f90",
    "CORS_ORIGINS": "https://employees.example.org",
    "ENVIRONMENT": "production",
    "DEBUG": "False",
    "LOG_LEVEL": "INFO",
}


class Surroundings:
    """Files of one service, and what its host says of it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._unit = Unit(name=UNIT)
        self._worker: socket.socket | None = None
        self.host = Host(settings.programs, self._unit)
        self.processes = ProcessManager(settings.programs, PROCESS)

    def make(self) -> None:
        self._settings.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.host.install()
        self.processes.install()
        self.write_settings(GOOD)
        self.back_up()
        self.open_worker()
        self.name_process()

    def close(self) -> None:
        self.close_worker()
        self.processes.close()

    def log(self, line: str) -> None:
        """One line of the service's log."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with self._settings.log.open("a", encoding="utf-8") as file:
            file.write(f"{stamp} {line}\n")

    def log_errors(self) -> None:
        for _ in range(30):
            self.log("ERROR unhandled exception while a schedule was made")

    def stop_unit(self) -> None:
        self._unit.active, self._unit.sub = "inactive", "dead"
        self.host.changed()

    def fail_unit(self) -> None:
        self._unit.active, self._unit.sub = "failed", "failed"
        self.host.changed()

    def run_unit(self) -> None:
        self._unit.active, self._unit.sub = "active", "running"
        self.host.changed()

    def write_settings(self, values: dict[str, str], mode: int = 0o600) -> None:
        file = self._settings.env_file
        file.touch(mode=0o600)
        file.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
        file.chmod(mode)

    def back_up(self) -> None:
        first, *others = (self._settings.backup(place) for place in PLACES)
        backups.dump(self._settings.owned, first, "--format", "custom")
        for copy in others:
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copy2(first, copy)

    def lose_a_copy(self) -> None:
        self._settings.backup(PLACES[-1]).unlink(missing_ok=True)

    def cut_backups(self) -> None:
        """As a full disk leaves the dump, from which the copies are made."""
        for file in map(self._settings.backup, PLACES):
            os.truncate(file, file.stat().st_size // 2)

    def name_process(self) -> None:
        self._settings.pid_file.write_text(f"{os.getpid()}\n")

    def name_ended_process(self) -> None:
        """As a backend that was killed leaves its pid file."""
        with subprocess.Popen([sys.executable, "-c", ""]) as ended:
            ended.wait()
        self._settings.pid_file.write_text(f"{ended.pid}\n")

    def open_worker(self) -> None:
        """Listen where the background worker does; what connects is left in the queue of the listener."""
        with suppress(OSError):
            self._worker, _ = listen(self._settings.worker_port)

    def close_worker(self) -> None:
        if self._worker is not None:
            self._worker.close()
