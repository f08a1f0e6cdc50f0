"""Asks PostgreSQL who can change a log, and tries it. Apart from what judges it, as it needs psycopg, which few plans do."""

from typing import Final

from sentinel.base.redact import Secret
from sentinel.core.result import FailureClass
from sentinel.probes.audit.protection import (
    ProtectionOptions,
    judge_protection,
    regclass,
    triggers_query,
    users_query,
)
from sentinel.probes.base import ProbeTools
from sentinel.probes.database.asking import DatabaseError
from sentinel.probes.database.identifiers import quoted
from sentinel.probes.database.postgres import PostgresDatabase, Session
from sentinel.probes.finding import Finding

_LOCK_WITHIN: Final = "500ms"  # for a row's lock: nobody else is made to wait for an attempt, and it does not wait long

#: What refuses an attempt: a missing privilege, or a trigger, rule or policy with an error of its own.
_REFUSED: Final = frozenset({FailureClass.NOT_PERMITTED, FailureClass.QUERY_FAILED})


class Protecting:
    """Looks at the protection of one log."""

    def __init__(self, options: ProtectionOptions, tools: ProbeTools) -> None:
        self._options = options
        self._users = users_query(options)
        self._triggers = triggers_query(options)
        self._database = _database(options.database, tools)
        self._application = None if options.attempt is None else _database(options.attempt, tools)
        self.host = self._database.host

    async def look(self, deadline: float, findings: list[Finding]) -> None:
        """Adds what is wrong to `findings`. Raises Finding when the server cannot be asked."""
        try:
            async with self._database.session(deadline) as session:
                [there] = await session.rows(f"SELECT {regclass(self._options)} IS NOT NULL AS it")
                users = await session.rows(self._users)
                triggers = await session.rows(self._triggers)
        except DatabaseError as error:
            raise Finding.of_database("protection", error.trouble) from None
        findings += judge_protection(self._options, users, triggers, table_there=bool(there["it"]))
        if self._application is not None and there["it"]:
            await self._try(self._application, deadline, findings)

    async def _try(self, database: PostgresDatabase, deadline: float, findings: list[Finding]) -> None:
        try:
            async with database.session(deadline) as session:
                for change, statement in (await self._attempts(session)).items():
                    if await _works(session, statement):
                        findings.append(_worked(change, self._options.table))
        except DatabaseError as error:
            raise Finding.of_database("attempt", error.trouble) from None

    async def _attempts(self, session: Session) -> dict[str, str]:
        """What is tried: one entry that the user sees is deleted, and changed into itself."""
        table = quoted(self._options.table)
        one = f"ctid = ANY (ARRAY(SELECT ctid FROM {table} LIMIT 1)) RETURNING 1 AS done"  # noqa: S608 - names are checked
        attempts = {"delete": f"DELETE FROM {table} WHERE {one}"}  # noqa: S608 - names are checked
        columns = await session.rows(
            "SELECT attname::text AS name FROM pg_attribute"  # noqa: S608 - names are checked
            f" WHERE attrelid = {regclass(self._options)} AND attnum > 0 AND NOT attisdropped AND attidentity <> 'a'"
            " AND attgenerated = '' AND has_column_privilege(attrelid, attnum, 'UPDATE') LIMIT 1"
        )
        for column in columns:
            name = '"' + str(column["name"]).replace('"', '""') + '"'
            attempts["change"] = f"UPDATE {table} SET {name} = {name} WHERE {one}"  # noqa: S608 - names are checked
        return attempts


def _database(url: Secret, tools: ProbeTools) -> PostgresDatabase:
    return PostgresDatabase(url.reveal(), tools.transport.resolver)


async def _works(session: Session, statement: str) -> bool:
    """Whether the statement changes an entry. Nothing of it stays: the transaction is rolled back in any case."""
    await session.begin_anew()
    try:
        # The session's transaction is read-only unless its first statement says otherwise; the end of the session, however
        # it comes about, rolls it back.
        await session.rows("SET TRANSACTION READ WRITE")
        await session.rows(f"SET LOCAL lock_timeout = '{_LOCK_WITHIN}'")
    except DatabaseError as error:
        raise _no_writing(error) from None
    try:
        return bool(await session.rows(statement))
    except DatabaseError as error:
        if error.trouble.failure not in _REFUSED or error.trouble.absent:
            raise
        return False
    finally:
        await session.begin_anew()


def _no_writing(error: DatabaseError) -> Exception:
    if error.trouble.failure not in _REFUSED:
        return error
    explanation = "attempt: this server takes no writing transaction, as a standby does"
    return Finding(FailureClass.MISCONFIGURED, explanation, "Name the primary server under `protection.attempt`.")


def _worked(change: str, table: str) -> Finding:
    explanation = f"attempt: the application's user can {change} an entry of {table}; it was rolled back"
    return Finding(FailureClass.ACCESS_GAINED, explanation, _HINT)


_HINT: Final = (
    "Who can rewrite the log can hide what was done: take the privilege away, or see why the trigger lets it pass; then see "
    "whether entries were changed meanwhile."
)
