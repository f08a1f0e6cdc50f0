"""What a person configures of the look at a log as a whole."""

from datetime import date, timedelta
from typing import Annotated, Final, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from sentinel.base.fields import Duration, Options, PositiveDuration, ZoneName
from sentinel.base.units import parse_duration
from sentinel.probes.audit.chain import ChainOptions
from sentinel.probes.audit.memory import identity_of
from sentinel.probes.audit.walking import Order
from sentinel.probes.database.identifiers import ColumnName, TableName
from sentinel.probes.database.options import DatabaseField

_YEAR: Final = timedelta(days=365)


def _span(value: object) -> object:
    """`6y` is six years of 365 days; everything else is a duration as anywhere."""
    if isinstance(value, str) and value.strip().removesuffix("y").isdecimal() and value.strip().endswith("y"):
        return int(value.strip().removesuffix("y")) * _YEAR
    return parse_duration(value) if isinstance(value, str | int | float) else value


RetentionField = Annotated[
    PositiveDuration, BeforeValidator(_span), WithJsonSchema({"type": "string", "examples": ["6y", "90d"]})
]


class TrailOptions(Options):
    """A table of entries, each with a number that grows and a time."""

    database: DatabaseField
    """The database that the log is in."""
    table: TableName
    """The table, such as `employee_audit_log`."""
    sequence: ColumnName = "id"
    """The column with the number: whole, unique, growing, and with an index, as a primary key is."""
    at: ColumnName = "at"
    """The column with the time."""
    zone: ZoneName = "UTC"
    """The time zone of times that name none."""
    after: int | None = None
    """Entries up to this number are not looked at."""
    gapless: bool = False
    """Whether each number must follow the one before it. Not so where the database hands them out: PostgreSQL's sequences leave
    a gap when a transaction is rolled back."""
    skew: Duration = timedelta(seconds=60)
    """By how much an entry's time may lie before that of the entry before it."""
    settle: Duration = timedelta(seconds=60)
    """An entry is looked at when it is this old: until then a slower transaction may still put one before it."""
    chain: ChainOptions | None = None
    """How the log's entries are chained by hashes, if they are."""
    batch: int = Field(default=500, ge=2, le=1000)
    """New entries looked at in a run, and as many old ones of a chain."""
    recount: PositiveDuration = timedelta(hours=1)
    """How often the entries are counted, to see that there are not fewer."""
    retention: RetentionField | None = None
    """How far back entries must reach: `6y`, `90d`. Older ones may be taken away; without it, none may."""
    began: date | None = None
    """When the log's first entry was written, if that is less long ago."""

    @model_validator(mode="after")
    def _is_of_use(self) -> Self:
        if self.began is not None and self.retention is None:
            raise ValueError("retention beside began")
        return self

    @property
    def order(self) -> Order:
        return Order(
            name="trail", gapless=self.gapless, skew=self.skew, settle=self.settle, zone=self.zone, chain=self.chain
        )

    def identity(self) -> str:
        """Another one means that what was noted is about something else."""
        return identity_of(self.table, self.sequence, self.at, self.zone, self.after, self.gapless, self.chain)
