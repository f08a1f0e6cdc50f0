"""Whether the table that says who has which role contradicts itself, or what it speaks of."""

from collections.abc import Mapping
from typing import Final, Self

from pydantic import model_validator

from sentinel.base.fields import Options
from sentinel.base.redact import Secret
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Reading
from sentinel.probes.base import ProbeTools
from sentinel.probes.database import Asked, Statement, as_number, open_database
from sentinel.probes.database.identifiers import ColumnName, PlainText, TableName, literal, quoted
from sentinel.probes.database.options import NO_COUNT_HINT, IntegrityQuery
from sentinel.probes.finding import Finding


class RowCondition(Options):
    """Which rows are meant, by one column of them. With the column alone: those where it is not null."""

    column: ColumnName
    """The column, such as `deleted_at`, `active` or `status`."""
    equals: bool | int | PlainText | None = None
    """The value that it has, such as `false`."""
    one_of: tuple[PlainText, ...] = ()
    """The values that it may have, such as `["inactive", "removed"]`."""

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if self.equals is not None and self.one_of:
            raise ValueError("either equals or one_of")
        return self

    def sql(self, table: str) -> str:
        column = f"{table}.{quoted(self.column)}"
        if self.one_of:
            return f"{column} IN ({', '.join(map(literal, self.one_of))})"
        return f"{column} IS NOT NULL" if self.equals is None else f"{column} = {literal(self.equals)}"


class PartyOptions(Options):
    """The table of the users, or that of the roles."""

    table: TableName
    """Its name, such as `users` or `staff.users`."""
    key: ColumnName = "id"
    """The column that the assignments refer to."""
    removed: RowCondition | None = None
    """Which of them are removed or inactive: nobody may be assigned to these any more."""


class AssignmentTableOptions(Options):
    """A many-to-many table of users and roles."""

    table: TableName
    """Its name, such as `user_roles`."""
    user: ColumnName = "user_id"
    """Its column with the user."""
    role: ColumnName = "role_id"
    """Its column with the role."""
    users: PartyOptions
    """The table of the users."""
    roles: PartyOptions
    """The table of the roles."""
    ended: RowCondition | None = None
    """Which assignments hold no more, and are not looked at."""

    def statements(self) -> list[Statement]:
        """One count for each of `COUNTS` that can be told."""
        made = [Statement(name=ORPHANS, text=self._orphans()), Statement(name=DUPLICATES, text=self._duplicates())]
        removed = [self._exists(party, column, party.removed) for party, column in self._parties() if party.removed]
        if removed:
            made.append(Statement(name=REMOVED, text=f"{self._count()} AND ({' OR '.join(removed)})"))
        return made

    def _parties(self) -> tuple[tuple[PartyOptions, ColumnName], ...]:
        return (self.users, self.user), (self.roles, self.role)

    def _count(self) -> str:
        return f"SELECT count(*) FROM {quoted(self.table)} AS a WHERE {self._holds()}"  # noqa: S608 - names are checked

    def _holds(self) -> str:
        """Null in the column means that it has not ended, so `NOT` alone would not do."""
        return "1 = 1" if self.ended is None else f"CASE WHEN {self.ended.sql('a')} THEN 0 ELSE 1 END = 1"

    def _orphans(self) -> str:
        lost = [f"NOT {self._exists(party, column, None)}" for party, column in self._parties()]
        return f"{self._count()} AND ({' OR '.join(lost)})"

    def _duplicates(self) -> str:
        pair = f"a.{quoted(self.user)}, a.{quoted(self.role)}"
        groups = (
            f"SELECT count(*) - 1 AS more FROM {quoted(self.table)} AS a"  # noqa: S608 - names are checked
            f" WHERE {self._holds()} GROUP BY {pair} HAVING count(*) > 1"
        )
        return f"SELECT coalesce(sum(more), 0) FROM ({groups}) AS doubled"  # noqa: S608 - names are checked

    def _exists(self, party: PartyOptions, column: ColumnName, condition: RowCondition | None) -> str:
        further = f" AND {condition.sql('p')}" if condition is not None else ""
        return (
            f"EXISTS (SELECT 1 FROM {quoted(party.table)} AS p"  # noqa: S608 - names are checked
            f" WHERE p.{quoted(party.key)} = a.{quoted(column)}{further})"
        )


ORPHANS: Final = "orphans"
DUPLICATES: Final = "duplicates"
REMOVED: Final = "removed"

#: What each count of assignments is of, for one and for several.
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    ORPHANS: ("assignment whose user or role does not exist", "assignments whose user or role does not exist"),
    DUPLICATES: ("assignment that is there twice", "assignments too many, of what is there already"),
    REMOVED: ("assignment of a removed user or role", "assignments of removed users or roles"),
}


class Integrity:
    """Asks the counts of one check, in one session."""

    def __init__(
        self, table: AssignmentTableOptions | None, queries: tuple[IntegrityQuery, ...], url: Secret, tools: ProbeTools
    ) -> None:
        self._table = "" if table is None else table.table
        own = [] if table is None else table.statements()
        self._statements = [*own, *(Statement(name=query.name, text=query.query) for query in queries)]
        self._own = {statement.name: statement.name for statement in own}
        self._names = [*self._own, *(f"integrity.{query.name}" for query in queries)]
        self._database = open_database(
            url, threads=tools.threads, resolver=tools.transport.resolver, contexts=tools.contexts
        )
        self.host = self._database.host

    async def measure(self, deadline: float, readings: list[Reading]) -> None:
        """Raises Finding for what is wrong; the readings are there all the same."""
        asked = await self._database.ask(self._statements, deadline)
        counts = [as_number(answer.value) for answer in asked.answers]
        found = dict(zip(self._names, counts, strict=False))
        readings += [Reading(name, count, Unit.COUNT) for name, count in found.items() if count is not None]
        if wrong := [self._told(name, count) for name, count in found.items() if count]:
            raise Finding(FailureClass.INTEGRITY, "; ".join(wrong), _HINT)
        for name, count in found.items():
            if count is None:
                raise Finding(FailureClass.MISCONFIGURED, f"{name}: the first value is no number", NO_COUNT_HINT)
        if asked.trouble is not None:
            raise self._trouble(asked)

    def _told(self, name: str, count: float) -> str:
        if name not in _WORDS:
            return f"{name} {count:g}, expected 0"
        one, several = _WORDS[name]
        return f"{self._table}: {count:g} {one if count == 1 else several}"

    def _trouble(self, asked: Asked) -> Finding:
        trouble = asked.trouble
        assert trouble is not None
        number = len(asked.answers)
        name = self._names[number] if number < len(self._names) and asked.connect_time is not None else "integrity"
        if trouble.absent and name in self._own:
            return Finding(trouble.failure, f"{self._table}, {name}: {trouble.explanation}", _SCHEMA_HINT)
        return Finding.of_database(name, trouble)


_HINT: Final = (
    "List the rows by the same conditions, see which deletion or migration left them, and whether the right that they stand "
    "for still works."
)
_SCHEMA_HINT: Final = "Compare the names under `assignment_table` with the schema: has a migration not run?"
