"""Slow statements by pg_stat_statements. They are told by their queryid: their texts hold people's data, and are never read."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from sentinel.base.fields import Options, PositiveDuration
from sentinel.base.units import Unit, format_duration
from sentinel.core.result import FailureClass
from sentinel.probes.base import idle_unless
from sentinel.probes.database.asking import DatabaseError, broken
from sentinel.probes.database.options import NameField
from sentinel.probes.postgres.calls import RANKED, Spent, Sums, noted, since
from sentinel.probes.postgres.names import quoted
from sentinel.probes.postgres.part import Look, PartKind, Rule, above

_NAMED: Final = 3  # slow statements that a hint names


class StatementsOptions(Options):
    """Statements of this database, by `pg_stat_statements`: how long their calls since the last run took on average."""

    slow: PositiveDuration = timedelta(seconds=1)
    """A statement whose mean is longer counts in `slow_statements`."""
    min_calls: int = Field(default=1, ge=1)
    """Fewer calls than this since the last run tell nothing of a statement."""
    labels: dict[NameField, Annotated[str, StringConstraints(pattern=r"^-?\d{1,20}$")]] = Field(
        default_factory=dict, max_length=50
    )
    """Names for queryids, such as `{"employee_search": "-5210419235127832911"}`: each has a reading `statement.<name>`."""
    ignore: tuple[Annotated[str, StringConstraints(pattern=r"^-?\d{1,20}$")], ...] = ()
    """Queryids that may be slow, such as a nightly report's."""


_WHERE: Final = """
SELECT n.nspname AS schema, e.extversion AS version,
       to_regclass(quote_ident(n.nspname) || '.pg_stat_statements_info') IS NOT NULL AS has_info
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
"""
#: `showtext` off: the file with the texts is not even opened. Sentinel's own statements are left out.
_SUMS: Final = """
WITH known AS (
    SELECT queryid::text AS query, sum(calls)::int8 AS calls, sum({time})::float8 / 1000 AS seconds
    FROM {schema}.pg_stat_statements(false)
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND userid <> (SELECT oid FROM pg_roles WHERE rolname = current_user) AND queryid IS NOT NULL
    GROUP BY queryid HAVING sum(calls) > 0
), ranked AS (
    SELECT *, row_number() OVER (ORDER BY seconds DESC) AS by_time, row_number() OVER (ORDER BY seconds / calls DESC) AS by_mean
    FROM known
)
SELECT query, calls, seconds FROM ranked WHERE by_time <= {most} OR by_mean <= {most} ORDER BY seconds DESC
"""
_EPOCH: Final = "SELECT stats_reset::text AS epoch FROM {schema}.pg_stat_statements_info"
_RENAMED_IN: Final = (1, 8)  # version of the extension; a server that was upgraded may still have an older one

_MISSING_HINT: Final = (
    "Put pg_stat_statements into shared_preload_libraries, restart the server, and CREATE EXTENSION pg_stat_statements in "
    "this database."
)
_NOT_LOADED: Final = "55000"
_NOT_LOADED_HINT: Final = "Put pg_stat_statements into shared_preload_libraries and restart the server."


class Statements:
    """Sums are compared with those of the last run."""

    def __init__(self, options: StatementsOptions) -> None:
        self._slow = options.slow.total_seconds()
        self._min_calls = options.min_calls
        self._labels = {query: name for name, query in options.labels.items()}
        self._ignored = frozenset(options.ignore)

    async def look(self, look: Look) -> None:
        look.needs_statistics()
        places = await look.rows(_WHERE)
        if not places:
            explanation = "the extension pg_stat_statements is not installed in this database"
            raise broken(FailureClass.NOT_INSTALLED, explanation, _MISSING_HINT)
        schema = quoted(places[0].text("schema"))
        sums = await _read_sums(look, schema, _total_time(places[0].text("version")))
        # Before version 14 a reset can be seen by sums that have become smaller, and only so.
        has_info = places[0].flag("has_info")
        epoch = (await look.row(_EPOCH.format(schema=schema))).text("epoch") if has_info else ""
        spent = [one for one in since(sums, look.before, epoch) if one.calls >= self._min_calls]
        look.after = noted(sums, epoch)
        self._read(look, [one for one in spent if one.query not in self._ignored])
        for one in spent:
            if one.query in self._labels:
                look.read(f"statement.{self._labels[one.query]}", one.mean, Unit.SECONDS, _MEAN_HINT)

    def _read(self, look: Look, spent: Sequence[Spent]) -> None:
        slowest = sorted(spent, key=lambda one: -one.mean)
        slow = [one for one in slowest if one.mean > self._slow]
        look.read("slowest_statement", slowest[0].mean if slowest else 0.0, Unit.SECONDS, self._hint(slowest[:1]))
        look.read("slow_statements", len(slow), Unit.COUNT, self._hint(slow[:_NAMED]))

    def _hint(self, slow: Sequence[Spent]) -> str:
        told = "; ".join(
            f"{self._name(one)}: {format_duration(one.mean)} in the mean of {one.calls} calls" for one in slow
        )
        return f"By queryid: {told}. {_MEAN_HINT}" if told else ""

    def _name(self, one: Spent) -> str:
        label = self._labels.get(one.query)
        return f"{one.query} ({label})" if label else one.query


_MEAN_HINT: Final = (
    "Its text is in pg_stat_statements: try it with EXPLAIN, and look for a missing index, old statistics or locks."
)


def _total_time(version: str) -> str:
    """The column with the sum of the times, by the extension's version, such as 1.10."""
    known = tuple(int(part) for part in version.split(".") if part.isdecimal())
    return "total_exec_time" if known >= _RENAMED_IN else "total_time"


async def _read_sums(look: Look, schema: str, time: str) -> list[Sums]:
    try:
        rows = await look.rows(_SUMS.format(schema=schema, time=time, most=RANKED))
    except DatabaseError as error:
        if f"SQLSTATE {_NOT_LOADED}" in error.trouble.explanation:
            raise broken(FailureClass.NOT_INSTALLED, "pg_stat_statements is not loaded", _NOT_LOADED_HINT) from None
        raise
    return [Sums(row.text("query"), row.count("calls"), row.number("seconds")) for row in rows]


def _more_readings(options: Any) -> Mapping[str, Unit]:
    return {f"statement.{name}": Unit.SECONDS for name in options.labels}


def _idle(options: Any) -> Mapping[str, str]:
    return idle_unless(options.labels, "`statements.labels`", "statement.*")


def _usual_rules(_options: Any) -> Sequence[Rule]:
    return [above("slow_statements", warning=0)]


PART: Final = PartKind(
    name="statements",
    readings={"slowest_statement": Unit.SECONDS, "slow_statements": Unit.COUNT, "statement.*": Unit.SECONDS},
    build=lambda options, _tools: Statements(options),
    usual_rules=_usual_rules,
    more_readings=_more_readings,
    idle=_idle,
)
