"""From the URL of a database to what can be asked."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from sentinel.base.redact import Secret
from sentinel.probes.database.asking import Database
from sentinel.probes.database.identifiers import is_postgres
from sentinel.probes.database.libsql import SCHEMES, LibsqlDatabase, read_libsql_url
from sentinel.probes.database.sqlite import SqliteDatabase
from sentinel.probes.wire import Resolver, TlsContexts

_SQLITE: Final = "sqlite:///"
#: A file that a service opens by libSQL is one of SQLite, also where it is the replica of a server.
_LIBSQL_FILE: Final = "sqlite+libsql:///"
_EXPECTED: Final = (
    "a URL such as 'postgresql://user@host/name', 'sqlite:////path/to/file.db' or 'sqlite+libsql://host:8080'"
)


def problem_of_url(url: Secret) -> str:
    """What is wrong with the URL, as what is expected of it; empty when it can be used."""
    text = url.reveal()
    if is_postgres(url):
        from sentinel.probes.database.postgres import problem_of_conninfo  # noqa: PLC0415 - see open_database

        return problem_of_conninfo(text)
    if file_of(url) is not None:
        return ""
    if text.startswith(SCHEMES):
        return _problem_of_libsql(text)
    return _EXPECTED


def file_of(url: Secret) -> Path | None:
    """The SQLite file that the URL names; None when it names none."""
    text = url.reveal()
    if text.startswith(_LIBSQL_FILE):
        text = _SQLITE + text.removeprefix(_LIBSQL_FILE).partition("?")[0]
    path = text.removeprefix(_SQLITE)
    return Path(unquote(path)) if path and path != text else None


def open_database(
    url: Secret, *, threads: ThreadPoolExecutor, resolver: Resolver, contexts: TlsContexts | None = None
) -> Database:
    """The database behind the URL; nothing is connected yet. Raises ValueError for a URL that cannot be used.

    `contexts`: those of the plan, so that libSQL servers share them.
    """
    if problem := problem_of_url(url):
        raise ValueError(problem)
    if (file := file_of(url)) is not None:
        return SqliteDatabase(file, threads)
    if not is_postgres(url):
        return LibsqlDatabase(read_libsql_url(url.reveal()), resolver, contexts or TlsContexts())
    # psycopg takes some 25 MB and 0.1 s: only who watches a PostgreSQL pays for it.
    from sentinel.probes.database.postgres import PostgresDatabase  # noqa: PLC0415

    return PostgresDatabase(url.reveal(), resolver)


def _problem_of_libsql(text: str) -> str:
    try:
        read_libsql_url(text)
    except ValueError as error:
        return str(error)
    return ""
