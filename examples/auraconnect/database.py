"""The service's database: made anew at each start, asked by its endpoints, and broken by its faults."""

from pathlib import Path
from typing import Any

import psycopg

from examples.auraconnect.settings import DATABASE, REVISION, Settings
from examples.databases import execute, make_anew

SCHEMA = Path(__file__).with_name("schema.sql")
ROLES = ("payroll_api", "sentinel_monitor")  # the service's user, and the one that Sentinel asks as
LEAKED = 29  # connections; the guide's pool has 20 and 10 more

JOB = (
    "INSERT INTO payroll_job_tracking"
    " (job_type, status, progress, total_items, created_at, started_at, completed_at, error_details)"
)
BREAK = {
    "job_stuck": f"{JOB} VALUES ('broken', 'processing', 40, 50, now() - interval '21 minutes',"
    " now() - interval '20 minutes', NULL, NULL)",
    "job_failed": f"{JOB} VALUES ('broken', 'failed', 10, 50, now() - interval '2 minutes',"
    " now() - interval '90 seconds', now() - interval '1 minute', 'Mary Canary 7: no account for 4817.25')",
    "too_many_jobs": f"{JOB} SELECT 'broken', 'processing', 0, 50, now(), now(), NULL, NULL FROM generate_series(1, 12)",
    "job_slow": f"{JOB} VALUES ('broken', 'completed', 100, 50, now() - interval '9 minutes',"
    " now() - interval '8 minutes', now() - interval '30 seconds', NULL)",
    "table_missing": "ALTER TABLE overtime_rules RENAME TO overtime_rules_gone",
    "index_missing": "ALTER INDEX idx_attendance_staff_period RENAME TO idx_attendance_gone",
    "migration_missing": "UPDATE alembic_version SET version_num = '3b9f02c6d8e1'",
}
MEND = {
    "table_missing": "ALTER TABLE IF EXISTS overtime_rules_gone RENAME TO overtime_rules",
    "index_missing": "ALTER INDEX IF EXISTS idx_attendance_gone RENAME TO idx_attendance_staff_period",
    "migration_missing": f"UPDATE alembic_version SET version_num = '{REVISION}'",
}
NO_BROKEN_JOBS = "DELETE FROM payroll_job_tracking WHERE job_type = 'broken'"


class Database:
    """PostgreSQL, as the service sees it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._leaked: list[psycopg.Connection[Any]] = []

    def make(self) -> None:
        """An empty database with the tables of the guide and what a healthy system has in them."""
        make_anew(self._settings.postgres, DATABASE, ROLES, SCHEMA.read_text())

    def one(self, query: str) -> Any:
        """The first value of a query, as the service's own user."""
        with psycopg.connect(self._settings.database, connect_timeout=5) as connection:
            row = connection.execute(query.encode()).fetchone()
        return None if row is None else row[0]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query, as the service's own user."""
        with psycopg.connect(self._settings.database, connect_timeout=5) as connection:
            return connection.execute(query.encode()).fetchall()

    def break_(self, fault: str) -> None:
        """Make what a fault does to the database."""
        execute(self._settings.owned, BREAK[fault])

    def mend(self, fault: str) -> None:
        execute(self._settings.owned, MEND.get(fault, NO_BROKEN_JOBS))

    def leak(self) -> None:
        """Take connections and keep them."""
        self._leaked += [psycopg.connect(self._settings.database, connect_timeout=5) for _ in range(LEAKED)]

    def give_back(self) -> None:
        while self._leaked:
            self._leaked.pop().close()
