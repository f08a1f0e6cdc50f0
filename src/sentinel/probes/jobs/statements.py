"""The statements for a job table. What stands in them of a configuration are checked names and words."""

# ruff: noqa: S608 - names and words are checked

from typing import Final

from sentinel.probes.database import Statement
from sentinel.probes.database.identifiers import literal, quoted
from sentinel.probes.jobs.dialect import Dialect
from sentinel.probes.jobs.options import JobsOptions, JobStates, Word

#: Running jobs whose progress is followed, those that began first before others.
FOLLOWED: Final = 200
#: A NULL that PostgreSQL takes for a number.
_NOTHING: Final = "CAST(NULL AS integer)"
#: Ids that a failure tells.
_SHOWN: Final = 5


def statements(options: JobsOptions, dialect: Dialect) -> list[Statement]:
    """What to ask. The first row of each answer has readings by the names of its columns, or a list in JSON."""
    if options.query is not None:
        return [Statement(name="query", text=options.query)]
    assert options.states is not None
    table = _Table(options, options.states, dialect)
    found = {
        "running": table.running,
        "queued": table.queued,
        "failed": table.failed,
        "done": table.done,
        "unknown_state": table.unknown_state,
        "progress": table.progress,
        "stuck_ids": table.stuck_ids,
        "failed_ids": table.failed_ids,
    }
    texts = ((name, make()) for name, make in found.items())
    return [Statement(name=name, text=text) for name, text in texts if text]


class _Table:
    """Each method gives a statement, or nothing when the options have no use for it."""

    def __init__(self, options: JobsOptions, states: JobStates, dialect: Dialect) -> None:
        self._options = options
        self._states = states
        self._dialect = dialect
        columns = options.columns
        self._started = _column(columns.started)
        self._touched = _column(columns.touched)
        self._finished = _column(columns.finished)
        self._began = self._started or self._touched
        self._alive = f"coalesce({self._touched}, {self._began})" if self._touched else self._began

    def running(self) -> str:
        if not self._states.running:
            return ""
        ages = f"{self._dialect.age(self._began)} AS age, {self._dialect.age(self._alive)} AS silent"
        rows = self._rows(ages, self._states.running)
        limit = self._options.stuck_after.total_seconds()
        return (
            "SELECT count(*) AS running, max(age) AS oldest_running,"
            f" count(CASE WHEN silent > {limit} THEN 1 END) AS stuck, count(age) AS dated FROM ({rows}) AS r"
        )

    def queued(self) -> str:
        if not self._states.queued:
            return ""
        asked_for = _column(self._options.columns.queued)
        age = self._dialect.age(asked_for) if asked_for else _NOTHING
        rows = self._rows(f"{age} AS age", self._states.queued)
        return f"SELECT count(*) AS queued, max(age) AS oldest_queued FROM ({rows}) AS r"

    def failed(self) -> str:
        if not self._states.failed:
            return ""
        return f"SELECT count(*) AS failed FROM ({self._ended('1 AS one', self._states.failed)}) AS r"

    def done(self) -> str:
        if not self._states.done:
            return ""
        duration = self._dialect.duration(self._started, self._finished) if self._started else _NOTHING
        items = _column(self._options.columns.items) or _NOTHING
        rows = self._ended(f"{duration} AS seconds, {items} AS items", self._states.done)
        return (
            "SELECT count(*) AS done, max(seconds) AS slowest,"
            " sum(CASE WHEN items > 0 THEN seconds END) AS seconds, sum(CASE WHEN items > 0 THEN items END) AS items"
            f" FROM ({rows}) AS r"
        )

    def unknown_state(self) -> str:
        """Of the jobs that were asked for within the window: in a table of millions, looking at all would take too long."""
        options = self._options
        asked_for = _column(options.columns.queued)
        recent = f" AND {self._dialect.recent(asked_for, options.window)}" if asked_for else ""
        state = self._dialect.state(_column(options.columns.state))
        unknown = f"({state} IS NULL OR {state} NOT IN ({_listed(self._states.known)}))"
        return f"SELECT count(*) AS unknown_state FROM ({self._those('1 AS one', unknown)}{recent}) AS r"

    def progress(self) -> str:
        columns = self._options.columns
        if columns.progress is None or not self._states.running:
            return ""
        shown = f"{self._dialect.text(_column(columns.id))} AS id, {_column(columns.progress)} AS progress"
        rows = f"{self._rows(shown, self._states.running)} ORDER BY {self._began} LIMIT {FOLLOWED}"
        return self._dialect.listed(self._dialect.pair("r.id", "r.progress"), rows)

    def stuck_ids(self) -> str:
        if not (self._options.show_ids and self._states.running):
            return ""
        is_stuck = f"{self._dialect.age(self._alive)} > {self._options.stuck_after.total_seconds()}"
        rows = self._rows(self._id(), self._states.running)
        return self._dialect.listed("r.id", f"{rows} AND {is_stuck} ORDER BY {self._alive} LIMIT {_SHOWN}")

    def failed_ids(self) -> str:
        if not (self._options.show_ids and self._states.failed):
            return ""
        rows = self._ended(self._id(), self._states.failed)
        return self._dialect.listed("r.id", f"{rows} ORDER BY {self._finished} DESC LIMIT {_SHOWN}")

    def _id(self) -> str:
        return f"{self._dialect.text(_column(self._options.columns.id))} AS id"

    def _ended(self, shown: str, words: tuple[Word, ...]) -> str:
        """Jobs that ended within the window."""
        window = self._options.window
        recent = self._dialect.recent(self._finished, window)
        age = self._dialect.age(self._finished)
        return f"{self._rows(shown, words)} AND {recent} AND {age} <= {window.total_seconds()}"

    def _rows(self, shown: str, words: tuple[Word, ...]) -> str:
        state = self._dialect.state(_column(self._options.columns.state))
        return self._those(shown, f"{state} IN ({_listed(words)})")

    def _those(self, shown: str, condition: str) -> str:
        assert self._options.table is not None
        only = "".join(f" AND {_column(name)} = {literal(value)}" for name, value in self._options.only.items())
        return f"SELECT {shown} FROM {quoted(self._options.table)} AS j WHERE {condition}{only}"


def _listed(words: tuple[Word, ...]) -> str:
    """Numbers too are compared as texts: PostgreSQL does not turn one into the other by itself, SQLite does."""
    return ", ".join(literal(str(word)) for word in words)


def _column(name: str | None) -> str:
    """A column with its table before it: SQLite takes a quoted name alone for a text when there is no such column."""
    return f"j.{quoted(name)}" if name else ""
