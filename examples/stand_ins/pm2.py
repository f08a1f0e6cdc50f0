"""PM2 of a demo's host: the program in a folder, and the processes that it tells of."""

import json
import os
import shutil
import socket
import time
from pathlib import Path


class ProcessManager:
    """One host's PM2 with one process."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._daemon: socket.socket | None = None

    def install(self) -> None:
        """Put the program in place, with a daemon that listens in the same folder and a process that runs."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        address = self._folder / "rpc.sock"
        address.unlink(missing_ok=True)
        self._daemon = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._daemon.bind(str(address))
        self._daemon.listen()
        shutil.copy(Path(__file__).with_name("pm2"), self._folder / "pm2")
        self.tell("online")

    def close(self) -> None:
        if self._daemon is not None:
            self._daemon.close()

    def tell(self, status: str) -> None:
        """Say that the process has that status: `online`, `stopped` or `errored`."""
        running = status == "online"
        environment = {
            "status": status,
            "restart_time": 0,
            "unstable_restarts": 0,
            "pm_uptime": int(time.time() * 1000),
            "SECRET_KEY": "canary-of-an-environment",
        }
        process = {
            "name": self._name,
            "pm_id": 0,
            "pid": os.getpid() if running else 0,
            "monit": {"memory": 80 << 20 if running else 0, "cpu": 0.3},
            "pm2_env": environment,
        }
        temporary = self._folder / ".processes.json"
        temporary.write_text(json.dumps([process]), encoding="utf-8")
        temporary.replace(self._folder / "processes.json")
