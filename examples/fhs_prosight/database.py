"""The service's database: made anew at each start, used by its endpoints, and broken by its faults."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Full, LifoQueue
from typing import Any

import psycopg
from psycopg.rows import dict_row

from examples.databases import execute, make_anew
from examples.fhs_prosight.settings import BEFORE, DATABASE, HEAD, Settings

SCHEMA = Path(__file__).with_name("schema.sql")
ROLES = ("app_user", "sentinel_monitor")  # the service's user, and the one that Sentinel asks as
LEAKED = 20  # connections
KEPT = 5  # connections for the next requests
COLUMNS = "id, name_tw, name_en, department_code, job_title"

GROW = """
INSERT INTO employees (id, name_tw, name_en, dob, identity_number, salary, contact, department_code, job_title)
    SELECT 'X' || n, repeat('x', 200), 'x', '1990-01-01', 'grown-' || n, 1, 'x', 'D1', 'x'
    FROM generate_series(1, 100000) AS n
"""
SHRINK = "DELETE FROM employees WHERE identity_number LIKE 'grown-%'"
VIEW = "CREATE OR REPLACE VIEW employee_count AS SELECT count(*) AS employees FROM employees"
SLOW_JOB = """
INSERT INTO sync_jobs (kind, status, total, done, created_at, started_at, finished_at)
    VALUES ('broken', 'completed', 100, 100, now() - interval '9 minutes', now() - interval '8 minutes',
            now() - interval '80 seconds')
"""

#: By fault: what breaks, and what mends it.
STATEMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "query_slow": ((f"{VIEW}, pg_sleep(0.6)",), (VIEW,)),
    "table_grows": ((GROW,), (SHRINK, "VACUUM FULL ANALYZE employees")),
    "column_missing": (
        ("ALTER TABLE employees RENAME department_code TO department_gone",),
        ("ALTER TABLE employees RENAME department_gone TO department_code",),
    ),
    "index_missing": (
        ("ALTER INDEX idx_employees_department_code RENAME TO idx_gone",),
        ("ALTER INDEX idx_gone RENAME TO idx_employees_department_code",),
    ),
    "index_not_unique": (
        (
            "DROP INDEX idx_employees_identity_number",
            "CREATE INDEX idx_employees_identity_number ON employees (identity_number)",
        ),
        (
            "DROP INDEX idx_employees_identity_number",
            "CREATE UNIQUE INDEX idx_employees_identity_number ON employees (identity_number)",
        ),
    ),
    "migration_behind": (
        (f"UPDATE alembic_version SET version_num = '{BEFORE}'",),
        (f"UPDATE alembic_version SET version_num = '{HEAD}'",),
    ),
    "dead_rows": (
        ("ALTER TABLE employees SET (autovacuum_enabled = off)", *["UPDATE employees SET updated_at = now()"] * 30),
        ("ALTER TABLE employees RESET (autovacuum_enabled)", "VACUUM FULL ANALYZE employees"),
    ),
    "grant_too_wide": (("GRANT SELECT ON employees TO PUBLIC",), ("REVOKE SELECT ON employees FROM PUBLIC",)),
    "bulk_slow": ((SLOW_JOB,), ("DELETE FROM sync_jobs WHERE kind = 'broken'",)),
}
SLOW_STATEMENT = "SELECT pg_sleep(1.2)"

Employee = dict[str, Any]
Connection = psycopg.Connection[dict[str, Any]]


class Database:
    """PostgreSQL, as the service sees it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._leaked: list[Connection] = []
        self._kept: LifoQueue[Connection] = LifoQueue(KEPT)

    def make(self) -> None:
        """An empty database with what a healthy system has in it."""
        make_anew(self._settings.postgres, DATABASE, ROLES, SCHEMA.read_text())
        with suppress(psycopg.Error):  # an installation may come without it
            execute(self._settings.owned, "CREATE EXTENSION pg_stat_statements")
        execute(self._settings.owned, "VACUUM ANALYZE")

    def employee(self, number: str) -> Employee | None:
        """One employee, without what a client has no need of."""
        found = self._ask(f"SELECT {COLUMNS} FROM employees WHERE id = %s", number)
        return found[0] if found else None

    def search(self, name: str, limit: int) -> list[Employee]:
        """Employees whose name in either script has this in it."""
        query = f"SELECT {COLUMNS} FROM employees WHERE strpos(name_tw || ' ' || name_en, %s) > 0 ORDER BY id LIMIT %s"
        return self._ask(query, name, limit)

    def put(self, employee: Employee, by: str, *, audited: bool) -> None:
        """Write an employee from outside, and that it was done."""
        values = {**employee, "identity": f"ID-{employee['id']}", "by": by}
        statement = (
            "INSERT INTO employees (id, name_tw, name_en, dob, identity_number, salary, contact, department_code,"
            " job_title) VALUES (%(id)s, %(name_tw)s, %(name_en)s, '1990-04-01', %(identity)s, 1, 'x', %(department_code)s,"
            " %(job_title)s) ON CONFLICT (id) DO UPDATE SET name_en = excluded.name_en, updated_at = now()"
        )
        self._change(statement, values, "sync", audited=audited)

    def update(self, number: str, title: str, by: str, *, audited: bool) -> None:
        values = {"id": number, "title": title, "by": by}
        self._change("UPDATE employees SET job_title = %(title)s WHERE id = %(id)s", values, "update", audited=audited)

    def remove(self, number: str, by: str, *, audited: bool) -> None:
        self._change("DELETE FROM employees WHERE id = %(id)s", {"id": number, "by": by}, "delete", audited=audited)

    def break_(self, fault: str) -> None:
        """Make what a fault does to the database."""
        execute(self._settings.owned, *STATEMENTS[fault][0])

    def mend(self, fault: str) -> None:
        for statement in STATEMENTS[fault][1]:
            # In sessions of their own: a session may report the rows that it deleted after it has vacuumed.
            execute(self._settings.owned, statement)

    def ask_slowly(self) -> None:
        """One statement that takes long."""
        with self._connection() as connection:
            connection.execute(SLOW_STATEMENT.encode())

    def forget_statements(self) -> None:
        execute(self._settings.owned, "SELECT pg_stat_statements_reset()")

    def leak(self) -> None:
        """Take connections and keep them."""
        self._leaked += [self._connect() for _ in range(LEAKED)]

    def give_back(self) -> None:
        while self._leaked:
            self._leaked.pop().close()

    def close(self) -> None:
        self.give_back()
        while not self._kept.empty():
            self._kept.get_nowait().close()

    def _ask(self, query: str, *values: object) -> list[Employee]:
        with self._connection() as connection:
            return connection.execute(query.encode(), values).fetchall()

    def _change(self, statement: str, values: Employee, action: str, *, audited: bool) -> None:
        record = "INSERT INTO employee_audit_log (action, employee_id, changed_by) VALUES (%s, %s, %s)"
        with self._connection() as connection:
            connection.execute(statement.encode(), values)
            if audited:
                connection.execute(record.encode(), (action, values["id"], values["by"]))

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """In a transaction: one that was kept, or a new one. It is kept for the next when all goes well."""
        try:
            connection = self._kept.get_nowait()
        except Empty:
            connection = self._connect()
        try:
            with connection.transaction():
                yield connection
            self._kept.put_nowait(connection)
        except BaseException as trouble:
            connection.close()
            if not isinstance(trouble, Full):
                raise

    def _connect(self) -> Connection:
        # Nothing is prepared: a statement would outlive the columns that a fault renames.
        return psycopg.connect(
            self._settings.database, autocommit=True, connect_timeout=5, row_factory=dict_row, prepare_threshold=None
        )
