"""From the URL of a database to what can be asked."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from sentinel.base.redact import Secret
from sentinel.probes.database.asking import Database
from sentinel.probes.database.sqlite import SqliteDatabase
from sentinel.probes.wire import Resolver

_POSTGRES: Final = ("postgresql://", "postgres://")
_SQLITE: Final = "sqlite:///"
_EXPECTED: Final = "a URL such as 'postgresql://user@host/name' or 'sqlite:////path/to/file.db'"


#: The scheme of SQLAlchemy's dialect for libSQL servers, sometimes with a driver or TLS behind it.
_LIBSQL: Final = ("sqlite+libsql:", "libsql:")
_NO_LIBSQL: Final = (
    "a PostgreSQL server or a SQLite file: sqlite+libsql:// is not supported yet. Watch what stands on libSQL by an `http` "
    "check of an address that asks its database, or give the file of a replica, as in 'sqlite:////path/to/replica.db'"
)


def problem_of_url(url: Secret) -> str:
    """What is wrong with the URL, as what is expected of it; empty when it can be used."""
    text = url.reveal()
    if text.startswith(_POSTGRES):
        from sentinel.probes.database.postgres import problem_of_conninfo  # noqa: PLC0415 - see open_database

        return problem_of_conninfo(text)
    if text.startswith(_SQLITE) and len(text) > len(_SQLITE):
        return ""
    if text.startswith(_LIBSQL):
        return _NO_LIBSQL
    return _EXPECTED


def open_database(url: Secret, *, threads: ThreadPoolExecutor, resolver: Resolver) -> Database:
    """The database behind the URL; nothing is connected yet. Raises ValueError for a URL that cannot be used."""
    if problem := problem_of_url(url):
        raise ValueError(problem)
    text = url.reveal()
    if text.startswith(_SQLITE):
        return SqliteDatabase(Path(unquote(text.removeprefix(_SQLITE))), threads)
    # psycopg takes some 25 MB and 0.1 s: only who watches a PostgreSQL pays for it.
    from sentinel.probes.database.postgres import PostgresDatabase  # noqa: PLC0415

    return PostgresDatabase(text, resolver)
