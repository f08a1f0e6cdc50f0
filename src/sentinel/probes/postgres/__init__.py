"""The `postgres` probe: how a PostgreSQL server fares, part by part, in one read-only transaction."""

from typing import Any, Final

from sentinel.base.units import Unit
from sentinel.probes.base import ProbeKind, ProbeTools
from sentinel.probes.postgres.options import PostgresOptions
from sentinel.probes.postgres.parts import idle, more_readings, readings, usual_rules
from sentinel.probes.postgres.probe import PostgresProbe


def _build(options: Any, tools: ProbeTools) -> PostgresProbe:
    return PostgresProbe(options, tools)


KIND: Final = ProbeKind(
    name="postgres",
    summary="Looks after a PostgreSQL server: sessions, locks, slow statements, tables, schema, replication, migrations.",
    options=PostgresOptions,
    readings={"server_version": Unit.NONE, "unread_parts": Unit.COUNT, **readings()},
    lower_is_worse=frozenset({"server_version", "standbys"}),
    main="connections_used",
    build=_build,
    more_readings=more_readings,
    idle=idle,
    usual_rules=usual_rules,
)
