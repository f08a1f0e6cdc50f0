"""Restores a backup into a database made for it, counts rows, and drops the database whatever came of it."""

import asyncio
import contextlib
import os
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from sentinel.base.process import Ended
from sentinel.base.redact import Secret
from sentinel.core.result import FailureClass
from sentinel.probes.backup.options import Programs, RestoreOptions, TableName
from sentinel.probes.backup.reading import quoted
from sentinel.probes.backup.tools import OLDER, run_tool
from sentinel.probes.base import ProbeTools
from sentinel.probes.database import Statement, open_database
from sentinel.probes.database.asking import DatabaseError
from sentinel.probes.finding import Finding
from sentinel.probes.local.worker import Halt

PREFIX: Final = "sentinel_restore_"
_DROP: Final = 5.0  # seconds for dropping a database, also of a run that is cancelled
_RESERVE: Final = 0.1  # of the time left, and at most `_DROP`, that is kept for dropping


class Scratch:
    """A server to restore on, for one check."""

    def __init__(self, server: Secret, check: str, tools: ProbeTools) -> None:
        from sentinel.probes.database.postgres import PostgresDatabase  # noqa: PLC0415 - 25 MB: for who restores

        self._server = server
        self._tools = tools
        self._database = PostgresDatabase(server.reveal(), tools.transport.resolver)
        self._mine = f"{PREFIX}{blake2b(check.encode(), digest_size=4).hexdigest()}_"

    @property
    def host(self) -> str:
        return self._database.host

    async def sweep(self, deadline: float) -> None:
        """Drop what a run left behind that was killed."""
        with _told():
            async with self._database.session(deadline) as session:
                text = "SELECT datname FROM pg_database WHERE starts_with(datname, $1)"
                names = [row["datname"] for row in await session.rows(text, self._mine)]
            for name in names:
                await self._database.execute(_drop(str(name)), deadline)

    async def rows(
        self, path: Path, sql: bool, programs: Programs, tables: Sequence[TableName], deadline: float
    ) -> Mapping[TableName, int]:
        """How many rows the tables have once the backup is restored. Raises Finding when it cannot be."""
        left = deadline - asyncio.get_running_loop().time()
        limit = deadline - min(_DROP, left * _RESERVE)
        name = f"{self._mine}{self._tools.clock.now():%Y%m%d%H%M%S}"
        try:
            with _told():
                await self._database.execute(f'CREATE DATABASE "{name}"', limit)
            await _restore(path, sql, programs, self._at(name), limit)
            return await self._count(name, tables, limit)
        finally:
            await _shielded(self._give_back(name, deadline))

    async def _give_back(self, name: str, deadline: float) -> None:
        by = min(deadline, asyncio.get_running_loop().time() + _DROP)
        with contextlib.suppress(DatabaseError):  # then the next run does it
            await self._database.execute(_drop(name), by)

    async def _count(self, name: str, tables: Sequence[TableName], deadline: float) -> Mapping[TableName, int]:
        try:
            return await count(Secret(self._at(name)), tables, self._tools, deadline)
        except Finding as finding:
            if finding.failure not in {FailureClass.QUERY_FAILED, FailureClass.NOT_INSTALLED}:  # a table is missing
                raise
            raise Finding(FailureClass.RESTORE_FAILED, f"restored: {finding.explanation}", finding.hint) from None

    def _at(self, database: str) -> str:
        return urlunsplit(urlsplit(self._server.reveal())._replace(path=f"/{database}"))


async def count(
    url: Secret, tables: Sequence[TableName], tools: ProbeTools, deadline: float
) -> Mapping[TableName, int]:
    """How many rows the tables of a database have. Raises Finding."""
    database = open_database(url, threads=tools.threads, resolver=tools.transport.resolver)
    rows: dict[TableName, int] = {}
    for table in tables:
        statement = Statement(name=table, text=f"SELECT count(*) FROM {quoted(table)}")  # noqa: S608 - quoted
        asked = await database.ask([statement], deadline)
        if asked.trouble is not None:
            raise Finding.of_database(f"table {table}", asked.trouble)
        rows[table] = int(asked.answers[0].value or 0)
    return rows


def refuse_without_room(path: Path, options: RestoreOptions, halt: Halt) -> None:
    """Raises Finding when the server's file system has too little room for the backup; OSError when nobody can tell."""
    if options.room_at is None or halt.is_due:
        return
    known = os.statvfs(options.room_at)
    free, wanted = known.f_bavail * known.f_frsize, path.stat().st_size * options.room
    if free < wanted:
        explanation = (
            f"not restored: {free / 2**30:.1f} GiB are free at {options.room_at}, {wanted / 2**30:.1f} are wanted"
        )
        raise Finding(FailureClass.OVERLOADED, explanation, "Make room there, or restore on another server.")


async def _restore(path: Path, sql: bool, programs: Programs, url: str, deadline: float) -> None:
    to, password = _without_password(url)
    if sql:
        arguments = [
            programs.psql,
            "--no-psqlrc",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            f"--dbname={to}",
            f"--file={path}",
        ]
    else:
        arguments = [
            programs.pg_restore,
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            f"--dbname={to}",
            str(path),
        ]
    kind = "psql" if sql else "pg_restore"
    ended = await run_tool(
        path, kind, arguments, deadline, environment={"PGPASSWORD": password, "PGCONNECT_TIMEOUT": "10"}
    )
    if ended.status:
        raise _refused(path, kind, ended)


def _without_password(url: str) -> tuple[str, str]:
    """What a program may be told where every user of the host can read it, and the password, which goes another way."""
    from psycopg import conninfo  # noqa: PLC0415 - likewise

    settings = dict(conninfo.conninfo_to_dict(url))
    password = str(settings.pop("password", "") or "")
    return conninfo.make_conninfo("", **settings), password


def _refused(path: Path, kind: str, ended: Ended) -> Finding:
    """Why a restore failed, by what the program is known to say; its own words may hold rows."""
    if b"unsupported version" in ended.errors:
        return Finding(FailureClass.NOT_INSTALLED, f"pg_restore is older than the pg_dump that made {path.name}", OLDER)
    for words, failure, explanation, hint in _KNOWN:
        if words in ended.errors:
            return Finding(failure, f"{path.name}: {explanation}", hint)
    hint = f"Restore it by hand into an empty database with `{kind}` and read what it says; then take a new backup."
    return Finding(
        FailureClass.RESTORE_FAILED, f"{path.name} cannot be restored ({kind} ended with {ended.status})", hint
    )


_ROLES: Final = (
    "Have the job dump without owners and rights (`pg_dump --no-owner --no-privileges`, or `-F c`, which is restored without "
    "them); else create the roles that it names on the scratch server, and grant them to the role of `restore.server`."
)
_NEWER: Final = "Restore on a server of the version that made the backup, or a newer one."
_KNOWN: Final = (
    (
        b"unrecognized configuration parameter",
        FailureClass.NOT_INSTALLED,
        "the server is older than the pg_dump that made it",
        _NEWER,
    ),
    (
        b"is not available",  # of an extension
        FailureClass.NOT_INSTALLED,
        "the server lacks an extension that the backup needs",
        "Install the extensions of the database that was backed up on the server of `restore.server`.",
    ),
    (
        b"permission denied to create extension",
        FailureClass.NOT_PERMITTED,
        "the role may not create an extension that the backup needs",
        "Create it in template1 of the scratch server, once, as its superuser.",
    ),
    (
        b'ERROR:  role "',  # … does not exist
        FailureClass.NOT_INSTALLED,
        "needs a role that the scratch server does not have",
        _ROLES,
    ),
    *(
        (words, FailureClass.NOT_PERMITTED, "needs what the role of `restore.server` may not do", _ROLES)
        for words in (b"ERROR:  must be ", b"ERROR:  permission denied")
    ),
    (
        b"No space left on device",
        FailureClass.OVERLOADED,
        "the scratch server's disk is full",
        "Make room there, and set `room_at` so that no restore begins without it.",
    ),
    (
        b"connection to server",
        FailureClass.REFUSED,
        "the scratch server cannot be reached",
        "Try `psql` with the URL of `restore.server`.",
    ),
)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What the scratch server has against it, as a Finding."""
    try:
        yield
    except DatabaseError as error:
        trouble = error.trouble
        hint = _CREATEDB if trouble.failure is FailureClass.NOT_PERMITTED else trouble.hint
        raise Finding(trouble.failure, f"scratch server: {trouble.explanation}", hint) from None


def _drop(name: str) -> str:
    return f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'


_CREATEDB: Final = "ALTER ROLE … CREATEDB on that server, for the role that `restore.server` names."


async def _shielded(work: Coroutine[None, None, None]) -> None:
    """Finish the work even while this run is being cancelled."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
