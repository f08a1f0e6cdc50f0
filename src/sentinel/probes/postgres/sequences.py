"""How much of each sequence is used up: of its own range, or of the type of the column that it fills."""

from collections.abc import Sequence
from typing import Any, Final

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass
from sentinel.probes.database.asking import broken
from sentinel.probes.postgres.names import Table
from sentinel.probes.postgres.part import Look, PartKind, Row, Rule, above


class SequencesOptions(Options):
    """Sequences of this database that come to their end. Those that begin again by themselves (CYCLE) do not count."""


#: A sequence of 64 bits may fill a column of 32: the narrower one is the end.
_TEXT: Final = """
WITH known AS (
    SELECT n.nspname AS schema, c.relname AS name, t.relname AS table, a.attname AS column,
           CASE WHEN s.seqincrement > 0 THEN s.seqmin ELSE s.seqmax END::float8 AS first,
           CASE WHEN s.seqincrement > 0
                THEN least(s.seqmax, CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
                                     ELSE s.seqmax END)
                ELSE greatest(s.seqmin, CASE a.atttypid WHEN 'int2'::regtype THEN -32768 WHEN 'int4'::regtype THEN -2147483648
                                        ELSE s.seqmin END) END::float8 AS last,
           has_sequence_privilege(c.oid, 'SELECT, USAGE') AS readable,
           CASE WHEN has_sequence_privilege(c.oid, 'SELECT, USAGE') THEN pg_sequence_last_value(c.oid) END::float8 AS value
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
                              AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
         LEFT JOIN pg_class t ON t.oid = d.refobjid
         LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE NOT s.seqcycle AND c.relpersistence <> 't'
)
SELECT *, count(*) FILTER (WHERE NOT readable) OVER () AS unreadable,
       (SELECT string_agg(DISTINCT quote_ident(schema), ', ') FROM known WHERE NOT readable) AS closed,
       CASE WHEN last <> first THEN coalesce((value - first) / (last - first), 0) ELSE 0 END AS used
FROM known ORDER BY used DESC LIMIT 3
"""


class Sequences:
    """The one that is nearest to its end."""

    def __init__(self, options: SequencesOptions) -> None:
        """There is nothing to choose."""

    async def look(self, look: Look) -> None:
        rows = await look.rows(_TEXT)
        if not rows:
            look.read("sequence_used", 0.0, Unit.RATIO)
            return
        fullest = rows[0]
        look.read("sequence_used", max(fullest.number("used"), 0.0), Unit.RATIO, _hint(fullest))
        if unreadable := fullest.count("unreadable"):
            explanation = f"the role may not read {unreadable} sequence{'s' if unreadable > 1 else ''}"
            hint = f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA {fullest.text('closed')} TO the role in `url`."
            raise broken(FailureClass.NOT_PERMITTED, explanation, hint)


def _hint(row: Row) -> str:
    name = Table(row.text("schema"), row.text("name"))
    column = f", for {row.text('table')}.{row.text('column')}," if row.text("column") else ""
    return (
        f"Sequence {name}{column} is at {row.number('value'):.0f} of {row.number('last'):.0f}: inserts fail at its end. "
        "Make the column (and what refers to it) a bigint in good time."
    )


def _usual_rules(_options: Any) -> Sequence[Rule]:
    return [above("sequence_used", warning="70%", critical="90%")]


PART: Final = PartKind(
    name="sequences",
    readings={"sequence_used": Unit.RATIO},
    build=lambda options, _tools: Sequences(options),
    usual_rules=_usual_rules,
)
