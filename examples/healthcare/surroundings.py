"""What lies around the service on its host: log, backups, container, process id. Made at the start, changed by faults."""

import logging
import logging.handlers
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from examples import backups
from examples.healthcare.database import Database
from examples.serving import LoopbackServer
from examples.stand_ins.docker import Container, Engine

CONTAINER = "healthcare-api"
IMAGE = "registry.example.org/healthcare-api:1.4.2"
FORMAT = "%(asctime)s %(levelname)s %(message)s"
LINES = 60  # that a fault writes: more than any bound of the shipped configuration
TEN_MINUTES = 10 / 1440  # days: the age of a new backup, as a file just written may not be whole yet
OLD = 3.0  # days
MEMORY = 400 * 1024 * 1024  # bytes
BACK_UP_EVERY = 1800.0  # seconds
LIVE_EVERY = 5.0  # seconds between the lines of a log that nothing happens in


class Surroundings:
    """Files of one service, and the engine that its container runs in."""

    def __init__(self, data: Path, database: Database) -> None:
        self._data = data
        self._database = database
        self._grown = b""
        self._backed_up = time.monotonic()
        self.container = Container(name=CONTAINER, image=IMAGE, user="app")
        self.logger = logging.getLogger("healthcare")

    def make(self) -> None:
        (self._data / "logs").mkdir(mode=0o700, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            self._data / "logs" / "app.log", maxBytes=1_000_000, backupCount=2
        )
        formatter = logging.Formatter(FORMAT)
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
        self.logger.setLevel(logging.INFO)
        self.logger.propagate = False
        self.logger.addHandler(handler)
        self.pid_file.write_text(f"{os.getpid()}\n")
        self.back_up()

    def engine(self) -> LoopbackServer:
        """OSError when the path of its socket is too long."""
        return Engine(self.container).server(self._data / "docker.sock")

    def close(self) -> None:
        self.pid_file.unlink(missing_ok=True)
        for handler in self.logger.handlers:
            handler.close()

    def live(self) -> None:
        """What a healthy service does now and then."""
        self.logger.info("all is well")
        if time.monotonic() - self._backed_up > BACK_UP_EVERY:
            self.back_up()

    def refused(self, actor: str, action: str) -> None:
        self.logger.warning("forbidden: %s by %s", action, actor)

    def log_errors(self) -> None:
        self._log("ERROR unhandled exception in a request: KeyError")

    def log_slow(self) -> None:
        self._log("WARNING slow answer: 6.2 s")

    def log_attacks(self) -> None:
        self._log("WARNING forbidden: patients.read by a stranger")

    def log_database(self) -> None:
        self._log("WARNING lost the connection to the database, connecting again")

    def grow(self) -> None:
        self._grown = b"\x01" * MEMORY  # written to, so that it really takes room

    def shrink(self) -> None:
        self._grown = b""

    def sicken(self) -> None:
        self.container.health = "unhealthy"

    def heal(self) -> None:
        self.container.health = "healthy"

    def back_up(self) -> None:
        self._backed_up = time.monotonic()
        for file in (self._hourly, self._daily):
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            self._database.copy_to(file)
            file.chmod(0o600)
            backups.age(file, TEN_MINUTES)

    def age_backup(self) -> None:
        backups.age(self._hourly, OLD)

    def cut_backup(self) -> None:
        content = self._hourly.read_bytes()
        self._hourly.write_bytes(content[: len(content) // 2])
        backups.age(self._hourly, TEN_MINUTES)

    def empty_backup(self) -> None:
        with closing(sqlite3.connect(self._daily, isolation_level=None)) as connection:
            connection.execute("DELETE FROM patients")
        backups.age(self._daily, TEN_MINUTES)

    @property
    def pid_file(self) -> Path:
        return self._data / "service.pid"

    @property
    def _hourly(self) -> Path:
        return self._data / "backups" / "hourly" / "backup_latest.db"

    @property
    def _daily(self) -> Path:
        return self._data / "backups" / "daily" / "backup_latest.db"

    def _log(self, line: str) -> None:
        level, _, text = line.partition(" ")
        for _ in range(LINES):
            self.logger.log(logging.getLevelName(level), text)
