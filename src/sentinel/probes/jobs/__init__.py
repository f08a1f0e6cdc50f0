"""The `jobs` probe: a table of jobs, and which of them are stuck, have failed, wait too long or are too slow."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from sentinel.base.units import Unit, format_duration
from sentinel.core.result import FailureClass, Measurement, Note, Reading
from sentinel.probes.base import ProbeKind, ProbeTools, idle_unless
from sentinel.probes.database import Asked, Cell, Statement, Trouble, as_number, open_database
from sentinel.probes.database.identifiers import is_postgres
from sentinel.probes.finding import Finding, measurement
from sentinel.probes.jobs.dialect import Dialect, PostgresDialect, SqliteDialect
from sentinel.probes.jobs.options import JobsOptions
from sentinel.probes.jobs.progress import read_progress
from sentinel.probes.jobs.statements import statements

#: What an answer, or a query of one's own, can say by the names of its columns.
_COUNTED: Final[Mapping[str, Unit]] = {
    "queued": Unit.COUNT,
    "running": Unit.COUNT,
    "failed": Unit.COUNT,
    "done": Unit.COUNT,
    "stuck": Unit.COUNT,
    "unknown_state": Unit.COUNT,
    "oldest_queued": Unit.SECONDS,
    "oldest_running": Unit.SECONDS,
    "slowest": Unit.SECONDS,
}

Row = Mapping[str, Cell]


class JobsProbe:
    """Asks the same in every run, in one session."""

    def __init__(self, options: JobsOptions, tools: ProbeTools) -> None:
        self._options = options
        self._clock = tools.clock
        self._note: Note | None = tools.note
        self._database = open_database(
            options.url, threads=tools.threads, resolver=tools.transport.resolver, contexts=tools.contexts
        )

    @property
    def host(self) -> str:
        return self._database.host

    async def measure(self, deadline: float) -> Measurement:
        asking = statements(self._options, self._dialect())
        asked = await self._database.ask(asking, deadline)
        found = _Found(self._options, _rows(asking, asked), self._clock.now().timestamp())
        if asked.trouble is not None:
            step = f"{asking[len(asked.answers)].name}: " if asked.connect_time is not None else ""
            return measurement([_of_trouble(step, asked.trouble)], found.readings(asked))
        found.follow(self._note)
        self._note = found.note
        hints = {**_HINTS, **dict.fromkeys(_more_readings(self._options), _PACE_HINT)}
        return measurement(list(found.findings()), found.readings(asked), note=found.note, hints=hints)

    async def close(self) -> None:
        """There is nothing to give back: every run has a session of its own."""

    def _dialect(self) -> Dialect:
        options = self._options
        if is_postgres(options.url):
            return PostgresDialect(options.times, options.time_zone)
        offset = self._clock.now().astimezone(ZoneInfo(options.time_zone)).utcoffset()
        return SqliteDialect(options.times, offset or timedelta(0))


def _rows(asking: list[Statement], asked: Asked) -> dict[str, Row]:
    """The first rows of the answers, by the names of the statements."""
    return {
        statement.name: dict(zip(answer.columns, answer.first, strict=False))
        for statement, answer in zip(asking, asked.answers, strict=False)
    }


class _Found:
    """What one run has come to know."""

    def __init__(self, options: JobsOptions, rows: Mapping[str, Row], now: float) -> None:
        self._options = options
        self._rows = rows
        self._now = now
        self._stalled: int | None = None
        self._least: float | None = None
        self.note: Note | None = None
        self._values = {
            name: max(value, 0.0) if unit is Unit.SECONDS else value
            for row in rows.values()
            for name, unit in _COUNTED.items()
            if (value := as_number(row.get(name))) is not None
        }

    def follow(self, note: Note | None) -> None:
        """Compares the progress of running jobs with that of the runs before."""
        if "progress" not in self._rows:
            return
        progress = read_progress(_listed(self._rows["progress"]), note, self._now)
        self._stalled = progress.stalled(self._options.stalled_after, self._now)
        self._least = progress.least
        self.note = progress.note()

    def readings(self, asked: Asked) -> Iterator[Reading]:
        if asked.connect_time is not None:
            yield Reading("connect_time", asked.connect_time, Unit.SECONDS)
        if asked.answers and asked.trouble is None:
            yield Reading("query_time", sum(answer.seconds for answer in asked.answers), Unit.SECONDS)
        for name, value in self._values.items():
            yield Reading(name, value, _COUNTED[name])
        if self._stalled is not None:
            yield Reading("stalled", self._stalled, Unit.COUNT)
        if self._least is not None:
            yield Reading("least_progress", self._least, Unit.NONE)
        yield from self._paces()

    def _paces(self) -> Iterator[Reading]:
        done = self._rows.get("done", {})
        seconds, items = as_number(done.get("seconds")), as_number(done.get("items"))
        if seconds is not None and items:
            for number in self._options.per:
                yield Reading(f"time_per.{number}", seconds / items * number, Unit.SECONDS)

    def findings(self) -> Iterator[Finding]:
        if self._options.query is not None and not self._values:
            explanation = "the query's answer has no number in a column that is called like a reading"
            yield Finding(FailureClass.MISCONFIGURED, explanation, f"Name its columns: {', '.join(_COUNTED)}.")
        yield from self._stuck()
        if self._stalled:
            explanation = (
                f"{_jobs(self._stalled)} running without progress for {format_duration(self._options.stalled_after)}"
            )
            yield Finding(FailureClass.JOB_STUCK, explanation, _STUCK_HINT)
        failed = self._values.get("failed", 0)
        if failed > self._options.failures_allowed:
            explanation = (
                f"{_jobs(failed)} failed in the last {format_duration(self._options.window)}{self._ids('failed_ids')}"
            )
            yield Finding(FailureClass.JOB_FAILED, explanation, _FAILED_HINT)

    def _stuck(self) -> Iterator[Finding]:
        stuck, running, oldest = (self._values.get(name) for name in ("stuck", "running", "oldest_running"))
        limit = self._options.stuck_after
        if stuck is None and oldest is not None and oldest > limit.total_seconds():
            stuck = 1
        if stuck:
            since = f", the oldest for {format_duration(oldest)}" if oldest is not None else ""
            silent = "without a sign of life" if self._options.columns.touched else "running"
            explanation = (
                f"{_jobs(stuck)} {silent} for more than {format_duration(limit)}{since}{self._ids('stuck_ids')}"
            )
            yield Finding(FailureClass.JOB_STUCK, explanation, _STUCK_HINT)
        dated = self._rows.get("running", {}).get("dated")
        if running and dated == 0:
            explanation = f"of {_jobs(running)} that run, none has a time that can be read"
            yield Finding(FailureClass.MISCONFIGURED, explanation, _TIMES_HINT)

    def _ids(self, name: str) -> str:
        try:
            found = orjson.loads(_listed(self._rows.get(name, {})))
        except ValueError:
            return ""
        shown = ", ".join(_plain(str(one)) for one in found) if isinstance(found, list) else ""
        return f" (id {shown})" if shown else ""


def _listed(row: Row) -> str:
    """The JSON of an answer that is one list; an empty one when there is none."""
    value = next(iter(row.values()), None)
    return value if isinstance(value, str) else "[]"


def _plain(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum() or sign in "-_.:")


def _jobs(number: float) -> str:
    return "1 job" if number == 1 else f"{number:.0f} jobs"


def _of_trouble(step: str, trouble: Trouble) -> Finding:
    """A table or column that is not there, or is of another type, says nothing of jobs: the check does not fit it."""
    if trouble.absent or trouble.state[:2] in _UNFIT:
        explanation = trouble.explanation.replace("column j.", "column ")  # the statement's own name for the table
        return Finding(FailureClass.MISCONFIGURED, f"{step}{explanation}", _ABSENT_HINT)
    return Finding(trouble.failure, f"{step}{trouble.explanation}", trouble.hint)


#: Classes of SQLSTATE: wrong names and types, and values that cannot be read as what they should be.
_UNFIT: Final = ("42", "22")
_ABSENT_HINT: Final = (
    "Set `table`, `columns` and `times`, or `query`, as the database has them; "
    "or has a migration not run, or run twice?"
)
_TIMES_HINT: Final = "See whether `columns` and `times` are as the table has them."
_STUCK_HINT: Final = (
    "Is its worker alive? Look at its log where the job began; when nothing works on it any more, mark it as failed or start it "
    "again, as others may wait for it."
)
_FAILED_HINT: Final = (
    "The worker's log, or the table's column of errors, has the reason; start the job again when it is mended."
)
_PACE_HINT: Final = (
    "Each item takes longer than it should: look for slow statements, a missing index, or work that is done row by row."
)
_HINTS: Final = {
    "oldest_queued": "Does a worker run, and is it free? Look whether one job holds all others up.",
    "queued": "More jobs come in than are done: look at the workers' number and health.",
    "running": "More jobs run at once than should: look whether jobs were started twice, or no longer end.",
    "unknown_state": (
        "Compare `states` with the words in the state column: is one mistyped, or new? Those to leave alone belong into `others`."
    ),
    "slowest": "Look what the slow job waited for: the database, another service, or the number of its items.",
}


def _build(options: Any, tools: ProbeTools) -> JobsProbe:
    return JobsProbe(options, tools)


def _more_readings(options: Any) -> Mapping[str, Unit]:
    return {f"time_per.{number}": Unit.SECONDS for number in options.per}


def _idle(options: Any) -> Mapping[str, str]:
    if options.query is not None:  # its columns say what it tells
        return idle_unless(None, "`table`", "stalled", "least_progress", "time_per.*")
    states, columns = options.states, options.columns
    return {
        **idle_unless(states.queued, "`states.queued`", "queued", "oldest_queued"),
        **idle_unless(states.running, "`states.running`", "running", "oldest_running", "stuck"),
        **idle_unless(states.failed, "`states.failed`", "failed"),
        **idle_unless(states.done, "`states.done`", "done", "slowest"),
        **idle_unless(states.running and columns.progress, "`columns.progress`", "stalled", "least_progress"),
        **idle_unless(options.per, "`per`", "time_per.*"),
    }


def _usual_rules(options: Any) -> list[Mapping[str, Any]]:
    rules: list[Mapping[str, Any]] = [{"reading": "query_time", "warning": "1s", "critical": "5s"}]
    if options.query is not None or options.states.queued:
        rules.append({"reading": "oldest_queued", "warning": "15m", "critical": "1h"})
    if options.states is not None and options.states.are_all_told:
        rules.append({"reading": "unknown_state", "warning": 0})
    return rules


KIND: Final = ProbeKind(
    name="jobs",
    summary="Looks into a table of jobs: which are stuck, have failed, wait too long or are too slow.",
    options=JobsOptions,
    readings={
        **_COUNTED,
        "stalled": Unit.COUNT,
        "least_progress": Unit.NONE,
        "time_per.*": Unit.SECONDS,
        "connect_time": Unit.SECONDS,
        "query_time": Unit.SECONDS,
    },
    lower_is_worse=frozenset({"least_progress"}),
    main="running",
    build=_build,
    idle=_idle,
    more_readings=_more_readings,
    usual_rules=_usual_rules,
)
