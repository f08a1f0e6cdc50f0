"""How many sessions there are, against what the server allows and against what each declared pool may open."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from pydantic import Field, model_validator

from sentinel.base.fields import Options
from sentinel.base.units import Unit
from sentinel.probes.base import idle_unless
from sentinel.probes.database.options import NameField
from sentinel.probes.postgres.part import OTHERS, Look, PartKind, Row, Rule, above


class PoolOptions(Options):
    """A pool of connections, known by at least one of database, user and application."""

    size: int = Field(ge=1, le=100_000)
    """Connections that one pool keeps (SQLAlchemy: `pool_size`)."""
    overflow: int = Field(default=0, ge=0, le=100_000)
    """Those that it may open beyond (SQLAlchemy: `max_overflow`)."""
    processes: int = Field(default=1, ge=1, le=10_000)
    """How many processes have such a pool: each worker of a web server has one of its own."""
    database: str | None = None
    """The database that it connects to."""
    user: str | None = None
    """The role that it logs in as."""
    application: str | None = None
    """Its `application_name`."""

    @model_validator(mode="after")
    def _can_be_told(self) -> Self:
        if not self.signs:
            raise ValueError("database, user or application, by which the pool's connections are told from others")
        return self

    @property
    def signs(self) -> list[tuple[str, str]]:
        """Columns of pg_stat_activity, and what they hold for this pool."""
        signs = {"datname": self.database, "usename": self.user, "application_name": self.application}
        return [(column, value) for column, value in signs.items() if value is not None]

    @property
    def most(self) -> int:
        """Connections that all of its processes may open."""
        return (self.size + self.overflow) * self.processes


class ConnectionsOptions(Options):
    """Sessions against `max_connections` and against the size of pools."""

    pools: dict[NameField, PoolOptions] = Field(default_factory=dict, max_length=20)
    """Pools of the application, by a name for `pool_used.<name>`."""


#: Only clients take up a slot; what else there is shows no `backend_type` to a role without the right to see it.
_CLIENTS: Final = (
    "datid IS NOT NULL AND usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'"
)
_TEXT: Final = """
SELECT count(*) AS sessions,
       count(*) FILTER (WHERE state = 'active') AS active,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           - coalesce(current_setting('reserved_connections', true), '0')::int AS most,
       count(*) FILTER (WHERE datname = current_database()) AS here,
       (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS most_here
       {pools}
FROM pg_stat_activity WHERE {clients}
"""
_FULL_HINT: Final = (
    "Count pg_stat_activity by application_name and state to see who holds them; then look at that application's pool."
)


class Connections:
    """One look at pg_stat_activity."""

    def __init__(self, options: ConnectionsOptions) -> None:
        self._pools = options.pools
        counts = []
        self._values: list[str] = []
        for number, pool in enumerate(options.pools.values()):
            counts.append(f", count(*) FILTER (WHERE {OTHERS} AND {self._condition(pool)}) AS pool_{number}")
        self._text = _TEXT.format(pools=" ".join(counts), clients=_CLIENTS)

    def _condition(self, pool: PoolOptions) -> str:
        conditions = []
        for column, value in pool.signs:
            self._values.append(value)
            conditions.append(f"{column} = ${len(self._values)}")
        return " AND ".join(conditions)

    async def look(self, look: Look) -> None:
        row = await look.row(self._text, *self._values)
        look.read("connect_time", look.session.connect_time, Unit.SECONDS)
        look.read("connections", row.number("sessions"), Unit.COUNT)
        if look.server.statistics:
            look.read("active_connections", row.number("active"), Unit.COUNT)
        self._read_share(look, row)
        for number, (name, pool) in enumerate(self._pools.items()):
            held = row.count(f"pool_{number}")
            look.read(f"pool_connections.{name}", held, Unit.COUNT)
            hint = (
                f"{held} of {pool.most} connections: see whether requests are slow, or connections are not given back."
            )
            look.read(f"pool_used.{name}", held / pool.most, Unit.RATIO, hint)

    def _read_share(self, look: Look, row: Row) -> None:
        """Against what is left for ordinary roles, or against the database's own limit where that is nearer."""
        shares = [(row.number("sessions"), max(row.number("most"), 1), "of the server")]
        if (most_here := row.number("most_here")) > 0:  # -1: no limit
            shares.append((row.number("here"), most_here, "of this database (its CONNECTION LIMIT)"))
        held, most, whose = max(shares, key=lambda share: share[0] / share[1])
        look.read("connections_used", held / most, Unit.RATIO, f"{held:g} of {most:g} sessions {whose}. {_FULL_HINT}")


def _more_readings(options: Any) -> Mapping[str, Unit]:
    units = {"pool_used": Unit.RATIO, "pool_connections": Unit.COUNT}
    return {f"{family}.{name}": unit for family, unit in units.items() for name in options.pools}


def _idle(options: Any) -> Mapping[str, str]:
    return idle_unless(options.pools, "`connections.pools`", "pool_used.*", "pool_connections.*")


def _usual_rules(options: Any) -> Sequence[Rule]:
    pools = [above(f"pool_used.{name}", warning="80%", critical="95%") for name in options.pools]
    return [above("connections_used", warning="80%", critical="95%"), *pools]


PART: Final = PartKind(
    name="connections",
    readings={
        "connect_time": Unit.SECONDS,
        "connections": Unit.COUNT,
        "active_connections": Unit.COUNT,
        "connections_used": Unit.RATIO,
        "pool_used.*": Unit.RATIO,
        "pool_connections.*": Unit.COUNT,
    },
    build=lambda options, _tools: Connections(options),
    usual_rules=_usual_rules,
    unwritten=ConnectionsOptions(),
    more_readings=_more_readings,
    idle=_idle,
)
