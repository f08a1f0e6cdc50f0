"""The store in a file of SQLite: WAL, `BEGIN IMMEDIATE`, `synchronous=FULL`, one writer."""

import os
import sqlite3
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, inspect, text

from sentinel.base.errors import StoreCorrupt, StoreError, StoreUnavailable
from sentinel.store.backend import Access, Room
from sentinel.store.ballast import Ballast
from sentinel.store.faults import sqlite_failure
from sentinel.store.ownership import FileLock

#: How long a transaction waits for another program's lock, in seconds.
BUSY_TIMEOUT = 5.0

#: Bytes per page of a new database. Each commit writes whole pages, four of them only because the table grows: with small
#: ones that is a quarter less to write than with SQLite's usual 4096 (docs/decisions/0005-results-by-time.md).
PAGE_SIZE = 2048

#: The file beside the database is merged into it when it has so many pages. Rare enough that a page that changes with every
#: commit is merged once for many, small enough that a merge takes some tens of milliseconds.
CHECKPOINT_PAGES = 4000

#: To that size the file is cut back after a merge, in bytes.
WAL_LIMIT = 32 << 20

#: How long a start looks for damage in the large tables, in seconds.
VERIFY_WITHIN = 3.0

#: These grow with the number of results; the others are looked through without a bound.
_LARGE = ("results", "rollups")


class Sqlite:
    """A database file, with its lock and its ballast beside it."""

    def __init__(self, file: str) -> None:
        if not file or file == ":memory:":
            raise StoreError("the store needs a file, such as sqlite:///state/sentinel.db")
        self.path = Path(file).absolute()
        self.where = str(self.path)
        self._lock = FileLock(self._beside("lock"))
        self._ballast = Ballast(self._beside("ballast"))
        self._writer: Engine | None = None
        self._reader: Engine | None = None
        self._identity: tuple[int, int] | None = None  # of the file that was taken: device and inode

    # --- Ownership --------------------------------------------------------------------------------------------------

    def take(self, now: datetime) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock.take(self.where, now)
        # Made here and not by SQLite, so that nobody else could read it even for a moment. Its companions take its mode.
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._identity = _identity(os.fstat(descriptor))
        os.close(descriptor)

    def release(self) -> None:
        self._lock.release()

    # --- Connections ------------------------------------------------------------------------------------------------

    def connect(self, access: Access) -> Connection:
        if not self.path.exists():
            # SQLite would make an empty file without a word, and history would seem lost.
            raise StoreUnavailable(f"there is no store at {self.where}")
        if access is Access.WRITE:
            self._writer = self._writer or _engine(self._open_writer, "BEGIN IMMEDIATE")
            return self._writer.connect()
        self._reader = self._reader or _engine(self._open_reader, "BEGIN")
        return self._reader.connect()

    def _open_writer(self) -> sqlite3.Connection:
        return _prepared(
            self._open("rw"),
            page_size=PAGE_SIZE,
            journal_mode="WAL",
            synchronous="FULL",
            wal_autocheckpoint=CHECKPOINT_PAGES,
            journal_size_limit=WAL_LIMIT,
            temp_store="MEMORY",
        )

    def _open_reader(self) -> sqlite3.Connection:
        connection = self._open("ro")
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            if self._wal.exists():
                raise
            # In a folder that is not ours SQLite cannot make the files beside; without a daemon nothing changes, either.
            connection = self._open("ro&immutable=1")
        return _prepared(connection, query_only="ON", temp_store="MEMORY")

    def _open(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self.path.as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_TIMEOUT,
            isolation_level=None,
        )

    def abort(self, connection: Connection) -> None:
        _driver(connection).interrupt()

    # --- Health -----------------------------------------------------------------------------------------------------

    def verify(self, connection: Connection) -> None:
        there = inspect(connection).get_table_names()
        connection.rollback()
        for table in there:
            if table not in _LARGE:
                _quick_check(connection, table, self.where)
        # A large file takes long to look through: a start must not wait for that.
        driver = _driver(connection)
        end = time.monotonic() + VERIFY_WITHIN
        driver.set_progress_handler(lambda: time.monotonic() > end, 100_000)
        try:
            for table in _LARGE if there else ():
                _quick_check(connection, table, self.where)
        except StoreUnavailable:
            pass
        finally:
            driver.set_progress_handler(None, 0)

    def failure(self, error: BaseException) -> StoreError | None:
        return sqlite_failure(error, self.where)

    def mark(self, connection: Connection) -> None:  # noqa: ARG002  # a commit in a file of one's own is never in doubt
        # SQLite goes on writing into a file that was removed or replaced, without a word, and all of it is lost at the end.
        if self._identity is not None and self._identity != self._found():
            raise StoreUnavailable(f"{self.where} was removed or replaced while it was in use; restart Sentinel")

    def committed(self, connection: Connection, mark: str) -> bool:  # noqa: ARG002
        return False

    def _found(self) -> tuple[int, int] | None:
        """The identity of the file that is there now; None when there is none."""
        try:
            return _identity(self.path.stat())
        except FileNotFoundError:
            return None

    # --- Room -------------------------------------------------------------------------------------------------------

    def room(self, connection: Connection) -> Room:  # noqa: ARG002
        disk = os.statvfs(self.path.parent)
        return Room(
            free=disk.f_bavail * disk.f_frsize,
            database=_size(self.path),
            wal=_size(self._wal),
            ballast=self._ballast.there,
        )

    def keep_ballast(self) -> bool:
        return self._ballast.keep()

    def free_ballast(self) -> bool:
        return self._ballast.free()

    # --- Files ------------------------------------------------------------------------------------------------------

    @property
    def _wal(self) -> Path:
        return self.path.with_name(f"{self.path.name}-wal")

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{suffix}")


def quarantine(path: Path, now: datetime) -> Path:
    """Move a damaged database aside with the files that belong to it; answers where it is now.

    Raises:
        AlreadyRunning: a Sentinel uses it.
    """
    lock = FileLock(path.with_name(f"{path.name}.lock"))
    lock.take(str(path), now)
    try:
        moved = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%SZ}")
        # The companions first: beside a new database they would be taken for its own.
        for suffix in ("-wal", "-shm", ""):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(moved.with_name(moved.name + suffix))
        return moved
    finally:
        lock.release()


def _engine(opener: Any, begin: str) -> Engine:
    engine = create_engine("sqlite://", creator=opener, poolclass=NullPool, hide_parameters=True)
    # The driver's own BEGIN is deferred: it takes the lock at the first write and fails at once when another program
    # has written meanwhile, without the patience of the busy timeout.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepared(connection: sqlite3.Connection, **settings: object) -> sqlite3.Connection:
    """The connection with these pragmas; closed if they fail."""
    try:
        for name, value in settings.items():
            connection.execute(f"PRAGMA {name}={value}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _quick_check(connection: Connection, table: str, where: str) -> None:
    try:
        with connection.begin():
            found = connection.execute(text(f"PRAGMA quick_check({table})")).scalars().all()
    except Exception as error:
        raise sqlite_failure(error, where) or error from error
    if found != ["ok"]:
        raise StoreCorrupt(f"{where}: the table {table} is damaged")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
