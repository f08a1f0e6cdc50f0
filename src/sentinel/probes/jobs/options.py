"""What a check of a job table can say."""

from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from sentinel.base.fields import Options, PositiveDuration, ZoneName
from sentinel.probes.database.identifiers import ColumnName, PlainText, TableName
from sentinel.probes.database.options import DatabaseField, StatementField

_MOST_WORDS: Final = 50

Word = PlainText | int
Words = Annotated[tuple[Word, ...], Field(max_length=_MOST_WORDS)]
ItemCount = Annotated[int, Field(ge=1, le=1_000_000_000)]


class JobColumns(Options):
    """Where the table has what. A column that it does not have is `null`."""

    id: ColumnName = "id"
    """What tells jobs apart. It is looked at for progress only, and shown with `show_ids` only."""
    state: ColumnName = "status"
    """The word or number for how far a job is."""
    queued: ColumnName | None = "created_at"
    """When it was asked for."""
    started: ColumnName | None = "started_at"
    """When it began."""
    finished: ColumnName | None = "finished_at"
    """When it ended, well or not."""
    touched: ColumnName | None = None
    """When it last gave a sign of life; then a job is stuck by this, however long ago it began."""
    progress: ColumnName | None = None
    """A number that grows while it works."""
    items: ColumnName | None = None
    """How many things it works on, such as employees."""


class JobStates(Options):
    """The words of the state column, as they stand there; their case counts. Of jobs in other states it is only
    counted how many there are."""

    queued: Words = ()
    """Asked for, and not begun."""
    running: Words = ()
    """Begun, and not ended."""
    failed: Words = ()
    """Ended badly."""
    done: Words = ()
    """Ended well."""
    others: Words = ()
    """Words that are right too, and are not looked at, such as `cancelled`."""

    @property
    def known(self) -> tuple[Word, ...]:
        return (*self.queued, *self.running, *self.failed, *self.done, *self.others)

    @property
    def are_all_told(self) -> bool:
        """Whether any other word is a surprise."""
        return bool(self.others or (self.queued and self.running and self.failed and self.done))

    @model_validator(mode="after")
    def _are_apart(self) -> Self:
        words = [str(word) for word in self.known]
        if len(words) == len(self.others):
            raise ValueError('the words of at least one state, such as {"running": ["running"]}')
        if len(set(words)) < len(words):
            raise ValueError("every word in one state")
        return self


class JobsOptions(Options):
    """Looks into a table of jobs: how many wait, run and have failed, for how long, and how fast they are."""

    url: DatabaseField
    """`postgresql://user:password@host:port/name`, `sqlite:////path/to/file.db` or `sqlite+libsql://host:8080`. A secret, as it
    may hold a password."""
    table: TableName | None = None
    """The table, such as `payroll_job_tracking` or `jobs.runs`."""
    columns: JobColumns = JobColumns()
    """Its columns."""
    states: JobStates | None = None
    """The words of its state column."""
    only: dict[ColumnName, PlainText | bool | int] = Field(default_factory=dict, max_length=10)
    """Columns and the values they must have: jobs of one kind, as in `{"kind": "payroll"}`."""
    times: Literal["timestamp", "text", "seconds", "milliseconds"] = "timestamp"
    """What times are: PostgreSQL's timestamps, with or without a time zone, or what SQLite keeps for them; ISO 8601 in columns of
    text; or numbers since 1970."""
    time_zone: ZoneName = "UTC"
    """The time zone of times that name none."""
    query: StatementField | None = None
    """A statement of your own instead of a table: one row, whose columns are called like readings, times in seconds."""
    stuck_after: PositiveDuration = timedelta(minutes=10)
    """A job that runs for longer, or has given no sign of life for longer, is stuck."""
    stalled_after: PositiveDuration = timedelta(minutes=10)
    """A running job whose `progress` has not moved for so long is stuck as well."""
    window: PositiveDuration = timedelta(hours=1)
    """How far back failed and done jobs are looked at. A job that failed stays a failure for so long."""
    failures_allowed: Annotated[int, Field(ge=0)] = 0
    """How many jobs may have failed in that time."""
    per: Annotated[tuple[ItemCount, ...], Field(max_length=10)] = ()
    """Numbers of items to tell the time for, such as `[100, 1000]`: the readings `time_per.100` and `time_per.1000`."""
    show_ids: bool = False
    """Whether a failure tells the ids of up to five jobs. Nothing else of a job is ever told."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if (self.query is None) == (self.table is None):
            raise ValueError("either table and states, or query")
        if (self.table is None) != (self.states is None):
            raise ValueError("states beside table")
        if self.states is not None:
            self._fits(self.states)
        return self

    def _fits(self, states: JobStates) -> None:
        columns = self.columns
        if states.running and columns.started is None and columns.touched is None:
            raise ValueError("columns.started or columns.touched beside states.running")
        if (states.failed or states.done) and columns.finished is None:
            raise ValueError("columns.finished beside states.failed and states.done")
        if self.per and not (columns.items and columns.started and states.done):
            raise ValueError("columns.items, columns.started and states.done beside per")
