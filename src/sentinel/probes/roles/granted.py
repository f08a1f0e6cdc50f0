"""Asks PostgreSQL what its users may do. Apart from what judges it, as it needs psycopg, which few plans do."""

from sentinel.base.redact import Secret
from sentinel.core.result import Reading
from sentinel.probes.base import ProbeTools
from sentinel.probes.database.asking import DatabaseError
from sentinel.probes.database.postgres import PostgresDatabase
from sentinel.probes.finding import Finding
from sentinel.probes.roles.grants import (
    GrantsOptions,
    grant_readings,
    judge_grants,
    read_granted,
    tables_query,
    users_query,
)


class Grants:
    """Looks at the grants of one check, in one session."""

    def __init__(self, options: GrantsOptions, url: Secret, tools: ProbeTools) -> None:
        self._options = options
        self._users = users_query(options)
        self._tables = tables_query(options)
        self._database = PostgresDatabase(url.reveal(), tools.transport.resolver)

    async def measure(self, deadline: float, findings: list[Finding]) -> list[Reading]:
        """Adds what is wrong to `findings`. Raises Finding when the server cannot be asked."""
        try:
            async with self._database.session(deadline) as session:
                users = await session.rows(self._users)
                tables = await session.rows(self._tables)
        except DatabaseError as error:
            raise Finding.of_database("grants", error.trouble) from None
        granted = read_granted(users, tables)
        findings += judge_grants(self._options, granted)
        return grant_readings(granted)
