"""Sizes and growth of tables, dead rows, and when vacuum and analyse were there last."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import Field

from sentinel.base.fields import Options
from sentinel.base.units import Unit, format_bytes, format_value
from sentinel.core.result import FailureClass
from sentinel.probes.base import idle_unless
from sentinel.probes.postgres.growth import DAY, WEEK, Growth
from sentinel.probes.postgres.names import Table, TableField
from sentinel.probes.postgres.part import Look, PartKind, Row, Rule, above

_MOST: Final = 50  # tables that are looked at: those of the file, then the largest
_WATCHED: Final = 25
_DATABASE: Final = ""  # its name in the history, which no table has
_SECONDS_PER_DAY: Final = 86_400
#: Shares of a table's rows from which autovacuum looks after it, by default (autovacuum_vacuum_scale_factor, …_analyze_…).
_DEAD: Final = 0.2
_CHANGED: Final = 0.1


class TablesOptions(Options):
    """Sizes, growth and care of the largest 50 tables of this database."""

    watch: Annotated[tuple[TableField, ...], Field(max_length=_WATCHED)] = ()
    """Tables with readings of their own (`table_size.<table>` and so on), such as `employees` or `hr.employees`."""
    count: Annotated[tuple[TableField, ...], Field(max_length=_WATCHED)] = ()
    """Tables whose rows are counted, for `rows.<table>`. Of a table under `watch` alone the server's estimate is told."""
    count_to: int = Field(default=1_000_000, ge=1)
    """Rows are counted up to this number."""
    dead_from: int = Field(default=10_000, ge=0)
    """Fewer dead rows than this are no matter, whatever share of a table they are."""
    growth_from: int = Field(default=64 << 20, ge=0)
    """Bytes: tables below this size do not count for `fastest_growth_week`."""


#: Sizes take a lock that a table's exclusive lock, held or waited for, would make us wait for: such a table is left out.
_TABLES: Final = """
WITH locked AS MATERIALIZED (
    SELECT relation FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation IS NOT NULL
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
), named AS (
    SELECT value->>0 AS schema, value->>1 AS name FROM json_array_elements($1::json) AS value
), chosen AS MATERIALIZED (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples, w.name IS NOT NULL AS watched,
           EXISTS (SELECT FROM locked WHERE relation = c.oid) AS locked
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN named w ON w.schema = n.nspname AND w.name = c.relname
    WHERE (c.relkind IN ('r', 'm') OR c.relkind = 'p' AND w.name IS NOT NULL)
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relpersistence <> 't'
    ORDER BY w.name IS NULL, c.relpages DESC, c.oid LIMIT {most}
)
SELECT t.nspname AS schema, t.relname AS name, t.watched, t.locked,
       CASE WHEN t.locked THEN NULL
            WHEN t.relkind = 'p' THEN (SELECT sum(pg_total_relation_size(relid))::int8 FROM pg_partition_tree(t.oid))
            ELSE pg_total_relation_size(t.oid) END AS size,
       CASE WHEN t.relkind = 'p' THEN (SELECT sum(greatest(p.reltuples, 0))::int8 FROM pg_partition_tree(t.oid) tree
                                       JOIN pg_class p ON p.oid = tree.relid WHERE tree.isleaf)
            WHEN t.reltuples < 0 THEN s.n_live_tup ELSE t.reltuples::int8 END AS rows,
       s.n_live_tup AS live, s.n_dead_tup AS dead, s.n_mod_since_analyze AS changed,
       extract(epoch FROM now() - coalesce(greatest(s.last_vacuum, s.last_autovacuum), began.at))::float8 AS vacuum_age,
       extract(epoch FROM now() - coalesce(greatest(s.last_analyze, s.last_autoanalyze), began.at))::float8 AS analyse_age
FROM chosen t LEFT JOIN pg_stat_all_tables s ON s.relid = t.oid
     CROSS JOIN (SELECT greatest(d.stats_reset, pg_postmaster_start_time()) AS at
                 FROM pg_stat_database d WHERE d.datname = current_database()) AS began
"""
_DATABASE_SIZE: Final = "SELECT pg_database_size(current_database()) AS size"
_ROWS_HINT: Final = (
    "What wrote to this table last: a job that deletes or loads, a migration, a restore that ended half-way? Keep the newest "
    "backup from being overwritten until that is known."
)
_COUNT: Final = "SELECT count(*) AS rows FROM (SELECT FROM {table} LIMIT {most}) AS counted"
_MISSING_HINT: Final = (
    "Has a migration not run, or was the table renamed? Without a schema, the schema `public` is meant."
)
_VACUUM_HINT: Final = (
    "See whether autovacuum is on and keeps up, and whether an old transaction or replication slot holds it back."
)


class Tables:
    """Sizes are noted once an hour; the rest is as the server has it now."""

    def __init__(self, options: TablesOptions) -> None:
        self._options = options
        self._counted = [Table.named(name) for name in options.count]
        self._watched = [Table.named(name) for name in options.watch]
        self._named = json.dumps([*self._watched, *self._counted])

    async def look(self, look: Look) -> None:
        database = await look.row(_DATABASE_SIZE)
        rows = await look.rows(_TABLES.format(most=_MOST), self._named)
        found = {Table(row.text("schema"), row.text("name")): row for row in rows}
        self._find_missing(look, found)
        sizes = {_DATABASE: database.count("size")}
        sizes |= {str(table): row.count("size") for table, row in found.items() if not row.flag("locked")}
        growth = Growth.from_note(look.before).with_sizes(_hour(look), sizes, [_DATABASE, *map(str, found)])
        look.after = growth.as_note()
        self._read_sizes(look, growth, sizes)
        self._read_growth(look, growth, sizes)
        if not look.server.standby:  # a standby does not know what its primary vacuumed
            _read_dead(look, _where(found, "dead", self._options.dead_from))
            _read_care(look, found, self._options.dead_from)
        for table in self._watched:
            if table in found:
                self._read_one(look, table, found[table])
        await self._count(look, found)

    def _find_missing(self, look: Look, found: Mapping[Table, Row]) -> None:
        missing = [
            str(table)
            for table in {**dict.fromkeys(self._watched), **dict.fromkeys(self._counted)}
            if table not in found
        ]
        if missing:
            verb = "does" if len(missing) == 1 else "do"
            look.find(FailureClass.MISSING, f"tables: {', '.join(missing)} {verb} not exist", _MISSING_HINT)

    def _read_sizes(self, look: Look, growth: Growth, sizes: Mapping[str, int]) -> None:
        hour = _hour(look)
        look.read("database_size", sizes[_DATABASE], Unit.BYTES, _largest(sizes))
        for name, hours in (("database_growth_day", DAY), ("database_growth_week", WEEK)):
            if (share := growth.over(hours, hour, _DATABASE, sizes[_DATABASE])) is not None:
                look.read(name, share, Unit.RATIO, _largest(sizes))
        tables = {name: size for name, size in sizes.items() if name and size >= self._options.growth_from}
        grown = {name: growth.over(WEEK, hour, name, size) for name, size in tables.items()}
        fastest = max(((share, name) for name, share in grown.items() if share is not None), default=None)
        if fastest is not None:
            hint = f"Table {fastest[1]}, now {format_bytes(sizes[fastest[1]])}: see what writes to it, and what should delete."
            look.read("fastest_growth_week", fastest[0], Unit.RATIO, hint)

    def _read_growth(self, look: Look, growth: Growth, sizes: Mapping[str, int]) -> None:
        for table in map(str, self._watched):
            if table not in sizes:
                continue
            look.read(f"table_size.{table}", sizes[table], Unit.BYTES)
            for family, hours in (("table_growth_day", DAY), ("table_growth_week", WEEK)):
                if (share := growth.over(hours, _hour(look), table, sizes[table])) is not None:
                    look.read(f"{family}.{table}", share, Unit.RATIO)

    def _read_one(self, look: Look, table: Table, row: Row) -> None:
        if table not in self._counted and not row.flag("locked"):
            look.read(f"rows.{table}", row.number("rows"), Unit.COUNT, _ROWS_HINT)
        if look.server.standby or row.known("live") is None:
            return
        look.read(f"table_dead_share.{table}", _dead_share(row), Unit.RATIO, _VACUUM_HINT)
        look.read(f"table_vacuum_age.{table}", row.number("vacuum_age") / _SECONDS_PER_DAY, Unit.DAYS, _VACUUM_HINT)
        look.read(f"table_analyse_age.{table}", row.number("analyse_age") / _SECONDS_PER_DAY, Unit.DAYS, _VACUUM_HINT)

    async def _count(self, look: Look, found: Mapping[Table, Row]) -> None:
        for table in self._counted:
            if table in found and not found[table].flag("locked"):
                text = _COUNT.format(table=table.quoted, most=self._options.count_to)
                look.read(f"rows.{table}", (await look.row(text)).number("rows"), Unit.COUNT, _ROWS_HINT)


def _hour(look: Look) -> int:
    """Full hours since the epoch."""
    return int(look.now.timestamp()) // 3600


def _where(found: Mapping[Table, Row], column: str, least: float) -> dict[Table, Row]:
    return {table: row for table, row in found.items() if row.number(column) >= least}


def _dead_share(row: Row) -> float:
    return row.number("dead") / max(row.number("live") + row.number("dead"), 1)


def _read_dead(look: Look, dirty: Mapping[Table, Row]) -> None:
    worst = max(dirty.items(), key=lambda item: _dead_share(item[1]), default=None)
    if worst is None:
        look.read("dead_share", 0.0, Unit.RATIO)
        return
    table, row = worst
    told = f"Table {table} has {format_value(row.number('dead'), Unit.COUNT)} dead rows."
    look.read("dead_share", _dead_share(row), Unit.RATIO, f"{told} {_VACUUM_HINT}")


def _read_care(look: Look, found: Mapping[Table, Row], least: int) -> None:
    """The oldest vacuum of those tables that need one, and likewise analyse. A table that nobody writes to needs none."""
    _read_age(look, "vacuum_age", "vacuumed", _needy(found, "dead", _DEAD, least))
    _read_age(look, "analyse_age", "analysed", _needy(found, "changed", _CHANGED, least))


def _needy(found: Mapping[Table, Row], column: str, share: float, least: int) -> list[tuple[Table, Row]]:
    return [
        (table, row) for table, row in found.items() if row.number(column) >= max(share * row.number("live"), least)
    ]


def _read_age(look: Look, column: str, done: str, needy: Sequence[tuple[Table, Row]]) -> None:
    oldest = max(needy, key=lambda item: item[1].number(column), default=None)
    days = oldest[1].number(column) / _SECONDS_PER_DAY if oldest is not None else 0.0
    hint = f"Table {oldest[0]} has changed much and was last {done} {days:.1f} days ago, or longer. " if oldest else ""
    look.read(column, days, Unit.DAYS, f"{hint}{_VACUUM_HINT}")


def _largest(sizes: Mapping[str, int]) -> str:
    tables = sorted(((size, name) for name, size in sizes.items() if name), reverse=True)[:3]
    told = ", ".join(f"{name} {format_bytes(size)}" for size, name in tables)
    return f"The largest tables, with their indexes: {told}." if told else ""


_FAMILIES: Final = {
    "table_size": Unit.BYTES,
    "table_growth_day": Unit.RATIO,
    "table_growth_week": Unit.RATIO,
    "table_dead_share": Unit.RATIO,
    "table_vacuum_age": Unit.DAYS,
    "table_analyse_age": Unit.DAYS,
    "rows": Unit.COUNT,
}


def _more_readings(options: Any) -> Mapping[str, Unit]:
    watched = [str(Table.named(name)) for name in options.watch]
    more = {f"{family}.{name}": unit for family, unit in _FAMILIES.items() for name in watched}
    return more | {f"rows.{Table.named(name)}": Unit.COUNT for name in options.count}


def _idle(options: Any) -> Mapping[str, str]:
    watched = idle_unless(options.watch, "`tables.watch`", *(f"{family}.*" for family in _FAMILIES if family != "rows"))
    return {**watched, **idle_unless(options.watch or options.count, "`tables.count`", "rows.*")}


def _usual_rules(_options: Any) -> Sequence[Rule]:
    return [
        above("dead_share", warning="30%", critical="60%"),
        above("vacuum_age", warning=7),
        above("analyse_age", warning=7),
        above("fastest_growth_week", warning="100%"),
    ]


PART: Final = PartKind(
    name="tables",
    readings={
        "database_size": Unit.BYTES,
        "database_growth_day": Unit.RATIO,
        "database_growth_week": Unit.RATIO,
        "fastest_growth_week": Unit.RATIO,
        "dead_share": Unit.RATIO,
        "vacuum_age": Unit.DAYS,
        "analyse_age": Unit.DAYS,
        **{f"{family}.*": unit for family, unit in _FAMILIES.items()},
    },
    build=lambda options, _tools: Tables(options),
    usual_rules=_usual_rules,
    more_readings=_more_readings,
    idle=_idle,
)
