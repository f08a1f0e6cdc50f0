"""The store on a PostgreSQL server, by psycopg 3.

The session that writes is the one that holds the advisory lock: whoever lost it cannot write any more. Should a connection be
lost, the new session ends what is left of the old one, so that a half-open connection does not lock us out of our own store.
"""

import os
import secrets
import socket
from datetime import datetime
from typing import Any

import psycopg
from psycopg import IsolationLevel
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine

from sentinel.base.errors import AlreadyRunning, StoreError
from sentinel.store.backend import Access, Room
from sentinel.store.faults import postgres_failure

CONNECT_TIMEOUT = 5  # seconds

#: How long the server works on one statement, and how long it waits for a lock, in milliseconds.
STATEMENT_TIMEOUT = 5_000
LOCK_TIMEOUT = 5_000

#: A transaction that we forgot is ended by the server after so many milliseconds.
IDLE_TIMEOUT = 60_000

#: Advisory locks are numbers within a database. These are the bytes of "sentinel".
OWNER_LOCK = int.from_bytes(b"sentinel")

#: How often, and after how many seconds each time, a new session looks whether the lock was given back: the server needs a
#: moment to notice that a Sentinel was killed.
_LOOKS, _BETWEEN_LOOKS = 30, 0.1


class Postgres:
    """A database on a server."""

    def __init__(self, url: URL) -> None:
        self._conninfo = url.render_as_string(hide_password=False)
        self.where = f"{url.host or 'local'}:{url.port or 5432}/{url.database or ''}"
        #: Names our sessions, to tell them from another Sentinel's; PostgreSQL keeps 63 bytes.
        self._name = f"sentinel {socket.gethostname()[:30]} {os.getpid()} {secrets.token_hex(4)}"
        self._engines: dict[Access, Engine] = {}

    # --- Ownership --------------------------------------------------------------------------------------------------

    def take(self, now: datetime) -> None:
        """The writing session takes the lock itself, in `connect`."""

    def release(self) -> None:
        """The lock ends with its session."""

    # --- Connections ------------------------------------------------------------------------------------------------

    def connect(self, access: Access) -> Connection:
        if access not in self._engines:
            opener = self._open_writer if access is Access.WRITE else self._open_reader
            self._engines[access] = create_engine(
                "postgresql+psycopg://", creator=opener, poolclass=NullPool, hide_parameters=True
            )
        return self._engines[access].connect()

    def _open_writer(self) -> psycopg.Connection[Any]:
        connection = self._open(f"{self._name} writer", target_session_attrs="read-write")
        try:
            self._own(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_reader(self) -> psycopg.Connection[Any]:
        connection = self._open(f"{self._name} reader")
        connection.read_only = True
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        return connection

    def _open(self, name: str, **more: Any) -> psycopg.Connection[Any]:
        settings = {
            "statement_timeout": STATEMENT_TIMEOUT,
            "lock_timeout": LOCK_TIMEOUT,
            "idle_in_transaction_session_timeout": IDLE_TIMEOUT,
            # The server's side of it: else it keeps the lock for hours after this host has vanished.
            "tcp_keepalives_idle": 10,
            "tcp_keepalives_interval": 3,
            "tcp_keepalives_count": 3,
            "timezone": "UTC",
        }
        return psycopg.connect(
            self._conninfo,
            application_name=name,
            connect_timeout=CONNECT_TIMEOUT,
            keepalives=1,
            keepalives_idle=10,
            keepalives_interval=3,
            keepalives_count=3,
            tcp_user_timeout=10_000,
            options=" ".join(f"-c {key}={value}" for key, value in settings.items()),
            **more,
        )

    def _own(self, connection: psycopg.Connection[Any]) -> None:
        for look in range(_LOOKS):
            if look:
                connection.execute("SELECT pg_sleep(%s)", [_BETWEEN_LOOKS])
            if connection.execute("SELECT pg_try_advisory_lock(%s)", [OWNER_LOCK]).fetchone() == (True,):
                connection.commit()
                return
            self._end_old_session(connection)
        raise AlreadyRunning(f"{self.where} is in use by another Sentinel ({_holder(connection)})")

    def _end_old_session(self, connection: psycopg.Connection[Any]) -> None:
        """End the session that holds the lock if it is an earlier one of ours."""
        holders = connection.execute(f"SELECT a.pid, a.application_name {_HOLDERS}", [OWNER_LOCK]).fetchall()
        for pid, name in holders:
            if name == f"{self._name} writer":
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])

    def abort(self, connection: Connection) -> None:
        # A frozen server answers no cancel request, and the kernel goes on acknowledging for it: end our side.
        descriptor = _driver(connection).pgconn.socket
        with socket.socket(fileno=os.dup(descriptor)) as copy:
            copy.shutdown(socket.SHUT_RDWR)

    # --- Health -----------------------------------------------------------------------------------------------------

    def verify(self, connection: Connection) -> None:
        """The server looks after its files itself."""

    def failure(self, error: BaseException) -> StoreError | None:
        return postgres_failure(error, self.where)

    def mark(self, connection: Connection) -> str | None:
        asked = connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()::text")
        found: str | None = asked.scalar_one()
        return found

    def committed(self, connection: Connection, mark: str) -> bool:
        # Our session has the lock, so the old one has ended: the transaction cannot be in progress any more.
        asked = connection.exec_driver_sql("SELECT pg_xact_status(%s::xid8)", (mark,))
        return bool(asked.scalar_one() == "committed")

    # --- Room -------------------------------------------------------------------------------------------------------

    def room(self, connection: Connection) -> Room:
        # Within a transaction of its own: SQLAlchemy begins one by itself, and would leave it open.
        with connection.begin():
            asked = connection.exec_driver_sql("SELECT pg_database_size(current_database())")
            return Room(database=asked.scalar_one())

    def keep_ballast(self) -> bool:
        return False

    def free_ballast(self) -> bool:
        return False


_HOLDERS = """
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (l.classid::bigint << 32 | l.objid::bigint) = %s
"""


def _holder(connection: psycopg.Connection[Any]) -> str:
    found = connection.execute(
        f"SELECT a.application_name, coalesce(host(a.client_addr), 'local'), a.pid {_HOLDERS}", [OWNER_LOCK]
    ).fetchone()
    if found is None:
        return "it ended just now"
    name, address, pid = found
    return f"{name or 'unnamed'}, from {address}, backend {pid}"


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver
