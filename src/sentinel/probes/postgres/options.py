"""The options of the `postgres` probe: where the server is, and which parts are looked at."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from sentinel.base.fields import Options
from sentinel.base.redact import Secret
from sentinel.probes.database.options import DatabaseField
from sentinel.probes.postgres.connections import ConnectionsOptions
from sentinel.probes.postgres.foreign_keys import ForeignKeysOptions
from sentinel.probes.postgres.locks import LocksOptions
from sentinel.probes.postgres.migrations import MigrationsOptions
from sentinel.probes.postgres.replication import ReplicationOptions
from sentinel.probes.postgres.schema import SchemaOptions
from sentinel.probes.postgres.sequences import SequencesOptions
from sentinel.probes.postgres.statements import StatementsOptions
from sentinel.probes.postgres.tables import TablesOptions
from sentinel.probes.postgres.transactions import TransactionsOptions
from sentinel.probes.postgres.wraparound import WraparoundOptions


def _postgres(url: Secret) -> Secret:
    if not url.reveal().startswith(("postgresql://", "postgres://")):
        raise ValueError("a URL such as 'postgresql://user@host/name'")
    return url


class PostgresOptions(Options):
    """Looks after a PostgreSQL server, part by part. Where nothing is written, `connections`, `transactions`, `locks` and
    `wraparound` are looked at as far as the role's rights go; `false` switches one off. What is written must be readable:
    where it is not, the result is unknown and says what to grant or install."""

    url: Annotated[DatabaseField, AfterValidator(_postgres)]
    """`postgresql://user:password@host:port/name`. A secret, as it may hold a password."""
    lowest_version: Annotated[str, StringConstraints(pattern=r"^\d{2}(\.\d{1,2})?$")] | None = None
    """The oldest release that is good enough, such as `"15"` or `"15.6"`."""
    connections: ConnectionsOptions | Literal[False] | None = None
    """Sessions against `max_connections` and against the size of pools."""
    transactions: TransactionsOptions | Literal[False] | None = None
    """Transactions that stay open for long, idle ones too."""
    locks: LocksOptions | Literal[False] | None = None
    """Sessions that wait for locks, and deadlocks."""
    wraparound: WraparoundOptions | Literal[False] | None = None
    """How far it is to the end of the transaction ids."""
    statements: StatementsOptions | None = None
    """Slow statements, by the extension `pg_stat_statements`."""
    tables: TablesOptions | None = None
    """Sizes, growth, dead rows, vacuum and analyse of tables."""
    schema_: SchemaOptions | None = Field(default=None, alias="schema")
    """Tables, columns and indexes that must be there."""
    foreign_keys: ForeignKeysOptions | None = None
    """Whether foreign keys hold."""
    replication: ReplicationOptions | None = None
    """Standbys, their lag, and replication slots."""
    migrations: MigrationsOptions | None = None
    """The revision of Alembic's migrations."""
    sequences: SequencesOptions | None = None
    """Sequences that come to their end."""
