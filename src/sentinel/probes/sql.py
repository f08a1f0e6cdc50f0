"""The `sql` probe: a query and integrity queries in one read-only transaction, timed, with assertions on the answer."""

from collections.abc import Mapping
from typing import Any, Final, Self

from pydantic import model_validator

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.core.result import FailureClass, Measurement, Reading, failed, passed
from sentinel.probes.base import ProbeKind, ProbeTools, idle_unless
from sentinel.probes.database import Answer, Asked, Database, Statement, as_number, open_database
from sentinel.probes.database.asking import ROW_CAP
from sentinel.probes.database.options import NO_COUNT_HINT, DatabaseField, IntegrityQuery, StatementField
from sentinel.probes.expect.assertions import NumberExpectation, ValueExpectation


class SqlExpectations(Options):
    """What the answer of `query` must be."""

    rows: NumberExpectation | None = None
    """How many rows. At most 1,000 are counted."""
    value: ValueExpectation | None = None
    """The first value of the first row."""
    columns: tuple[str, ...] | None = None
    """The names of the columns, in order."""

    @model_validator(mode="after")
    def _counts_so_far(self) -> Self:
        rows = self.rows
        if rows is not None and max(rows.equals or 0, rows.below or 0, (rows.above or 0) + 1) > ROW_CAP:
            raise ValueError(f"at most {ROW_CAP} rows; count more with `SELECT count(*)` and `value`")
        return self


class SqlOptions(Options):
    """Asks a database, in a transaction that cannot write."""

    url: DatabaseField
    """`postgresql://user:password@host:port/name`, `sqlite:////path/to/file.db` or `sqlite+libsql://host:8080?authToken=…`.
    A secret, as it may hold a password."""
    query: StatementField | None = None
    """One statement that reads, such as `SELECT 1`."""
    expect: SqlExpectations = SqlExpectations()
    """What the answer of `query` must be."""
    integrity: tuple[IntegrityQuery, ...] = ()
    """Counts that must all be 0."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.query is None and not self.integrity:
            raise ValueError("query or integrity, or both")
        names = [query.name for query in self.integrity]
        if len(set(names)) < len(names):
            raise ValueError("integrity queries with different names")
        if self.query is None and self.expect.model_fields_set:
            raise ValueError("query beside expect")
        return self


class SqlProbe:
    """Asks the same statements in every run, in a session of its own."""

    def __init__(self, options: SqlOptions, database: Database) -> None:
        self._expect = options.expect
        self._database = database
        self._has_query = options.query is not None
        self._integrity = tuple(query.name for query in options.integrity)
        query = [Statement(name="query", text=options.query)] if options.query is not None else []
        self._statements = [*query, *(Statement(name=one.name, text=one.query) for one in options.integrity)]

    @property
    def host(self) -> str:
        return self._database.host

    async def measure(self, deadline: float) -> Measurement:
        asked = await self._database.ask(self._statements, deadline)
        readings = self._readings(asked)
        if asked.trouble is not None:
            explanation = self._told(asked)
            return failed(asked.trouble.failure, explanation, hint=asked.trouble.hint, readings=readings)
        if self._has_query and (unmet := self._unmet(asked.answers[0])):
            return failed(FailureClass.WRONG_ANSWER, unmet, hint=_ANSWER_HINT, readings=readings)
        if wrong := self._broken_integrity(asked):
            return failed(FailureClass.WRONG_ANSWER, wrong, hint=_INTEGRITY_HINT, readings=readings)
        for name, answer in self._counted(asked):
            if as_number(answer.value) is None:
                explanation = f"integrity query {name}: its first value is no number"
                return failed(FailureClass.MISCONFIGURED, explanation, hint=NO_COUNT_HINT, readings=readings)
        return passed(readings)

    async def close(self) -> None:
        """There is nothing to give back: every run has a session of its own."""

    def _told(self, asked: Asked) -> str:
        """The trouble, with the name of the integrity query that met it."""
        assert asked.trouble is not None
        number = len(asked.answers) - int(self._has_query)
        in_integrity = asked.connect_time is not None and 0 <= number < len(self._integrity)
        where = f"integrity query {self._integrity[number]}: " if in_integrity else ""
        return f"{where}{asked.trouble.explanation}"

    def _readings(self, asked: Asked) -> list[Reading]:
        readings = []
        if asked.connect_time is not None:
            readings.append(Reading("connect_time", asked.connect_time, Unit.SECONDS))
        if self._has_query and asked.answers:
            readings += _query_readings(asked.answers[0])
        elif asked.answers and asked.trouble is None:
            spent = sum(answer.seconds for answer in asked.answers)
            readings.append(Reading("query_time", spent, Unit.SECONDS))
        for name, answer in self._counted(asked):
            if (count := as_number(answer.value)) is not None:
                readings.append(Reading(f"integrity.{name}", count, Unit.COUNT))
        return readings

    def _counted(self, asked: Asked) -> list[tuple[str, Answer]]:
        answers = asked.answers[1:] if self._has_query else asked.answers
        return list(zip(self._integrity, answers, strict=False))

    def _unmet(self, answer: Answer) -> str:
        expect = self._expect
        if expect.columns is not None and answer.columns != expect.columns:
            return f"the columns are not {', '.join(expect.columns)}"
        if expect.rows is not None and (unmet := expect.rows.unmet(answer.rows)):
            return f"rows: expected {unmet}, found {answer.rows}"
        if expect.value is not None and (unmet := expect.value.unmet(answer.value)):
            return f"value: expected {unmet}, found {expect.value.shown(answer.value)}"
        return ""

    def _broken_integrity(self, asked: Asked) -> str:
        counts = [(name, as_number(answer.value)) for name, answer in self._counted(asked)]
        wrong = [f"{name} {count:g}" for name, count in counts if count]
        return f"expected 0 of each: {', '.join(wrong)}" if wrong else ""


def _query_readings(answer: Answer) -> list[Reading]:
    readings = [
        Reading("query_time", answer.seconds, Unit.SECONDS),
        Reading("rows", answer.rows, Unit.COUNT),
    ]
    if (value := as_number(answer.value)) is not None:
        readings.append(Reading("value", value, Unit.NONE))
    return readings


_ANSWER_HINT: Final = "Run the query by hand and compare; if the new answer is right, change what the check expects."
_INTEGRITY_HINT: Final = "Run the integrity query without count(*) to see the rows; a deletion or migration left them."


def _idle(options: Any) -> Mapping[str, str]:
    return {
        **idle_unless(options.query, "`query`", "rows", "value"),
        **idle_unless(options.integrity, "`integrity`", "integrity.*"),
    }


def _build(options: Any, tools: ProbeTools) -> SqlProbe:
    database = open_database(
        options.url, threads=tools.threads, resolver=tools.transport.resolver, contexts=tools.contexts
    )
    return SqlProbe(options, database)


def _more_readings(options: Any) -> Mapping[str, Unit]:
    return {f"integrity.{query.name}": Unit.COUNT for query in options.integrity}


KIND: Final = ProbeKind(
    name="sql",
    summary="Asks a database (PostgreSQL, SQLite or libSQL) a query and integrity counts, in a read-only transaction.",
    options=SqlOptions,
    readings={
        "connect_time": Unit.SECONDS,
        "query_time": Unit.SECONDS,
        "rows": Unit.COUNT,
        "value": Unit.NONE,
        "integrity.*": Unit.COUNT,
    },
    main="query_time",
    build=_build,
    idle=_idle,
    more_readings=_more_readings,
)
