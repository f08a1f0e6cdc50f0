"""Whether foreign keys hold: declared, valid, in force, and if asked for, each row looked at."""

import json
from collections.abc import Sequence
from typing import Any, Final

from pydantic import Field

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass
from sentinel.probes.database.asking import broken
from sentinel.probes.postgres.names import Table, TableField, listed, quoted
from sentinel.probes.postgres.part import Look, PartKind, Row, Rule, above

_COUNTED_TO: Final = 1000  # orphans of one foreign key


class ForeignKeysOptions(Options):
    """Foreign keys of this database."""

    rows: bool = False
    """Looks for rows whose counterpart is not there, too. It reads both tables whole: for a check of its own that runs
    rarely, with a timeout of minutes."""
    tables: tuple[TableField, ...] = Field(default=(), max_length=500)
    """Only foreign keys of these tables; of all when it is empty."""


_KEYS: Final = """
SELECT k.conname AS key, n.nspname AS schema, c.relname AS name, fn.nspname AS parent_schema, f.relname AS parent_name,
       k.convalidated AS valid, k.confmatchtype::text AS match,
       EXISTS (SELECT FROM pg_trigger g WHERE g.tgconstraint = k.oid AND g.tgenabled = 'D') AS disabled,
       coalesce(has_any_column_privilege(c.oid, 'SELECT') AND has_any_column_privilege(f.oid, 'SELECT'), false) AS readable,
       (SELECT json_agg(json_build_array(a.attname, b.attname) ORDER BY p.number)
        FROM unnest(k.conkey, k.confkey) WITH ORDINALITY AS p(child, parent, number)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.child
        JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = p.parent)::text AS pairs
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0
  AND ($1 = '[]' OR EXISTS (SELECT FROM json_array_elements($1::json) AS value
                            WHERE value->>0 = n.nspname AND value->>1 = c.relname))
ORDER BY 2, 3, 1
"""
_ORPHANS: Final = """
SELECT count(*) AS orphans FROM (
    SELECT FROM {child} c WHERE {given} AND NOT EXISTS (SELECT FROM {parent} p WHERE {same}) LIMIT {most}) AS found
"""
_ORPHANS_HINT: Final = (
    "Rows lost their counterpart while the key was not in force (NOT VALID, a disabled trigger, session_replication_role): "
    "find them by a LEFT JOIN, and put them right before they are used."
)
_LOST_HINT: Final = (
    "One that is missing was dropped, or a migration has not run; look for rows without a counterpart before you declare "
    "it again."
)
_UNVALIDATED_HINT: Final = "ALTER TABLE … VALIDATE CONSTRAINT … says whether all rows fit, without blocking writers."
_DISABLED_HINT: Final = "ALTER TABLE … ENABLE TRIGGER ALL; then look for rows without a counterpart with `rows: true`."


class ForeignKeys:
    """What the catalog says of each, and what the rows say."""

    def __init__(self, options: ForeignKeysOptions) -> None:
        self._rows = options.rows
        self._tables = json.dumps([Table.named(name) for name in options.tables])

    async def look(self, look: Look) -> None:
        keys = await look.rows(_KEYS, self._tables)
        look.read("foreign_keys", len(keys), Unit.COUNT, _there_are([_named(key) for key in keys]))
        unvalidated = [_named(key) for key in keys if not key.flag("valid")]
        hint = f"{listed(unvalidated)}: {_UNVALIDATED_HINT}" if unvalidated else ""
        look.read("unvalidated_foreign_keys", len(unvalidated), Unit.COUNT, hint)
        disabled = [_named(key) for key in keys if key.flag("disabled")]
        if disabled:
            explanation = f"foreign keys are not enforced: {listed(disabled)}"
            look.find(FailureClass.INTEGRITY, explanation, _DISABLED_HINT)
        if self._rows:
            await self._look_at_rows(look, keys)

    async def _look_at_rows(self, look: Look, keys: Sequence[Row]) -> None:
        orphans = {_named(key): await _orphans(look, key) for key in keys if key.flag("readable")}
        look.read("orphans", sum(orphans.values()), Unit.COUNT)
        broken_keys = [f"{name} ({_at_least(number)})" for name, number in orphans.items() if number]
        if broken_keys:
            explanation = f"rows without their counterpart: {listed(broken_keys)}"
            look.find(FailureClass.INTEGRITY, explanation, _ORPHANS_HINT)
        unreadable = [key for key in keys if not key.flag("readable")]
        if unreadable:
            tables = sorted({str(table) for key in unreadable for table in (_child(key), _parent(key))})
            explanation = f"the role may not read the tables of {listed([_named(key) for key in unreadable])}"
            raise broken(
                FailureClass.NOT_PERMITTED, explanation, f"GRANT SELECT ON {listed(tables)} TO the role in `url`."
            )


async def _orphans(look: Look, key: Row) -> int:
    pairs = [(quoted(child), quoted(parent)) for child, parent in json.loads(key.text("pairs"))]
    # MATCH FULL lets a key be null only as a whole; the usual MATCH SIMPLE checks nothing when one column is null.
    word = " OR " if key.text("match") == "f" else " AND "
    text = _ORPHANS.format(
        child=_child(key).quoted,
        parent=_parent(key).quoted,
        given=f"({word.join(f'c.{child} IS NOT NULL' for child, _ in pairs)})",
        same=" AND ".join(f"p.{parent} = c.{child}" for child, parent in pairs),
        most=_COUNTED_TO,
    )
    return (await look.row(text)).count("orphans")


def _there_are(names: Sequence[str]) -> str:
    return f"There are: {listed(names) or 'none'}. {_LOST_HINT}"


def _child(key: Row) -> Table:
    return Table(key.text("schema"), key.text("name"))


def _parent(key: Row) -> Table:
    return Table(key.text("parent_schema"), key.text("parent_name"))


def _named(key: Row) -> str:
    return f"{key.text('key')} of {_child(key)}"


def _at_least(number: int) -> str:
    return f"{number} or more" if number >= _COUNTED_TO else str(number)


def _usual_rules(_options: Any) -> Sequence[Rule]:
    return [above("unvalidated_foreign_keys", warning=0)]


PART: Final = PartKind(
    name="foreign_keys",
    readings={"foreign_keys": Unit.COUNT, "unvalidated_foreign_keys": Unit.COUNT, "orphans": Unit.COUNT},
    build=lambda options, _tools: ForeignKeys(options),
    usual_rules=_usual_rules,
)
