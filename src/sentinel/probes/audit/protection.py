"""Whether those who write a log can change or delete what they wrote: judged by what PostgreSQL says of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from pydantic import Field, model_validator

from sentinel.base.fields import Options
from sentinel.core.result import FailureClass
from sentinel.probes.database.identifiers import PlainName, TableName, is_postgres, literal, quoted
from sentinel.probes.database.options import DatabaseField
from sentinel.probes.finding import Finding

#: What changes entries, with its bit in `pg_trigger.tgtype` (catalog/pg_trigger.h).
CHANGES: Final[Mapping[str, int]] = {"UPDATE": 16, "DELETE": 8, "TRUNCATE": 32}


class ProtectionOptions(Options):
    """Sees that a log can be written to and not rewritten."""

    database: DatabaseField
    """The database that the log is in, PostgreSQL; a role that may only connect is enough."""
    table: TableName
    """The table of the log."""
    users: tuple[PlainName, ...] = Field(min_length=1, max_length=20)
    """The database users that must not change it, first of all the application's own."""
    triggers: tuple[PlainName, ...] = ()
    """Triggers that refuse changes. Where one is in force for a change, the privilege for it does no harm."""
    may_own: bool = False
    """Whether the users may own the table. An owner can drop the triggers and give itself every privilege."""
    attempt: DatabaseField | None = None
    """The same database as the application's own user: then changing and deleting one entry is really tried in every run, in a
    transaction that is always rolled back."""

    @model_validator(mode="after")
    def _is_postgres(self) -> Self:
        if not all(is_postgres(url) for url in (self.database, self.attempt) if url is not None):
            raise ValueError("PostgreSQL: other databases have no users of their own")
        return self


Row = Mapping[str, Any]


def users_query(options: ProtectionOptions) -> str:
    """What each user may do with the table, as far as either is there."""
    names = ", ".join(map(literal, options.users))
    return f"""
        SELECT u.rolname::text AS name, u.rolsuper AS superuser, pg_has_role(u.oid, c.relowner, 'MEMBER') AS owner,
            has_any_column_privilege(u.oid, c.oid, 'UPDATE') AS "UPDATE",
            has_table_privilege(u.oid, c.oid, 'DELETE') AS "DELETE",
            has_table_privilege(u.oid, c.oid, 'TRUNCATE') AS "TRUNCATE"
        FROM pg_class c CROSS JOIN pg_roles u
        WHERE c.oid = {regclass(options)} AND u.rolname IN ({names})
    """  # noqa: S608 - names are checked


def triggers_query(options: ProtectionOptions) -> str:
    """The triggers that are in force for every change of every entry."""
    return f"""
        SELECT tgname::text AS name, tgtype::int AS bits FROM pg_trigger
        WHERE tgrelid = {regclass(options)} AND NOT tgisinternal
        AND tgenabled IN ('O', 'A') AND tgqual IS NULL AND tgattr::text = ''
    """  # noqa: S608 - names are checked


def regclass(options: ProtectionOptions) -> str:
    """The table's id, null when there is no such table."""
    return f"to_regclass('{quoted(options.table)}')"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """One database user."""

    name: str
    superuser: bool
    owner: bool
    may: frozenset[str]  # of `CHANGES`


def judge_protection(
    options: ProtectionOptions, users: Sequence[Row], triggers: Sequence[Row], *, table_there: bool
) -> list[Finding]:
    """What is wrong, the gravest of each user first."""
    if not table_there:
        explanation = f"protection: there is no table {options.table}"
        return [Finding(FailureClass.NOT_INSTALLED, explanation, "Compare `protection.table` with the schema.")]
    found = {str(row["name"]): _writer(row) for row in users}
    guarded = _guarded(options, triggers)
    findings: list[Finding] = []
    for name in options.users:
        if name not in found:
            explanation = f"protection: there is no database user {name}"
            findings.append(Finding(FailureClass.MISCONFIGURED, explanation, "See the names under `protection.users`."))
            continue
        findings += _judge_writer(options, found[name], guarded)
    return findings


def _writer(row: Row) -> _Writer:
    may = frozenset(change for change in CHANGES if row[change])
    return _Writer(name=str(row["name"]), superuser=bool(row["superuser"]), owner=bool(row["owner"]), may=may)


def _guarded(options: ProtectionOptions, triggers: Sequence[Row]) -> frozenset[str]:
    """The changes that one of the named triggers refuses."""
    bits = [int(row["bits"]) for row in triggers if row["name"] in options.triggers]
    return frozenset(change for change, bit in CHANGES.items() if any(one & bit for one in bits))


def _judge_writer(options: ProtectionOptions, user: _Writer, guarded: frozenset[str]) -> Iterator[Finding]:
    if user.superuser:
        yield _gained(
            f"{user.name} is a superuser, and can rewrite {options.table}", f"ALTER ROLE {user.name} NOSUPERUSER;"
        )
        return
    if user.owner and not options.may_own:
        hint = "Give the table to another role: ALTER TABLE … OWNER TO …;"
        yield _gained(f"{user.name} owns {options.table}, and can rewrite it", hint)
        return
    open_to = [change for change in CHANGES if change in user.may - guarded]
    if open_to:
        listed = ", ".join(open_to)
        unguarded = ", and no trigger in force refuses it" if options.triggers else ""
        hint = f"REVOKE {listed} ON {options.table} FROM {user.name};"
        yield _gained(f"{user.name} may {listed} on {options.table}{unguarded}", hint)


def _gained(explanation: str, remedy: str) -> Finding:
    hint = f"Who can rewrite the log can hide what was done. {remedy} Then see whether entries were changed meanwhile."
    return Finding(FailureClass.ACCESS_GAINED, f"protection: {explanation}", hint)
