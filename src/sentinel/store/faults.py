"""What the databases' own errors mean to Sentinel.

Texts name the database and the kind of error. They hold no statement and no value: a message of PostgreSQL is cut to its first
line, which names objects only, and its detail line, which quotes rows, is left out.
"""

import os
import sqlite3
from typing import Any

from sqlalchemy.exc import DBAPIError

from sentinel.base import libpq
from sentinel.base.errors import StoreCorrupt, StoreError, StoreFull, StoreUnavailable

#: Also met as a limit on file size, which SQLite reports as a failed write.
_FULL = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE")
_CORRUPT = ("SQLITE_CORRUPT", "SQLITE_NOTADB")

_WORDS = {
    "SQLITE_BUSY": "it is locked by another program",
    "SQLITE_LOCKED": "it is locked by another program",
    "SQLITE_INTERRUPT": "it took too long",
    "SQLITE_READONLY": "it is read-only",
    "SQLITE_CANTOPEN": "the file cannot be opened",
    "SQLITE_PERM": "access is not permitted",
}


def sqlite_failure(error: BaseException, where: str) -> StoreError | None:
    """What an error of SQLite means; None when it is none of SQLite's."""
    cause = _cause(error)
    if not isinstance(cause, sqlite3.Error):
        return _other(error, where)
    name = getattr(cause, "sqlite_errorname", None) or type(cause).__name__
    if name.startswith(_FULL):
        return StoreFull(f"{where}: no room left to write ({name})")
    if name.startswith(_CORRUPT):
        return StoreCorrupt(f"{where}: the file is damaged or no database ({name})")
    if isinstance(cause, sqlite3.OperationalError):
        words = next((words for start, words in _WORDS.items() if name.startswith(start)), "it failed")
        return StoreUnavailable(f"{where}: {words} ({name})")
    return StoreError(f"{where}: {name}")


#: SQLSTATE or its class -> what it means.
_STATES = {
    "53100": (StoreFull, "no room left on the server's disk"),
    "25006": (StoreUnavailable, "the server is read-only"),
    "55P03": (StoreUnavailable, "it is locked by another program"),
    "57014": (StoreUnavailable, "it took too long"),
    "28": (StoreUnavailable, "the login was refused"),
    "3D": (StoreUnavailable, "there is no such database"),
    "40": (StoreUnavailable, "another transaction came in between"),
    "53": (StoreUnavailable, "the server is out of resources"),
    "57": (StoreUnavailable, "the server is shutting down or starting"),
    "08": (StoreUnavailable, "the connection was lost"),
    "58": (StoreUnavailable, "the server's system failed"),
    "XX001": (StoreCorrupt, "the server reports damaged data"),
    "XX002": (StoreCorrupt, "the server reports a damaged index"),
}


def postgres_failure(error: BaseException, where: str) -> StoreError | None:
    """What an error of PostgreSQL or of the way to it means; None when it is neither's."""
    import psycopg  # noqa: PLC0415  # only those who use it pay for it

    cause: Any = _cause(error)
    if not isinstance(cause, psycopg.Error):
        return _other(error, where)
    state = cause.sqlstate or ""
    for prefix in (state, state[:2]):
        if prefix in _STATES:
            kind, words = _STATES[prefix]
            return kind(f"{where}: {words} (SQLSTATE {state})")
    if isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError):
        return _no_session(cause, where)
    return StoreError(f"{where}: {cause.diag.message_primary or type(cause).__name__} (SQLSTATE {state})")


def _no_session(error: Exception, where: str) -> StoreUnavailable:
    """Why there is no connection (any more), in words of ours: libpq's own may name users and hold what stood in the URL."""
    said = str(error)
    refusal = libpq.refusal(said)
    if refusal is not None:
        return StoreUnavailable(f"{where}: {refusal.explanation}", refusal.hint)
    number = libpq.connect_error(said)
    if number is not None:
        return StoreUnavailable(f"{where}: {os.strerror(number).lower()}", _REACH_HINT)
    if "timeout expired" in said:
        return StoreUnavailable(f"{where}: no answer in time", _REACH_HINT)
    return StoreUnavailable(f"{where}: the connection failed ({type(error).__name__})", _LOG_HINT)


_REACH_HINT = "See whether the server runs and listens at that address, and what is between it and this host."
_LOG_HINT = "Try the same URL with psql; the server's log has the reason."


def _cause(error: BaseException) -> BaseException | None:
    """The driver's own error."""
    return error.orig if isinstance(error, DBAPIError) else error


def _other(error: BaseException, where: str) -> StoreError | None:
    """SQLAlchemy's own errors are none of the database's: we used it in a wrong way, and that is to be seen as it is."""
    if isinstance(error, OSError):
        return StoreUnavailable(f"{where}: {error.strerror or type(error).__name__}")
    return None
