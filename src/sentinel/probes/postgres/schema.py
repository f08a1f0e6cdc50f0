"""Whether the tables, columns and indexes that the application counts on are there."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Self

from pydantic import Field, model_validator

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass
from sentinel.probes.postgres.names import PlainField, Table, TableField, listed
from sentinel.probes.postgres.part import Look, PartKind, Row, Rule, above


class IndexOptions(Options):
    """An index that must be there, and be valid."""

    name: PlainField
    """Its name."""
    table: TableField | None = None
    """The table that it is on."""
    columns: tuple[PlainField, ...] = ()
    """Its columns, in order."""
    unique: bool = False
    """It must be unique."""


class SchemaOptions(Options):
    """What must be there. Names are written as the catalog has them; without a schema, `public` is meant."""

    tables: tuple[TableField, ...] = Field(default=(), max_length=500)
    """Tables or views."""
    columns: dict[TableField, dict[PlainField, str] | tuple[PlainField, ...]] = Field(
        default_factory=dict, max_length=500
    )
    """Columns by table: a list of names, or types by name, such as `{"employees": {"id": "varchar(20)", "born": "date"}}`."""
    indexes: tuple[IndexOptions | PlainField, ...] = Field(default=(), max_length=500)
    """Indexes: a name, or an object with what else must be true of it."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not (self.tables or self.columns or self.indexes):
            raise ValueError("tables, columns or indexes")
        return self


_TABLES: Final = """
SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN (SELECT value->>0 AS schema, value->>1 AS name FROM json_array_elements($1::json) AS value) w
  ON w.schema = n.nspname AND w.name = c.relname
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_COLUMNS: Final = """
SELECT n.nspname AS schema, c.relname AS name,
       json_object_agg(a.attname, format_type(a.atttypid, a.atttypmod))::text AS columns
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN (SELECT value->>0 AS schema, value->>1 AS name FROM json_array_elements($1::json) AS value) w
  ON w.schema = n.nspname AND w.name = c.relname
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') GROUP BY 1, 2
"""
_INDEXES: Final = """
SELECT c.relname AS index, n.nspname AS schema, t.relname AS name,
       i.indisunique AS is_unique, i.indisvalid AND i.indisready AS is_valid,
       (SELECT json_agg(a.attname ORDER BY k.number)
        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attribute, number)
             LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attribute
        WHERE k.number <= i.indnkeyatts)::text AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE c.relname IN (SELECT json_array_elements_text($1::json)) AND n.nspname <> 'pg_catalog'
"""
#: One that is being built is not valid yet, and nobody has to do anything about it.
_INVALID: Final = """
SELECT c.relname AS index FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT i.indisvalid AND c.relkind = 'i' AND i.indexrelid NOT IN (SELECT index_relid FROM pg_stat_progress_create_index)
ORDER BY 1
"""
_MISSING_HINT: Final = "Has a migration not run, or been rolled back? Compare with \\d in psql."
_INVALID_HINT: Final = (
    "A CREATE INDEX CONCURRENTLY has failed: DROP INDEX CONCURRENTLY and build it again, or REINDEX INDEX CONCURRENTLY."
)


class Schema:
    """Everything is asked of the catalog: no right on the tables is needed."""

    def __init__(self, options: SchemaOptions) -> None:
        self._tables = [Table.named(name) for name in options.tables]
        self._columns = {Table.named(name): _types(columns) for name, columns in options.columns.items()}
        self._indexes = [IndexOptions(name=one) if isinstance(one, str) else one for one in options.indexes]

    async def look(self, look: Look) -> None:
        missing: list[str] = []
        drifted: list[str] = []
        there = await self._there(look)
        missing += [f"table {table}" for table in dict.fromkeys([*self._tables, *self._columns]) if table not in there]
        for table, columns in self._columns.items():
            if table in there:
                missing += [f"column {table}.{column}" for column in columns if column not in there[table]]
                drifted += _drifted(table, columns, there[table])
        missing += await self._missing_indexes(look)
        if missing:
            look.find(FailureClass.MISSING, f"not there: {listed(missing)}", _MISSING_HINT)
        if drifted:
            look.find(FailureClass.DRIFTED, listed(drifted), _MISSING_HINT)
        look.read("missing", len(missing), Unit.COUNT)
        await self._read_invalid(look)

    async def _there(self, look: Look) -> dict[Table, Mapping[str, str]]:
        """The types of columns by name, of each table that is there; empty where no columns are asked for."""
        rows = await look.rows(_TABLES, json.dumps(self._tables))
        there: dict[Table, Mapping[str, str]] = {_table(row): {} for row in rows}
        if self._columns:
            found = await look.rows(_COLUMNS, json.dumps(list(self._columns)))
            there |= {_table(row): json.loads(row.text("columns")) for row in found}
        return there

    async def _missing_indexes(self, look: Look) -> list[str]:
        if not self._indexes:
            return []
        rows = await look.rows(_INDEXES, json.dumps([index.name for index in self._indexes]))
        return [wrong for index in self._indexes if (wrong := _wrong(index, rows))]

    async def _read_invalid(self, look: Look) -> None:
        invalid = [row.text("index") for row in await look.rows(_INVALID)]
        look.read("invalid_indexes", len(invalid), Unit.COUNT, f"{listed(invalid)}: {_INVALID_HINT}" if invalid else "")


def _types(columns: Mapping[str, str] | Sequence[str]) -> dict[str, str]:
    return dict(columns) if isinstance(columns, Mapping) else dict.fromkeys(columns, "")


def _table(row: Row) -> Table:
    return Table(row.text("schema"), row.text("name"))


def _drifted(table: Table, columns: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    for column, wanted in columns.items():
        has = found.get(column)
        if (
            wanted
            and has is not None
            and plain_type(wanted) not in {plain_type(has), plain_type(has.partition("(")[0])}
        ):
            yield f"column {table}.{column} is {has}, expected {plain_type(wanted)}"


def _wrong(index: IndexOptions, rows: Iterable[Row]) -> str:
    """What is wrong with an index; empty when nothing is. Of several with its name, in different schemas, one has to be right."""
    named = [row for row in rows if row.text("index") == index.name]
    wanted = Table.named(index.table) if index.table is not None else None
    here = [row for row in named if wanted is None or _table(row) == wanted]
    if not here:
        return f"index {index.name}" + (f" on {wanted}" if wanted else "")
    problems = [_problem(index, row) for row in here]
    return "" if "" in problems else f"index {index.name}, which is {problems[0]}"


def _problem(index: IndexOptions, row: Row) -> str:
    if not row.flag("is_valid"):
        return "not valid"
    if index.unique and not row.flag("is_unique"):
        return "not unique"
    columns = tuple(json.loads(row.text("columns") or "[]"))
    return f"not on {', '.join(index.columns)}" if index.columns and columns != index.columns else ""


#: Names that people write, and those that the catalog has (PostgreSQL's manual, table 8.1).
_ALIASES: Final = {
    "varchar": "character varying",
    "char": "character",
    "bpchar": "character",
    "int": "integer",
    "int4": "integer",
    "serial": "integer",
    "int8": "bigint",
    "bigserial": "bigint",
    "int2": "smallint",
    "smallserial": "smallint",
    "bool": "boolean",
    "decimal": "numeric",
    "float": "double precision",
    "float8": "double precision",
    "float4": "real",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
    "varbit": "bit varying",
}
_TYPE: Final = re.compile(r"([a-z_][\w ]*?) *(\([^)]*\))?( with(?:out)? time zone)?((?:\[\])*)")


def plain_type(written: str) -> str:
    """A type as `format_type` writes it: `character varying(20)` for `VARCHAR(20)`."""
    text = " ".join(written.lower().split())
    match = _TYPE.fullmatch(text)
    if match is None:
        return text
    name, size, zone, array = (part or "" for part in match.groups())
    if zone:
        return f"{name}{size}{zone}{array}"
    base, _, end = _ALIASES.get(name, name).partition(" with")
    return f"{base}{size.replace(' ', '')}{' with' + end if end else ''}{array}"


def _usual_rules(_options: Any) -> Sequence[Rule]:
    return [above("invalid_indexes", warning=0)]


PART: Final = PartKind(
    name="schema",
    readings={"missing": Unit.COUNT, "invalid_indexes": Unit.COUNT},
    build=lambda options, _tools: Schema(options),
    usual_rules=_usual_rules,
)
