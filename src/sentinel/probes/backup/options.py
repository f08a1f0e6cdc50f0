"""How a person writes where backups are, how fresh they have to be, and how far they are tried."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from sentinel.base.fields import Duration, Options, PositiveDuration
from sentinel.base.redact import Secret
from sentinel.probes.database.options import DatabaseField

FormatName = Literal["custom", "sql", "sqlite", "tar", "gzip", "zstd", "xz", "bzip2", "encrypted"]

#: A table, with its schema where that is not the usual one.
TableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,62}(\.[A-Za-z_][A-Za-z0-9_]{0,62})?$")]

_MOST_PLACES: Final = 20


def _postgres(url: Secret) -> Secret:
    if not url.reveal().startswith(("postgresql://", "postgres://")):
        raise ValueError("a server such as 'postgresql://sentinel_restore@127.0.0.1/postgres'")
    return url


class TableOptions(Options):
    """What a restored table has to hold."""

    min: int = Field(default=1, ge=0)
    """Rows at least."""
    within: float | None = Field(default=None, ge=0, le=1)
    """How far its rows may be from those of the same table in `compare_with`, such as 0.05 for 5 %."""


def _table(value: object) -> object:
    return {"min": value} if isinstance(value, int) and not isinstance(value, bool) else value


TableField = Annotated[TableOptions, BeforeValidator(_table, json_schema_input_type=int | TableOptions)]


class RestoreOptions(Options):
    """A restore into a scratch database, which is dropped afterwards. For SQLite, the copy itself is opened and read."""

    server: Annotated[DatabaseField, AfterValidator(_postgres)] | None = None
    """A PostgreSQL server to restore on, best not the one that is backed up: `postgresql://user:password@host/postgres`, of a
    role with CREATEDB. A secret."""
    every: PositiveDuration = timedelta(days=1)
    """How often a backup is restored; not more often than there are new ones."""
    tables: dict[TableName, TableField] = Field(default_factory=dict, max_length=50)
    """What each table has to hold afterwards: a least number of rows, or an object with `min` and `within`."""
    compare_with: DatabaseField | None = None
    """The database that was backed up, which rows are compared with. A secret."""
    room_at: Path | None = None
    """A folder on the file system of the server's data, when it is on this host: no restore without room for it."""
    room: float = Field(default=5, ge=1, le=100)
    """How much room that is, as a multiple of the backup's size."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.compare_with is None and any(table.within is not None for table in self.tables.values()):
            raise ValueError("compare_with, the database that `within` compares with")
        return self


class Programs(Options):
    """Programs by their names in PATH, or by their paths."""

    pg_restore: str = Field(default="pg_restore", min_length=1)
    """At least of the version of the `pg_dump` that made the backups."""
    psql: str = Field(default="psql", min_length=1)
    """For restoring dumps in plain SQL."""
    zstd: str = Field(default="zstd", min_length=1)
    """For reading what zstd has compressed."""


class BackupOptions(Options):
    """Looks at the newest backup in each place: its age and size, that it is whole, and that it can be restored."""

    places: tuple[Path, ...] = Field(min_length=1, max_length=_MOST_PLACES)
    """Paths with `*`, one for each place: `["/backups/app-*.dump", "/mnt/offsite/app-*.dump"]`. The first is the main one."""
    max_age: PositiveDuration = timedelta(hours=26)
    """How old the newest backup may be, in every place."""
    settle: Duration = timedelta(minutes=2)
    """A file that was written to so recently may not be whole yet: the one before it is looked at."""
    format: FormatName | Literal["auto"] = "auto"
    """What a backup must be: `custom` (of `pg_dump -F c`), `sql`, `sqlite`, or how it is packed. `auto`: it shows itself."""
    verify: bool = True
    """Read each new backup of the main place to its end: archive, compression, database."""
    checksum: bool = False
    """Compare it with the SHA-256 in the file beside it, named as the backup with `.sha256` behind it."""
    encrypted: bool = False
    """Whether backups have to be encrypted (age, OpenPGP or `openssl enc`)."""
    private: bool = True
    """Whether it is a failure that everybody on the host may read them."""
    restore: RestoreOptions | None = None
    """Restore it, and count what is in it."""
    programs: Programs = Programs()
    """Where the programs are."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.restore is not None and self.encrypted:
            raise ValueError("either encrypted or restore: Sentinel has no key")
        if self.restore is not None and self.restore.server is None and self._is_of_postgresql():
            raise ValueError("server under restore, the PostgreSQL server to restore on; only SQLite needs none")
        if self.settle >= self.max_age:
            raise ValueError("settle shorter than max_age")
        return self

    def _is_of_postgresql(self) -> bool:
        """Whether what is restored, from the main place, is known to be a dump."""
        named = self.format == "auto" and self.places[0].suffix in {".dump", ".pgdump", ".sql"}
        return named or self.format in {"custom", "sql"}
