"""What database users may do with which tables, against what they should: PostgreSQL's own answers, for any role.

Everything asked here (pg_roles, pg_class, has_*_privilege) may be read by every role that can connect. What counts is
what a user can really do: by a grant, by membership, as the owner, by PUBLIC, or as a superuser.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.database.identifiers import PlainName, TableName, literal
from sentinel.probes.finding import Finding

_MOST_PAIRS: Final = 1000  # of user and table in one answer


def _in_capitals(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


_InCapitals = Literal["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
Privilege = Annotated[_InCapitals, BeforeValidator(_in_capitals, json_schema_input_type=_InCapitals | str)]
PRIVILEGES: Final[tuple[Privilege, ...]] = (
    "SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER",
)  # fmt: skip
_BY_COLUMN: Final = frozenset({"SELECT", "INSERT", "UPDATE", "REFERENCES"})  # may be granted for single columns too

Power = Literal["superuser", "createrole", "createdb", "replication", "bypassrls"]
_POWERS: Final[Mapping[Power, str]] = {
    "superuser": "rolsuper",
    "createrole": "rolcreaterole",
    "createdb": "rolcreatedb",
    "replication": "rolreplication",
    "bypassrls": "rolbypassrls",
}
#: Roles of PostgreSQL's own whose members reach past every grant (manual, "Predefined Roles").
_MIGHTY: Final = ("pg_execute_server_program", "pg_read_server_files", "pg_write_server_files", "pg_write_all_data")

OTHERS: Final = "*"  # every table that is not named
PUBLIC: Final = "PUBLIC"
TableKey = Annotated[
    str, StringConstraints(pattern=r"^(\*|[A-Za-z_][A-Za-z0-9_$]{0,62}(\.[A-Za-z_][A-Za-z0-9_$]{0,62})?)$")
]


class GranteeOptions(Options):
    """What one database user may do; nothing else."""

    tables: dict[TableKey, tuple[Privilege, ...]] = Field(default_factory=dict)
    """For each table or view, the privileges that it must have; `*` stands for all tables that are not named. A privilege for
    some columns counts as one for the table."""
    create: bool = False
    """Whether it may make tables in the schemas."""
    powers: tuple[Power, ...] = ()
    """Attributes of the role that it may have."""
    member_of: tuple[PlainName, ...] = ()
    """Mighty roles that it may be a member of: superusers, those that make roles or pass row security, and PostgreSQL's own
    that reach the server's files."""


class GrantsOptions(Options):
    """The privileges that database users must have, and no others."""

    schemas: tuple[PlainName, ...] = Field(default=("public",), min_length=1, max_length=20)
    """The schemas whose tables and views are looked at. A table without a schema is in the first."""
    users: dict[PlainName, GranteeOptions] = Field(min_length=1, max_length=50)
    """The database users by name."""
    public: dict[TableKey, tuple[Privilege, ...]] = Field(default_factory=dict)
    """What everybody may do with which tables; usually nothing."""

    @model_validator(mode="after")
    def _names_known_schemas(self) -> Self:
        for table in {*self.public, *(table for user in self.users.values() for table in user.tables)}:
            schema, dot, _ = table.partition(".")
            if dot and schema not in self.schemas:
                raise ValueError(f"the schema of {table} under schemas")
        return self

    def full(self, table: TableName) -> str:
        """The table's name with its schema."""
        return table if "." in table else f"{self.schemas[0]}.{table}"

    def expected(self) -> dict[str, dict[str, frozenset[str]]]:
        """For each user, and for PUBLIC, the privileges by full table name; `*` for the others."""
        wanted = {name: user.tables for name, user in self.users.items()}
        wanted[PUBLIC] = self.public
        return {
            name: {table if table == OTHERS else self.full(table): frozenset(may) for table, may in tables.items()}
            for name, tables in wanted.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What the server says of one user."""

    powers: frozenset[str]
    mighty: frozenset[str]  # mighty roles that it is a member of
    creates_in: frozenset[str]  # schemas
    tables: Mapping[str, frozenset[str]]  # privileges by full table name, of every table that is there


def judge_grants(options: GrantsOptions, granted: Mapping[str, Granted]) -> list[Finding]:
    """What users may do and must not, first; then what they must be able to and may not."""
    gained: list[Finding] = []
    lost: list[Finding] = []
    for name, tables in options.expected().items():
        user = options.users.get(name, GranteeOptions())
        found = granted.get(name)
        if found is None:
            lost.append(_lost(f"grants, {name}: there is no such database user"))
            continue
        gained += _powers(name, user, found)
        if "superuser" in found.powers:
            continue  # it may do everything: to say so table by table would help nobody
        gained += _gained(name, tables, found.tables)
        lost += _missing(name, tables, found.tables)
    return gained + lost


def _powers(name: str, user: GranteeOptions, found: Granted) -> Iterator[Finding]:
    more = sorted(found.powers - set(user.powers))
    if more:
        yield _too_much(
            f"grants, {name}: has {', '.join(more)}", f"ALTER ROLE {name} {' '.join(f'NO{one}' for one in more)}"
        )
    if "superuser" in found.powers:
        return
    mighty = sorted(found.mighty - set(user.member_of))
    if mighty:
        yield _too_much(f"grants, {name}: is a member of {', '.join(mighty)}", f"REVOKE {mighty[0]} FROM {name}")
    if found.creates_in and not user.create:
        schema = min(found.creates_in)
        yield _too_much(f"grants, {name}: may make tables in {schema}", f"REVOKE CREATE ON SCHEMA {schema} FROM {name}")


def _gained(
    name: str, expected: Mapping[str, frozenset[str]], found: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    for table in sorted(found):
        more = found[table] - expected.get(table, expected.get(OTHERS, frozenset()))
        if more:
            listed = ", ".join(privilege for privilege in PRIVILEGES if privilege in more)
            yield _too_much(f"grants, {name}: may {listed} on {table}", f"REVOKE {listed} ON {table} FROM {name}")


def _missing(
    name: str, expected: Mapping[str, frozenset[str]], found: Mapping[str, frozenset[str]]
) -> Iterator[Finding]:
    for table, privileges in expected.items():
        for one in sorted(found) if table == OTHERS else [table]:
            if one not in found:
                yield Finding(FailureClass.NOT_INSTALLED, f"grants: there is no table {one}", _ABSENT_HINT)
            elif table != OTHERS or one not in expected:
                less = [privilege for privilege in PRIVILEGES if privilege in privileges - found[one]]
                if less:
                    listed = ", ".join(less)
                    yield _lost(f"grants, {name}: may not {listed} on {one}", f"GRANT {listed} ON {one} TO {name}")


def _too_much(explanation: str, remedy: str) -> Finding:
    hint = f"Somebody widened what this user may do: {remedy}; (or take its membership or ownership away), then see who did."
    return Finding(FailureClass.ACCESS_GAINED, explanation, hint)


def _lost(explanation: str, remedy: str = "") -> Finding:
    hint = (
        f"The service will fail where it needs this: {remedy};"
        if remedy
        else "Look for a rename, or a restore without roles."
    )
    return Finding(FailureClass.ACCESS_LOST, explanation, hint)


_ABSENT_HINT: Final = "Compare `grants` with the schema: was the table renamed, or has a migration not run?"


def users_query(options: GrantsOptions) -> str:
    """Name, powers, mighty roles and schemas to create in, of each user that there is, and of PUBLIC."""
    powers = " || ".join(f"CASE WHEN r.{column} THEN '{power} ' ELSE '' END" for power, column in _POWERS.items())
    return f"""
        SELECT r.rolname::text AS name, {powers} AS powers, (
            SELECT string_agg(m.rolname, ' ') FROM pg_roles m
            WHERE m.oid <> r.oid AND pg_has_role(r.oid, m.oid, 'MEMBER')
            AND (m.rolsuper OR m.rolcreaterole OR m.rolbypassrls OR m.rolname IN ({_list(_MIGHTY)}))
        ) AS mighty, ({_creates("r.oid", options)}) AS creates_in
        FROM pg_roles r WHERE r.rolname IN ({_list(options.users)})
        UNION ALL SELECT '{PUBLIC}', '', '', ({_creates("0::oid", options)})
    """  # noqa: S608 - literals of checked names


def _creates(role: str, options: GrantsOptions) -> str:
    return f"""
        SELECT string_agg(n.nspname, ' ') FROM pg_namespace n
        WHERE n.nspname IN ({_list(options.schemas)}) AND has_schema_privilege({role}, n.oid, 'CREATE')
    """  # noqa: S608 - literals of checked names


#: A table or view of an extension, such as `pg_stat_statements` or `spatial_ref_sys`, with the rights that it was installed
#: with. Many of them may be read by everybody: nobody granted that.
_AS_AN_EXTENSION_CAME: Final = """EXISTS (
            SELECT FROM pg_init_privs i WHERE i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = 0
               AND i.privtype = 'e' AND i.initprivs = c.relacl
        )"""


def tables_query(options: GrantsOptions) -> str:
    """User, table and its privileges, for each table of the schemas and each user that is no superuser."""
    privileges = " || ".join(
        f"CASE WHEN {'has_any_column_privilege' if privilege in _BY_COLUMN else 'has_table_privilege'}"
        f"(u.oid, c.oid, '{privilege}') THEN '{privilege} ' ELSE '' END"
        for privilege in PRIVILEGES
    )
    named = sorted({table for tables in options.expected().values() for table in tables})
    return f"""
        SELECT u.name, n.nspname || '.' || c.relname AS table_name, {privileges} AS privileges
        FROM (
            SELECT rolname::text AS name, oid FROM pg_roles
            WHERE NOT rolsuper AND rolname IN ({_list(options.users)})
            UNION ALL SELECT '{PUBLIC}', 0::oid
        ) AS u CROSS JOIN pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname IN ({_list(options.schemas)}) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
          AND (n.nspname || '.' || c.relname IN ({_list(named)}) OR NOT {_AS_AN_EXTENSION_CAME})
        ORDER BY 1, 2
    """  # noqa: S608 - literals of checked names


def _list(names: Sequence[str] | Mapping[str, object]) -> str:
    return ", ".join(literal(name) for name in names)


Row = Mapping[str, object]


def read_granted(users: Sequence[Row], tables: Sequence[Row]) -> dict[str, Granted]:
    """What the two queries answered, by user. Raises Finding when there were too many tables to look at."""
    if len(tables) >= _MOST_PAIRS:
        explanation = f"grants: {_MOST_PAIRS} pairs of user and table, or more: too many to look at"
        raise Finding(FailureClass.MISCONFIGURED, explanation, "Name fewer users or schemas in one check.")
    by_user: dict[str, dict[str, frozenset[str]]] = {}
    for row in tables:
        by_user.setdefault(str(row["name"]), {})[str(row["table_name"])] = _words(row["privileges"])
    return {
        name: Granted(
            powers=_words(row["powers"]),
            mighty=_words(row["mighty"]),
            creates_in=_words(row["creates_in"]),
            tables=by_user.get(name, {}),
        )
        for row in users
        for name in [str(row["name"])]
    }


def _words(value: object) -> frozenset[str]:
    return frozenset(str(value or "").split())


def grant_readings(granted: Mapping[str, Granted]) -> list[Reading]:
    pairs = sum(len(one.tables) for one in granted.values())
    return [Reading("granted", pairs, Unit.COUNT)]
