"""The service's SQLite file: one connection behind a lock, in WAL mode so that others can read it."""

import contextlib
import hashlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from examples.faults import Switchboard
from examples.healthcare.faults import Fault

FILE_NAME = "healthcare.db"
VERSION = 2  # of the schema; a file of an older one is begun anew
ORPHANS = ((9001, 1), (9002, 3), (1, 900))  # (user, role): users and a role that do not exist

Value = str | int | float | None  # what SQLite stores


class DatabaseDownError(Exception):
    """The database does not answer."""


class Database:
    def __init__(self, path: Path, faults: Switchboard) -> None:
        self._faults = faults
        self._lock = threading.RLock()
        self.path = path
        remove_older(path)
        self._connection = sqlite3.connect(path, timeout=5.0, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(f"PRAGMA user_version = {VERSION}")
        self._connection.create_function("sha256", 1, sha256, deterministic=True)
        self._connection.executescript(Path(__file__).with_name("schema.sql").read_text())

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def query(self, statement: str, values: Sequence[Value] = ()) -> list[sqlite3.Row]:
        self._suffer()
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def execute(self, statement: str, values: Sequence[Value] = ()) -> int:
        """Runs a statement that writes; how many rows it changed."""
        self._suffer()
        with self._lock:
            return self._connection.execute(statement, values).rowcount

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the statements inside, or none."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def script(self, statements: str) -> None:
        """Runs statements that no fault delays."""
        with self._lock:
            self._connection.executescript(statements)

    def copy_to(self, file: Path) -> None:
        """Writes a backup, by SQLite's own means."""
        with contextlib.closing(sqlite3.connect(file)) as copy, self._lock:
            self._connection.backup(copy)

    def make_orphans(self) -> None:
        with self._lock:
            self._connection.executemany(
                "INSERT OR IGNORE INTO user_roles VALUES (?, ?, ?)",
                [(*pair, timestamp()) for pair in ORPHANS],
            )

    def remove_orphans(self) -> None:
        with self._lock:
            self._connection.execute(
                "DELETE FROM user_roles WHERE user_id NOT IN (SELECT id FROM users)"
                " OR role_id NOT IN (SELECT id FROM roles)"
            )

    def _suffer(self) -> None:
        """What the faults do to every query."""
        if self._faults.is_on(Fault.DATABASE_DOWN):
            raise DatabaseDownError
        if self._faults.is_on(Fault.DATABASE_SLOW):
            time.sleep(self._faults.value(Fault.DATABASE_SLOW))


def remove_older(path: Path) -> None:
    """Removes the file of an older version of this service, with what lies beside it."""
    if not path.exists():
        return
    with contextlib.closing(sqlite3.connect(path)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version < VERSION:
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def timestamp(at: datetime | None = None) -> str:
    """An instant as the tables keep it: UTC, milliseconds, sorting as text."""
    return (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
